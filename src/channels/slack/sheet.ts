// The blocks of one card, element by element. Knows no surface: how many blocks fit, and titles, are blocks.ts.
import { createHash } from 'node:crypto';
import type { types } from '@slack/bolt';
import { decisive } from '../../chat/card';
import type { Action, Card, ColumnSet, Element, FactSet, Text, TextBlock, Tone } from '../../chat/card';
import { fixed, isBlank, strong } from '../../chat/spans';
import { plain } from '../../chat/text';
import { fieldBlock } from './fields';
import { actionId, encode, linkId } from './ids';
import * as limit from './limits';
import { line, mrkdwn, textObject } from './mrkdwn';

export type Block = types.KnownBlock;
type Button = types.Button;

// Slack has no colours for a group of blocks; the sign goes before the words that say the state anyway.
const SIGNS: Readonly<Record<Tone, string>> = {
  default: '',
  emphasis: '',
  good: '✅ ',
  warning: '⚠️ ',
  attention: '🛑 ',
};
/** A value longer than this gets the full width instead of half of it. */
const WIDE_FACT = 120;
/** So many letters stay within a section however they are escaped, short of pages of ampersands. */
const ONE_SECTION = 2000;

/** Collects the blocks of one card. */
export class Sheet {
  readonly #blocks: Block[] = [];
  readonly #losses: string[] = [];
  #buttons = 0;

  constructor(readonly card: Card) {}

  elements(elements: readonly Element[], sign = ''): void {
    elements.forEach((element, index) => {
      this.#element(element, index === 0 ? sign : '');
    });
  }

  /** The card's own buttons, at the end. */
  buttonRow(actions: readonly Action[]): void {
    this.#actions(actions);
  }

  get length(): number {
    return this.#blocks.length;
  }

  /** All blocks with their ids. */
  finish(): Block[] {
    // Slack keeps what it drew for a block id it knows: changed content needs a new one.
    return this.#blocks.map((block, index) =>
      block.block_id === undefined ? { ...block, block_id: contentId(block, index) } : block,
    );
  }

  loss(max: number): string | null {
    if (this.#blocks.length > max) return `${this.#blocks.length} blocks, ${max} fit`;
    return this.#losses[0] ?? null;
  }

  #element(element: Element, sign: string): void {
    switch (element.type) {
      case 'TextBlock':
        this.#text(element, sign);
        break;
      case 'FactSet':
        this.#facts(element);
        break;
      case 'Container':
        if (element.separator) this.#blocks.push({ type: 'divider' });
        this.elements(element.items, sign === '' ? SIGNS[element.tone] : sign);
        break;
      case 'ColumnSet':
        this.#columns(element, sign);
        break;
      case 'ActionSet':
        this.#actions(element.actions);
        break;
      default: {
        const isDecisive = decisive(this.card).some(({ id }) => id === element.id);
        const { block, loss } = fieldBlock(element, this.card.reader, isDecisive);
        this.#blocks.push(block);
        if (loss !== null) this.#losses.push(loss);
      }
    }
  }

  #text(element: TextBlock, sign: string): void {
    const text = signed(sign, element.text);
    if (isBlank(text)) return;
    const { reader } = this.card;
    // A longer heading would lose its end.
    if (element.style === 'heading' && plain(text, reader).length <= limit.HEADER_TEXT) {
      const title = { type: 'plain_text' as const, text: line(text, reader, limit.HEADER_TEXT), emoji: false };
      this.#blocks.push({ type: 'header', text: title });
    } else if (element.subtle || element.size === 'small') {
      this.#blocks.push({ type: 'context', elements: [textObject(loud(element, text), reader, limit.CONTEXT_TEXT)] });
    } else {
      this.#blocks.push({ type: 'section', text: textObject(loud(element, text), reader, limit.SECTION_TEXT) });
    }
  }

  #facts({ facts }: FactSet): void {
    const { reader } = this.card;
    let fields: types.MrkdwnElement[] = [];
    const flush = (): void => {
      if (fields.length > 0) this.#blocks.push({ type: 'section', fields });
      fields = [];
    };
    for (const { title, value } of facts) {
      const text = [strong(...title), fixed('\n'), ...(isBlank(value) ? [fixed('–')] : value)];
      if (plain(value, reader).length > WIDE_FACT) {
        flush();
        this.#blocks.push({ type: 'section', text: textObject(text, reader, limit.SECTION_TEXT) });
        continue;
      }
      fields.push({ type: 'mrkdwn', text: mrkdwn(text, reader, limit.FIELD_TEXT), verbatim: true });
      if (fields.length === limit.SECTION_FIELDS) flush();
    }
    flush();
  }

  /**
   * Text and one button is a section with an accessory; texts side by side are fields; lines alone are one section, where one has room for
   * them. The rest goes below each other.
   */
  #columns({ columns }: ColumnSet, sign: string): void {
    const { reader } = this.card;
    const texts = columns
      .filter(({ items }) => items.every((item) => item.type === 'TextBlock'))
      .map(({ items }) => lines(items));
    const buttons = columns
      .filter(({ items }) => items.every((item) => item.type === 'ActionSet'))
      .flatMap(({ items }) => items.flatMap((item) => (item.type === 'ActionSet' ? item.actions : [])));
    const first = buttons[0];
    const split = texts.length + columns.filter(({ items }) => items.every((item) => item.type === 'ActionSet')).length;

    const isLong = columns.length === 1 && plain(joined(texts), reader).length > ONE_SECTION;

    if (split !== columns.length || texts.length === 0 || isLong) {
      this.elements(
        columns.flatMap(({ items }) => items),
        sign,
      );
    } else if (buttons.length === 0 && texts.length > 1) {
      const fields = texts.map((text, index) =>
        textObject(signed(index === 0 ? sign : '', text), reader, limit.FIELD_TEXT),
      );
      for (let start = 0; start < fields.length; start += limit.SECTION_FIELDS) {
        this.#blocks.push({ type: 'section', fields: fields.slice(start, start + limit.SECTION_FIELDS) });
      }
    } else {
      const button = buttons.length === 1 && first !== undefined ? this.#button(first) : null;
      const text = textObject(signed(sign, joined(texts)), reader, limit.SECTION_TEXT);
      // Nobody should have to unfold what they decide by.
      const whole = columns.length === 1 ? { expand: true } : {};
      this.#blocks.push({ type: 'section', text, ...whole, ...(button === null ? {} : { accessory: button }) });
      if (buttons.length > 1) this.#actions(buttons);
    }
  }

  #actions(actions: readonly Action[]): void {
    const buttons = actions.map((action) => this.#button(action)).filter((button) => button !== null);
    for (let start = 0; start < buttons.length; start += limit.ACTIONS) {
      this.#blocks.push({ type: 'actions', elements: buttons.slice(start, start + limit.ACTIONS) });
    }
  }

  /** Null where what the button carries cannot be carried whole. */
  #button(action: Action): Button | null {
    const { id, draft, reader } = this.card;
    const index = this.#buttons++;
    const text = { type: 'plain_text' as const, text: line(action.title, reader, limit.BUTTON_TEXT), emoji: false };
    if (action.type === 'Action.OpenUrl') {
      if (action.url.length > limit.URL_LENGTH) return this.#lost(`a link of ${action.url.length} characters`);
      return { type: 'button', action_id: linkId(index), text, url: action.url };
    }
    const value = encode({ card: id, draft, verb: null, data: action.data }, limit.BUTTON_VALUE);
    const name = actionId(action.verb, index);
    if (value === null || name.length > limit.ID_LENGTH) return this.#lost(`button ${action.verb} carries too much`);
    return {
      type: 'button',
      action_id: name,
      text,
      value,
      ...(action.style === 'default' ? {} : { style: action.style === 'positive' ? 'primary' : 'danger' }),
      ...(action.tooltip === null
        ? {}
        : { accessibility_label: line(action.tooltip, reader, limit.ACCESSIBILITY_LABEL) }),
    };
  }

  #lost(what: string): null {
    this.#losses.push(what);
    return null;
  }
}

function signed(sign: string, text: Text): Text {
  return sign === '' ? text : [fixed(sign), ...text];
}

/** Weight and size have only one form in Slack. */
function loud(element: TextBlock, text: Text): Text {
  return element.weight === 'bolder' || element.size === 'medium' || element.size === 'large'
    ? [strong(...text)]
    : text;
}

function lines(items: readonly Element[]): Text {
  return joined(
    items.flatMap((item) => (item.type === 'TextBlock' && !isBlank(item.text) ? [loud(item, item.text)] : [])),
  );
}

function joined(texts: readonly Text[]): Text {
  return texts.flatMap((text, index) => (index === 0 ? text : [fixed('\n'), ...text]));
}

function contentId(block: Block, index: number): string {
  return `b${index}~${createHash('sha256').update(JSON.stringify(block)).digest('hex').slice(0, 12)}`;
}
