// Server-sent events to open pages: new and changed messages to their persona, unread counts to all.
// Nothing is kept for a page that is away; it asks for the whole state when it comes back.
import type { ServerResponse } from 'node:http';

/** Browsers open six connections per host; without a limit a seventh tab could not even load. */
const STREAMS_PER_BROWSER = 4;
/** Proxies and browsers drop silent connections after about a minute. */
const HEARTBEAT_MS = 25_000;

interface Stream {
  readonly browser: string;
  readonly persona: string | null;
  readonly response: ServerResponse;
}

export interface Streams {
  open(browser: string, persona: string | null, response: ServerResponse): void;
  /** To the pages that show this persona. */
  tell(persona: string, event: string, data: unknown): void;
  /** To every page. */
  tellAll(event: string, data: unknown): void;
  /** How many pages listen. */
  size(): number;
  stop(): void;
}

/** Keeps the open event streams. */
export function createStreams(): Streams {
  // A Set keeps the order of opening, so the first of a browser is its oldest.
  const streams = new Set<Stream>();
  const write = (stream: Stream, event: string, data: unknown): void => {
    stream.response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  };
  const close = (stream: Stream): void => {
    streams.delete(stream);
    stream.response.end();
  };
  const heartbeat = setInterval(() => {
    for (const stream of streams) stream.response.write(':\n\n');
  }, HEARTBEAT_MS);
  heartbeat.unref();

  return {
    open(browser, persona, response) {
      const own = [...streams].filter((stream) => stream.browser === browser);
      for (const oldest of own.slice(0, Math.max(0, own.length - STREAMS_PER_BROWSER + 1))) {
        // Without the goodbye the browser would reconnect at once and push out the next one.
        write(oldest, 'bye', {});
        close(oldest);
      }
      const stream: Stream = { browser, persona, response };
      response.writeHead(200, {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
      });
      response.write('retry: 1000\n\n');
      streams.add(stream);
      response.on('close', () => streams.delete(stream));
      write(stream, 'hello', { persona });
    },
    tell(persona, event, data) {
      for (const stream of streams) if (stream.persona === persona) write(stream, event, data);
    },
    tellAll(event, data) {
      for (const stream of streams) write(stream, event, data);
    },
    size: () => streams.size,
    stop() {
      clearInterval(heartbeat);
      for (const stream of [...streams]) close(stream);
    },
  };
}
