// JSON from outside, read strictly: bounded in depth and in number of values, every key once. Meaning is the channels' work.

/** Real deliveries of both platforms stay under 20. */
const DEEPEST = 32;
/** A Slack view with everything in it has some thousands. */
const MOST_VALUES = 20_000;

/**
 * The object that a text is, or null for anything else. A key that is written twice makes it null as well: whoever checked the
 * text before us (a proxy, a filter, another parser) may have read the other one. So does `__proto__`, which a library that copies
 * by assignment would turn into what every object inherits.
 */
export function readObject(text: string): Record<string, unknown> | null {
  if (!isPlain(text)) return null;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

// One pass over the text before anything is built from it. It need not know all of JSON's grammar: what it lets through is
// still read by JSON.parse, and in valid JSON a string is a key exactly where a colon follows it.
function isPlain(text: string): boolean {
  const open: (Set<string> | null)[] = [];
  let values = 0;
  for (let at = 0; at < text.length; at += 1) {
    switch (text[at]) {
      case '{':
      case '[':
        open.push(text[at] === '{' ? new Set() : null);
        if (open.length > DEEPEST) return false;
        break;
      case '}':
      case ']':
        open.pop();
        break;
      case ',':
        values += 1;
        if (values > MOST_VALUES) return false;
        break;
      case '"': {
        const end = endOfString(text, at);
        if (end === null) return false;
        if (isKey(text, end) && !isNew(open.at(-1), text.slice(at, end))) return false;
        at = end - 1;
        break;
      }
    }
  }
  return true;
}

/** Behind the closing quote. */
function endOfString(text: string, start: number): number | null {
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === '"') return at + 1;
    if (text[at] === '\\') at += 1;
  }
  return null;
}

function isKey(text: string, end: number): boolean {
  let at = end;
  while (text[at] === ' ' || text[at] === '\n' || text[at] === '\r' || text[at] === '\t') at += 1;
  return text[at] === ':';
}

function isNew(keys: Set<string> | null | undefined, written: string): boolean {
  if (!keys) return false;
  let key: string;
  try {
    // `"\u0061"` and `"a"` are one key.
    key = String(JSON.parse(written));
  } catch {
    return false;
  }
  if (key === '__proto__' || keys.has(key)) return false;
  keys.add(key);
  return true;
}
