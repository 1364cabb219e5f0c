// X10, X11, X13-X19, X43, X44: what comes back from cards and forms, changed by hand, from elsewhere, too late or twice.
import { adaAsks, startAttacked, until, wordsOf, type Attacked } from './support';

let whole: Attacked;
beforeAll(async () => {
  whole = await startAttacked();
});
afterAll(() => whole.stop());
beforeEach(() => whole.rested());

/** Nothing of what is done may leave anything but what is named, and none of it is a mistake of ours. */
async function unchanged(act: () => Promise<void>, but: Readonly<Record<string, unknown>> = {}): Promise<void> {
  await whole.idle();
  const before = (await whole.state()) as Record<string, unknown>;
  const lines = whole.lines.length;
  await act();
  await whole.idle();
  const after = (await whole.state()) as Record<string, unknown>;
  // A delivery that was refused is remembered as one, and a form may have been opened: neither gives anybody anything.
  const rest = { inbound: 0, drafts: 0, ...but };
  expect({ ...after, ...rest }).toEqual({ ...before, ...rest });
  const bugs = whole.lines.slice(lines).filter((line) => line.includes('"level":"error"'));
  expect(bugs).toEqual([]);
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
}

async function requestOf(name: string): Promise<{ id: string; number: number; state: string }> {
  const [row] = await whole.sql<{ id: string; number: number; state: string }>(
    `select r.id, r.number, r.state from requests r join packages p on p.id = r.package_id where p.name = '${name}'
     order by r.number desc limit 1`,
  );
  if (row === undefined) throw new Error(`no request for ${name}`);
  return row;
}

const view = (user: string, metadata: string, values: Record<string, unknown> = {}) => {
  const { slack } = whole;
  return slack.deliver({
    kind: 'interactive',
    body: {
      type: 'view_submission',
      user: { id: user, team_id: slack.team },
      team: { id: slack.team },
      trigger_id: `view.${(clicks += 1)}`,
      view: {
        id: `V${clicks}`,
        hash: 'h',
        type: 'modal',
        private_metadata: metadata,
        app_installed_team_id: slack.team,
        state: { values },
      },
    },
  });
};
let clicks = 0;

test('X10: guests, people of other companies and shared channels are refused, and leave no row but a line with the account', async () => {
  const { slack, teams } = whole;
  slack.addChannel('C0SHARED', ['U0ADA', 'U0ZOE', slack.bot], true);
  const cards = await adaAsks(whole, whole.ben, 'Payroll', 'month end');
  const { id } = await requestOf('Payroll');
  const since = whole.refusals().length;
  await unchanged(async () => {
    for (const user of ['U0GUS', 'U0ZOE']) {
      await slack.press(user, cards.slack, 'Approve');
      await whole.forge(user, 'approval.approve', { data: { request: id } });
      await slack.command(user, 'approvals');
      await slack.say(user, 'approvals');
    }
    await slack.mention('U0ZOE', 'C0SHARED', 'my access');
    const guest = { ...teams.person('Gita'), role: 'guest' };
    await teams.say(guest, 'approvals');
    await teams.press(guest, cards.teams, 'Approve');
    await teams.press({ ...teams.person('Nils'), role: 'anonymous' }, cards.teams, 'Approve');
  });
  const told = whole.refusals().slice(since);
  expect(told).toContainEqual(expect.objectContaining({ security: 'guest-refused', user: 'U0GUS', platform: 'slack' }));
  expect(told).toContainEqual(expect.objectContaining({ security: 'foreign-tenant', user: 'U0ZOE' }));
  expect(told).toContainEqual(expect.objectContaining({ security: 'guest-refused', platform: 'teams' }));
});

test('X11: deactivated accounts, people who were switched off, and bots are refused', async () => {
  const { slack, teams } = whole;
  const { id } = await requestOf('Payroll');
  const card = await whole.slackMessage('U0CLEO', 'Ada Stone asks for Payroll');
  slack.addUser({ id: 'U0OFF', name: 'Cleo Marsh', email: 'cleo@home.example', flags: { deleted: true } });
  const since = whole.refusals().length;
  await unchanged(async () => {
    for (const user of ['U0OFF', 'U0BOTTY', slack.bot]) {
      await slack.press(user, card, 'Approve');
      await whole.forge(user, 'approval.approve', { data: { request: id } });
      await slack.command(user, 'approvals');
    }
    await slack.say('U0BOTTY', 'approvals', { bot_id: 'B0X', subtype: 'bot_message' });
    // A bot of Teams, and an echo of our own message.
    const bot = { ...whole.ben, id: `28:${teams.appId}` };
    await teams.say(bot, 'approvals');
    await teams.invoke(bot, 'adaptiveCard/action', {
      action: {
        type: 'Action.Execute',
        verb: 'approval.approve',
        data: { usher: { verb: 'approval.approve', data: { request: id } } },
      },
    });
  });
  const bens = await whole.teamsMessage(whole.ben, 'Ada Stone asks for Payroll');
  // A job that rings meanwhile may take back what Ben is asked.
  await unchanged(
    async () => {
      await whole.sql(`update people set state = 'disabled', version = version + 1 where name = 'Ben Okafor'`);
      await teams.press(whole.ben, bens, 'Approve');
      await teams.say(whole.ben, 'approvals');
    },
    { closed: 0 },
  );
  await whole.sql(`update people set state = 'enabled', version = version + 1 where name = 'Ben Okafor'`);
  const codes = new Set(
    whole
      .refusals()
      .slice(since)
      .map((one) => one['security']),
  );
  expect(codes).toEqual(new Set(['person-disabled', 'bot-refused']));
});

test('X13: an edited card (other request, verb, stage, version, person) gives nobody more than they may', async () => {
  const { slack, teams, ana, ben } = whole;
  // Only Cleo decides about Invoices.
  await teams.say(ana, 'request invoices');
  const dialog = await teams.openDialog(ana, await whole.teamsMessage(ana, 'Continue'), 'Continue');
  await teams.submitDialog(ana, dialog, 'Submit', { Reason: 'audit' });
  await whole.idle();
  const payroll = await requestOf('Payroll');
  const invoices = await requestOf('Invoices');
  const bens = await whole.teamsMessage(ben, 'Ada Stone asks for Payroll');
  const execute = (verb: string, data: Record<string, unknown>) =>
    teams.invoke(
      ben,
      'adaptiveCard/action',
      { action: { type: 'Action.Execute', id: '', verb, data: { usher: { verb, data } } }, trigger: 'manual' },
      { replyToId: bens.id },
    );
  await unchanged(async () => {
    // Ben is asked about Payroll, not about Invoices; Ada and Ana about nothing.
    await execute('approval.approve', { request: invoices.id, v: 1 });
    await execute('approval.approve', { request: invoices.number, v: 1 });
    await execute('request.cancel', { request: payroll.id });
    await execute('request.cancel', { request: invoices.id });
    for (const user of ['U0ADA', 'U0MIA']) {
      for (const data of [
        { request: payroll.id, v: 1 },
        { request: payroll.id, v: 1, stage: 2, approver: 'cleo', as: 'U0CLEO' },
        { request: invoices.id, person: 'cleo', decider: 'cleo' },
      ]) {
        await whole.forge(user, 'approval.approve', { data });
        await whole.forge(user, 'approval.approveWithReason', { data });
        await whole.forge(user, 'approval.deny', { data });
        if (user === 'U0MIA') await whole.forge(user, 'request.cancel', { data });
      }
    }
    for (const verb of [
      'assignment.assign',
      'assignment.choose',
      'access.giveUp',
      'approval',
      '',
      'x'.repeat(200),
      'constructor',
    ])
      await whole.forge('U0ADA', verb, { data: { request: payroll.id, package: payroll.id, target: payroll.id } });
  });
  expect(await whole.audited('ada')).toContainEqual(expect.objectContaining({ code: 'own-request' }));
  for (const person of ['mia', ben.aadObjectId])
    expect(await whole.audited(person)).toContainEqual(expect.objectContaining({ code: 'not-an-approver' }));
  expect(slack.messagesOf('U0ADA').map(wordsOf).join()).not.toContain('Invoices');
});

test('X14: a card of another person, channel, workspace or tenant is worth nothing', async () => {
  const { slack, teams, ana, ben } = whole;
  const { id } = await requestOf('Payroll');
  const cleos = await whole.slackMessage('U0CLEO', 'Ada Stone asks for Payroll');
  const bens = await whole.teamsMessage(ben, 'Ada Stone asks for Payroll');
  const since = whole.refusals().length;
  await unchanged(async () => {
    // A copy of it where others are, pressed by them: it goes on showing what it showed.
    const copy = { ...cleos, channel: 'C0TEAM', ts: '2.2' };
    slack.messages.push(copy);
    for (const user of ['U0ADA', 'U0MIA']) await slack.press(user, copy, 'Approve');
    await whole.idle();
    expect(wordsOf(copy)).toBe(wordsOf(cleos));
    // What only Ada sees, between her and somebody else: that is no place to write to her.
    const where = `select user_id, conversation from conversations where platform = 'slack' order by user_id`;
    const places = await whole.sql(where);
    await slack.press('U0ADA', { ...cleos, channel: 'D0OTHERS', ts: '3.3', onlyFor: 'U0ADA' }, 'Approve');
    await whole.idle();
    expect(await whole.sql(where)).toEqual(places);
    expect((await teams.press(ana, bens, 'Approve')).status).toBe(200);
    // For another workspace, whoever it says that pressed.
    await slack.press('U0CLEO', cleos, 'Approve', { team: { id: 'T0ELSE' } });
    await slack.press('U0CLEO', cleos, 'Approve', { view: { app_installed_team_id: 'T0ELSE' } });
    await slack.command('U0CLEO', 'approvals', { team_id: 'T0ELSE' });
    await slack.event(
      { type: 'message', channel: 'D1', channel_type: 'im', user: 'U0CLEO', text: 'approvals' },
      { team_id: 'T0ELSE', authorizations: [{ team_id: 'T0ELSE' }] },
    );
    const far = { ...ben, tenant: '77777777-7777-4777-8777-777777777777' };
    expect((await teams.press(far, bens, 'Approve')).status).toBe(403);
  });
  expect(whole.refusals().slice(since)).toContainEqual(
    expect.objectContaining({ security: 'other workspace', tenant: 'T0ELSE' }),
  );
  expect(await whole.sql(`select 1 from decisions where request_id = '${id}'`)).toEqual([]);
});

test('X14: nor is a copy of a card to whoever may decide, unless it is the same message once more in their own conversation', async () => {
  const { slack, teams, ben } = whole;
  const cards = await adaAsks(whole, ben, 'Forecast', 'copies');
  const { id } = await requestOf('Forecast');
  const [bens] = await whole.sql<{ id: string; conversation: string }>(
    `select c.id, c.conversation from cards c join people p on p.id = c.person_id
     where c.request_id = '${id}' and p.name = 'Ben Okafor' and c.view like 'approval%'`,
  );
  const own = slack.messages.find((one) => one.ts === cards.slack.ts);
  if (bens === undefined || own === undefined) throw new Error('no cards');
  const said = () =>
    slack.messages.filter((one) => one.onlyFor === 'U0CLEO' && wordsOf(one).includes('does not stand where I sent it'));
  await unchanged(async () => {
    // Hers, in a channel, in a conversation of two others, and made up in a channel without any card's name.
    const copy = { ...cards.slack, channel: 'C0TEAM', ts: '4.4' };
    slack.messages.push(copy);
    for (const button of ['Approve', 'Deny']) await slack.press('U0CLEO', copy, button);
    await whole.idle();
    expect(wordsOf(copy)).toBe(wordsOf(cards.slack));
    expect(said().length).toBeGreaterThan(0);
    await slack.press('U0CLEO', { ...cards.slack, channel: 'D0OTHERS', ts: '5.5' }, 'Approve');
    const value = { data: { request: id, v: 1 } };
    await whole.forge('U0CLEO', 'approval.approve', value, { ...copy, ts: '6.6', blocks: [] });
    // Ben's, from the other platform, in her own conversation and in passing.
    await whole.forge('U0CLEO', 'approval.approve', { card: bens.id, ...value }, own);
    await whole.forge('U0CLEO', 'approval.approve', { card: bens.id, ...value });
    // His own, from another conversation of the tenant: one of two people, and a group.
    for (const conversationType of ['personal', 'groupChat']) {
      const conversation = { id: `a:elsewhere-${conversationType}`, tenantId: teams.tenantId, conversationType };
      const data = { usher: { verb: 'approval.approve', card: bens.id, ...value } };
      const pressed = await teams.invoke(
        ben,
        'adaptiveCard/action',
        { action: { type: 'Action.Execute', id: '', verb: 'approval.approve', data }, trigger: 'manual' },
        { replyToId: cards.teams.id, conversation },
      );
      expect(JSON.stringify(pressed.body)).toContain('does not stand where I sent it');
    }
  }, {});
  expect(await whole.sql(`select 1 from decisions where request_id = '${id}'`)).toEqual([]);
  expect(await whole.audited('cleo')).toContainEqual(expect.objectContaining({ code: 'not-your-card' }));
  // A message that was sent twice, because nobody knew that it had arrived, is as good as the other one.
  slack.messages.push({ ...own, ts: '7.7' });
  await slack.press('U0CLEO', { ...own, ts: '7.7' }, 'Approve');
  await whole.slackMessage('U0ADA', 'You now have Forecast');
});

test('X15: an old card after the decision tells the outcome and changes nothing', async () => {
  const { slack, teams, ben } = whole;
  const old = { ...(await whole.slackMessage('U0CLEO', 'Ada Stone asks for Payroll')) };
  const bens = await whole.teamsMessage(ben, 'Ada Stone asks for Payroll');
  const kept = { ...bens };
  await teams.press(ben, bens, 'Approve');
  await whole.slackMessage('U0ADA', 'You now have Payroll');
  await unchanged(async () => {
    await slack.press('U0CLEO', old, 'Approve');
    await whole.slackMessage('U0CLEO', 'Ben Okafor was faster');
    await slack.press('U0CLEO', old, 'Deny');
    const again = await teams.press(ben, kept, 'Approve');
    expect(JSON.stringify(again.card)).toContain('You approved');
  });
});

test('X16: a button that another app or a workflow step fires for somebody is nobody’s click', async () => {
  const { slack } = whole;
  const cards = await adaAsks(whole, whole.ben, 'Taxes', 'year end');
  const { id } = await requestOf('Taxes');
  slack.addUser({ id: 'U0FLOW', name: 'Cleo Marsh', email: 'cleo@home.example', flags: { is_bot: true } });
  const since = whole.refusals().length;
  await unchanged(async () => {
    // Slack says who fired it: the workflow's own account, whatever name and address that has.
    await slack.press('U0FLOW', cards.slack, 'Approve');
    await whole.forge('U0FLOW', 'approval.approve', { data: { request: id } });
    await slack.say('U0FLOW', `approve R-${(await requestOf('Taxes')).number}`);
    // Words in somebody's name that a machine wrote.
    for (const more of [
      { bot_id: 'B0X' },
      { subtype: 'bot_message' },
      { bot_profile: { id: 'B0X' } },
      { hidden: true },
    ]) {
      await slack.say('U0CLEO', `approve R-${(await requestOf('Taxes')).number}`, more);
    }
    // Kinds of deliveries that we never asked for.
    for (const type of ['shortcut', 'message_action', 'workflow_step_edit', 'function_executed', 'block_suggestion']) {
      await slack.deliver({
        kind: 'interactive',
        body: {
          type,
          team: { id: slack.team },
          user: { id: 'U0CLEO' },
          callback_id: 'approval.approve',
          actions: [],
          value: id,
        },
      });
    }
  });
  expect(whole.refusals().slice(since)).toContainEqual(
    expect.objectContaining({ security: 'bot-refused', user: 'U0FLOW', platform: 'slack' }),
  );
});

test('X17: a view that is sent with somebody else’s private metadata is refused', async () => {
  const { slack } = whole;
  const { id } = await requestOf('Taxes');
  await slack.command('U0ADA', 'request Budget');
  const adas = await whole.slackView('U0ADA', 'Request Budget');
  const metadata = String(adas.view['private_metadata']);
  const reason = { 'in~reason': { value: { type: 'plain_text_input', value: 'mine' } } };
  await unchanged(async () => {
    expect(JSON.stringify((await view('U0MIA', metadata, reason)).body)).toContain('no longer open');
    const draft = (JSON.parse(metadata) as { draft: string }).draft;
    for (const forged of [
      { verb: 'request.submit', draft },
      { verb: 'approval.approveWithReason', draft },
      { verb: 'approval.approveWithReason', data: { request: id } },
      { verb: 'approval.deny', draft: id },
      { verb: 'request.submit', draft: '0190a000-0000-7000-8000-000000000000' },
      { verb: 'request.submit' },
      { verb: '__proto__' },
      {},
      { verb: ['request.submit'], draft: { id: draft } },
    ])
      expect((await view('U0MIA', JSON.stringify(forged), reason)).status).toBe(200);
    for (const broken of ['', '{', '[]', 'null', '"x"', 'x'.repeat(3000), 'x'.repeat(50_000)])
      expect((await view('U0MIA', broken, reason)).status).toBe(200);
  });
  // Ada's form is still hers.
  await slack.submit(adas, { Reason: 'still mine' });
  await whole.slackView('U0ADA', 'is on its way');
});

test('X18: extra fields (state, approverId, __proto__, constructor) are dropped or 400, and the prototype stays untouched', async () => {
  const { slack, teams, ben } = whole;
  const { id } = await requestOf('Taxes');
  const extra = { request: id, state: 'approved', approverId: 'ada', constructor: { prototype: { polluted: true } } };
  const proto = `{"data":{"request":"${id}","__proto__":{"polluted":true},"state":"approved"}}`;
  await unchanged(async () => {
    await whole.forge('U0ADA', 'approval.approve', { data: extra, state: 'approved', actor: 'cleo' });
    await whole.forge('U0ADA', 'approval.approve', proto);
    await whole.forge('U0MIA', '__proto__', proto);
    await view('U0MIA', JSON.stringify({ verb: 'request.submit', data: extra }), {
      'in~__proto__': { value: { type: 'plain_text_input', value: '{"polluted":true}' } },
      'in~constructor': { value: { type: 'plain_text_input', value: 'x' } },
      'in~state': { value: { type: 'plain_text_input', value: 'approved' } },
    });
    const body = JSON.stringify(
      teams.activity(ben, { type: 'invoke', name: 'adaptiveCard/action', value: { action: { data: { X: 1 } } } }),
    ).replace(
      '"X":1',
      '"usher":{"verb":"approval.approve","data":{"__proto__":{"polluted":true}}},"__proto__":{"polluted":true}',
    );
    const authorization = `Bearer ${teams.tokens.token(teams.urls.serviceUrl)}`;
    expect((await teams.post(body, { authorization })).status).toBe(400);
    await teams.invoke(whole.ana, 'adaptiveCard/action', {
      action: {
        type: 'Action.Execute',
        verb: 'approval.approve',
        data: { usher: { verb: 'approval.approve', data: extra } },
      },
    });
  });
  // In a form that is right otherwise, they change nothing of what is asked.
  await slack.command('U0MIA', 'request By owner');
  const form = await whole.slackView('U0MIA', 'Request By owner');
  const metadata = JSON.parse(String(form.view['private_metadata'])) as Record<string, unknown>;
  await view('U0MIA', JSON.stringify({ ...metadata, state: 'delivered' }), {
    'in~reason': { value: { type: 'plain_text_input', value: 'mine' } },
    'in~target': { value: { type: 'plain_text_input', value: id } },
    'in~state': { value: { type: 'plain_text_input', value: 'delivered' } },
    'in~requestor': { value: { type: 'plain_text_input', value: 'ada' } },
  });
  await whole.idle();
  expect(
    await whole.sql(
      `select r.state, who.name from requests r join people who on who.id = r.target_id where r.id = '${(await requestOf('By owner')).id}'`,
    ),
  ).toEqual([{ state: 'pendingApproval', name: 'Mia Wolf' }]);
});

test('X19: values of another type (a list for an id, 1e309, -0, "0x10", NaN, null) change nothing and are no mistake of ours', async () => {
  const { slack, teams, ben } = whole;
  const { id } = await requestOf('Taxes');
  const odd = [
    '["x"]',
    '{"id":"x"}',
    '1e309',
    '-0',
    '"0x10"',
    '"NaN"',
    'null',
    'true',
    '""',
    '[]',
    `["${id}"]`,
    '9007199254740993',
  ];
  const authorization = () => `Bearer ${teams.tokens.token(teams.urls.serviceUrl)}`;
  await unchanged(async () => {
    for (const value of odd) {
      for (const verb of [
        'approval.approve',
        'approval.deny',
        'request.cancel',
        'request.fill',
        'approvals.list',
        'draft.open',
      ]) {
        const data = `{"request":${value},"package":${value},"target":${value},"page":${value},"draft":${value},"v":${value}}`;
        await whole.forge('U0MIA', verb, `{"card":${value},"draft":${value},"data":${data}}`);
      }
      const invoke = JSON.stringify(teams.activity(ben, { type: 'invoke', name: 'adaptiveCard/action', value: 'X' }));
      const data = `{"request":${value},"v":${value}}`;
      const action = `{"action":{"data":{"usher":{"verb":"approval.approve","card":${value},"data":${data}}}}}`;
      expect((await teams.post(invoke.replace('"X"', action), { authorization: authorization() })).status).toBe(200);
      // The whole value, the sender and the conversation of another type.
      expect((await teams.post(invoke.replace('"X"', value), { authorization: authorization() })).status).toBe(200);
      const told = JSON.stringify(teams.activity(ben, { type: 'message', text: 'X' })).replace(
        '"text":"X"',
        `"text":${value}`,
      );
      expect([200, 400]).toContain((await teams.post(told, { authorization: authorization() })).status);
    }
    for (const type of ['NaN', 'undefined', '0x10', 'Infinity', "'x'", '01']) {
      const body = `{"type":"event_callback","event":{"type":"message","text":${type}}}`;
      expect((await whole.slackPost(body, slack.sign(body, 'application/json'))).status).toBe(400);
      expect((await teams.post(`{"type":${type}}`, { authorization: authorization() })).status).toBe(400);
    }
    for (const value of [['x'], { a: 1 }, 7, null, true]) {
      await slack.deliver({
        kind: 'interactive',
        body: { type: 'block_actions', team: { id: slack.team }, user: value, actions: value },
      });
      await slack.deliver({
        kind: 'interactive',
        body: { type: value, team: { id: slack.team }, user: { id: value } },
      });
      await slack.event({ type: 'message', channel_type: 'im', user: value, text: value, channel: value });
    }
  });
});

test('X43: a form that is sent twice at once, from two tabs or two devices, is one request', async () => {
  const { slack } = whole;
  await slack.command('U0ADA', 'request Archive');
  const form = await whole.slackView('U0ADA', 'Request Archive');
  const metadata = String(form.view['private_metadata']);
  const reason = { 'in~reason': { value: { type: 'plain_text_input', value: 'twice' } } };
  await Promise.all(Array.from({ length: 8 }, () => view('U0ADA', metadata, reason)));
  // The same package in two forms, each with a draft of its own, at once.
  await slack.command('U0MIA', 'request Budget');
  const first = String((await whole.slackView('U0MIA', 'Request Budget')).view['private_metadata']);
  await slack.command('U0MIA', 'request Budget');
  const second = await until('another form', () => {
    const open = slack.viewOf('U0MIA')?.view['private_metadata'];
    return typeof open === 'string' && open !== first && open.includes('draft') ? open : null;
  });
  await Promise.all([view('U0MIA', first, reason), view('U0MIA', second, reason)]);
  await whole.idle();
  expect(
    await whole.sql(
      `select p.name, count(*)::int from requests r join packages p on p.id = r.package_id join people t on t.id = r.target_id
       where p.name = 'Archive' or (p.name = 'Budget' and t.directory_key = 'mia') group by 1 order by 1`,
    ),
  ).toEqual([
    { name: 'Archive', count: 1 },
    { name: 'Budget', count: 1 },
  ]);
});

test('X44: of two packages that exclude each other and are approved in the same second, one is given', async () => {
  const { slack } = whole;
  const values = { 'in~reason': { value: { type: 'plain_text_input', value: 'both' } } };
  // Asked for at once: the gate at the asking must not let both in, and the one at the approval must not either.
  const forms: string[] = [];
  for (const name of ['Left', 'Right']) {
    await slack.command('U0ADA', `request ${name}`);
    forms.push(String((await whole.slackView('U0ADA', `Request ${name}`)).view['private_metadata']));
  }
  await Promise.all(forms.map((metadata) => view('U0ADA', metadata, values)));
  await whole.idle();
  const open = `select r.id, p.name from requests r join packages p on p.id = r.package_id where p.name in ('Left', 'Right') and r.state = 'pendingApproval'`;
  const asked = await whole.sql<{ id: string }>(open);
  expect(asked).toHaveLength(1);
  // Both waiting, as if the two had been made incompatible after they were asked for.
  await whole.sql(`update incompatibilities set state = 'ended', version = version + 1`);
  for (const name of ['Left', 'Right']) {
    await slack.command('U0MAX', `request ${name}`);
    await view('U0MAX', String((await whole.slackView('U0MAX', `Request ${name}`)).view['private_metadata']), values);
  }
  await whole.idle();
  await whole.sql(`update incompatibilities set state = 'active', version = version + 1`);
  const both = await whole.sql<{ id: string }>(
    `${open} and r.target_id = (select id from people where directory_key = 'max')`,
  );
  expect(both).toHaveLength(2);
  await Promise.all(both.map(({ id }) => whole.forge('U0CLEO', 'approval.approve', { data: { request: id, v: 1 } })));
  await whole.idle();
  expect(await whole.sql(`select 1 from local_roles where subject = 'max' and role in ('Left', 'Right')`)).toHaveLength(
    1,
  );
});
