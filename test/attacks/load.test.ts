// X32, X35, X36: too much of something, at the edge and from one person.
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { startHttp } from '../../src/http';
import { createLog } from '../../src/log';
import { FORM, JSON_TYPE, startAttacked, wordsOf, type Attacked } from './support';

let whole: Attacked;
beforeAll(async () => {
  whole = await startAttacked(true);
});
afterAll(() => whole.stop());

test('X32: 50 MB, ten thousand levels, a million keys, a packed bomb and a body that never comes are refused, and nothing is held of them', async () => {
  const { slack, teams, endpoint } = whole;
  const before = await whole.state();
  const deep = (levels: number): string => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
  const wide = `{${Array.from({ length: 60_000 }, (_, n) => `"k${n}":1`).join()}}`;
  const bearer = `Bearer ${teams.tokens.token(teams.urls.serviceUrl)}`;
  for (const json of [deep(10_000), deep(33), `[${'['.repeat(5_000)}`, wide, `{"a":[${'1,'.repeat(200_000)}1]}`]) {
    expect((await whole.slackPost(json, slack.sign(json, JSON_TYPE))).status).toBe(400);
    const form = new URLSearchParams({ payload: json }).toString();
    if (form.length <= 1024 * 1024) expect((await whole.slackPost(form, slack.sign(form, FORM))).status).toBe(400);
    expect([400, 413]).toContain(
      (await whole.teamsPost(json, { 'content-type': JSON_TYPE, authorization: bearer })).status,
    );
  }
  const fields = Array.from({ length: 100_000 }, (_, n) => `k${n}=1`).join('&');
  expect([200, 400, 413]).toContain((await whole.slackPost(fields, slack.sign(fields, FORM))).status);

  const bomb = gzipSync(Buffer.alloc(50 * 1024 * 1024));
  for (const path of ['/slack/events', '/api/messages']) {
    for (const encoding of ['gzip', 'deflate', 'br', 'identity, gzip']) {
      const headers = { 'content-type': JSON_TYPE, 'content-encoding': encoding, authorization: bearer };
      const response = await fetch(`${endpoint}${path}`, { method: 'POST', body: bomb, headers });
      expect([path, encoding, response.status]).toEqual([path, encoding, 415]);
    }
    // Announced, and not announced: in both cases refused long before it is all there.
    const announced = await sent(
      `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: ${JSON_TYPE}\r\nContent-Length: 52428800\r\n\r\n`,
    );
    expect(announced.answer).toMatch(/^HTTP\/1\.1 413/);
    const head = `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: ${JSON_TYPE}\r\nTransfer-Encoding: chunked\r\n\r\n`;
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
    const chunked = await sent(head, chunk, 800);
    expect(chunked.answer).toMatch(/^HTTP\/1\.1 413/);
    expect(chunked.bytes).toBeLessThan(16 * 1024 * 1024);
  }
  const heap = process.memoryUsage().heapUsed;
  for (let times = 0; times < 30; times += 1)
    await whole.slackPost('x'.repeat(1_000_000), { 'content-type': JSON_TYPE });
  expect(process.memoryUsage().heapUsed - heap).toBeLessThan(128 * 1024 * 1024);

  // The same server with less patience: whoever sends a letter now and then is told so and cut off.
  const impatient = await startHttp({
    host: '127.0.0.1',
    port: 0,
    routes: [{ method: 'POST', path: '/x', maxBytes: 1000, handle: () => Promise.reject(new Error('was read')) }],
    ready: () => Promise.resolve([]),
    limits: { headers: 200, request: 300 },
    log: createLog('silent'),
  });
  const slow = await sent(`POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\nabc`, '', 0, impatient.port);
  expect(slow.answer).toMatch(/^HTTP\/1\.1 408/);
  const slower = await sent('POST /x HTTP/1.1\r\nHost: x\r\nX-Slow', '', 0, impatient.port);
  expect(slower.answer).toMatch(/^HTTP\/1\.1 408/);
  await impatient.stop();
  expect(await whole.state()).toEqual(before);
});

/** Writes until the server answers and closes. */
async function sent(head: string, chunk = '', chunks = 0, port = Number(new URL(whole.endpoint).port)) {
  return await new Promise<{ answer: string; bytes: number }>((resolve) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(head);
      let left = chunks;
      const more = (): void => {
        while (left > 0 && answer === '' && !socket.destroyed) {
          left -= 1;
          if (!socket.write(chunk)) {
            socket.once('drain', more);
            return;
          }
        }
      };
      more();
    });
    socket.setEncoding('utf8');
    socket.on('data', (part: string) => {
      answer += part;
      socket.end();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      resolve({ answer, bytes: socket.bytesWritten });
    });
  });
}

test('X35: one person who sends a thousand requests in a minute is slowed down kindly, by all processes together, and nobody else is', async () => {
  const { slack, teams, ben } = whole;
  const answers: unknown[] = [];
  const began = performance.now();
  for (let round = 0; round < 20; round += 1) {
    answers.push(
      ...(await Promise.all(Array.from({ length: 25 }, () => slack.command('U0ADA', 'my requests')))).map(
        ({ status, body }) => {
          expect(status).toBe(200);
          return body;
        },
      ),
    );
  }
  const slowed = answers.filter((body) => JSON.stringify(body).includes('quicker than I can follow'));
  // Forty a minute and twenty at once go through, and one a second; a slow machine only takes longer for what it sends.
  const seconds = Math.ceil((performance.now() - began) / 1000);
  expect(slowed.length).toBeGreaterThanOrEqual(answers.length - 40 * (Math.ceil(seconds / 60) + 1) - 20 - seconds);
  // Others are answered as ever, meanwhile and on both platforms.
  expect(JSON.stringify((await slack.command('U0CLEO', 'my requests')).body)).not.toContain('quicker');
  await teams.say(ben, 'my access');
  await whole.teamsMessage(ben, 'access');
  // What is only typed in a conversation is told once, not a thousand times, and is not kept.
  const said = await Promise.all(Array.from({ length: 40 }, () => slack.say('U0ADA', 'my access')));
  expect(said.every(({ status }) => status === 200)).toBe(true);
  await whole.idle();
  const told = slack
    .messagesOf('U0ADA')
    .filter((one) => wordsOf(one).includes('quicker than I can follow') && one.onlyFor === null);
  expect(told.length).toBeLessThanOrEqual(1);
  // The bucket is the database's, so that another process knows of it.
  const [bucket] = await whole.sql<{ tokens: number }>(
    `select tokens from gates where target like 'pace:slack:%:U0ADA%'`,
  );
  expect(bucket?.tokens).toBeLessThan(2);
  expect(await whole.sql(`select 1 from gates where target like 'pace:%U0CLEO%'`)).toEqual([]);
  expect(whole.refusals().filter((one) => one['security'] === 'too-fast').length).toBeLessThanOrEqual(40);
});

test('X36: asking and taking back again and again stops calling the approvers, and says until when', async () => {
  const { slack } = whole;
  const asks = async (name: string): Promise<string> => {
    await slack.command('U0MIA', `request ${name}`);
    const form = await whole.slackView('U0MIA', `Request ${name}`);
    const sent = await slack.submit(form, { Reason: 'again' });
    await whole.idle();
    const words = JSON.stringify(sent.body) + wordsOf(slack.viewOf('U0MIA') ?? form);
    slack.close(form);
    return words;
  };
  let calls = 0;
  let last = '';
  for (let times = 0; times < 8; times += 1) {
    last = await asks('Payroll');
    if (!last.includes('is on its way')) break;
    calls += 1;
    await slack.command('U0MIA', `cancel R-${(await whole.request('Payroll')).number}`);
    await whole.idle();
  }
  expect(calls).toBe(4);
  expect(last).toContain('took this back several times');
  const heard = slack
    .messagesOf('U0CLEO')
    .filter((one) => wordsOf(one).includes('Mia Wolf asks for Payroll') || wordsOf(one).includes('Payroll'));
  expect(heard.length).toBeLessThanOrEqual(4);
  // Another package, and another person, are not meant.
  expect(await asks('Taxes')).toContain('is on its way');
  await slack.command('U0MAX', 'request Payroll');
  await slack.submit(await whole.slackView('U0MAX', 'Request Payroll'), { Reason: 'first' });
  await whole.slackView('U0MAX', 'is on its way');
  // And after a while it may be asked for again.
  await whole.pass(11 * 60_000);
  expect(await asks('Payroll')).toContain('is on its way');
});
