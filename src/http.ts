// One HTTP listener: finds the route, limits what a stranger can make us hold, answers everything else in two words.
// What a request means belongs to the routes; whether a caller is who he says he is as well.
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import helmet from 'helmet';
import type { Route } from './chat/channel';
import type { Log } from './log';

/** A route that reads the request itself, for an SDK that insists on the stream. It sets its own limits. */
export interface RawRoute {
  readonly raw: true;
  readonly method: Route['method'];
  readonly path: string;
  readonly handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
}

/** As much of prom-client's Registry as is needed to show it. */
export interface Metrics {
  readonly contentType: string;
  metrics(): Promise<string>;
}

export type HttpOptions = {
  readonly host: string;
  /** 0 takes a free one; `HttpServer.port` tells which. */
  readonly port: number;
  /** Absent: everything but our own pages is answered 503 until `open` brings them. */
  readonly routes?: readonly (Route | RawRoute)[];
  /** Why requests cannot be served now; none means that they can. */
  readonly ready: () => Promise<readonly string[]>;
  readonly metrics?: Metrics;
  /** On the public listener only this machine may read the metrics; on one of their own, whoever reaches it. */
  readonly metricsFor?: 'loopback' | 'everybody';
  readonly log: Pick<Log, 'debug' | 'error'>;
  readonly limits?: Partial<HttpLimits>;
};

/** Milliseconds. */
export type HttpLimits = {
  /** For the head of a request, from its first byte. */
  readonly headers: number;
  /** For the whole request, head and body. */
  readonly request: number;
  /** For answers under way when the program stops: a platform waits 3 s for one. The program as a whole has 10 s. */
  readonly stop: number;
};

export type HttpServer = {
  readonly port: number;
  /** Serves these from now on. */
  open(routes: readonly (Route | RawRoute)[]): void;
  /** Answers nothing but our own pages any more; resolves when what runs is answered, or when that takes too long. */
  drain(): Promise<void>;
  /** Takes no more requests, finishes what runs, and cuts what does not end in time. */
  stop(): Promise<void>;
};

const LIMITS: HttpLimits = { headers: 10_000, request: 20_000, stop: 3_000 };
// Longer than the idle time of usual load balancers (60 s), so that they close first and never write into a closed socket.
const KEEP_ALIVE = 65_000;
const HEAD_BYTES = 16_384;

/** Listens. With routes it serves them at once, so then call it when everything behind them is ready. */
export async function startHttp(options: HttpOptions): Promise<HttpServer> {
  const limits = { ...LIMITS, ...options.limits };
  const state = { stopping: false, draining: false };
  const own = ownRoutes(options, state);
  const pages = makeTable(own);
  let table = options.routes === undefined ? null : makeTable([...options.routes, ...own]);
  const secure = helmet();
  const running = new Set<ServerResponse>();
  let idle: () => void = () => undefined;

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (pages.has(pathOf(request))) {
      await serve(pages, request, response);
      return;
    }
    if (table === null || state.draining) {
      response.setHeader('retry-after', '5');
      refuse(request, response, 503, table === null ? 'starting' : 'stopping');
      return;
    }
    running.add(response);
    response.once('close', () => {
      running.delete(response);
      if (running.size === 0) idle();
    });
    await serve(table, request, response);
  };

  const server = createServer(
    { maxHeaderSize: HEAD_BYTES, connectionsCheckingInterval: Math.min(1000, limits.headers / 2) },
    (request, response) => {
      const id = randomUUID();
      request.headers['x-request-id'] = id; // ours, whatever the caller sent
      response.setHeader('x-request-id', id);
      if (state.stopping || state.draining) response.setHeader('connection', 'close');
      secure(request, response, () => {
        handle(request, response).catch((error: unknown) => {
          options.log.error({ err: error, request: id, path: pathOf(request) }, 'request failed');
          if (response.headersSent) response.destroy();
          else answer(response, 500, 'error');
        });
      });
      response.once('close', () => {
        if (state.stopping)
          setImmediate(() => {
            server.closeIdleConnections();
          });
        options.log.debug({ request: id, method: request.method, path: pathOf(request), status: response.statusCode });
      });
    },
  );
  server.headersTimeout = limits.headers;
  server.requestTimeout = limits.request;
  server.keepAliveTimeout = KEEP_ALIVE;
  server.on('clientError', refuseBroken);

  await listen(server, options.port, options.host);
  return {
    port: (server.address() as AddressInfo).port,
    open: (routes) => {
      table = makeTable([...routes, ...own]);
    },
    drain: async () => {
      state.draining = true;
      if (running.size === 0) return;
      await new Promise<void>((resolve) => {
        const enough = setTimeout(resolve, limits.stop);
        idle = () => {
          clearTimeout(enough);
          resolve();
        };
      });
    },
    stop: async () => {
      state.stopping = true;
      await close(server, limits.stop);
    },
  };
}

/** Ends a response with a word; never with the text of an error. */
export function answer(response: ServerResponse, status: number, text: string): void {
  response.statusCode = status;
  response.setHeader('content-type', 'text/plain; charset=utf-8');
  response.setHeader('cache-control', 'no-store');
  response.end(`${text}\n`);
}

type Table = ReadonlyMap<string, ReadonlyMap<string, Route | RawRoute>>;

function makeTable(routes: readonly (Route | RawRoute)[]): Table {
  const table = new Map<string, Map<string, Route | RawRoute>>();
  for (const route of routes) {
    const methods = table.get(route.path) ?? new Map<string, Route | RawRoute>();
    if (methods.has(route.method)) throw new Error(`two routes for ${route.method} ${route.path}`);
    table.set(route.path, methods.set(route.method, route));
  }
  return table;
}

// Ways to say another method than the request line does: nothing here reads them, so whoever sends one hopes for somebody
// beside us who does.
const OVERRIDES = ['x-http-method-override', 'x-http-method', 'x-method-override'];

async function serve(table: Table, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (OVERRIDES.some((name) => name in request.headers)) {
    refuse(request, response, 400, 'method override');
    return;
  }
  // Nobody who calls us packs a body, and a small packed one may hold gigabytes.
  if ((request.headers['content-encoding'] ?? 'identity') !== 'identity') {
    refuse(request, response, 415, 'content encoding');
    return;
  }
  const path = pathOf(request);
  const last = path.lastIndexOf('/') + 1;
  const methods = table.get(path) ?? (last < path.length ? table.get(`${path.slice(0, last)}*`) : undefined);
  if (methods === undefined) {
    refuse(request, response, 404, 'not found');
    return;
  }
  const route = methods.get(request.method ?? '');
  if (route === undefined) {
    response.setHeader('allow', [...methods.keys()].join(', '));
    refuse(request, response, 405, 'method not allowed');
    return;
  }
  if ('raw' in route) {
    await route.handle(request, response);
    return;
  }
  const body = await readBody(request, route.maxBytes);
  if (body === 'gone') return;
  if (body === 'too large') refuse(request, response, 413, 'too large');
  else await route.handle(request, response, body);
}

// The path as it was sent, without the question: routes are compared letter by letter, never decoded.
function pathOf(request: IncomingMessage): string {
  return (request.url ?? '').replace(/\?.*$/s, '');
}

async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer | 'too large' | 'gone'> {
  // An agent that parses requests before us leaves nothing to prove: every signature would look forged, and nobody would know why.
  if (request.readableDidRead) {
    throw new Error('the body was read by something else in this process, before Usher: let it leave requests alone');
  }
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return 'too large';
  const parts: Buffer[] = [];
  let size = 0;
  try {
    for await (const part of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      size += part.length;
      if (size > maxBytes) return 'too large';
      parts.push(part);
    }
  } catch {
    return 'gone'; // the caller hung up, or was cut by the time limit, which answers itself
  }
  return Buffer.concat(parts);
}

// An answer before the body was read: what still comes is not worth reading, so the connection ends with the answer.
function refuse(request: IncomingMessage, response: ServerResponse, status: number, text: string): void {
  const more = request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;
  if (more && !request.complete) response.setHeader('connection', 'close');
  answer(response, status, text);
}

function ownRoutes(
  { ready, metrics, metricsFor, log }: HttpOptions,
  state: { readonly stopping: boolean; readonly draining: boolean },
): RawRoute[] {
  const both = (path: string, handle: RawRoute['handle']): RawRoute[] => [
    { raw: true, method: 'GET', path, handle },
    { raw: true, method: 'HEAD', path, handle },
  ];
  return [
    ...both('/healthz', (_, response) => {
      answer(response, 200, 'ok');
      return Promise.resolve();
    }),
    ...both('/readyz', async (request, response) => {
      const problems =
        state.stopping || state.draining ? ['stopping'] : await ready().catch(() => ['cannot tell whether it is']);
      if (problems.length === 0) {
        answer(response, 200, 'ready');
        return;
      }
      // Why is for operators on this machine; a stranger learns no more than a load balancer has to know.
      answer(response, 503, ['not ready', ...(isFromHere(request) ? problems : [])].join('\n'));
    }),
    ...(metrics === undefined
      ? []
      : both('/metrics', async (request, response) => {
          if (metricsFor !== 'everybody' && !isFromHere(request)) {
            answer(response, 404, 'not found');
            return;
          }
          let text: string;
          try {
            text = await metrics.metrics();
          } catch (error) {
            log.error({ err: error }, 'metrics failed');
            answer(response, 503, 'error');
            return;
          }
          response.setHeader('content-type', metrics.contentType);
          response.setHeader('cache-control', 'no-store');
          response.end(text);
        })),
  ];
}

const LOOPBACK_ADDRESS = /^(?:::ffff:)?127\.|^::1$/;
const LOOPBACK_HOST = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::\d+)?$/i;
const FORWARDED = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip'];

// A proxy on this machine makes every stranger look local, so its traces count as well; so does a name that a web page
// made point to this machine.
function isFromHere(request: IncomingMessage): boolean {
  return (
    LOOPBACK_ADDRESS.test(request.socket.remoteAddress ?? '') &&
    LOOPBACK_HOST.test(request.headers.host ?? '') &&
    !FORWARDED.some((name) => name in request.headers)
  );
}

function refuseBroken(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const status =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? '431 Request Header Fields Too Large'
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? '408 Request Timeout'
        : '400 Bad Request';
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

async function listen(server: Server, port: number, host: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

async function close(server: Server, limit: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const cut = setTimeout(() => {
      server.closeAllConnections();
    }, limit);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
    server.closeIdleConnections();
  });
}
