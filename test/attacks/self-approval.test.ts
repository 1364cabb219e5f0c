// X39, X40: approving what is one's own by a detour, and approving after the right to it is gone.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { SlackMessage } from '../support/slack-server';
import { startAttacked, until, wordsOf, type Attacked } from './support';

let whole: Attacked;
beforeAll(async () => {
  whole = await startAttacked(true);
});
afterAll(() => whole.stop());
beforeEach(() => whole.rested());

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
  await whole.rested();
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

/** A press alone, of a card that says for whom. */
async function presses(user: string, name: string, seen: Readonly<Record<string, unknown>>): Promise<void> {
  const { id } = await requestOf(name);
  await whole.forge(user, 'approval.approve', { data: { request: id, v: 1, ...seen } });
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

/** Hands all that somebody decides to somebody else, who takes it. */
async function handOver(from: string, to: string, name: string): Promise<void> {
  await whole.slack.command(from, `delegate approvals to ${name} until tomorrow`);
  await whole.idle();
  await whole.slack.command(to, 'accept delegation');
  await whole.idle();
}

const isAsked = async (name: string): Promise<string[]> =>
  (
    await whole.sql<{ who: string }>(
      `select concat_ws(' for ', p.directory_key, o.directory_key) as who from approval_tasks t
       join people p on p.id = t.person_id left join people o on o.id = t.for_id
       where t.request_id = '${(await requestOf(name)).id}' and t.state = 'open' order by 1`,
    )
  ).map(({ who }) => who);

const idOf = async (key: string): Promise<string> =>
  (await whole.sql<{ id: string }>(`select id from people where directory_key = '${key}'`))[0]?.id ?? '';

test('X39: nor by a delegation: the delegate of an approver who asks, or gets it, and the delegate of an approver who asks', async () => {
  const { slack } = whole;
  // Mia decides for Cleo, who is the only one to be asked, and Max for Mia.
  await handOver('U0CLEO', 'U0MIA', 'Mia Wolf');
  await handOver('U0MIA', 'U0MAX', 'Max Thorn');
  expect(await whole.sql(`select 1 from delegations where state = 'accepted'`)).toHaveLength(2);
  const cleo = await idOf('cleo');

  await slack.command('U0MIA', 'request By delegate');
  await send('U0MIA', 'Request By delegate');
  expect(await isAsked('By delegate')).toEqual(['cleo']);
  for (const other of [cleo, await idOf('mia')]) await presses('U0MIA', 'By delegate', { for: other });
  await triesToApprove('U0MIA', 'By delegate');
  await notBy('mia', 'By delegate');
  // Delegations are not handed on: who decides for Mia does not decide for whom she decides.
  await presses('U0MAX', 'By delegate', { for: cleo });
  await notBy('max', 'By delegate');
  await slack.command('U0CLEO', `deny R-${(await requestOf('By delegate')).number} because no`);
  await whole.idle();

  // For somebody else, who is the delegate: neither of the two.
  await slack.command('U0MAX', 'request By delegate for Mia Wolf');
  await send('U0MAX', 'Request By delegate');
  for (const [user, person] of [
    ['U0MAX', 'max'],
    ['U0MIA', 'mia'],
  ] as const) {
    await presses(user, 'By delegate', { for: cleo });
    await presses(user, 'By delegate', {});
    await notBy(person, 'By delegate');
  }
  expect(await isAsked('By delegate')).toEqual(['cleo']);

  // An approver who asks is not heard by the voice of her delegate either.
  await slack.command('U0MIA', 'request By delegator');
  await send('U0MIA', 'Request By delegator');
  expect(await isAsked('By delegator')).toEqual(['cleo']);
  await presses('U0MAX', 'By delegator', { for: await idOf('mia') });
  await triesToApprove('U0MAX', 'By delegator');
  await notBy('max', 'By delegator');
  await presses('U0MIA', 'By delegator', {});
  await notBy('mia', 'By delegator');
  expect(await whole.audited('max')).toContainEqual(expect.objectContaining({ code: 'not-an-approver' }));

  for (const user of ['U0CLEO', 'U0MIA']) await slack.command(user, 'remove delegation');
  await slack.command('U0MIA', 'remove delegation');
  await whole.idle();
  expect(await whole.sql(`select 1 from delegations where state = 'accepted'`)).toEqual([]);
});

test('X39: nor an exception for oneself by the owner who decides on it', async () => {
  const { slack } = whole;
  await slack.command('U0MIA', 'request One side');
  await send('U0MIA', 'Request One side');
  await slack.command('U0MIA', 'ask exception Other side');
  await send('U0MIA', 'Other side');
  // She owns both and decides alone about exceptions: it goes to whoever is above her.
  expect(await isAsked('Other side')).toEqual(['cleo']);
  await presses('U0MIA', 'Other side', { kind: 'exception' });
  await triesToApprove('U0MIA', 'Other side');
  await notBy('mia', 'Other side');
  expect(await whole.sql(`select 1 from incompatibility_exceptions where state = 'active'`)).toEqual([]);
  // Nor does the delegate whom she names meanwhile.
  await handOver('U0MIA', 'U0MAX', 'Max Thorn');
  await presses('U0MAX', 'Other side', { kind: 'exception', for: await idOf('mia') });
  await notBy('max', 'Other side');
  await slack.command('U0MIA', 'remove delegation');
  await whole.idle();
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

/** What is pressed on a card as it was, and what is refused of it. */
async function tooLate(user: string, person: string, name: string, old: SlackMessage): Promise<void> {
  const { id } = await requestOf(name);
  const since = whole.lines.length;
  await whole.slack.press(user, old, 'Approve');
  await whole.idle();
  const decided = await whole.sql(`select 1 from decisions d join people p on p.id = d.person_id
    where d.request_id = '${id}' and p.directory_key = '${person}'`);
  expect([name, decided]).toEqual([name, []]);
  expect((await requestOf(name)).state).toBe('pendingApproval');
  // Not by the audit trail, which takes ten of a kind in ten minutes.
  const acts = whole.lines.slice(since).map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(acts).toContainEqual(
    expect.objectContaining({ verb: 'approval.approve', outcome: 'refused', code: 'not-an-approver' }),
  );
}

test('X40: a delegate whose delegation ended between card and click, by word or by its day, is refused', async () => {
  const { slack } = whole;
  await whole.sql(`update people set state = 'enabled', version = version + 1 where directory_key = 'cleo'`);
  await handOver('U0CLEO', 'U0MAX', 'Max Thorn');
  await slack.command('U0ADA', 'request By delegate');
  await send('U0ADA', 'Request By delegate');
  const card = { ...(await whole.slackMessage('U0MAX', 'Ada Stone asks for By delegate')) };
  await slack.command('U0CLEO', 'remove delegation');
  await tooLate('U0MAX', 'max', 'By delegate', card);

  await handOver('U0CLEO', 'U0MAX', 'Max Thorn');
  const again = await until('asked once more', async () => {
    const asked = await isAsked('By delegate');
    return asked.includes('max for cleo')
      ? slack.messagesOf('U0MAX').findLast((one) => wordsOf(one).includes('By delegate'))
      : null;
  });
  await whole.idle();
  const shown = { ...again };
  // Its last day goes by, and no job has looked at it yet.
  await whole.sql(`update delegations set from_at = from_at - interval '2 days', until_at = usher_now() - interval '1 second',
    first_day = first_day - 2, last_day = last_day - 2, version = version + 1 where state = 'accepted'`);
  await tooLate('U0MAX', 'max', 'By delegate', shown);
  await slack.command('U0CLEO', `approve R-${(await requestOf('By delegate')).number}`);
  await whole.idle();
  expect((await requestOf('By delegate')).state).not.toBe('pendingApproval');
});

test('X40: a manager who leads the person no more, and an owner who owns it no more, are refused at the click', async () => {
  const { slack } = whole;
  // Ada has no manager, so the owner of the catalog stands in.
  await slack.command('U0ADA', 'request By boss');
  await send('U0ADA', 'Request By boss');
  const owners = { ...(await whole.slackMessage('U0MIA', 'Ada Stone asks for By boss')) };
  const lost = await whole.sql<{ id: string }>(`update administrative_roles a set state = 'ended' from people p
    where p.id = a.person_id and p.directory_key = 'mia' and a.catalog_id is not null and a.state = 'active' returning a.id`);
  expect(lost).toHaveLength(1);
  await tooLate('U0MIA', 'mia', 'By boss', owners);
  await whole.sql(`update administrative_roles set state = 'active' where id = '${lost[0]?.id}'`);
  await slack.command('U0ADA', `cancel R-${(await requestOf('By boss')).number}`);
  await whole.idle();

  await slack.command('U0MAX', 'request By boss');
  await send('U0MAX', 'Request By boss');
  const managers = { ...(await whole.slackMessage('U0MIA', 'Max Thorn asks for By boss')) };
  await whole.sql(`update people set manager_id = '${await idOf('cleo')}' where directory_key = 'max'`);
  await tooLate('U0MIA', 'mia', 'By boss', managers);
});

test('X40: a policy that is edited meanwhile takes no pending request with it: who is new decides nothing of it', async () => {
  const { slack } = whole;
  await slack.command('U0ADA', 'request Kept');
  await send('U0ADA', 'Request Kept');
  const card = { ...(await whole.slackMessage('U0MAX', 'Ada Stone asks for Kept')) };
  const policy = (approval: string) =>
    whole.configure(
      `catalogs: [{ name: Detours, packages: [{ name: Kept, policies: [{ name: All, who: allMembers, expires: 30 days${approval} }] }] }]`,
    );
  await policy(', approval: [{ approvers: [mia] }]');
  await triesToApprove('U0MIA', 'Kept');
  await notBy('mia', 'Kept');
  expect(await whole.audited('mia')).toContainEqual(expect.objectContaining({ code: 'not-an-approver' }));
  // Nor does one that lets everybody in let it through.
  await policy('');
  await whole.idle();
  expect((await requestOf('Kept')).state).toBe('pendingApproval');
  await slack.press('U0MAX', card, 'Approve');
  await whole.idle();
  expect(await whole.holds('ada', 'Kept')).toBe(true);
});
