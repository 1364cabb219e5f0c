// No secret leaves through the log, wherever it hides.
import { runInNewContext } from 'node:vm';
import { createLog, type Log, type LogLevel } from '../src/log';

const collect = (level: LogLevel = 'debug'): { log: Log; lines: string[]; last: () => Record<string, unknown> } => {
  const lines: string[] = [];
  const log = createLog(level, { write: (line) => lines.push(line) });
  return { log, lines, last: () => JSON.parse(lines.at(-1) ?? '{}') as Record<string, unknown> };
};

// Put together here, so that no scanner takes this file for a leak.
const canaries = {
  'bot token': ['xoxb', '1234567890', 'CANARYcanary'].join('-'),
  'rotated token': ['xoxe.xoxp', '1', 'CANARYcanary'].join('-'),
  'app token': ['xapp', '1', 'A0', 'CANARYcanary'].join('-'),
  'web token': ['eyJhbGciOiJIUzI1NiJ9', 'CANARYcanary', 'sig_nature'].join('.'),
  'bearer header': ['Bearer', 'CANARYcanary/+=='].join(' '),
  'private key': ['-----BEGIN PRIVATE KEY-----', 'CANARYcanary', '-----END PRIVATE KEY-----'].join('\n'),
  'rsa key': ['-----BEGIN RSA PRIVATE KEY-----', 'CANARYcanary'].join('\n'),
  'address with password': 'postgres://usher:CANARYcanary@db.example/usher',
  'incoming hook': 'https://hooks.slack.com/services/T0/B0/CANARYcanary',
};

describe.each(Object.entries(canaries))('a %s', (_, canary) => {
  const places: Record<string, (log: Log) => void> = {
    'a message': (log) => {
      log.info(`connecting with ${canary} now`);
    },
    'a field': (log) => {
      log.info({ detail: { deep: [canary] } }, 'fact');
    },
    'the message of an error': (log) => {
      log.error({ err: new Error(`refused: ${canary}`) }, 'failed');
    },
    'the cause of a cause': (log) => {
      const cause = new Error('outer', { cause: new Error('inner', { cause: { config: canary } }) });
      log.error(new Error('top', { cause }));
    },
    'one of several errors': (log) => {
      log.error({ err: new AggregateError([new Error(canary)], 'all failed') }, 'failed');
    },
    'the bindings of a child': (log) => {
      log.child({ where: canary }).info('fact');
    },
    'a printf value': (log) => {
      log.info('value %s', canary);
    },
  };
  test.each(Object.keys(places))('does not leave in %s', (place) => {
    const { log, lines, last } = collect();
    places[place]?.(log);
    expect(lines).toHaveLength(1);
    expect(lines[0]).not.toContain('CANARY');
    expect(last()).toMatchObject({ level: expect.any(String) as string }); // the line is still JSON
  });
});

test.each([
  'password',
  'token',
  'access_token',
  'botToken',
  'X-Auth-Token',
  'authorization',
  'Authorization',
  'cookie',
  'set-cookie',
  'signingSecret',
  'SLACK_SIGNING_SECRET',
  'clientSecret',
  'apiKey',
  'x-slack-signature',
  'reason',
  'answers',
  'parameters',
  'bind',
  'sql',
])('a field called %s does not leave, whatever it holds', (name) => {
  const { log, lines } = collect();
  log.info({ request: { headers: { [name]: 'CANARY' } }, [name]: { nested: ['CANARY'] } }, 'fact');
  log.child({ [name]: 'CANARY' }).info('fact');
  expect(lines.join('')).not.toContain('CANARY');
});

test.each(['id', 'attempts', 'tokens', 'person', 'code', 'monkey', 'basic'])('a field called %s is kept', (name) => {
  const { log, last } = collect();
  log.info({ [name]: 'shown' }, 'fact');
  expect(last()).toMatchObject({ [name]: 'shown', msg: 'fact', level: 'info' });
});

test.each([
  ['of ours', TypeError],
  ['of another context', runInNewContext('TypeError') as typeof TypeError],
])('an error %s leaves type, message, code, stack and cause, and nothing that a client hung onto it', (_, Kind) => {
  const { log, last } = collect();
  const error = Object.assign(new Kind('refused', { cause: new Error('reset') }), {
    code: 'ECONNRESET',
    config: { headers: { custom: 'CANARY' } },
    parent: { values: ['CANARY'] },
  });
  log.error({ err: error }, 'call failed');
  expect(JSON.stringify(last())).not.toContain('CANARY');
  expect(last()['err']).toMatchObject({
    type: 'TypeError',
    message: 'refused',
    code: 'ECONNRESET',
    stack: expect.stringContaining('log.test') as string,
    cause: { message: 'reset' },
  });
});

test('an error that is its own cause, and a value that holds itself, end', () => {
  const { log, last } = collect();
  const error = new Error('loop');
  error.cause = error;
  const self: Record<string, unknown> = { big: 5n };
  self['self'] = self;
  log.warn({ err: error, self }, 'odd');
  expect(last()).toMatchObject({ err: { cause: '[more]' }, self: { big: '5', self: '[more]' } });
});

test('a child carries its request id on every line', () => {
  const { log, lines } = collect();
  const child = log.child({ request: 'r-1' });
  child.info('one');
  child.warn('two');
  expect(lines.map((line) => (JSON.parse(line) as { request: string }).request)).toEqual(['r-1', 'r-1']);
});

test('lines below the level are not written', () => {
  const { log, lines } = collect('warn');
  log.info('quiet');
  log.warn('loud');
  expect(lines).toHaveLength(1);
});
