// A PostgreSQL server of a fault's own, to be stopped and started under the feet of replicas: the programs that the campaign names,
// else the embedded ones. As in production: fsync on.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { findBinaries, reachableBinaries } from '../../src/store/binaries';
import { serverAccount } from '../../src/store/place';
import { until } from './whole';

export interface OwnServer {
  readonly url: string;
  /** Stops it: `fast` ends sessions, `immediate` is as good as pulling the plug. */
  stop(how: 'fast' | 'immediate'): Promise<void>;
  /** Starts it; resolves when it takes connections. */
  start(): Promise<void>;
  remove(): Promise<void>;
}

export async function ownServer(): Promise<OwnServer> {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'usher-own-server-'));
  const account = serverAccount(dir);
  const named = process.env['FAULTS_PG_BIN'];
  const found = named === undefined ? reachableBinaries(findBinaries(), account, '/var/lib/usher') : null;
  const program = (name: 'initdb' | 'postgres'): string => found?.[name] ?? path.join(named ?? '', name);
  if (account !== undefined) fs.chownSync(dir, account.uid, account.gid);
  const data = path.join(dir, 'data');
  const made = spawnSync(
    program('initdb'),
    ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync', '--data-checksums'],
    { cwd: '/', ...account },
  );
  if (made.status !== 0) throw new Error(`no cluster: ${made.stderr.toString()}`);
  const url = `postgres://postgres@/postgres?host=${dir}`;
  let child: ChildProcess | null = null;
  const server: OwnServer = {
    url,
    async stop(how) {
      if (child === null) return;
      const ended = once(child, 'exit');
      child.kill(how === 'fast' ? 'SIGINT' : 'SIGQUIT');
      await ended;
      child = null;
    },
    async start() {
      const args = [
        'listen_addresses=',
        `unix_socket_directories=${dir}`,
        'max_connections=100',
        'log_min_messages=fatal',
      ];
      child = spawn(program('postgres'), ['-D', data, ...args.flatMap((one) => ['-c', one])], {
        cwd: '/',
        stdio: 'ignore',
        env: { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' },
        ...account,
      });
      await until('the server takes connections', async () => {
        const client = new Client({ connectionString: url });
        client.on('error', () => undefined);
        try {
          await client.connect();
          return true;
        } finally {
          await client.end().catch(() => undefined);
        }
      });
    },
    async remove() {
      await server.stop('immediate');
      fs.rmSync(dir, { recursive: true, force: true });
    },
  };
  await server.start();
  return server;
}
