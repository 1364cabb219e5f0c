// X39, X40: approving what is one's own by a detour, and approving after the right to it is gone.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { startAttacked, type Attacked } from './support';

let whole: Attacked;
beforeAll(async () => {
  whole = await startAttacked(true);
});
afterAll(() => whole.stop());

const HOUR = 3_600_000;

/** Sends the form that is open, whatever it asks for. */
async function send(user: string, words: string): Promise<void> {
  await whole.slack.submit(await whole.slackView(user, words), { Reason: 'for me' });
  await whole.slackView(user, 'is on its way');
}

async function requestOf(name: string): Promise<{ id: string; number: number; state: string }> {
  const [row] = await whole.sql<{ id: string; number: number; state: string }>(
    `select r.id, r.number, r.state from requests r join packages p on p.id = r.package_id where p.name = '${name}'
     order by r.number desc limit 1`,
  );
  if (row === undefined) throw new Error(`no request for ${name}`);
  return row;
}

/** By every way in there is: a button, a form, a typed line, in both ways of Slack to say it. */
async function triesToApprove(user: string, name: string): Promise<void> {
  const { slack } = whole;
  const { id, number } = await requestOf(name);
  const value = { data: { request: id, v: 1 } };
  await whole.forge(user, 'approval.approve', value);
  await whole.forge(user, 'approval.approveWithReason', value);
  const metadata = JSON.stringify({ verb: 'approval.approveWithReason', data: { request: id } });
  await slack.deliver({
    kind: 'interactive',
    body: {
      type: 'view_submission',
      user: { id: user, team_id: slack.team },
      team: { id: slack.team },
      trigger_id: `${user}.${name}`,
      view: {
        id: 'V1',
        hash: 'h',
        type: 'modal',
        private_metadata: metadata,
        app_installed_team_id: slack.team,
        state: {
          values: {
            'in~request': { value: { type: 'plain_text_input', value: id } },
            'in~reason': { value: { type: 'plain_text_input', value: 'mine' } },
          },
        },
      },
    },
  });
  await slack.command(user, `approve R-${number}`);
  await slack.command(user, `approve R-${number} because it is mine`);
  await slack.say(user, `approve R-${number}`);
  await whole.idle();
}

async function notBy(person: string, name: string): Promise<void> {
  const { id, state } = await requestOf(name);
  expect([name, state]).toEqual([name, 'pendingApproval']);
  const by = await whole.sql(
    `select 'decided' as what from decisions d join people p on p.id = d.person_id
      where d.request_id = '${id}' and p.directory_key = '${person}'
     union all select 'asked' from approval_tasks t join people p on p.id = t.person_id
      where t.request_id = '${id}' and p.directory_key = '${person}' and t.state = 'open'`,
  );
  expect([name, person, by]).toEqual([name, person, []]);
}

test('X39: own requests are approved by nobody’s detour: group, alternate, manager loop, ownership, on behalf, second stage, direct assignment, command line', async () => {
  const { slack } = whole;
  for (const name of ['By group', 'By manager', 'By owner', 'Two stages']) {
    await slack.command('U0MIA', `request ${name}`);
    await send('U0MIA', `Request ${name}`);
    await triesToApprove('U0MIA', name);
    await notBy('mia', name);
  }

  // An alternate comes in only after a while, and is looked at then.
  await slack.command('U0MIA', 'request By alternate');
  await send('U0MIA', 'Request By alternate');
  await whole.pass(2 * HOUR, 'escalate-stages');
  await triesToApprove('U0MIA', 'By alternate');
  await notBy('mia', 'By alternate');
  await whole.slackMessage('U0MAX', 'Mia Wolf asks for By alternate');

  // The second stage opens after the first: the requestor is in its group.
  const two = await requestOf('Two stages');
  await slack.command('U0CLEO', `approve R-${two.number}`);
  await whole.idle();
  await triesToApprove('U0MIA', 'Two stages');
  await notBy('mia', 'Two stages');

  // Who asks for somebody else, and who gets it, are both out.
  await slack.command('U0MAX', 'request On behalf for Mia Wolf');
  await send('U0MAX', 'Request On behalf');
  for (const [user, person] of [
    ['U0MAX', 'max'],
    ['U0MIA', 'mia'],
  ] as const) {
    await triesToApprove(user, 'On behalf');
    await notBy(person, 'On behalf');
  }

  // Owners assign to others only, and do not approve what they assigned.
  const before = await whole.state();
  await slack.command('U0MIA', 'assign Mia Wolf to Given');
  await whole.slackView('U0MIA', 'Nobody assigns themselves');
  expect(await whole.state()).toEqual(before);
  await slack.command('U0MIA', 'assign Max Thorn to Given');
  await slack.submit(await whole.slackView('U0MIA', 'Given'));
  await whole.idle();
  await triesToApprove('U0MIA', 'Given');
  await notBy('mia', 'Given');
  await triesToApprove('U0MAX', 'Given');
  await notBy('max', 'Given');

  // There is no command for it, and nobody but a person decides.
  const cli = join(__dirname, '../../src/cli.ts');
  for (const command of ['approve', 'decide', 'assign']) {
    const ran = spawnSync(
      process.execPath,
      ['-r', join(__dirname, '../support/register.cjs'), cli, command, `R-${two.number}`],
      {
        encoding: 'utf8',
        env: { PATH: process.env['PATH'] },
      },
    );
    expect([command, ran.status]).toEqual([command, 2]);
  }

  const codes = new Set((await whole.audited('mia')).map(({ code }) => code));
  expect(codes).toContain('own-request');
  expect(await whole.sql(`select 1 from local_roles where subject in ('mia', 'max')`)).toEqual([]);
});

test('X40: an approver who is removed between card and click is refused at the click', async () => {
  const { slack } = whole;
  await slack.command('U0ADA', 'request By group');
  await send('U0ADA', 'Request By group');
  const card = await whole.slackMessage('U0MAX', 'Ada Stone asks for By group');
  const old = { ...card };
  const { id } = await requestOf('By group');
  // The directory says it; no job has looked at it yet.
  await whole.sql(`delete from group_people where person_id = (select id from people where directory_key = 'max')`);
  await slack.press('U0MAX', old, 'Approve');
  await whole.idle();
  expect(await whole.sql(`select 1 from decisions where request_id = '${id}'`)).toEqual([]);
  expect((await requestOf('By group')).state).toBe('pendingApproval');
  expect(await whole.audited('max')).toContainEqual(
    expect.objectContaining({ code: 'not-an-approver', verb: 'approval.approve', via: 'slack' }),
  );
  // Somebody who is switched off is refused as well, before anything is looked at.
  await whole.sql(`update people set state = 'disabled', version = version + 1 where directory_key = 'cleo'`);
  const cleos = await whole.slackMessage('U0CLEO', 'Ada Stone asks for By group');
  await slack.press('U0CLEO', { ...cleos }, 'Approve');
  await whole.idle();
  expect(await whole.sql(`select 1 from decisions where request_id = '${id}'`)).toEqual([]);
});
