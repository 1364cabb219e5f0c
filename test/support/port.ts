// A port on which nobody listens.
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * For whoever must know a port before something listens on it. Below those that a system gives to outgoing connections and to
 * listeners that ask for any, so that none of them takes it in between.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(12_000, 32_000);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => {
        resolve(false);
      });
      server.listen(port, '127.0.0.1', () => {
        resolve(true);
      });
    });
    if (!isFree) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}
