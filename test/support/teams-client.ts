// What a Teams client does with a card: find buttons, fill inputs, refuse what is missing, build what it sends.

export type Json = Readonly<Record<string, unknown>>;

/** How the client renders a card; an old one knows no Action.Execute and uses the fallback. */
export type ClientAge = 'current' | 'old';

export function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function at(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((held, key) => (isJson(held) ? held[key] : undefined), value);
}

export function textOf(value: unknown, ...path: readonly string[]): string {
  const found = at(value, ...path);
  return typeof found === 'string' ? found : '';
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}

/** Every object of a card, in reading order. */
export function partsOf(card: unknown): Json[] {
  if (Array.isArray(card)) return card.flatMap(partsOf);
  if (!isJson(card)) return [];
  const shown = Object.entries(card).filter(([key]) => key !== 'data' && key !== 'fallback');
  return [card, ...shown.flatMap(([, part]) => partsOf(part))];
}

/** All words that a card shows, one line each. */
export function wordsOf(card: unknown): string {
  return partsOf(card)
    .flatMap((part) => ['text', 'title', 'value', 'label'].map((key) => part[key]))
    .filter((words) => typeof words === 'string')
    .join('\n');
}

export function inputsOf(card: unknown): Json[] {
  return partsOf(card).filter((part) => textOf(part, 'type').startsWith('Input.'));
}

/** The button with this title or verb. */
export function buttonOf(card: unknown, titleOrVerb: string): Json {
  const buttons = partsOf(card).filter((part) => textOf(part, 'type').startsWith('Action.'));
  const found = buttons.find((button) =>
    [textOf(button, 'title'), textOf(button, 'verb'), textOf(button, 'data', 'usher', 'verb')].includes(titleOrVerb),
  );
  if (found === undefined) {
    const titles = buttons.map((button) => textOf(button, 'title')).join(', ');
    throw new Error(`No button "${titleOrVerb}" on the card; there is: ${titles === '' ? 'none' : titles}`);
  }
  return found;
}

/** What a client sends for a button: its data with the inputs merged in. `given` is by input id or label. */
export function pressedData(card: unknown, button: Json, given: Readonly<Record<string, string>> = {}): Json {
  const data = at(button, 'data');
  const own = isJson(data) ? data : {};
  if (button['associatedInputs'] === 'none') return own;
  const inputs = inputsOf(card);
  for (const name of Object.keys(given)) {
    if (!inputs.some((input) => isNamed(input, name))) throw new Error(`No input "${name}" on the card`);
  }
  const values = inputs.map((input): [string, string] => {
    const name = Object.keys(given).find((key) => isNamed(input, key));
    const value = (name === undefined ? undefined : given[name]) ?? defaultOf(input);
    if (input['isRequired'] === true && value === '') {
      throw new Error(`The client would not send this: ${textOf(input, 'errorMessage') || textOf(input, 'label')}`);
    }
    return [textOf(input, 'id'), value];
  });
  return { ...own, ...Object.fromEntries(values) };
}

function isNamed(input: Json, name: string): boolean {
  return [textOf(input, 'id'), textOf(input, 'label'), textOf(input, 'title')].includes(name);
}

function defaultOf(input: Json): string {
  const value = input['value'];
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  return input['type'] === 'Input.Toggle' ? 'false' : '';
}

/** What Teams refuses of a message of a bot, as HTTP status and code, or null. */
export function faultOf(activity: Json, bytes: number): { readonly status: number; readonly code: string } | null {
  if (bytes > 100 * 1024) return { status: 413, code: 'MessageSizeTooBig' };
  for (const attachment of listOf(activity['attachments'])) {
    const card = at(attachment, 'content');
    if (Buffer.byteLength(JSON.stringify(card)) > 28 * 1024) return { status: 413, code: 'MessageSizeTooBig' };
    if (textOf(card, 'type') !== 'AdaptiveCard' || Number(textOf(card, 'version')) > 1.5) {
      return { status: 400, code: 'BadSyntax' };
    }
    const ids = inputsOf(card).map((input) => textOf(input, 'id'));
    if (new Set(ids).size !== ids.length) return { status: 400, code: 'BadSyntax' };
  }
  return null;
}
