// The ids and payloads that we write into blocks and views, and how they are read back. Everything here returns through a
// person's client: it names what was pressed and is never authority.
import { ID_LENGTH, PRIVATE_METADATA } from './limits';

/** What a button's value or a view's private_metadata says. */
export interface Carried {
  readonly card: string | null;
  readonly draft: string | null;
  readonly verb: string | null;
  readonly data: Readonly<Record<string, unknown>>;
}

const INPUT = 'in~';
const SEARCH = 'find~';
const LINK = 'link~';
/** The one option of a toggle. */
export const TOGGLE_ON = 'true';

/** `verb~n`: the verb, and a number that makes it unique among the buttons of one card. */
export function actionId(verb: string, index: number): string {
  return `${verb}~${index}`;
}

/** The verb of a button. Null for buttons that only open a link, and for ids that are not ours. */
export function verbOf(id: string): string | null {
  const match = /^(.+)~\d+$/.exec(id);
  return match?.[1] === undefined || id.startsWith(LINK) ? null : match[1];
}

/** A button that opens a link; Slack still sends its press, which is acknowledged and does nothing. */
export function linkId(index: number): string {
  return `${LINK}${index}`;
}

/** Fixed for a field, so that what a person typed survives the update of a view. */
export function inputBlockId(input: string): string {
  return `${INPUT}${input}`.slice(0, ID_LENGTH);
}

/** The input id of a block; null for blocks that are no inputs. */
export function inputOf(blockId: string): string | null {
  return blockId.startsWith(INPUT) ? blockId.slice(INPUT.length) : null;
}

/** The action id of a field that searches; the options request carries it. */
export function searchId(search: string): string {
  return `${SEARCH}${search}`;
}

/** The name of the search that a field asks. */
export function searchOf(id: string): string | null {
  return id.startsWith(SEARCH) ? id.slice(SEARCH.length) : null;
}

/** For a button's `value` and a view's `private_metadata`; null where it would be too long, and it cannot be cut. */
export function encode(carried: Carried, max: number): string | null {
  const { card, draft, verb, data } = carried;
  const text = JSON.stringify({
    ...(card === null ? {} : { card }),
    ...(draft === null ? {} : { draft }),
    ...(verb === null ? {} : { verb }),
    ...(Object.keys(data).length === 0 ? {} : { data }),
  });
  return text.length <= max ? text : null;
}

/** Reads what `encode` wrote. Anything else reads as nothing carried. */
export function decode(text: string | undefined): Carried {
  const nothing: Carried = { card: null, draft: null, verb: null, data: {} };
  if (text === undefined || text.length > PRIVATE_METADATA) return nothing;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return nothing;
  }
  if (!isObject(value)) return nothing;
  const { card, draft, verb, data } = value;
  return {
    card: typeof card === 'string' ? card : null,
    draft: typeof draft === 'string' ? draft : null,
    verb: typeof verb === 'string' ? verb : null,
    data: isObject(data) ? data : {},
  };
}

/**
 * The answers of a view's `state.values` by input id: an empty string where nothing is given, several choices joined by
 * commas, `true` or `false` for a toggle.
 */
export function readState(values: unknown): Readonly<Record<string, string>> {
  const answers: Record<string, string> = {};
  for (const [block, actions] of Object.entries(isObject(values) ? values : {})) {
    const input = inputOf(block);
    const [id, state] = Object.entries(isObject(actions) ? actions : {})[0] ?? [];
    if (input === null || id === undefined || !isObject(state)) continue;
    answers[input] = id === TOGGLE_ACTION ? String(chosen(state).length > 0) : answer(state);
  }
  return answers;
}

/** The action id of a toggle's checkbox; tells it from a choice of several. */
export const TOGGLE_ACTION = 'toggle';
/** The action id of every other field. */
export const FIELD_ACTION = 'value';

function answer(state: Record<string, unknown>): string {
  for (const key of ['value', 'selected_date', 'selected_time']) {
    const value = state[key];
    if (typeof value === 'string') return value;
    if (typeof value === 'number') return String(value);
  }
  return chosen(state).join(',');
}

function chosen(state: Record<string, unknown>): string[] {
  const one = state['selected_option'];
  const many = state['selected_options'];
  const options: unknown[] = Array.isArray(many) ? many : [one];
  return options.flatMap((option) =>
    isObject(option) && typeof option['value'] === 'string' ? [option['value']] : [],
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
