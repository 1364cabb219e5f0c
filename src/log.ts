// Structured logs on stdout, one JSON line each. What the levels mean: error = a person must act; warn = somebody may
// want to know, Usher copes; info = what happened; debug = how. No secret, token or text of a person leaves through
// here: names of fields, errors and the finished line are cleaned, in that order.
import { types } from 'node:util';
import pino from 'pino';

export type Log = pino.Logger;
export type LogLevel = 'error' | 'warn' | 'info' | 'debug' | 'silent';
/** Where lines go; a test gives its own. */
export type LogDestination = { write(line: string): void };

const GONE = '[gone]';
const MAX_DEPTH = 8;

// Whole words of a field name, so that `token`, `access_token`, `botToken` and `X-Auth-Token` are found but `tokens_used`
// of a counter is not. `reason`, `answers`, `parameters` and the like hold what people wrote.
const SECRET_WORDS =
  /^(?:password|passwd|pwd|secret|token|authorization|cookie|credential|credentials|signature|assertion|jwt)$/i;
const SECRET_NAMES =
  /^(?:set-?cookie|api_?key|private_?key|client_?secret|reason|answers?|comment|remarks?|note|text|body|parameters|bind|sql)$/i;

// Last, over the finished line: what slips through as part of a message, a stack or an address.
// Each pattern stops before a quote or a backslash, so the line stays JSON.
const SECRET_SHAPES: readonly RegExp[] = [
  /-----BEGIN [A-Z ]*PRIVATE KEY-----(?:[^"\\]|\\.)*/g,
  /\bxox[a-z](?:\.[a-z]+)?-[\w.-]+/gi,
  /\bxapp-[\w-]+/gi,
  /\beyJ[\w-]{6,}(?:\.[\w-]*)*/g,
  /\bBearer\s+[^\s"\\]+/gi,
  /(?<=\b[a-z][a-z0-9+.-]*:\/\/[^\s:@/"\\]*:)[^\s@/"\\]+(?=@)/gi,
  /(?<=hooks\.slack\.com\/)[^\s"\\]+/g,
];

/** The logger of the process; parts of it are made with `log.child({ request })`. */
export function createLog(
  level: LogLevel,
  destination: LogDestination = pino.destination({ dest: 1, sync: true }),
): Log {
  const log = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: {
        level: (label) => ({ level: label }),
        log: (record) => cleanRecord(record),
      },
      // `err` is already plain when it comes here; pino's own serializer would copy every property of an error.
      serializers: { err: (value: unknown) => value },
    },
    {
      write: (line: string) => {
        destination.write(cleanLine(line));
      },
    },
  );
  // pino formats the bindings of a root logger only; every child inherits this one.
  const makeChild: unknown = Reflect.get(log, 'child');
  if (typeof makeChild !== 'function') throw new Error('pino has changed');
  Reflect.set(log, 'child', function (this: Log, bindings: object, options?: object): unknown {
    return Reflect.apply(makeChild, this, [cleanRecord(bindings), options]) as unknown;
  });
  return log;
}

/** Replaces whatever looks like a secret in a finished line or a sentence. */
export function cleanLine(line: string): string {
  return SECRET_SHAPES.reduce((text, shape) => text.replace(shape, GONE), line);
}

function cleanRecord(record: object): Record<string, unknown> {
  return clean(record, 0, new Set()) as Record<string, unknown>;
}

function clean(value: unknown, depth: number, seen: ReadonlySet<object>): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'function' || typeof value === 'symbol') return undefined;
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  if (seen.has(value) || depth > MAX_DEPTH) return '[more]';
  const inside = new Set(seen).add(value);
  if (isError(value)) return cleanError(value, depth, inside);
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (Array.isArray(value)) return value.slice(0, 100).map((item) => clean(item, depth + 1, inside));
  if (value instanceof Map || value instanceof Set) return `[${value.size} entries]`;
  // Something that decides itself how it is shown, as a Secret does.
  if ('toJSON' in value && typeof value.toJSON === 'function')
    return clean((value.toJSON as () => unknown).call(value), depth + 1, inside);
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, isSecret(name) ? GONE : clean(item, depth + 1, inside)]),
  );
}

// An error of another context is no instance of ours, and keeps no secret less.
function isError(value: object): value is Error {
  return value instanceof Error || types.isNativeError(value);
}

// Only what tells where and why. Errors of clients carry whole requests with headers, errors of the database the
// statement with its values, and neither belongs in a log.
function cleanError(error: Error, depth: number, seen: ReadonlySet<object>): Record<string, unknown> {
  const code: unknown = 'code' in error ? error.code : undefined;
  return {
    type: error.name,
    message: error.message,
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    stack: error.stack,
    ...(error.cause === undefined ? {} : { cause: clean(error.cause, depth + 1, seen) }),
    ...(error instanceof AggregateError ? { errors: clean(error.errors, depth + 1, seen) } : {}),
  };
}

function isSecret(name: string): boolean {
  if (SECRET_NAMES.test(name)) return true;
  const words = name.split(/[^A-Za-z]+|(?<=[a-z])(?=[A-Z])/);
  return words.some((word) => SECRET_WORDS.test(word));
}
