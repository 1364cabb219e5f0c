// The book of cards: every template of cards/, read and checked once at start. What a card says is bound here; how it looks is
// the writers' business, and which data it gets is present.ts's.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Card } from './card';
import { parseTemplate, TemplateError, type Binding, type CardData, type Template } from './dialect';

/** All checked templates by name (`cards/<name>.json`). */
export class CardBook {
  readonly #templates: ReadonlyMap<string, Template>;

  constructor(templates: readonly Template[]) {
    this.#templates = new Map(templates.map((template) => [template.name, template]));
  }

  get names(): readonly string[] {
    return [...this.#templates.keys()];
  }

  /** The verbs that a template names literally. */
  verbs(name: string): readonly string[] {
    return this.#template(name).verbs;
  }

  /** Throws `TemplateError` where the data does not fit the template: that is a bug, never something to show. */
  bind(name: string, data: CardData, binding: Binding): Card {
    return this.#template(name).bind(data, binding);
  }

  #template(name: string): Template {
    const template = this.#templates.get(name);
    if (template === undefined) throw new Error(`there is no card "${name}"`);
    return template;
  }
}

/** Reads every template of a folder. The first one that breaks the dialect stops the start, with file and JSON path. */
export function loadCards(directory: string): CardBook {
  const files = readdirSync(directory)
    .filter((file) => file.endsWith('.json'))
    .sort();
  return new CardBook(
    files.map((file) => {
      const path = join(directory, file);
      return parseTemplate(file.slice(0, -'.json'.length), path, readJson(path));
    }),
  );
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new TemplateError({ file: path, path: '$' }, `is not JSON: ${error.message}`);
  }
}
