// One whole replica: what `usher start` starts, with the settings of its environment. Tells its parent where it listens, and ends
// with it.
import { readConfig } from '../../src/config';
import { createLog } from '../../src/log';
import { startUsher } from '../../src/main';

async function main(): Promise<void> {
  const config = readConfig(process.env);
  const usher = await startUsher(config, createLog(config.logLevel), { clickMs: 60_000 });
  process.on('SIGTERM', () => {
    void usher.stop().then(() => process.exit(0));
  });
  process.send?.({ endpoint: usher.endpoint });
}

process.on('disconnect', () => process.exit(1));
main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : 'unknown'}\n`);
  process.exit(1);
});
