// A line to the database that is cut in the middle of things.
import fs from 'node:fs';
import { connect as dial, createServer, type Socket } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { createLog } from '../../src/log';
import { connect } from '../../src/store/database';
import { createStore } from '../../src/store/store';
import { clusterUrl } from '../support/cluster';
import type { World } from './world';

/** A store whose line to the server can be cut when the answer to COMMIT comes back: once, or from then on. */
export async function cutLine(world: World) {
  const url = new URL(clusterUrl('x').replace(/^postgres(ql)?:\/\/([^@/]*@)?\//, 'postgres://$2localhost/'));
  const host = url.searchParams.get('host');
  const port = Number(url.searchParams.get('port') ?? (url.port || 5432));
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'usher-line-'));
  let armed: 'once' | 'for good' | null = null;
  let isCut = false;
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    if (isCut) {
      near.destroy();
      return;
    }
    const far = host?.startsWith('/') ? dial(path.join(host, `.s.PGSQL.${port}`)) : dial(port, host ?? url.hostname);
    let ending = false;
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        [near, far].forEach((one) => one.destroy());
      });
    }
    near.on('data', (part) => {
      ending ||= armed !== null && part.includes('commit');
      far.write(part);
    });
    far.on('data', (part) => {
      if (!ending) {
        near.write(part);
        return;
      }
      isCut = armed === 'for good';
      armed = null;
      near.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(path.join(folder, '.s.PGSQL.5432'), resolve));
  const through = new URL(world.db.url.replace(/^postgres(ql)?:\/\/([^@/]*@)?[^/]*\//, 'postgres://$2localhost/'));
  const database = await connect({
    url: `postgres://${through.username || 'postgres'}@${through.pathname}?host=${encodeURIComponent(folder)}`,
    poolMax: 2,
  });
  return {
    ...createStore({ sequelize: database.sequelize, log: createLog('silent') }),
    arm(how: 'once' | 'for good' = 'once') {
      armed = how;
    },
    async close() {
      await database.close();
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      fs.rmSync(folder, { recursive: true, force: true });
    },
  };
}
