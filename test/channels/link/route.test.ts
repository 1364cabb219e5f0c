// Where the link to a package leads, over raw HTTP: to the platforms, with nothing said about any package.
import type { Door } from '../../../src/chat/channel';
import { createLinks } from '../../../src/chat/links';
import { linkRoutes } from '../../../src/channels/link/route';
import { startHttp, type HttpServer } from '../../../src/http';
import { sendRaw } from '../../support/raw';

const CODE = '0a1b2c3d4e5f6g7h8j9k';
const OTHER = 'zzzzzzzzzzzzzzzzzzzz';

const teams = (words: string): Promise<Door> =>
  Promise.resolve({ url: `https://teams.example/l?users=28:x&message=${encodeURIComponent(words)}`, carries: true });
const slack = (): Promise<Door> =>
  Promise.resolve({ url: 'https://slack.example/app_redirect?app=A1&team=T1', carries: false });
const lost = (): Promise<null> => Promise.resolve(null);

let server: HttpServer;
afterEach(async () => {
  await server.stop();
});

type Doors = Partial<Record<'teams' | 'slack', (words: string) => Promise<Door | null>>>;

const start = async (doors: Doors): Promise<void> => {
  const channels = (['teams', 'slack'] as const).flatMap((platform) => {
    const door = doors[platform];
    return door === undefined ? [] : [{ platform, door }];
  });
  const links = createLinks(
    () => null,
    () => [...channels, { platform: 'web' }],
  );
  server = await startHttp({
    host: '127.0.0.1',
    port: 0,
    routes: linkRoutes(links),
    ready: () => Promise.resolve([]),
    log: { debug: () => undefined, error: () => undefined },
  });
};
const ask = (path: string, init?: RequestInit): Promise<Response> =>
  fetch(`http://127.0.0.1:${server.port}${path}`, { redirect: 'manual', ...init });
const raw = (text: string): Promise<string> => sendRaw(server.port, text);

test('where Teams is all there is, the browser is sent on with the words', async () => {
  await start({ teams });
  const answer = await ask(`/go/${CODE}`);
  expect([answer.status, answer.headers.get('location')]).toEqual([
    302,
    `https://teams.example/l?users=28:x&message=request%20${CODE}`,
  ]);
  expect([answer.headers.get('set-cookie'), answer.headers.get('cache-control')]).toEqual([null, 'no-store']);
  expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
});

test.each<{ name: string; doors: Doors; links: string[]; says: string }>([
  {
    name: 'both platforms',
    doors: { teams, slack },
    links: [
      `https://teams.example/l?users=28:x&amp;message=request%20${CODE}`,
      'https://slack.example/app_redirect?app=A1&amp;team=T1',
    ],
    says: 'Open Slack',
  },
  // Slack takes no words along: whoever was sent on at once would not know what to write there.
  {
    name: 'Slack alone',
    doors: { slack },
    links: ['https://slack.example/app_redirect?app=A1&amp;team=T1'],
    says: 'In Slack you write the words below.',
  },
  {
    name: 'both, of which one cannot be told now',
    doors: { teams, slack: lost },
    links: [`https://teams.example/l?users=28:x&amp;message=request%20${CODE}`],
    says: 'Write this to Usher:',
  },
  { name: 'neither', doors: {}, links: [], says: 'Write this to Usher:' },
])('a page offers $name, and the words to copy', async ({ doors, links, says }) => {
  await start(doors);
  const answer = await ask(`/go/${CODE}?utm_source=mail`);
  const text = await answer.text();
  expect(answer.status).toBe(200);
  expect([...text.matchAll(/href="([^"]*)"/g)].map(([, url]) => url?.replaceAll('&#38;', '&amp;'))).toEqual(links);
  expect(text).toContain(says);
  expect(text).toContain(`<code>request ${CODE}</code>`);
  expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
  const policy = answer.headers.get('content-security-policy') ?? '';
  expect(policy).toMatch(
    /^default-src 'none'; style-src 'sha256-[^']{44}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
  );
  expect(text).not.toMatch(/<script|<img|<form|<iframe|style="| on\w+=/);
  expect([answer.headers.get('set-cookie'), answer.headers.get('x-robots-tag')]).toEqual([null, 'noindex']);
});

test('every code is answered alike, whatever it is of', async () => {
  await start({ teams, slack });
  const [one, other] = await Promise.all([ask(`/go/${CODE}`), ask(`/go/${OTHER}`)]);
  const comparable = (answer: Response) =>
    [...answer.headers].filter(([name]) => !['x-request-id', 'date'].includes(name));
  expect(comparable(one)).toEqual(comparable(other));
  expect((await one.text()).replaceAll(CODE, OTHER)).toBe(await other.text());
});

test('HEAD is answered as GET is, without the page', async () => {
  await start({ teams, slack });
  const [get, head] = await Promise.all([ask(`/go/${CODE}`), ask(`/go/${CODE}`, { method: 'HEAD' })]);
  expect([head.status, head.headers.get('content-type'), await head.text()]).toEqual([
    200,
    get.headers.get('content-type'),
    '',
  ]);
  expect((await ask('/go/nothing', { method: 'HEAD' })).status).toBe(404);
});

test.each([
  '/go/',
  '/go',
  `/go/${CODE}0`,
  `/go/${CODE.slice(1)}`,
  `/go/${CODE.toUpperCase()}`,
  `/go/${CODE}/`,
  `/go/${CODE}/x`,
  `/go/%30a1b2c3d4e5f6g7h8j9k`,
  '/go/"><script>alert(1)</script>',
  '/go/javascript:alert(1)',
  '/go/*',
  `//evil.example/go/${CODE}`,
  `/go/${CODE}#x`,
])('%s is no link', async (path) => {
  await start({ teams });
  const answer = await raw(`GET ${path.replace('#', '%23')} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  expect(answer).toMatch(/^HTTP\/1\.1 40[04] /);
  expect(answer).not.toMatch(/location:|script>/i);
});

test('leads nowhere but to the platforms, whatever comes with it', async () => {
  await start({ teams });
  for (const more of ['?url=https://evil.example', '?next=//evil.example', '?message=give%20up'])
    expect(
      (await ask(`/go/${CODE}${more}`, { headers: { 'x-forwarded-host': 'evil.example' } })).headers.get('location'),
    ).toBe(`https://teams.example/l?users=28:x&message=request%20${CODE}`);
});

test('takes no body and no other method', async () => {
  await start({ teams });
  expect((await ask(`/go/${CODE}`, { method: 'POST', body: 'x' })).status).toBe(405);
  const got = await raw(`GET /go/${CODE} HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello`);
  expect(got).toMatch(/^HTTP\/1\.1 413 /);
});
