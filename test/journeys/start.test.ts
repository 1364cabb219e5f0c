// The first command of the README: everything starts on the embedded database, with the demo and its page, and starts again.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../../src/config';
import { createLog } from '../../src/log';
import { startUsher } from '../../src/main';
import { freePort } from '../support/port';

test('a new folder becomes a demo with its page, a second Usher on it is refused, and a later start goes on', async () => {
  const home = mkdtempSync(join(tmpdir(), 'usher-start-'));
  const lines: string[] = [];
  const log = createLog('warn', { write: (line) => lines.push(line) });
  try {
    const config = readConfig({ USHER_HOME: home, PAGE_PORT: String(await freePort()) });
    const first = await startUsher(config, log);
    const page = first.page ?? '';
    expect((await fetch(page)).status).toBe(200);
    expect((await fetch(`${page}readyz`)).status).toBe(200);
    await expect(startUsher(config, log)).rejects.toThrow('DATABASE_URL');
    // An open page hears the end of its stream. One that was cut would reject, and only after the time that answers get.
    const stream = (await fetch(`${page}api/events`)).text();
    await first.stop();
    expect(await stream).toContain('event: hello');
    const second = await startUsher(config, log);
    expect((await fetch(second.page ?? '')).status).toBe(200);
    await second.stop();
    // The one system of the demo that is down is the only thing to warn of.
    expect(lines.filter((line) => line.includes('"level":"error"'))).toEqual([]);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}, 90_000);
