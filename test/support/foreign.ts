// Something else in the process that reads requests, as agents do that watch a program. Each begins now, and returns how to end it.
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, Server } from 'node:http';

interface Arrival {
  readonly request: IncomingMessage;
  readonly server: Server;
}

/** Reads beside us what we read; keeps what it saw. */
export function readsAlong(): { readonly seen: readonly string[]; readonly end: () => void } {
  const seen: string[] = [];
  return { seen, end: atArrival(({ request }) => request.on('data', (part: Buffer) => seen.push(part.toString()))) };
}

/** Reads each body to its end before we get the request. */
export function readsFirst(): () => void {
  return atArrival(({ request, server }) => {
    const go = server.emit.bind(server);
    server.emit = (...event: unknown[]) => {
      server.emit = go;
      request.resume().once('end', () => go(...(event as ['request'])));
      return true;
    };
  });
}

function atArrival(see: (arrival: Arrival) => void): () => void {
  const heard = (arrival: unknown): void => {
    see(arrival as Arrival);
  };
  subscribe('http.server.request.start', heard);
  return () => unsubscribe('http.server.request.start', heard);
}
