// The first command of the README: everything starts on the embedded database, with the demo and its page, and starts again.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../../src/config';
import { createLog } from '../../src/log';
import { openHouse } from '../../src/house';
import { startUsher } from '../../src/main';
import { settle } from '../../src/operations/settings';
import { startEmbedded } from '../../src/store/embedded';
import { describeInBrowser, openBrowser } from '../support/browser';
import { asOwner } from '../support/cluster';
import { freePort } from '../support/port';

/** Changes the database of a folder while no Usher uses it. */
async function onServer(home: string, sql: string): Promise<void> {
  const server = await startEmbedded({ dir: home });
  try {
    await asOwner(server.url, sql);
  } finally {
    await server.stop();
  }
}

test('a taken port is said before a demo is made, which a new folder becomes; a second Usher on it is refused, and a later start goes on', async () => {
  const home = mkdtempSync(join(tmpdir(), 'usher-start-'));
  const lines: string[] = [];
  const errors = (since: number) => lines.slice(since).filter((line) => line.includes('"level":"error"'));
  const log = createLog('info', { write: (line) => lines.push(line) });
  const other = createServer();
  try {
    const port = await freePort();
    const config = readConfig({ USHER_HOME: home, PAGE_PORT: String(port) });
    await once(other.listen(port, '127.0.0.1'), 'listening');
    await expect(startUsher(config, log)).rejects.toMatchObject({ code: 'EADDRINUSE', port });
    expect(lines.filter((line) => line.includes('demo prepared'))).toEqual([]);
    await once(other.close(), 'close');
    const first = await startUsher(config, log);
    const page = first.page ?? '';
    expect((await fetch(page)).status).toBe(200);
    expect((await fetch(`${page}readyz`)).status).toBe(200);
    await expect(startUsher(config, log)).rejects.toThrow('DATABASE_URL');
    // An open page hears the end of its stream. One that was cut would reject, and only after the time that answers get.
    const stream = (await fetch(`${page}api/events`)).text();
    expect(errors(0)).toEqual([]);
    await first.stop();
    expect(await stream).toContain('event: hello');
    const mail = 'grace.adeyemi@woodgrove.example';
    await onServer(
      home,
      `update people set email = 'grace@woodgrove.example', version = version + 1 where email = '${mail}';
       update people set email = '${mail}', version = version + 1 where directory_key = 'victor.stone'`,
    );
    const since = lines.length;
    const second = await startUsher({ ...config, administrators: [mail, 'nobody'] }, log);
    expect((await fetch(second.page ?? '')).status).toBe(200);
    // The one system of the demo that is down is the only thing to warn of.
    expect(errors(since)).toEqual([]);
    await second.stop();
    // An address that an administrator had is nobody else's, and whoever starts reads which one that is.
    const named = lines
      .map((line) => JSON.parse(line) as object)
      .filter((line) => 'unclear' in line || 'unknown' in line);
    expect(named).toEqual([
      expect.objectContaining({ level: 'warn', unknown: ['nobody'] }),
      expect.objectContaining({ unclear: [mail], msg: expect.stringContaining('nobody is one by these') as string }),
    ]);
    // A stop cuts off what a busy machine has not done by then, which says so; the stop itself has nothing to say.
    expect(lines.filter((line) => line.includes('did not stop cleanly'))).toEqual([]);
  } finally {
    other.close();
    rmSync(home, { recursive: true, force: true });
  }
});

describeInBrowser('the page of the demo', () => {
  test('is where one asks, another sees it at once and approves, and the first has it', async () => {
    const home = mkdtempSync(join(tmpdir(), 'usher-page-'));
    const config = readConfig({ USHER_HOME: home, PAGE_PORT: String(await freePort()) });
    const usher = await startUsher(config, createLog('silent'), { clickMs: 60_000 });
    const browser = await openBrowser();
    try {
      const open = async (name: string) => {
        const page = await (await browser.newContext({ viewport: { width: 1400, height: 900 } })).newPage();
        page.setDefaultTimeout(60_000);
        await page.goto(usher.page ?? '');
        await page.locator('html.ready').waitFor();
        await page.getByRole('option', { name }).click();
        await page.getByPlaceholder(`Write as ${name}`).waitFor();
        const say = async (text: string): Promise<void> => {
          await page.getByLabel('Message').fill(text);
          await page.keyboard.press('Enter');
        };
        const last = (text: string) => page.getByRole('article').filter({ hasText: text }).last();
        return { page, say, last };
      };
      const [noah, maya] = [await open('Noah Kim'), await open('Maya Iyer')];

      await noah.say('request Book meeting rooms for others');
      const form = noah.page.getByRole('dialog');
      await form.getByRole('textbox', { name: 'Reason' }).first().fill('The fair in Ghent');
      await form.getByRole('button', { name: 'Submit' }).first().click();
      await form.getByText('Waits for Maya Iyer').first().waitFor();
      await noah.page.keyboard.press('Escape');
      await form.waitFor({ state: 'hidden' });

      const asked = maya.last('The fair in Ghent');
      await asked.getByRole('button', { name: 'Approve' }).first().click();
      await asked.getByText('You approved').first().waitFor();
      expect(await asked.getByRole('button', { name: 'Approve' }).count()).toBe(0);
      await noah.page.getByText('You now have Book meeting rooms for others').first().waitFor();

      await noah.say('my access');
      await noah.last('Your access').getByText('Book meeting rooms for others').first().waitFor();
    } finally {
      await browser.close();
      await usher.stop();
      rmSync(home, { recursive: true, force: true });
    }
  });
});

test('on the embedded database as well the program can do no more than its role, and no less: a folder from before gets one', async () => {
  const home = mkdtempSync(join(tmpdir(), 'usher-start-'));
  const log = createLog('silent');
  const real = { SLACK_TEAM_ID: 'T1', SLACK_BOT_TOKEN: 'xoxb-1', SLACK_APP_TOKEN: 'xapp-1', USHER_HOME: home };
  const opened = () => openHouse(readConfig(real), log, { migrate: true, apart: true });
  try {
    await (await opened()).stop();
    // Until now there was only the superuser.
    await onServer(home, 'drop role if exists usher_web');
    const house = await opened();
    for (const { sequelize } of [house.database, house.work.database]) {
      for (const role of ['reset role', 'reset session authorization', 'set role usher_app'])
        await expect(sequelize.query(`${role}; update audit_events set at = at`)).rejects.toMatchObject({
          original: { code: '42501', message: expect.stringContaining('audit_events') as string },
        });
      await expect(sequelize.query('set role postgres')).rejects.toMatchObject({ original: { code: '42501' } });
    }
    await settle(house.desk, readConfig(real), { demo: false });
    await house.stop();
    await onServer(home, 'alter role usher_web createrole');
    await expect(opened()).rejects.toThrow(/role "usher_web" of the database in .* may create roles/);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});
