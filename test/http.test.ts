// The listener against real sockets: it holds little for strangers and tells them less.
import { request as httpRequest } from 'node:http';
import { type HttpOptions, type HttpServer, type RawRoute, startHttp } from '../src/http';
import type { Route } from '../src/chat/channel';
import { readsAlong, readsFirst } from './support/foreign';
import { sendRaw } from './support/raw';

const running: HttpServer[] = [];
const logged: unknown[] = [];

afterEach(async () => {
  logged.length = 0;
  await Promise.all(running.splice(0).map((one) => one.stop()));
});

const echo: Route = {
  method: 'POST',
  path: '/echo',
  maxBytes: 10,
  handle: (request, response, body) => {
    response.end(JSON.stringify({ body: body.toString(), id: request.headers['x-request-id'] }));
    return Promise.resolve();
  },
};

const start = async (more: Partial<HttpOptions> = {}): Promise<HttpServer> => {
  const server = await startHttp({
    host: '127.0.0.1',
    port: 0,
    routes: [echo],
    ready: () => Promise.resolve([]),
    log: { debug: () => undefined, error: (facts: unknown) => logged.push(facts) },
    ...more,
  });
  running.push(server);
  return server;
};

const ask = (server: HttpServer, path: string, init?: RequestInit): Promise<Response> =>
  fetch(`http://127.0.0.1:${server.port}${path}`, init);

const raw = (server: HttpServer, text: string): Promise<string> => sendRaw(server.port, text);

describe('a route', () => {
  test('gets the raw bytes and an id of ours', async () => {
    const server = await start();
    const response = await ask(server, '/echo?x=/other', {
      method: 'POST',
      body: 'ten bytes!',
      headers: { 'x-request-id': 'forged\u0020id' },
    });
    const answer = (await response.json()) as { body: string; id: string };
    expect(answer.body).toBe('ten bytes!');
    expect(answer.id).toBe(response.headers.get('x-request-id'));
    expect(answer.id).not.toContain('forged');
  });

  test.each([
    { name: 'an unknown path', method: 'GET', path: '/nothing', want: 404 },
    { name: 'a path that only looks alike', method: 'POST', path: '/echo/', want: 404 },
    { name: 'an encoded path', method: 'POST', path: '/%65cho', want: 404 },
    { name: 'another method', method: 'GET', path: '/echo', want: 405 },
    { name: 'a body above the limit', method: 'POST', path: '/echo', body: 'eleven byte', want: 413 },
  ])('answers $want to $name', async ({ method, path, body, want }) => {
    const server = await start();
    const response = await ask(server, path, { method, ...(body === undefined ? {} : { body }) });
    expect(response.status).toBe(want);
    expect(response.headers.get('allow')).toBe(want === 405 ? 'POST' : null);
    expect((await response.text()).length).toBeLessThan(30);
  });

  test('may stand for whatever is up to the next slash, and is then the last that is looked at', async () => {
    const tell = (path: string): Route => ({
      method: 'GET',
      path,
      maxBytes: 0,
      handle: (request, response) => {
        response.end(`${path} ${request.url ?? ''}`);
        return Promise.resolve();
      },
    });
    const server = await start({ routes: [tell('/go/*'), tell('/go/home')] });
    const said = async (path: string) => (await ask(server, path)).text();
    expect(await said('/go/abc?x=/y')).toBe('/go/* /go/abc?x=/y');
    expect(await said('/go/home')).toBe('/go/home /go/home');
    for (const path of ['/go/', '/go', '/go/a/b', '/gone/abc', '/abc', '/', '//'])
      expect([path, (await ask(server, path)).status]).toEqual([path, 404]);
    expect((await ask(server, '/go/abc', { method: 'POST' })).headers.get('allow')).toBe('GET');
  });

  test('does not read on when a body without a length grows above the limit', async () => {
    const server = await start();
    const head = 'POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n';
    const got = await raw(server, `${head}20\r\n${'x'.repeat(32)}\r\n`); // and never the end of it
    expect(got).toMatch(/^HTTP\/1\.1 413 .*connection: close/is);
  });

  test('never shows an error, and logs it', async () => {
    const failing: Route = { ...echo, handle: () => Promise.reject(new Error('CANARY')) };
    const response = await ask(await start({ routes: [failing] }), '/echo', { method: 'POST' });
    expect([response.status, await response.text()]).toEqual([500, 'error\n']);
    expect(logged).toEqual([expect.objectContaining({ err: new Error('CANARY'), path: '/echo' })]);
  });

  test('that fails in the middle of its answer breaks it off', async () => {
    const failing: Route = {
      ...echo,
      handle: (_, response) => {
        response.write('half');
        return Promise.reject(new Error('CANARY'));
      },
    };
    const server = await start({ routes: [failing] });
    const whole = ask(server, '/echo', { method: 'POST' }).then((response) => response.text());
    await expect(whole).rejects.toThrow();
  });

  test('that is raw gets the stream untouched', async () => {
    const stream: RawRoute = {
      raw: true,
      method: 'POST',
      path: '/raw',
      handle: async (request, response) => {
        let size = 0;
        for await (const part of request as AsyncIterable<Buffer>) size += part.length;
        response.end(String(size));
      },
    };
    const server = await start({ routes: [stream] });
    expect(await (await ask(server, '/raw', { method: 'POST', body: 'x'.repeat(100_000) })).text()).toBe('100000');
  });

  test('gets the raw bytes also where something else in the process reads along', async () => {
    const server = await start();
    const { seen, end } = readsAlong();
    const response = await ask(server, '/echo', { method: 'POST', body: 'ten bytes!' });
    end();
    expect([await response.json(), seen]).toEqual([expect.objectContaining({ body: 'ten bytes!' }), ['ten bytes!']]);
  });

  test('is not asked where something else has read the body before us, and the log says so', async () => {
    const heard: Buffer[] = [];
    const handle: Route['handle'] = (_, response, body) => {
      heard.push(body);
      response.end();
      return Promise.resolve();
    };
    const server = await start({ routes: [{ ...echo, handle }] });
    const end = readsFirst();
    const response = await ask(server, '/echo', { method: 'POST', body: 'ten bytes!' });
    const empty = await ask(server, '/echo', { method: 'POST' });
    end();
    expect([response.status, await response.text()]).toEqual([500, 'error\n']);
    expect(String((logged as { err: unknown }[])[0]?.err)).toContain('read by something else in this process');
    // What has no body loses nothing by it.
    expect([empty.status, heard.map(String)]).toEqual([200, ['']]);
  });

  test('is refused when another has the same method and path', async () => {
    await expect(start({ routes: [echo, echo] })).rejects.toThrow('two routes for POST /echo');
  });
});

describe('a slow or broken caller', () => {
  test.each([
    { name: 'the head', give: 'POST /echo HTTP/1.1\r\nHost: x\r\n' },
    { name: 'the body', give: 'POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab' },
  ])('who does not finish $name is cut', async ({ give }) => {
    const server = await start({ limits: { headers: 50, request: 100 } });
    expect(await raw(server, give)).toMatch(/^HTTP\/1\.1 408 /);
    expect(logged).toEqual([]);
  });

  test('who sends no HTTP gets 400, who sends endless headers 431', async () => {
    const server = await start();
    expect(await raw(server, 'HELLO\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
    const head = `GET /healthz HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`;
    expect(await raw(server, head)).toMatch(/^HTTP\/1\.1 431 /);
  });
});

describe('our own routes', () => {
  test('carry the headers of a careful server', async () => {
    const response = await ask(await start(), '/healthz');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('content-security-policy')).toContain("default-src 'self'");
    expect(response.headers.get('x-powered-by')).toBeNull();
    expect(response.headers.get('cache-control')).toBe('no-store');
  });

  test.each([
    { name: 'ready', ready: () => Promise.resolve([]), want: 200 },
    { name: 'not ready', ready: () => Promise.resolve(['database: does not answer']), want: 503 },
    { name: 'unable to tell', ready: () => Promise.reject(new Error('down')), want: 503 },
  ])('/readyz is $want when $name, /healthz is 200', async ({ ready, want }) => {
    const server = await start({ ready });
    expect((await ask(server, '/readyz')).status).toBe(want);
    expect((await ask(server, '/healthz', { method: 'HEAD' })).status).toBe(200);
  });

  test('/readyz tells this machine why, and nobody else', async () => {
    const server = await start({ ready: () => Promise.resolve(['database: does not answer', 'slack: gone']) });
    expect(await (await ask(server, '/readyz')).text()).toBe('not ready\ndatabase: does not answer\nslack: gone\n');
    const outside = await ask(server, '/readyz', { headers: { 'x-forwarded-for': '203.0.113.9' } });
    expect([outside.status, await outside.text()]).toEqual([503, 'not ready\n']);
  });

  const metrics = { contentType: 'text/plain; version=0.0.4', metrics: () => Promise.resolve('usher_up 1\n') };
  const status = (server: HttpServer, headers: Record<string, string>): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const call = httpRequest({ host: '127.0.0.1', port: server.port, path: '/metrics', headers }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      call.on('error', reject);
      call.end();
    });

  test('/metrics answers this machine', async () => {
    const response = await ask(await start({ metrics }), '/metrics');
    expect([response.headers.get('content-type'), await response.text()]).toEqual([
      'text/plain; version=0.0.4',
      'usher_up 1\n',
    ]);
  });

  test.each([
    { name: 'through a proxy on it', headers: { 'x-forwarded-for': '203.0.113.9' } },
    { name: 'by a foreign name for it', headers: { host: 'usher.example' } },
  ])('/metrics is not there for who comes $name', async ({ headers }) => {
    expect(await status(await start({ metrics }), headers as Record<string, string>)).toBe(404);
  });

  test('/metrics answers everybody on a listener of its own', async () => {
    const server = await start({ metrics, metricsFor: 'everybody', routes: [] });
    expect(await status(server, { host: 'usher.example' })).toBe(200);
  });

  test('/metrics is not there without a registry', async () => {
    expect((await ask(await start(), '/metrics')).status).toBe(404);
  });
});

describe('before and after it serves', () => {
  test('without routes it says that it lives and starts, until they are there', async () => {
    const server = await startHttp({
      host: '127.0.0.1',
      port: 0,
      ready: () => Promise.resolve(['starting']),
      log: { debug: () => undefined, error: (facts: unknown) => logged.push(facts) },
    });
    running.push(server);
    expect((await ask(server, '/healthz')).status).toBe(200);
    expect((await ask(server, '/readyz')).status).toBe(503);
    const early = await ask(server, '/echo', { method: 'POST', body: 'early' });
    expect([early.status, early.headers.get('retry-after'), await early.text()]).toEqual([503, '5', 'starting\n']);
    server.open([echo]);
    expect((await ask(server, '/echo', { method: 'POST' })).status).toBe(200);
  });

  test('draining it finishes what runs, refuses the rest, and says that it lives and is not ready', async () => {
    let letGo: () => void = () => undefined;
    let entered: () => void = () => undefined;
    const inside = new Promise<void>((resolve) => (entered = resolve));
    const waiting: Route = {
      ...echo,
      handle: async (_, response) => {
        entered();
        await new Promise<void>((resolve) => (letGo = resolve));
        response.end('done');
      },
    };
    const server = await start({ routes: [waiting] });
    const answer = ask(server, '/echo', { method: 'POST' });
    await inside;
    let drained = false;
    const draining = server.drain().then(() => (drained = true));
    const late = await ask(server, '/echo', { method: 'POST' });
    expect([late.status, await late.text()]).toEqual([503, 'stopping\n']);
    expect(await (await ask(server, '/readyz')).text()).toBe('not ready\nstopping\n');
    expect((await ask(server, '/healthz')).status).toBe(200);
    expect(drained).toBe(false);
    letGo();
    expect(await (await answer).text()).toBe('done');
    await draining;
  });

  test('draining ends although an answer does not', async () => {
    let entered: () => void = () => undefined;
    const inside = new Promise<void>((resolve) => (entered = resolve));
    const endless: Route = {
      ...echo,
      handle: () => {
        entered();
        return Promise.resolve();
      },
    };
    const server = await start({ routes: [endless], limits: { stop: 50 } });
    ask(server, '/echo', { method: 'POST' }).catch(() => undefined);
    await inside;
    await server.drain();
  });
});

describe('stop', () => {
  test('lets an answer under way finish and takes no new caller', async () => {
    let letGo: () => void = () => undefined;
    let entered: () => void = () => undefined;
    const inside = new Promise<void>((resolve) => (entered = resolve));
    const waiting: Route = {
      ...echo,
      handle: async (_, response) => {
        entered();
        await new Promise<void>((resolve) => (letGo = resolve));
        response.end('done');
      },
    };
    const server = await start({ routes: [waiting] });
    const answer = ask(server, '/echo', { method: 'POST' });
    await inside;
    const stopping = server.stop();
    await expect(ask(server, '/healthz')).rejects.toThrow();
    letGo();
    expect(await (await answer).text()).toBe('done');
    await stopping;
  });

  test('cuts what does not end in time', async () => {
    let entered: () => void = () => undefined;
    const inside = new Promise<void>((resolve) => (entered = resolve));
    const endless: Route = {
      ...echo,
      handle: (_, response) => {
        response.write('still here');
        entered();
        return Promise.resolve();
      },
    };
    const server = await start({ routes: [endless], limits: { stop: 50 } });
    const answer = ask(server, '/echo', { method: 'POST' }).then((response) => response.text());
    answer.catch(() => undefined);
    await inside;
    await server.stop();
    await expect(answer).rejects.toThrow();
  });

  test('a port that is taken is an error at the start', async () => {
    const server = await start();
    await expect(start({ port: server.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});
