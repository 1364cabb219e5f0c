// A process that owns an embedded database, for tests that kill it. Says on stdout what became of the start, then does
// what stdin says: `stop` stops the server, the end of the pipe ends nothing.
import { startEmbedded } from '../../src/store/embedded';

const [dir = '', mode = 'hold'] = process.argv.slice(2);

startEmbedded({ dir, fsync: false }).then(
  (server) => {
    console.log(JSON.stringify({ url: server.url, adopted: server.adopted }));
    if (mode === 'leave') return; // nothing more to do: the process must end by itself
    process.stdin.once('data', () => {
      void server.stop().then(() => process.exit(0));
    });
  },
  (error: unknown) => {
    console.log(JSON.stringify({ refused: error instanceof Error ? `${error.name}: ${error.message}` : 'unknown' }));
    process.exitCode = 1;
  },
);
