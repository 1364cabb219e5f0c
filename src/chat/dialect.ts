// The narrow dialect of Adaptive Cards 1.5 that cards/*.json are written in: checks a template once, at start, and binds it to
// data as often as needed. Strings and scopes are binding.ts; what may be in an action or an input is here and in inputs.ts.
import {
  below,
  condition,
  machine,
  rootScope,
  rows,
  scalar,
  shown,
  TemplateError,
  wholePath,
  type Bound,
  type CardData,
  type Labels,
  type Place,
  type Scope,
} from './binding';
import type { Action, Card, Element, Input, Reader, Text } from './card';
import { INPUTS } from './inputs';
import { flag, object, oneOf, optional, required, text, type Raw } from './properties';
import { isBlank } from './spans';

export { TemplateError, type CardData, type Labels };

/** What a card is bound with beside its data. */
export interface Binding {
  readonly id: string | null;
  readonly draft: string | null;
  readonly reader: Reader | null;
  readonly label: Labels;
}

/** A checked template. */
export interface Template {
  readonly name: string;
  /** The verbs that the template names literally, so that a test can hold them against the verb table. */
  readonly verbs: readonly string[];
  readonly bind: (data: CardData, binding: Binding) => Card;
}

type Many<T> = Bound<readonly T[]>;
/** Reads one element, without its `$data` and `$when`. Null: nothing to show with this data. */
type Parser<T> = (raw: Raw, place: Place, template: Notes) => Bound<T | null>;
/** What is collected while a template is read. */
interface Notes {
  readonly verbs: Set<string>;
}

const CONTROL = ['type', '$data', '$when'];
// Names that Teams and our own writers give a meaning to in submitted values.
const RESERVED_IDS = new Set(['usher', 'msteams', 'verb', 'action']);
const INPUT_ID = /^[A-Za-z0-9_.:~-]{1,200}$/;

/** Checks a parsed template file. Throws `TemplateError` with file and JSON path for whatever the dialect does not have. */
export function parseTemplate(name: string, file: string, json: unknown): Template {
  const place = { file, path: '$' };
  const raw = object(json, place, ['type', '$schema', 'version', 'fallbackText', 'body', 'actions']);
  if (raw['type'] !== 'AdaptiveCard') throw new TemplateError(below(place, 'type'), 'must be "AdaptiveCard"');
  if (raw['version'] !== '1.5') throw new TemplateError(below(place, 'version'), 'must be "1.5"');
  const notes: Notes = { verbs: new Set() };
  const summary = text(raw, 'fallbackText', place);
  const body = many(required(raw, 'body', place), below(place, 'body'), notes, element);
  const actions = 'actions' in raw ? many(raw['actions'], below(place, 'actions'), notes, action) : none;

  return {
    name,
    verbs: [...notes.verbs],
    bind: (data, { id, draft, reader, label }) => {
      const scope = rootScope(data, label, file);
      const card = { name, id, draft, reader, summary: summary(scope), body: body(scope), actions: actions(scope) };
      checkInputs(card.body, place, new Set());
      return card;
    },
  };
}

const none = (): readonly never[] => [];

/** A list of a template, each item with its own `$data` and `$when`. */
function many<T>(source: unknown, place: Place, notes: Notes, one: Parser<T>): Many<T> {
  if (!Array.isArray(source)) throw new TemplateError(place, 'must be a list');
  const items = source.map((item: unknown, index): Many<T> => {
    const at = below(place, index);
    const raw = object(item, at, null);
    const each: Bound<readonly Scope[]> = '$data' in raw ? rows(raw['$data'], below(at, '$data')) : (scope) => [scope];
    const when = '$when' in raw ? condition(raw['$when'], below(at, '$when')) : () => true;
    const make = one(raw, at, notes);
    return (scope) =>
      each(scope)
        .filter((row) => when(row))
        .map((row) => make(row))
        .filter((made) => made !== null);
  });
  return (scope) => items.flatMap((item) => item(scope));
}

const ELEMENTS: Readonly<Record<string, { readonly properties: readonly string[]; readonly parse: Parser<Element> }>> =
  {
    TextBlock: {
      properties: ['text', 'style', 'size', 'weight', 'isSubtle', 'wrap'],
      parse: (raw, place) => {
        if ('wrap' in raw && raw['wrap'] !== true)
          throw new TemplateError(below(place, 'wrap'), 'must be true: nothing may be cut off');
        const words = shown(required(raw, 'text', place), below(place, 'text'));
        const style = oneOf(raw, 'style', place, ['default', 'heading'] as const, 'default');
        const size = oneOf(raw, 'size', place, ['default', 'small', 'medium', 'large'] as const, 'default');
        const weight = oneOf(raw, 'weight', place, ['default', 'bolder'] as const, 'default');
        const subtle = flag(raw, 'isSubtle', place, false);
        return (scope) => {
          const said = words(scope);
          if (said === null || isBlank(said)) return null;
          return {
            type: 'TextBlock',
            text: said,
            style: style(scope),
            size: size(scope),
            weight: weight(scope),
            subtle: subtle(scope),
          };
        };
      },
    },
    FactSet: {
      properties: ['facts'],
      parse: (raw, place, notes) => {
        const facts = factsOf(required(raw, 'facts', place), below(place, 'facts'), notes);
        return (scope) => {
          const bound = facts(scope);
          return bound.length === 0 ? null : { type: 'FactSet', facts: bound };
        };
      },
    },
    Container: {
      properties: ['items', 'style', 'separator'],
      parse: (raw, place, notes) => {
        const items = many(required(raw, 'items', place), below(place, 'items'), notes, element);
        const tones = ['default', 'emphasis', 'good', 'warning', 'attention'] as const;
        const tone = oneOf(raw, 'style', place, tones, 'default');
        const separator = flag(raw, 'separator', place, false);
        return (scope) => {
          const bound = items(scope);
          return bound.length === 0
            ? null
            : { type: 'Container', tone: tone(scope), separator: separator(scope), items: bound };
        };
      },
    },
    ColumnSet: {
      properties: ['columns'],
      parse: (raw, place, notes) => {
        const columns = many(required(raw, 'columns', place), below(place, 'columns'), notes, column);
        return (scope) => {
          const bound = columns(scope);
          return bound.length === 0 ? null : { type: 'ColumnSet', columns: bound };
        };
      },
    },
    ActionSet: {
      properties: ['actions'],
      parse: (raw, place, notes) => {
        const actions = many(required(raw, 'actions', place), below(place, 'actions'), notes, action);
        return (scope) => {
          const bound = actions(scope);
          return bound.length === 0 ? null : { type: 'ActionSet', actions: bound };
        };
      },
    },
  };

const element: Parser<Element> = (raw, place, notes) => {
  const type = kindOf(raw, place);
  const known = Object.hasOwn(ELEMENTS, type) ? ELEMENTS[type] : undefined;
  if (known !== undefined) return known.parse(object(raw, place, [...CONTROL, ...known.properties]), place, notes);
  const input = Object.hasOwn(INPUTS, type) ? INPUTS[type] : undefined;
  if (input !== undefined) return input.parse(object(raw, place, [...CONTROL, ...input.properties]), place);
  throw new TemplateError(below(place, 'type'), `"${type}" is not in the dialect`);
};

interface Column {
  readonly width: 'auto' | 'stretch';
  readonly items: readonly Element[];
}

const column: Parser<Column> = (raw, place, notes) => {
  object(raw, place, [...CONTROL, 'width', 'items']);
  if ('type' in raw && raw['type'] !== 'Column') throw new TemplateError(below(place, 'type'), 'must be "Column"');
  const width = oneOf(raw, 'width', place, ['auto', 'stretch'] as const, 'stretch');
  const items = many(required(raw, 'items', place), below(place, 'items'), notes, element);
  return (scope) => {
    const bound = items(scope);
    return bound.length === 0 ? null : { width: width(scope), items: bound };
  };
};

interface Fact {
  readonly title: Text;
  readonly value: Text;
}

const fact: Parser<Fact> = (raw, place) => {
  object(raw, place, ['$data', '$when', 'title', 'value']);
  const title = text(raw, 'title', place);
  const value = shown(required(raw, 'value', place), below(place, 'value'));
  return (scope) => {
    const said = value(scope);
    return said === null ? null : { title: title(scope), value: said };
  };
};

/** A list written out, or one `${path}` to a list of titles and values. */
function factsOf(source: unknown, place: Place, notes: Notes): Many<Fact> {
  if (typeof source !== 'string') return many(source, place, notes, fact);
  if (wholePath(source, place) === null) throw new TemplateError(place, 'must be a list or exactly one ${path} to one');
  const item = { $data: source, title: '${title}', value: '${value}' };
  return many([item], place, notes, fact);
}

const action: Parser<Action> = (raw, place, notes) => {
  const title = text(raw, 'title', place);
  const type = kindOf(raw, place);
  if (type === 'Action.OpenUrl') {
    object(raw, place, [...CONTROL, 'title', 'url']);
    const url = machine(required(raw, 'url', place), below(place, 'url'));
    return (scope) => {
      const address = url(scope);
      if (address === null) return null;
      if (!/^https?:\/\/[^\s]+$/i.test(address)) throw new TemplateError(below(place, 'url'), 'needs a web address');
      return { type, title: title(scope), url: address };
    };
  }
  if (type !== 'Action.Execute') throw new TemplateError(below(place, 'type'), `"${type}" is not in the dialect`);
  object(raw, place, [...CONTROL, 'verb', 'title', 'style', 'data', 'tooltip', 'usherTyped']);
  const verb = machine(required(raw, 'verb', place), below(place, 'verb'));
  if (typeof raw['verb'] === 'string' && !raw['verb'].includes('${')) notes.verbs.add(raw['verb']);
  const style = oneOf(raw, 'style', place, ['default', 'positive', 'destructive'] as const, 'default');
  const tooltip = optional(raw, 'tooltip', place, shown);
  const typed = optional(raw, 'usherTyped', place, machine);
  const data = 'data' in raw ? dataOf(raw['data'], below(place, 'data')) : () => ({});
  return (scope) => {
    const name = verb(scope);
    if (name === null || name === '') throw new TemplateError(below(place, 'verb'), 'needs a verb');
    return {
      type,
      verb: name,
      title: title(scope),
      style: style(scope),
      data: data(scope),
      tooltip: tooltip(scope),
      typed: typed(scope),
    };
  };
};

/** Opaque ids and versions of a button. */
function dataOf(source: unknown, place: Place): Bound<Readonly<Record<string, string | number>>> {
  const members = Object.entries(object(source, place, null)).map(
    ([key, value]) => [key, below(place, key), scalar(value, below(place, key))] as const,
  );
  return (scope) => {
    const result: Record<string, string | number> = {};
    for (const [key, at, value] of members) {
      const bound = value(scope);
      if (typeof bound === 'boolean') throw new TemplateError(at, 'needs a string or a number');
      if (bound !== null) result[key] = bound;
    }
    return result;
  };
}

function kindOf(raw: Raw, place: Place): string {
  const type = required(raw, 'type', place);
  if (typeof type !== 'string') throw new TemplateError(below(place, 'type'), 'must be a string');
  return type;
}

/** Ids are the keys of what comes back, so they must be unique in the whole card and mean nothing to a platform. */
function checkInputs(elements: readonly Element[], place: Place, seen: Set<string>): void {
  const check = (input: Input): void => {
    if (!INPUT_ID.test(input.id) || RESERVED_IDS.has(input.id))
      throw new TemplateError(place, `cannot have an input "${input.id}"`);
    if (seen.has(input.id)) throw new TemplateError(place, `has two inputs "${input.id}"`);
    seen.add(input.id);
  };
  for (const item of elements) {
    switch (item.type) {
      case 'TextBlock':
      case 'FactSet':
      case 'ActionSet':
        break;
      case 'Container':
        checkInputs(item.items, place, seen);
        break;
      case 'ColumnSet':
        for (const side of item.columns) checkInputs(side.items, place, seen);
        break;
      default:
        check(item);
    }
  }
}
