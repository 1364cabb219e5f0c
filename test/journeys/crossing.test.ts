// Journeys of people through the whole Usher, across both platforms: what one does in Slack the other sees in Teams.
import { startUsher } from '../../src/main';
import { wordsOf, type SlackMessage } from '../support/slack-server';
import type { TeamsPerson } from '../support/teams-server';
import { rows } from './rows';
import { HOME, startWhole, teamsTextOf, until, type Whole } from './support';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Where a stranger's word would leave something, were it believed. */
const MARKS = ['inbound', 'identities', 'conversations', 'drafts', 'requests', 'cards'];

let whole: Whole;
let ben: TeamsPerson;
let ana: TeamsPerson;

async function begin(...options: Parameters<typeof startWhole>): Promise<void> {
  whole = await startWhole(...options);
  ben = whole.teams.person('Ben');
  ana = whole.teams.person('Ana');
  // Teams lets nobody be written to who has not installed the app.
  await whole.teams.install(ben);
  await whole.teamsMessage(ben, 'Hi Ben');
}

/** Ada asks in Slack, by the command that names it; gives both approvers' messages as they come. */
async function adaAsks(name: string, reason: string) {
  await whole.slack.command('U0ADA', `request ${name}`);
  await whole.slack.submit(await whole.slackView('U0ADA', `Request ${name}`), { Reason: reason });
  await whole.slackView('U0ADA', 'is on its way');
  const teams = await whole.teamsMessage(ben, `Ada Stone asks for ${name}`);
  const slack = await whole.slackMessage('U0CLEO', `Ada Stone asks for ${name}`);
  return { teams, slack, old: { ...slack } };
}

const asked = (name: string): SlackMessage[] =>
  whole.slack.messagesOf('U0CLEO').filter((one) => wordsOf(one).includes(`asks for ${name}`));
const decisions = async (name: string): Promise<number> =>
  (
    await whole.sql(`select 1 from decisions d join requests r on r.id = d.request_id
      join packages p on p.id = r.package_id where p.name = '${name}'`)
  ).length;
const marks = async (): Promise<readonly Record<string, unknown>[]> =>
  // A job may ring at any moment, and has nothing to do with who is turned away.
  whole.sql(`select ${MARKS.map((table) => `(select count(*)::integer from ${table}) as ${table}`).join(', ')},
    (select count(*)::integer from audit_events where via in ('slack', 'teams')) as audit_events`);

describe.each(['http', 'socket'] as const)('over Slack by %s', (mode) => {
  beforeAll(() => begin(mode, false, null, { PUBLIC_URL: 'https://usher.example' }));
  beforeEach(() => whole.rested());
  afterAll(() => whole.stop());

  test('asked in Slack, approved in Teams: the other copy follows, the requestor hears, the access is there', async () => {
    const { slack, teams } = whole;
    await slack.command('U0ADA', 'request access');
    const form = await whole.slackView('U0ADA', 'Request access');
    const [found] = await slack.options(form, 'Access package', 'payr');
    expect(found?.title).toBe('Payroll');
    await slack.submit(form, { 'Access package': found?.value ?? '' });
    await whole.slackView('U0ADA', 'Cleo Marsh or Ben Okafor will be asked');
    const refused = await slack.submit(form, { Reason: '   ' });
    expect(Object.values(refused.errors ?? {})).toEqual(['Say in a few words why this is needed.']);
    await slack.submit(form, { Reason: 'month end <!channel>' });
    await whole.slackView('U0ADA', 'is on its way');

    const card = await whole.teamsMessage(ben, 'Ada Stone asks for Payroll');
    const copy = await whole.slackMessage('U0CLEO', 'Ada Stone asks for Payroll');
    expect(teamsTextOf(card)).toContain('month end');
    const shown = await teams.press(ben, card, 'Approve');
    expect(JSON.stringify(shown.card)).toContain('is approved');

    await whole.slackMessage('U0ADA', 'You now have Payroll');
    expect(await whole.holds('ada', 'Payroll')).toBe(true);
    await until('the copy follows', () => copy.edits > 0 && wordsOf(copy).includes('Ben Okafor approved'));
    expect(wordsOf(copy)).not.toContain('Deny');
    await whole.idle();
    expect(asked('Payroll')).toHaveLength(1);
    expect((await whole.request('Payroll')).state).toBe('delivered');
    // Three ways to a link: the mail address that the workspace vouches for, the file, and the directory's key.
    expect(
      await whole.sql(`select platform, linked_by from identities where state = 'linked' order by platform, linked_by`),
    ).toEqual([
      { platform: 'slack', linked_by: 'email' },
      { platform: 'slack', linked_by: 'file' },
      { platform: 'teams', linked_by: 'directoryKey' },
    ]);
  });

  test('asked in Teams by a typed line, denied in Slack with a reason: the requestor reads it in Teams', async () => {
    const { slack, teams } = whole;
    await teams.say(ana, 'request invoices');
    const dialog = await teams.openDialog(ana, await whole.teamsMessage(ana, 'Continue'), 'Continue');
    expect(dialog.title).toContain('Invoices');
    const sent = await teams.submitDialog(ana, dialog, 'Submit', { Reason: 'audit of *March*' });
    expect(JSON.stringify(sent.body)).toContain('is on its way');

    const card = await whole.slackMessage('U0CLEO', 'Ana Sousa asks for Invoices');
    expect(wordsOf(card)).toContain('March');
    // Somebody of another company who got hold of the very button: `team.id` is ours, only the person's own is not.
    await slack.press('U0ZOE', card, 'Approve');
    await whole.slackMessage('U0ZOE', 'I only work for people of this organization');
    expect((await whole.request('Invoices')).state).toBe('pendingApproval');
    await slack.press('U0CLEO', card, 'Deny');
    const form = await whole.slackView('U0CLEO', 'Ana Sousa will read your reason');
    const refused = await slack.submit(form, { 'Why not?': ' ' });
    expect(Object.values(refused.errors ?? {})).toEqual(['A denial needs a reason.']);
    await slack.submit(form, { 'Why not?': 'ask for the summary instead' });
    await whole.slackView('U0CLEO', 'is denied and Ana Sousa was told');

    await whole.teamsMessage(ana, 'ask for the summary instead');
    await whole.teamsMessage(ana, 'Ask again');
    await until('the card closes', () => wordsOf(card).includes('You denied this.'));
    await whole.idle();
    expect((await whole.request('Invoices')).state).toBe('denied');
  });

  // The same behind either door.
  const once = mode === 'http' ? test : undefined;
  once?.(
    'refused for what she has, she asks for an exception in Slack, it is granted in Teams, and the package follows',
    async () => {
      const { slack, teams } = whole;
      await slack.command('U0ADA', 'request posting');
      await slack.submit(await whole.slackView('U0ADA', 'Request Posting'), {});
      await whole.slackMessage('U0ADA', 'You now have Posting');
      await slack.command('U0ADA', 'request checking');
      const form = await whole.slackView('U0ADA', 'Checking does not go together with Posting, which you have');
      expect(Object.values((await slack.submit(form, { Reason: ' ' })).errors ?? {})).toHaveLength(1);
      await slack.submit(form, { Reason: 'until Eve is back' });
      await whole.slackView('U0ADA', 'is on its way');

      const card = await whole.teamsMessage(ben, 'Ada Stone asks for an exception for Checking');
      expect(teamsTextOf(card)).toContain('Posting, held now');
      await teams.press(ben, card, 'Approve');
      const granted = await whole.slackMessage('U0ADA', 'is approved: exception for Checking');
      expect(
        await whole.sql(`select 1 from assignments a join packages p on p.id = a.package_id where p.name = 'Checking'`),
      ).toEqual([]);
      await slack.press('U0ADA', granted, 'Request access');
      await slack.submit(await whole.slackView('U0ADA', 'An exception lets Checking be held beside Posting'), {});
      await whole.slackMessage('U0ADA', 'You now have Checking');
      await whole.idle();
    },
  );

  test('row 5: what is typed in a direct message is stored, acknowledged, answered once, and then forgotten', async () => {
    const { slack } = whole;
    const shown = await slack.say('U0ADA', 'my access');
    expect(shown).toMatchObject({ status: 200, body: '' });
    expect(await whole.sql(`select delivery from inbound where delivery like 'event:%'`)).toHaveLength(1);
    await whole.slackMessage('U0ADA', 'Your access');
    await slack.deliver(slack.deliveries.at(-1) ?? { kind: 'events_api', body: {} });
    await whole.idle();
    const answers = slack.messagesOf('U0ADA').filter((one) => wordsOf(one).includes('Your access'));
    expect(answers).toHaveLength(1);
    expect(await whole.sql(`select state, payload from inbound where delivery like 'event:%'`)).toEqual([
      { state: 'done', payload: null },
    ]);
  });

  test('row 43: a doubled click in Teams is answered alike and changes nothing, and a late one in Slack says who was faster', async () => {
    const { slack, teams } = whole;
    const card = await adaAsks('Taxes', 'year end');
    const first = await teams.press(ben, card.teams, 'Approve');
    const again = await teams.deliver(first.activity);
    expect(again.status).toBe(200);
    const done = `Done. R-${(await whole.request('Taxes')).number} is approved.`;
    for (const shown of [first, again]) expect(JSON.stringify(shown.card)).toContain(done);
    const second = await teams.press(ben, card.teams, 'Approve');
    expect(JSON.stringify(second.card)).toContain('You approved');
    expect(JSON.stringify(second.card)).not.toContain(done);
    await slack.press('U0CLEO', card.old, 'Approve');
    await whole.slackMessage('U0CLEO', 'Ben Okafor was faster');
    await until('the late card is fresh', () => wordsOf(card.slack).includes('Ben Okafor approved'));
    await whole.idle();
    expect(await decisions('Taxes')).toBe(1);
    expect((await whole.request('Taxes')).state).toBe('delivered');
  });

  test('row 5: a doubled form and click in Slack are answered alike and change nothing, and a late one in Teams says who was faster', async () => {
    const { slack, teams } = whole;
    const card = await adaAsks('Budget', 'planning');
    const form = slack.deliveries.findLast(({ body }) => body['type'] === 'view_submission');
    if (form === undefined) throw new Error('no form was sent');
    expect(JSON.stringify((await slack.deliver(form)).body)).toContain('is on its way');
    await slack.press('U0CLEO', card.old, 'Approve');
    const click = slack.deliveries.at(-1) ?? form;
    expect((await slack.deliver(click)).status).toBe(200);
    const done = `Done. R-${(await whole.request('Budget')).number} is approved.`;
    await until(
      'the same answer',
      () => slack.messagesOf('U0CLEO').filter((one) => wordsOf(one).includes(done)).length === 2,
    );
    await slack.press('U0CLEO', card.old, 'Approve');
    await whole.slackMessage('U0CLEO', 'You approved');
    const late = await teams.press(ben, card.teams, 'Approve');
    expect(JSON.stringify(late.card)).toContain('Cleo Marsh was faster');
    await whole.idle();
    expect(await decisions('Budget')).toBe(1);
    expect(asked('Budget')).toHaveLength(1);
  });

  test('row 63: who is linked by nothing that is theirs alone and verified is nobody, and told what to do', async () => {
    const { slack, teams } = whole;
    await slack.say('U0NEW', 'my access');
    await whole.slackMessage('U0NEW', 'Ask your administrator to link this account');
    const shown = await slack.command('U0NEW', 'approve R-1001');
    expect(wordsOf(shown.body as Parameters<typeof wordsOf>[0])).toContain('I do not know who you are yet');
    const nils = teams.person('Nils');
    await teams.say(nils, 'my access');
    await whole.teamsMessage(nils, 'Ask your administrator to link this account');
    // An address that the workspace has not seen confirmed, and one by which somebody else is known already.
    slack.addUser({ id: 'U0RAW', name: 'Dana Reed', email: `dana@${HOME}`, flags: { is_email_confirmed: false } });
    await slack.say('U0RAW', 'my access');
    await whole.slackMessage('U0RAW', 'Ask your administrator to link this account');
    slack.addUser({ id: 'U0TWIN', name: 'Ada Stone', email: `ada@${HOME}` });
    await slack.say('U0TWIN', 'my access');
    await whole.slackMessage('U0TWIN', 'It is not clear whose account this is');
    await whole.idle();
    expect(
      await whole.sql(`select i.state, p.directory_key as person from identities i left join people p on p.id = i.person_id
        where user_id in ('U0NEW', '${nils.aadObjectId}', 'U0RAW', 'U0TWIN', 'U0ADA') order by 1, 2`),
    ).toEqual([
      { state: 'conflict', person: null },
      { state: 'linked', person: 'ada' },
      ...Array.from({ length: 3 }, () => ({ state: 'unlinked', person: null })),
    ]);
  });

  test('row 55: where a person is written to is learned from verified deliveries, and from no other', async () => {
    const { teams } = whole;
    const kept = async () =>
      (
        await whole.sql<{ service_url: string }>(
          `select service_url from conversations where platform = 'teams' and user_id = '${ben.aadObjectId}'`,
        )
      ).map((row) => row.service_url);
    const moved = `${teams.base}/amer/`;
    const said = () => teams.activity(ben, { type: 'message', text: 'my access', serviceUrl: moved });
    expect(await kept()).toEqual([teams.urls.serviceUrl]);
    expect((await teams.deliver(said(), { otherKey: true })).status).toBe(401);
    await whole.idle();
    expect(await kept()).toEqual([teams.urls.serviceUrl]);
    expect((await teams.deliver(said())).status).toBe(200);
    await whole.idle();
    expect(await kept()).toEqual([moved]);
    await teams.say(ben, 'my access');
    await whole.idle();
    expect(await kept()).toEqual([teams.urls.serviceUrl]);
  });

  test('row 59: a greeting, in any case, and what nobody understands are answered with a way on', async () => {
    const { teams } = whole;
    const answers = () => teams.messagesOf(ben).filter((one) => teamsTextOf(one).includes('I get you access')).length;
    const before = answers();
    for (const text of ['hi', 'HELLO']) await teams.say(ben, text);
    const mention = { type: 'mention', text: '<at>Usher</at>', mentioned: { id: `28:${teams.appId}` } };
    await teams.deliver(teams.activity(ben, { type: 'message', text: '<at>Usher</at> Help', entities: [mention] }));
    await until('all are answered', () => answers() === before + 3);
    await teams.say(ben, 'qwertz yxcv');
    expect(teamsTextOf(await whole.teamsMessage(ben, 'I do not understand'))).toContain('help');
  });

  test('guests, bots, strangers and other tenants are refused and leave nothing but that they were heard', async () => {
    const { slack, teams } = whole;
    await whole.idle();
    const before = await marks();
    const [message] = asked('Payroll');
    if (!message) throw new Error('no card');

    await slack.say('U0GUS', 'approve R-1001');
    await whole.slackMessage('U0GUS', 'Guests cannot use me here');
    const guest = await slack.command('U0GUS', 'request Payroll');
    expect(guest.status).toBe(200);
    await whole.slackView('U0GUS', 'Guests cannot use me here');
    await slack.pressActions('U0ZOE', message, [{ action_id: 'approval.approve~0', type: 'button', action_ts: '1.1' }]);
    await until('Zoe is refused again', () => slack.messagesOf('U0ZOE').length === 2);
    await slack.say('U0BOTTY', 'help', { bot_id: 'B0X', subtype: 'bot_message' });
    await slack.say('U0BOTTY', 'help');
    await slack.command('U0ADA', 'my access', { team_id: 'T0ELSE' });

    const gita = { ...teams.person('Gita'), role: 'guest' };
    await teams.say(gita, 'help');
    await whole.teamsMessage(gita, 'Guests cannot use me here');
    expect((await teams.press(gita, await whole.teamsMessage(ben, 'Payroll'), 'Details')).status).toBe(200);
    const far = { ...ben, tenant: '99999999-9999-4999-8999-999999999999' };
    expect((await teams.say(far, 'approvals')).status).toBe(403);
    const nobody = { ...teams.person('Nils'), conversation: 'a:meeting', role: 'anonymous' };
    expect((await teams.say(nobody, 'help')).status).toBe(200);

    await whole.idle();
    expect(slack.messagesOf('U0BOTTY')).toEqual([]);
    // Slack is not asked who somebody is before what they wrote is safe; a delivery is all that is kept of it.
    expect(await whole.sql(`select distinct state, payload from inbound where delivery like 'event:%'`)).toEqual([
      { state: 'done', payload: null },
    ]);
    // What the guest and the machine wrote first, in direct messages: by then nobody knew who they are.
    expect(await marks()).toEqual(before.map((row) => ({ ...row, inbound: Number(row['inbound']) + 2 })));
  });

  test('a link that is shared leads to both platforms, and its card opens the form for whoever presses', async () => {
    const { slack, teams } = whole;
    await slack.command('U0ADA', 'share audit');
    const shared = await whole.slackMessage('U0ADA', 'Share Audit');
    const [link = '', code = ''] = /https:\/\/usher\.example\/go\/([0-9a-z]{20})/.exec(wordsOf(shared)) ?? [];
    const page = await (await fetch(`${whole.endpoint}/go/${code}`)).text();
    expect(page).toContain(`users=28:${teams.appId}&#38;message=request%20${code}`);
    expect(page).toContain(`app=${slack.appId}&#38;team=${slack.team}`);

    const { message } = await slack.post('U0ADA', 'C0ALL', `You need this: ${link}`);
    await until('the link gets its card', () => message.unfurls !== undefined);
    expect(JSON.stringify(message.unfurls)).toContain('*Audit*');
    await slack.pressUnfurl('U0CLEO', message, 'Request access');
    await whole.slackView('U0CLEO', 'Request Audit');
    await teams.say(ana, link);
    await whole.teamsMessage(ana, 'Request Audit');
    await whole.idle();
    expect(slack.callsOf('chat.unfurl')).toHaveLength(1);
  });

  once?.(
    'what somebody looked up is decided elsewhere: the answers that they kept follow on both platforms',
    async () => {
      const { slack, teams } = whole;
      const { slack: told } = await adaAsks('Forecast', 'next quarter');
      const typed = `R-${(await whole.request('Forecast')).number}`;
      await whole.idle();
      /** The message that answers. */
      const answerTo = async <M>(messages: () => readonly M[], act: () => Promise<unknown>): Promise<M> => {
        const before = messages().length;
        await act();
        return until('an answer', () => messages()[before]);
      };
      const [inSlack, inTeams] = [() => slack.messagesOf('U0ADA'), () => teams.messagesOf(ben)];
      const list = await answerTo(inSlack, () => slack.say('U0ADA', 'my requests'));
      const waiting = await answerTo(inTeams, () => teams.say(ben, 'approvals'));
      const ofAda = [
        await answerTo(inSlack, () => slack.say('U0ADA', typed)),
        await answerTo(inSlack, () => slack.press('U0ADA', list, 'Details')),
      ];
      const ofBen = [
        await answerTo(inTeams, () => teams.say(ben, typed)),
        await answerTo(inTeams, () => teams.press(ben, waiting, 'Details')),
      ];
      const ofBenNow = () => inTeams().filter(({ id }) => ofBen.some((one) => one.id === id));
      const texts = (): readonly string[] => [
        ...ofAda.map((one) => wordsOf(one)),
        ...ofBenNow().map((one) => teamsTextOf(one)),
      ];
      for (const text of texts()) expect(text).toContain('Forecast');
      for (const text of texts()) expect(text).not.toContain('stays as it is');
      await until('they are remembered', async () => {
        const kept = await whole.sql(`select 1 from cards where params ->> 'answer' = 'follows' and request_id in
        (select r.id from requests r join packages p on p.id = r.package_id where p.name = 'Forecast')`);
        return kept.length === 4;
      });

      await slack.press('U0CLEO', told, 'Approve');
      await until('all of them follow', () => texts().every((text) => /Cleo Marsh approved/.test(text)));
      for (const one of ofAda) expect(wordsOf(one)).not.toContain('Cancel request');
      for (const one of ofBenNow()) expect(JSON.stringify(one.card)).not.toContain('"Approve"');
      await whole.idle();
    },
  );

  test('handed on in Slack, accepted and decided in Teams: both are one voice, and the requestor reads for whom', async () => {
    const { slack, teams } = whole;
    await slack.command('U0CLEO', 'delegate approvals');
    const form = await whole.slackView('U0CLEO', 'Let somebody decide for you');
    const [found] = await slack.options(form, 'Who decides for you', 'sousa');
    const [scope] = await slack.options(form, 'Only for', 'invoi');
    const lastDay = new Date(Date.now() + 3 * DAY).toISOString().slice(0, 10);
    const filled = { 'Who decides for you': found?.value ?? '', 'Last day': lastDay, 'Only for': scope?.value ?? '' };
    await slack.submit(form, filled);
    await whole.slackView('U0CLEO', 'Ana Sousa is asked to decide for you');
    const offer = await whole.teamsMessage(ana, 'Cleo Marsh asks you to decide for them');
    expect(teamsTextOf(offer)).toContain('Invoices');
    expect(JSON.stringify((await teams.press(ana, offer, 'Accept')).card)).toContain('You decide for Cleo Marsh');
    await whole.slackMessage('U0CLEO', 'Ana Sousa decides for you');

    await slack.command('U0ADA', 'request invoices');
    await slack.submit(await whole.slackView('U0ADA', 'Cleo Marsh (Ana Sousa until'), { Reason: 'year end' });
    const copy = await whole.slackMessage('U0CLEO', 'Ada Stone asks for Invoices');
    expect(wordsOf(copy)).toContain('Ana Sousa as well, until');
    const card = await whole.teamsMessage(ana, 'Ada Stone asks for Invoices');
    expect(teamsTextOf(card)).toContain('You decide for Cleo Marsh until');
    const late = { ...copy };
    await teams.press(ana, card, 'Approve');
    await until('the copy follows', () => wordsOf(copy).includes('Ana Sousa approved this for you'));
    await slack.press('U0CLEO', late, 'Approve');
    await whole.slackMessage('U0CLEO', 'for you on');
    await until('the requestor reads it', () =>
      slack.messagesOf('U0ADA').some((one) => wordsOf(one).includes('Ana Sousa approved for Cleo Marsh')),
    );
    expect(await decisions('Invoices')).toBe(2);
    await teams.say(ana, 'remove delegation of cleo');
    await whole.slackMessage('U0CLEO', 'Ana Sousa does not decide for you');
    await whole.idle();
  });

  once?.(
    'what waits for hands is listed and done in Teams, where the rest of it follows, and named by its number in Slack',
    async () => {
      const { slack, teams } = whole;
      await whole.configure(`
catalogs:
  - name: Finance
    resources: [{ name: Safe, connector: manual, owners: [${ben.aadObjectId}, cleo], roles: [Opener, Auditor, Guard] }]
    packages:
      - name: Safe keys
        roles: [Safe / Opener, Safe / Auditor, Safe / Guard]
        policies: [{ name: Employees, who: allMembers, expires: 30 days, reason: optional }]
`);
      await slack.command('U0ADA', 'request safe keys');
      await slack.submit(await whole.slackView('U0ADA', 'Request Safe keys'), {});
      await until(
        'all three wait',
        async () => (await whole.sql(`select 1 from manual_tasks where state = 'open'`)).length === 3,
      );
      const left = (shown: unknown) => [...new Set(JSON.stringify(shown).match(/T-\d+(?= ·)/g))].sort();
      await teams.say(ben, 'my tasks');
      const list = await whole.teamsMessage(ben, 'To do by hand');
      expect(left(list)).toHaveLength(3);
      let dialog = await teams.openDialog(ben, list, 'Done');
      for (const more of [2, 1]) {
        expect(JSON.stringify(dialog.card)).toContain('Please give Ada Stone the role');
        const sent = await teams.submitDialog(ben, dialog, 'Done', { 'What did you do?': 'lock is set' });
        expect(JSON.stringify(sent.body)).toContain('It is written down.');
        expect(left(sent.body)).toHaveLength(more);
        if (sent.dialog === null) throw new Error('the list did not follow');
        if (more === 1) break;
        const next = await teams.submitDialog(ben, sent.dialog, 'Done');
        if (next.dialog === null) throw new Error('the form did not follow');
        dialog = next.dialog;
      }
      const [open = ''] = left((await slack.command('U0CLEO', 'tasks')).body).concat(
        left(await whole.slackMessage('U0CLEO', 'To do by hand')),
      );
      await slack.command('U0CLEO', `done ${open}`);
      const form = await whole.slackView('U0CLEO', 'Report as done');
      expect(Object.values((await slack.submit(form, { 'What did you do?': ' ' })).errors ?? {})).toHaveLength(1);
      await slack.submit(form, { 'What did you do?': 'lock is set' });
      await whole.slackView('U0CLEO', 'Reported as done by Cleo Marsh');
      await whole.slackMessage('U0ADA', 'You now have Safe keys');
      await slack.command('U0CLEO', 'tasks');
      await whole.slackMessage('U0CLEO', 'Nothing waits to be done by your hands');
      await whole.idle();
    },
  );

  // The same behind either door.
  if (mode === 'http') rows(() => ({ whole, ben, decisions }));

  test("a second start with the rights of the tables' owner is refused, and this one goes on", async () => {
    const { config, log } = whole;
    const owned = { ...config, databaseUrl: config.migrationUrl };
    await expect(startUsher(owned, log)).rejects.toThrow('could change the audit trail');
    expect((await fetch(`${whole.endpoint}/readyz`)).status).toBe(200);
  });

  test('nothing that people wrote, no name and no secret is in the log', () => {
    const { slack, teams, lines } = whole;
    const log = lines.join('\n');
    expect(lines.length).toBeGreaterThan(10);
    const written = ['month end', 'audit of', 'summary instead', 'planning', 'Ada Stone', 'Ben Okafor', 'Sousa'];
    const secrets = [slack.botToken, slack.appToken, slack.signingSecret, teams.appPassword, 'Bearer', 'access-'];
    for (const word of [...written, ...secrets]) expect({ word, at: log.indexOf(word) }).toEqual({ word, at: -1 });
  });

  // Behind either door messages leave alike.
  once?.("a message follows nothing any more where its account is another person's, or its person left", async () => {
    const { slack, teams } = whole;
    await whole.configure(`
people: [{ key: zoe, name: Zoe Park }]
catalogs:
  - name: Finance
    packages:
      - { name: Mergers, policies: [{ name: Employees, who: allMembers, expires: 8 hours, approval: [{ approvers: [${ben.aadObjectId}, cleo] }] }] }
`);
    const card = await adaAsks('Mergers', 'merger with Contoso');
    await whole.configure(`
people:
  - { key: zoe, name: Zoe Park, identities: [{ platform: slack, tenant: ${slack.team}, user: U0CLEO }] }
  - { key: ${ben.aadObjectId}, name: Ben Okafor, enabled: false }
`);
    await slack.command('U0ADA', `cancel R-${(await whole.request('Mergers')).number}`);
    const GONE = 'This is no longer current.';
    await until('Slack follows', () => wordsOf(card.slack).includes(GONE));
    const inTeams = (words: string) => teams.messagesOf(ben).filter((one) => teamsTextOf(one).includes(words));
    // This one: whatever else Ben was asked is taken back as well.
    await until('Teams follows', () => inTeams(GONE).some(({ id }) => id === card.teams.id));
    expect([...asked('Mergers'), ...inTeams('Mergers')]).toEqual([]);
  });
});

describe('somebody who never spoke to Usher', () => {
  beforeAll(() => begin('http'));
  afterAll(() => whole.stop());

  test('is found by the address that the workspace vouches for, is asked, and decides', async () => {
    const { slack } = whole;
    await slack.command('U0ADA', 'request archive');
    await slack.submit(await whole.slackView('U0ADA', 'Request Archive'), { Reason: 'first contact' });
    await slack.press('U0DANA', await whole.slackMessage('U0DANA', 'Ada Stone asks for Archive'), 'Approve');
    await whole.slackMessage('U0ADA', 'You now have Archive');
    expect(await whole.holds('ada', 'Archive')).toBe(true);
  });

  test('is not written to at an address that nobody vouches for', async () => {
    await whole.idle();
    expect(whole.slack.messagesOf('U0EVE')).toEqual([]);
    expect(await whole.sql(`select person_id from identities where user_id = 'U0EVE' and state = 'linked'`)).toEqual(
      [],
    );
    expect(await whole.sql(`select notice, error from outgoing where state = 'dead'`)).toEqual([
      { notice: 'approval', error: 'unreachable' },
    ]);
  });
});

describe('when Slack is ill', () => {
  beforeAll(() => begin('http'));
  afterAll(() => whole.stop());

  test('messages arrive later and once, and not before the time that Slack named', async () => {
    const { slack } = whole;
    slack.fail('chat.postMessage', { status: 503 }, 2);
    slack.fail('chat.postMessage', { status: 429, retryAfter: 3 });
    await adaAsks('Payroll', 'late');
    // Any of the messages may be the one that Slack names a time for.
    await whole.idle();
    const posts = slack.calls.filter(({ method }) => method === 'chat.postMessage');
    const [, , limited, ...rest] = posts;
    const soon = rest.filter(({ at }) => at - (limited?.at ?? 0) < 3_000);
    // One to somebody else that was already on its way when Slack answered is nobody's fault.
    expect(soon.filter(({ args }) => args['channel'] === limited?.args['channel'])).toEqual([]);
    expect([soon.length <= 1, rest.length > soon.length]).toEqual([true, true]);
    expect(asked('Payroll')).toHaveLength(1);
    expect(await whole.sql(`select 1 from outgoing where state = 'dead'`)).toEqual([]);
  });

  test('the answer to a click that Slack took in no way comes when it does, and the click counts once', async () => {
    const { slack } = whole;
    const card = await adaAsks('Forecast', 'busy');
    slack.weather = (method) => (/^chat\.|^response_url$/.test(method) ? { status: 503 } : null);
    await slack.press('U0CLEO', card.slack, 'Approve');
    await until(
      'its answer is kept',
      async () => (await whole.sql(`select 1 from inbound where delivery like '%:answer'`)).length > 0,
    );
    slack.weather = null;
    await whole.rested();
    await until('the card says it', () => /You approved|is approved/.test(wordsOf(card.slack)));
    await whole.idle();
    expect(await decisions('Forecast')).toBe(1);
    expect(await whole.sql(`select state from inbound where delivery like '%:answer'`)).toEqual([{ state: 'done' }]);
    // A time that Slack names for an answer is known to all who call it.
    await whole.rested();
    slack.fail('chat.update', { status: 429, retryAfter: 1 });
    await slack.press('U0CLEO', card.old, 'Approve');
    await until('the gate learns it', async () => {
      const gates = await whole.sql(
        `select 1 from gates where target = 'slack:${slack.team}' and not_before is not null`,
      );
      return gates.length > 0;
    });
  });

  test('while the app is removed nobody is lost: after it is installed again all arrives once, and copies follow', async () => {
    const { slack, teams } = whole;
    slack.fail('chat.postMessage', { error: 'account_inactive' }, 2);
    const card = await adaAsks('Budget', 'reinstalled');
    slack.fail('chat.update', { error: 'account_inactive' });
    await teams.press(ben, card.teams, 'Approve');
    await until('the copy follows', () => wordsOf(card.slack).includes('Ben Okafor approved'));
    await whole.idle();
    expect(asked('Budget')).toHaveLength(1);
    expect(await whole.sql(`select 1 from conversations where platform = 'slack' and state = 'dead'`)).toEqual([]);
    expect(await whole.sql(`select 1 from outgoing where state = 'dead'`)).toEqual([]);
  });

  test('a message that somebody deleted hurts no other copy, and one that met a refused token in Teams comes with a new one', async () => {
    const { slack, teams } = whole;
    teams.fail({ on: 'post', status: 401 });
    const card = await adaAsks('Taxes', 'deleted');
    slack.deleteMessage(card.slack);
    await teams.press(ben, card.teams, 'Approve');
    await whole.slackMessage('U0ADA', 'You now have Taxes');
    await whole.idle();
    expect(
      await whole.sql(
        `select state, count(*)::int from cards where split_part(view, '~', 1) = 'approval' group by 1 order by 1`,
      ),
    ).toEqual(expect.arrayContaining([{ state: 'gone', count: 1 }]));
    expect(asked('Taxes')).toEqual([]);
    expect(await whole.sql(`select 1 from outgoing where state = 'dead'`)).toEqual([]);
    expect(await whole.holds('ada', 'Taxes')).toBe(true);
  });
});

describe('as time goes by', () => {
  beforeAll(() => begin('http', true));
  afterAll(() => whole.stop());

  test('a request that nobody decides expires in both places, and can be asked again', async () => {
    const card = await adaAsks('Budget', 'patience');
    await whole.pass(3 * DAY + HOUR, 'expire-stages');
    await whole.slackMessage('U0ADA', 'Nobody decided on R-');
    await whole.slackMessage('U0ADA', 'Ask again');
    await whole.teamsMessage(ben, 'Nobody decided in time');
    await until('the Slack copy closes', () => wordsOf(card.slack).includes('Nobody decided in time'));
    expect((await whole.request('Budget')).state).toBe('expired');
  });

  test('while Teams is away its approver is asked in Slack, and that copy follows', async () => {
    const { slack, teams } = whole;
    slack.addUser({ id: 'U0BEN', name: 'Ben Okafor', email: 'ben@contoso.example' });
    await whole.configure(`people: [{ key: ${ben.aadObjectId}, name: Ben Okafor, email: ben@contoso.example,
      identities: [{ platform: slack, tenant: ${slack.team}, user: U0BEN }] }]`);
    teams.fail({ on: 'post', status: 503, times: 1_000 });
    await slack.command('U0ADA', 'request taxes');
    await slack.submit(await whole.slackView('U0ADA', 'Request Taxes'), { Reason: 'outage' });
    const other = await whole.slackMessage('U0CLEO', 'Ada Stone asks for Taxes');
    await whole.pass(16 * MINUTE);
    const copy = await whole.slackMessage('U0BEN', 'Ada Stone asks for Taxes');
    await slack.press('U0CLEO', other, 'Approve');
    await until('the copy closes', () => wordsOf(copy).includes('Cleo Marsh approved'));
    expect(wordsOf(copy)).not.toContain('Deny');
    expect(slack.messagesOf('U0BEN').filter((one) => wordsOf(one).includes('asks for Taxes'))).toHaveLength(1);
    await whole.idle();
  });

  test('access that reaches its end is taken away, and the person hears it where they talk', async () => {
    const { slack } = whole;
    await slack.command('U0ADA', 'request audit');
    await slack.submit(await whole.slackView('U0ADA', 'Request Audit'));
    await until('the role is there', () => whole.holds('ada', 'Audit'));
    await whole.pass(9 * HOUR, 'end-access');
    await whole.slackMessage('U0ADA', 'Your access to Audit has ended');
    await until('the role is gone', async () => !(await whole.holds('ada', 'Audit')));
    await whole.idle();
  });
});
