// What people do in Teams and what they see, over raw HTTP against the real SDK. Row numbers: see ../README.md.
import type { TeamsOptions } from '../../../src/channels/teams/options';
import type { Card, TextBlock } from '../../../src/chat/card';
import type { Inbound, Reply } from '../../../src/chat/inbound';
import type { TeamsMessage, TeamsPerson, TeamsServer } from '../../support/teams-server';
import { wordsOf } from '../../support/teams-client';
import { button, card, form, line, words } from './cards';
import { startTeams, type ScriptedConversation, type World } from './harness';

let world: World;
let teams: TeamsServer;
let conversation: ScriptedConversation;
let ana: TeamsPerson;
let ben: TeamsPerson;

async function begin(change: Partial<TeamsOptions> = {}): Promise<void> {
  world = await startTeams(change);
  ({ teams, conversation } = world);
  ana = teams.person('Ana');
  ben = teams.person('Ben');
}
/** The same world with other settings. */
async function restart(change: Partial<TeamsOptions>): Promise<void> {
  await world.stop();
  await begin(change);
}

beforeEach(async () => {
  jest.spyOn(console, 'error').mockImplementation(() => undefined); // the SDK prints the public key
  await begin();
});
afterEach(async () => {
  await world.stop();
});

const answered = (reply: Reply): void => {
  conversation.script = () => reply;
};
const replaced = (change: Partial<Card> = {}, say: string | null = null): Reply => ({
  kind: 'card',
  card: card({ summary: words('Approved'), body: [line(words('Approved by Ben'))], actions: [], ...change }),
  replaces: true,
  say: say === null ? null : words(say),
});

/** Sends a card to somebody's own conversation, as the outbox does. */
async function sent(to: TeamsPerson, shown: Card): Promise<TeamsMessage> {
  const { serviceUrl } = teams.urls;
  const ref = await world.channel.send(
    { tenant: to.tenant, user: to.aadObjectId, conversation: to.conversation, serviceUrl },
    shown,
  );
  const message = teams.messagesOf(to).find(({ id }) => id === ref.message);
  if (message === undefined) throw new Error('the card did not arrive');
  return message;
}

/** A promise that the test keeps in its hand. */
function held<T>(): { promise: Promise<T>; release: (value: T) => void } {
  let release: (value: T) => void = () => undefined;
  const promise = new Promise<T>((resolve) => {
    release = resolve;
  });
  return {
    promise,
    release: (value) => {
      release(value);
    },
  };
}

function only(list: readonly Inbound[]): Inbound {
  expect(list).toHaveLength(1);
  const [first] = list;
  if (first === undefined) throw new Error('nothing arrived');
  return first;
}

describe('typed words', () => {
  test('row 44: a message is stored and shown as being answered, and the answer comes from what was stored', async () => {
    const { status } = await teams.say(ana, 'my access');
    expect(status).toBe(200);
    const inbound = only(conversation.accepted);
    expect(inbound.act).toEqual({ kind: 'text', text: 'my access' });
    expect(inbound.surface.canOpenForm).toBe(false);
    await teams.untilCalls('typing', 1);

    await world.channel.answer(inbound, { kind: 'text', say: words('You have nothing.') });
    expect(teams.messagesOf(ana).map(({ text }) => text)).toEqual(['You have nothing.']);
  });

  test('row 44: the typing indicator does not wait for a slow database', async () => {
    const { promise, release } = held<undefined>();
    conversation.storing = () => promise;
    const saying = teams.say(ana, 'my access');
    await teams.untilCalls('typing', 1);
    expect(conversation.accepted).toEqual([]);
    release(undefined);
    expect((await saying).status).toBe(200);
    expect(conversation.accepted).toHaveLength(1);
  });

  test('a message that could not be stored is owned up to, to the person and to Teams', async () => {
    conversation.storing = () => Promise.reject(new Error('database down at db.internal'));
    const { status, body } = await teams.say(ana, 'my access');
    expect({ status, body }).toEqual({ status: 503, body: { error: { code: 'Unavailable' } } });
    await teams.untilCalls('post', 1);
    expect(teams.messagesOf(ana).map(({ text }) => text)).toEqual(['We could not take this. Try again.']);
  });

  test.each([
    { name: 'as typed', fields: { text: 'help' }, want: 'help' },
    {
      name: 'row 59: with the mention of the bot',
      fields: {
        text: '<at>Usher</at>&nbsp;HELP\n',
        entities: [{ type: 'mention', text: '<at>Usher</at>', mentioned: { id: 'BOT' } }],
      },
      want: 'HELP',
    },
    {
      name: 'with the mention of somebody else',
      fields: {
        text: '<at>Usher</at> request VPN for <at>Ben Okafor</at>',
        entities: [
          { type: 'mention', text: '<at>Usher</at>', mentioned: { id: 'BOT' } },
          { type: 'mention', text: '<at>Ben Okafor</at>', mentioned: { id: '29:ben' } },
        ],
      },
      want: 'request VPN for Ben Okafor',
    },
    {
      name: 'entities once',
      fields: { text: 'R&amp;D &lt;x&gt; &amp;lt; &#39;a&#x27; &bogus;' },
      want: `R&D <x> &lt; 'a' &bogus;`,
    },
    { name: 'markup', fields: { text: '<p>deny R-1</p><p>because</p>', textFormat: 'xml' }, want: 'deny R-1\nbecause' },
    { name: 'a plain angle bracket', fields: { text: 'if a <b> c' }, want: 'if a <b> c' },
    { name: 'nothing at all', fields: { text: undefined }, want: '' },
  ])('are read: $name', async ({ fields, want }) => {
    const raw = JSON.stringify({ type: 'message', ...fields }).replaceAll('BOT', `28:${teams.appId}`);
    await teams.deliver(teams.activity(ana, JSON.parse(raw) as Record<string, unknown>));
    expect(only(conversation.accepted).act).toEqual({ kind: 'text', text: want });
  });

  test('said where others read along, they are answered to the person, with one line there', async () => {
    const heed = jest.fn();
    await restart({ heed });
    await teams.say(ana, 'my access', { channel: '19:it@thread.tacv2;messageid=1' });
    const inbound = only(conversation.accepted);
    expect(inbound.surface).toMatchObject({ kind: 'channel', conversation: '19:it@thread.tacv2;messageid=1' });
    expect(inbound.act).toEqual({ kind: 'text', text: 'my access' });
    await world.channel.answer(inbound, { kind: 'text', say: words('You hold Payroll.') });
    expect(teams.messagesOf(ana).map(({ text }) => text)).toEqual(['You hold Payroll.']);
    expect(teams.messagesIn('19:it@thread.tacv2;messageid=1').map(({ text }) => text)).toEqual([
      'I answered you directly.',
    ]);
    // Where the line does not come through they have their answer, and get no second one; others wait as long as Teams says.
    for (const [what, kept] of [
      ['You hold the rest.', () => Promise.resolve()],
      ['You hold more.', () => Promise.reject(new Error('no database'))],
    ] as const) {
      heed.mockReset().mockImplementation(kept);
      const answer = world.channel.answer(inbound, { kind: 'text', say: words(what) });
      await teams.messageFor(ana, what);
      teams.fail({ on: 'post', status: 429, retryAfter: '17' });
      expect(await answer).toMatchObject({ conversation: ana.conversation });
      expect(heed.mock.calls).toEqual([
        [inbound.tenant, expect.objectContaining({ kind: 'later', retryAfterMs: 17_000 })],
      ]);
      expect(teams.messagesOf(ana).filter(({ text }) => text === what)).toHaveLength(1);
    }
  });

  test('other activities are taken and do nothing', async () => {
    for (const type of ['messageReaction', 'messageUpdate', 'messageDelete', 'typing', 'event', 'endOfConversation']) {
      expect((await teams.deliver(teams.activity(ana, { type }))).status).toBe(200);
    }
    await teams.deliver(teams.activity(ana, { type: 'message', text: 'hi', from: { id: '28:other-bot' } }));
    expect(conversation.accepted).toEqual([]);
    expect(conversation.handled).toEqual([]);
  });
});

describe('who speaks', () => {
  test('is the directory object, the tenant, and what the client says of language and zone', async () => {
    await teams.say(ana, 'hi');
    expect(only(conversation.accepted)).toMatchObject({
      platform: 'teams',
      tenant: teams.tenantId,
      user: ana.aadObjectId,
      profile: {
        name: 'Ana Sousa',
        directoryKey: ana.aadObjectId,
        email: null,
        zone: 'Europe/Berlin',
        locale: 'en-GB',
        standing: null,
      },
    });
    await teams.say({ ...ana, role: 'user' }, 'hi');
    expect(conversation.accepted.at(-1)?.profile?.standing).toBe('member');
  });

  test('is one person whatever the case of the ids', async () => {
    const id = 'ABCDEFAB-1111-4111-8111-ABCDEFABCDEF';
    await teams.say({ ...ana, aadObjectId: id }, 'hi');
    expect(only(conversation.accepted).user).toBe(id.toLowerCase());
  });

  test.each([
    { standing: 'guest', from: { userRole: 'guest' } },
    { standing: 'anonymous', from: { userRole: 'anonymous', aadObjectId: undefined } },
    { standing: 'anonymous', from: { aadObjectId: 'not a directory object' } },
    { standing: 'foreign', from: { tenantId: '77777777-7777-4777-8777-777777777777' } },
  ])('row 58: $standing is refused and nothing is stored: $from', async ({ standing, from }) => {
    answered({ kind: 'text', say: words('Only members can use this.') });
    const activity = teams.activity(ana, {
      type: 'message',
      text: 'request',
      from: { id: ana.id, name: ana.name, aadObjectId: ana.aadObjectId, ...from },
    });
    expect((await teams.deliver(activity)).status).toBe(200);
    expect((await teams.messageFor(ana, 'Only members')).text).toBe('Only members can use this.');
    expect(conversation.accepted).toEqual([]);
    expect(only(conversation.handled).profile?.standing).toBe(standing);
  });

  test('row 58: guests are heard where the policy allows them, still as guests', async () => {
    conversation.guests = true;
    await teams.say({ ...ana, role: 'guest' }, 'request');
    expect(only(conversation.accepted).profile?.standing).toBe('guest');
  });

  test('row 58: the roster knows guests that a delivery does not name', async () => {
    teams.people.push({
      ...ben,
      name: 'Gus Guest',
      aadObjectId: '33333333-3333-4333-8333-999999999999',
      role: 'guest',
    });
    await teams.say({ ...teams.person('Gus'), role: 'user' }, 'hi');
    expect(await world.channel.profile(teams.tenantId, '33333333-3333-4333-8333-999999999999')).toMatchObject({
      email: 'gus@contoso.example',
      standing: 'guest',
    });
    expect(await world.channel.profile(teams.tenantId, 'nobody')).toBeNull();
    // What another replica heard is answered here as well.
    const { surface } = only(conversation.accepted);
    teams.people.push({ ...ana, name: 'Ada Away', aadObjectId: '33333333-3333-4333-8333-888888888888', role: 'guest' });
    const away = '33333333-3333-4333-8333-888888888888';
    expect(await world.channel.profile(teams.tenantId, away)).toBeNull();
    expect(await world.channel.profile(teams.tenantId, away, surface)).toMatchObject({ standing: 'guest' });
  });

  test('row 55: the service URL travels with a verified delivery and with no other', async () => {
    const moved = `${teams.base}/amer/`;
    await teams.deliver(teams.activity(ana, { type: 'message', text: 'hi', serviceUrl: moved }), { otherKey: true });
    expect(conversation.accepted).toEqual([]);
    await teams.deliver(teams.activity(ana, { type: 'message', text: 'hi', serviceUrl: moved }));
    expect(only(conversation.accepted).surface.serviceUrl).toBe(moved);
  });
});

describe('installing', () => {
  test('row 60: one installation is one welcome, although Teams tells of it twice', async () => {
    await teams.install(ana);
    expect(only(conversation.accepted)).toMatchObject({
      act: { kind: 'welcome' },
      user: ana.aadObjectId,
      surface: { kind: 'personal', conversation: ana.conversation, serviceUrl: teams.urls.serviceUrl },
    });
  });

  test('row 60: both tellings are the same delivery with the same content', async () => {
    const told: Inbound[] = [];
    jest.spyOn(conversation, 'accept').mockImplementation((inbound) => {
      told.push(inbound);
      return Promise.resolve(true);
    });
    await teams.install(ana);
    expect(told).toHaveLength(2);
    expect(new Set(told.map(({ delivery, bodyHash }) => `${delivery} ${bodyHash}`)).size).toBe(1);
  });

  test('row 60: a team that gets the app is not welcomed, nor are its members', async () => {
    const team = { id: '19:it@thread.tacv2', conversationType: 'channel', tenantId: teams.tenantId, isGroup: true };
    const bot = { id: `28:${teams.appId}` };
    await teams.deliver(teams.activity(ana, { type: 'installationUpdate', action: 'add', conversation: team }));
    await teams.deliver(
      teams.activity(ana, { type: 'conversationUpdate', membersAdded: [bot, { id: ben.id }], conversation: team }),
    );
    await teams.deliver(teams.activity(ana, { type: 'installationUpdate', action: 'remove' }));
    await teams.deliver(teams.activity(ana, { type: 'conversationUpdate', membersAdded: [{ id: ben.id }] }));
    expect(conversation.accepted).toEqual([]);
  });
});

describe('buttons', () => {
  test('row 46: Execute and its Submit fallback are the same act', async () => {
    answered(replaced());
    const message = await sent(ben, card());
    const shown = await teams.press(ben, message, 'Approve');
    expect(wordsOf(shown.card)).toContain('Approved by Ben');

    await teams.press(ben, message, 'Approve', {}, 'old');
    const [executed, submitted] = conversation.handled;
    expect(executed?.act).toEqual({
      kind: 'press',
      verb: 'approve',
      data: { request: 'r-1', version: 3 },
      card: 'card-1',
    });
    expect(submitted?.act).toEqual(executed?.act);
    expect(submitted?.bodyHash).toBe(executed?.bodyHash);
    expect(submitted?.surface).toEqual(executed?.surface);
    expect(conversation.accepted).toEqual([]);

    const [after] = teams.messagesOf(ben);
    expect(after?.edits).toBe(1);
    expect(wordsOf(after?.card)).toContain('Approved by Ben');
    expect(teams.messagesOf(ben)).toHaveLength(1);
  });

  test('row 43: the same invoke again is the same delivery and gets the same answer', async () => {
    answered(replaced());
    const message = await sent(ben, card());
    const first = await teams.press(ben, message, 'Approve');
    const again = await teams.deliver(first.activity);
    expect(again.body).toEqual(first.body);
    expect(conversation.handled).toHaveLength(1);
  });

  test('row 43: a second click is another delivery, also where the activity has no id', async () => {
    answered(replaced());
    const message = await sent(ben, card());
    const { activity } = await teams.press(ben, message, 'Approve');
    await teams.press(ben, message, 'Approve');
    const nameless = { ...activity, id: undefined, timestamp: '2026-11-21T10:00:00.000Z' };
    await teams.deliver(nameless);
    await teams.deliver(nameless);
    await teams.deliver({ ...nameless, timestamp: '2026-11-21T10:00:01.000Z' });
    expect(conversation.handled).toHaveLength(4);
    expect(new Set(conversation.handled.map(({ delivery }) => delivery)).size).toBe(4);
    expect(new Set(conversation.handled.map(({ bodyHash }) => bodyHash)).size).toBe(1);
  });

  test('row 43: another click under the same id shows in the hash of its body', async () => {
    const message = await sent(ben, card());
    const { activity } = await teams.press(ben, message, 'Approve', {}, 'old');
    const { activity: other } = await teams.press(ben, message, 'Deny', {}, 'old');
    const [approve] = conversation.handled;
    let forged: Inbound | undefined;
    jest.spyOn(conversation, 'handle').mockImplementation((inbound) => {
      forged = inbound;
      return Promise.resolve({ kind: 'none' });
    });
    await teams.deliver({ ...other, id: activity['id'] });
    expect(forged?.delivery).toBe(approve?.delivery);
    expect(forged?.bodyHash).not.toBe(approve?.bodyHash);
  });

  test('row 47: what a card claims about its sender changes nothing about who acts', async () => {
    answered(replaced());
    const usher = { verb: 'approve', card: 'card-9', data: { user: ana.aadObjectId, tenant: 'x', approver: true } };
    await teams.invoke(ben, 'adaptiveCard/action', {
      action: { type: 'Action.Execute', verb: 'deny', data: { usher, from: { aadObjectId: ana.aadObjectId } } },
      from: { aadObjectId: ana.aadObjectId },
      trigger: 'manual',
    });
    const inbound = only(conversation.handled);
    expect(inbound).toMatchObject({ user: ben.aadObjectId, tenant: teams.tenantId });
    expect(inbound.act).toEqual({ kind: 'press', verb: 'approve', data: usher.data, card: 'card-9' });
  });

  test('a fresh card comes with the sentence that explains it', async () => {
    answered(replaced({}, 'Cleo decided this at 10:02.'));
    const shown = await teams.press(ben, await sent(ben, card()), 'Approve');
    expect(wordsOf(shown.card)).toContain('Cleo decided this at 10:02.');
    expect(wordsOf(shown.card)).toContain('Approved by Ben');
  });

  test('an answer that is a new card goes to the chat, with a short notice', async () => {
    answered({ kind: 'card', card: card({ summary: words('Details of R-1') }), replaces: false, say: null });
    const shown = await teams.press(ben, await sent(ben, card()), 'Approve');
    expect(shown.toast).toBe('Details of R-1');
    expect((await teams.messageFor(ben, 'Ana asks')).card).not.toBeNull();
    await teams.untilCalls('post', 2);
    expect(teams.messagesOf(ben)).toHaveLength(2);
  });

  test('an answer that Teams does not take now comes when it does, and one that it never takes is owned up to', async () => {
    const message = await sent(ben, card());
    teams.fail({ on: 'post', status: 429 });
    answered({ kind: 'card', card: card({ summary: words('Details of R-1') }), replaces: false, say: null });
    expect((await teams.press(ben, message, 'Approve')).toast).toBe('Details of R-1');
    teams.fail({ on: 'update', status: 503 });
    answered(replaced());
    await teams.press(ben, message, 'Approve', {}, 'old');
    await world.channel.stop();
    expect(conversation.kept).toEqual(conversation.handled);
    expect(conversation.owing).toMatchObject([{ card: { summary: words('Details of R-1') } }, replaced()]);

    await world.channel.start(conversation);
    teams.fail({ on: 'post', status: 413, code: 'MessageSizeTooBig' });
    answered({ kind: 'card', card: card({ summary: words('Details of R-2') }), replaces: false, say: null });
    await teams.press(ben, message, 'Approve');
    expect((await teams.messageFor(ben, 'It cannot be shown.')).text).toBe('It cannot be shown.');
    expect(conversation.kept).toHaveLength(2);
  });

  test('says where an answer stands: in the chat, or in the very message that was pressed', async () => {
    const message = await sent(ben, card());
    answered({ kind: 'card', card: card({ summary: words('Details of R-1') }), replaces: false, say: null });
    await teams.press(ben, message, 'Approve');
    await teams.untilCalls('post', 2);
    await world.channel.stop();
    const place = { tenant: teams.tenantId, conversation: ben.conversation, serviceUrl: teams.urls.serviceUrl };
    expect(conversation.stands).toEqual([{ ...place, message: teams.messagesOf(ben).at(-1)?.id }]);

    await world.channel.start(conversation);
    answered(replaced());
    await teams.press(ben, message, 'Approve');
    await world.channel.stop();
    expect(conversation.stands.slice(1)).toEqual([{ ...place, message: message.id }]);

    // Of a remembered message that counts which every client sees, and this answer does not change that.
    await world.channel.start(conversation);
    answered({ kind: 'card', card: card(), replaces: true, say: null, kept: { version: '1', hash: 'h' } });
    await teams.press(ben, message, 'Approve');
    await world.channel.stop();
    expect(conversation.stands).toHaveLength(2);
  });

  test('words are a notice, refusals of input are an error', async () => {
    const message = await sent(ben, card());
    answered({ kind: 'text', say: words('Ana was reminded.') });
    expect((await teams.press(ben, message, 'Approve')).toast).toBe('Ana was reminded.');
    answered({ kind: 'errors', fields: { reason: words('Say why.') }, say: words('Not yet.') });
    const refused = await teams.press(ben, message, 'Deny');
    expect(refused.status).toBe(200);
    expect(refused.error).toBe('Not yet.\nSay why.');
  });

  test('a refused form that is a card of the chat shows what is wrong in the form of today', async () => {
    const message = await sent(ben, card());
    const now = form({ summary: words('The form of today'), draft: 'draft-9' });
    answered({ kind: 'errors', fields: { reason: words('Say why.') }, say: words('Not yet.'), form: now });
    const shown = wordsOf((await teams.press(ben, message, 'Deny')).card);
    for (const told of ['Not yet.', 'Say why.']) expect(shown).toContain(told);
  });
});

describe('time', () => {
  beforeEach(() => restart({ patienceMs: 100 }));

  test('row 44: a click that came as a message is taken in time, and its result follows', async () => {
    const { promise, release } = held<Reply>();
    conversation.script = () => promise;
    const message = await sent(ben, card());
    expect((await teams.press(ben, message, 'Approve', {}, 'old')).status).toBe(200);
    release(replaced());
    await teams.untilCalls('update', 1);
    expect(wordsOf(teams.messagesOf(ben)[0]?.card)).toContain('Approved by Ben');
  });

  test('a stop does not hang on an act that never ends', async () => {
    await restart({ patienceMs: 100, stopMs: 100 });
    conversation.script = () => new Promise(() => undefined);
    await teams.press(ben, await sent(ben, card()), 'Approve', {}, 'old');
    await expect(world.channel.stop()).resolves.toBeUndefined();
  });

  test('a click that could not be done is owned up to', async () => {
    conversation.script = () => Promise.reject(new Error('relation "people" does not exist'));
    await teams.press(ben, await sent(ben, card()), 'Approve', {}, 'old');
    expect((await teams.messageFor(ben, 'Try again')).text).toBe('We could not take this. Try again.');
  });

  test('row 44: an invoke that takes long is answered at once and its result follows', async () => {
    const { promise, release } = held<Reply>();
    conversation.script = () => promise;
    const message = await sent(ben, card());
    const shown = await teams.press(ben, message, 'Approve');
    expect(shown.toast).toBe('Still working on it.');
    expect(teams.messagesOf(ben)[0]?.edits).toBe(0);

    release(replaced());
    await teams.untilCalls('update', 1);
    expect(wordsOf((await teams.messageFor(ben, 'Approved by Ben')).card)).toContain('Approved by Ben');
  });

  test('row 44: a dialog that takes long says so, and the form comes as a card', async () => {
    const { promise, release } = held<Reply>();
    conversation.script = () => promise;
    const message = await sent(ana, card({ actions: [button('request', 'Request access')] }));
    const shown = await teams.press(ana, message, 'Request access');
    expect(shown.toast).toBe('Still working on it.');
    release({ kind: 'form', card: form() });
    expect((await teams.messageFor(ana, 'Reason')).summary).toBe('Request access');
  });

  test('stopping waits for what is under way', async () => {
    const { promise, release } = held<Reply>();
    conversation.script = () => promise;
    await teams.press(ben, await sent(ben, card()), 'Approve');
    const stopping = world.channel.stop();
    release(replaced());
    await stopping;
    expect(teams.messagesOf(ben)[0]?.edits).toBe(1);
    expect((await teams.say(ben, 'hi')).status).toBe(503);
  });
});

describe('dialogs', () => {
  const open = async (reply: Reply = { kind: 'form', card: form() }) => {
    answered(reply);
    const message = await sent(ana, card({ actions: [button('request', 'Request access', { package: 'p-1' })] }));
    return await teams.openDialog(ana, message, 'Request access');
  };

  test('open from a button whose verb opens a form', async () => {
    const dialog = await open();
    expect(dialog.title).toBe('Request access');
    expect(only(conversation.handled)).toMatchObject({
      act: { kind: 'press', verb: 'request', data: { package: 'p-1' }, card: 'card-1' },
      surface: { canOpenForm: true },
    });
  });

  test('say their heading once, in the title, where that holds it whole', async () => {
    const heading = (text: string): Card['body'] => [{ ...line(words(text)), style: 'heading' } as TextBlock];
    const short = await open({ kind: 'form', card: form({ body: [...heading('Request Payroll'), ...form().body] }) });
    expect([short.title, wordsOf(short.card).includes('Request Payroll')]).toEqual(['Request Payroll', false]);
    const name = `Request ${'ledger '.repeat(12)}`.trim();
    const long = await open({ kind: 'form', card: form({ body: [...heading(name), ...form().body] }) });
    expect([long.title, wordsOf(long.card).includes(name)]).toEqual(['Request access', true]);
  });

  test('send what was filled in, with the draft', async () => {
    const dialog = await open();
    answered({ kind: 'text', say: words('Ben will decide.') });
    const shown = await teams.submitDialog(ana, dialog, 'Submit', { Reason: 'month end', Urgent: 'true' });
    expect(shown.toast).toBe('Ben will decide.');
    expect(conversation.handled[1]?.act).toEqual({
      kind: 'submit',
      verb: 'request',
      draft: 'draft-1',
      data: {},
      values: { reason: 'month end', package: '', urgent: 'true' },
    });
  });

  test('show the next step', async () => {
    const dialog = await open();
    answered({ kind: 'form', card: form({ summary: words('Step 2'), draft: 'draft-2' }) });
    const shown = await teams.submitDialog(ana, dialog, 'Submit', { Reason: 'x' });
    expect(shown.dialog?.title).toBe('Step 2');
  });

  test('stay open with what was typed and with what is wrong', async () => {
    const dialog = await open();
    const wrong = { kind: 'errors', fields: { reason: words('Too short.') }, say: words('Nothing was sent.') } as const;
    answered(wrong);
    const shown = await teams.submitDialog(ana, dialog, 'Submit', { Reason: 'because', Urgent: 'true' });
    const text = wordsOf(shown.dialog?.card);
    expect(text).toContain('Too short.');
    expect(text).toContain('Nothing was sent.');
    expect(text).toContain('because');
    expect(shown.dialog?.card).toMatchObject({
      body: expect.arrayContaining([expect.objectContaining({ id: 'urgent', value: 'true' })]) as unknown,
    });

    answered({ kind: 'text', say: words('Sent.') });
    if (shown.dialog === null) throw new Error('the dialog closed');
    expect((await teams.submitDialog(ana, shown.dialog, 'Submit')).toast).toBe('Sent.');
  });

  test('stay open with what was found by searching, under its name', async () => {
    const dialog = await open();
    answered({ kind: 'choices', choices: [{ title: words('Payroll'), value: 'p-7' }], more: null });
    await teams.search(ana, dialog.card, 'Package', 'pay');
    answered({ kind: 'errors', fields: { reason: words('Too short.') }, say: null });
    const wrong = await teams.submitDialog(ana, dialog, 'Submit', { Reason: 'x', Package: 'p-7' });
    const chosen = { id: 'package', value: 'p-7', choices: [{ title: 'Payroll', value: 'p-7' }] };
    expect(wrong.dialog?.card).toMatchObject({
      body: expect.arrayContaining([expect.objectContaining(chosen)]) as unknown,
    });
    // Emptied, it stays empty; and what nobody was shown has no name.
    for (const Package of ['', 'p-8']) {
      const shown = await teams.submitDialog(ana, dialog, 'Submit', { Reason: 'x', Package });
      expect(JSON.stringify(shown.dialog?.card)).not.toMatch(/"value":"p-/);
    }
  });

  test('stay open on another replica, from the form that the reply carries', async () => {
    const dialog = await open();
    const again = form({ draft: 'draft-9', summary: words('The same form') });
    answered({ kind: 'errors', fields: { reason: words('Too short.') }, say: null, form: again });
    const shown = await teams.submitDialog(ana, dialog, 'Submit', { Reason: 'because' });
    expect(shown.dialog?.title).toBe('The same form');
    expect(wordsOf(shown.dialog?.card)).toContain('because');
  });

  test('that nobody remembers say what was wrong', async () => {
    answered({ kind: 'errors', fields: { reason: words('Too short.') }, say: null });
    const data = { usher: { verb: 'request', draft: 'gone' }, reason: 'x' };
    const shown = await teams.invoke(ana, 'task/submit', { data });
    expect(shown.toast).toBe('Too short.');
  });

  test('close with a card in the chat, or show it in place of the form', async () => {
    const dialog = await open();
    answered({ kind: 'card', card: card({ summary: words('Asked') }), replaces: false, say: words('Done.') });
    expect((await teams.submitDialog(ana, dialog, 'Submit', { Reason: 'x' })).toast).toBe('Done.');
    expect((await teams.messageFor(ana, 'Ana asks')).summary).not.toBe('');

    answered(replaced({}, 'Too late.'));
    const shown = await teams.submitDialog(ana, dialog, 'Submit', { Reason: 'y' });
    expect(wordsOf(shown.dialog?.card)).toContain('Too late.');
  });

  test('close without a word when there is nothing to say', async () => {
    const dialog = await open();
    answered({ kind: 'none' });
    const { status, body } = await teams.submitDialog(ana, dialog, 'Submit', { Reason: 'x' });
    expect({ status, body }).toEqual({ status: 200, body: null });
  });

  test('have a way round: a client that opens none gets the form as a card, and the card works', async () => {
    const message = await sent(ana, card({ actions: [button('request', 'Request access')] }));
    const data = { msteams: { type: 'task/fetch' }, usher: { verb: 'request', card: 'card-1' } };
    answered({ kind: 'form', card: form() });
    await teams.deliver(teams.activity(ana, { type: 'message', value: data, replyToId: message.id }));
    const inbound = only(conversation.handled);
    expect(inbound.act).toEqual({ kind: 'press', verb: 'request', data: {}, card: 'card-1' });
    expect(inbound.surface.canOpenForm).toBe(true);

    const shown = await teams.messageFor(ana, 'Reason');
    answered(replaced());
    await teams.press(ana, shown, 'Submit', { Reason: 'month end' });
    expect(conversation.handled.at(-1)?.act).toMatchObject({
      kind: 'submit',
      verb: 'request',
      draft: 'draft-1',
      values: { reason: 'month end' },
    });
  });

  test('row 46: an Execute that is answered by a form gets the form as a card', async () => {
    answered({ kind: 'form', card: form({ summary: words('Why do you deny?') }) });
    const shown = await teams.press(ben, await sent(ben, card()), 'Deny');
    expect(shown.toast).toBe('Why do you deny?');
    expect((await teams.messageFor(ben, 'Reason')).summary).toBe('Why do you deny?');
  });
});

describe('search as you type', () => {
  const choices = (count: number) =>
    Array.from({ length: count }, (_, index) => ({ title: words(`Package ${index}`), value: `p-${index}` }));

  test('asks with the form it belongs to', async () => {
    answered({ kind: 'form', card: form() });
    const message = await sent(ana, card({ actions: [button('request', 'Request access')] }));
    const dialog = await teams.openDialog(ana, message, 'Request access');
    answered({ kind: 'choices', choices: choices(2), more: null });
    expect(await teams.search(ana, dialog.card, 'Package', 'pay')).toEqual([
      { title: 'Package 0', value: 'p-0' },
      { title: 'Package 1', value: 'p-1' },
    ]);
    expect(conversation.handled.at(-1)?.act).toEqual({
      kind: 'search',
      search: 'packages',
      draft: 'draft-1',
      query: 'pay',
    });
  });

  test('is told what is chosen beside it where it depends on that', async () => {
    const { body } = form();
    const dependent = body.map((one) => (one.type === 'Input.ChoiceSet' ? { ...one, dependent: true } : one));
    answered({ kind: 'form', card: form({ body: dependent }) });
    const message = await sent(ana, card({ actions: [button('request', 'Request access')] }));
    const dialog = await teams.openDialog(ana, message, 'Request access');
    answered({ kind: 'choices', choices: choices(2), more: null });
    await teams.search(ana, dialog.card, 'Package', 'pay', { reason: 'for Tara' });
    expect(conversation.handled.at(-1)?.act).toMatchObject({ kind: 'search', values: { reason: 'for Tara' } });
  });

  test('never shows more than fifteen, and says when there are more', async () => {
    const dataset = 'packages';
    answered({ kind: 'choices', choices: choices(40), more: words('Type more') });
    const { body } = await teams.invoke(ana, 'application/search', { dataset, queryText: 'p' });
    const { results } = (body as { value: { results: { title: string; value: string }[] } }).value;
    expect(results).toHaveLength(15);
    expect(results.at(-1)).toEqual({ title: 'Type more', value: '' });
  });

  test('row 44: is answered in time with nothing rather than late', async () => {
    await restart({ patienceMs: 100 });
    const { promise, release } = held<Reply>();
    conversation.script = () => promise;
    const { body } = await teams.invoke(ana, 'application/search', { dataset: 'packages', queryText: 'p' });
    expect(body).toMatchObject({ statusCode: 200, value: { results: [] } });
    release({ kind: 'choices', choices: choices(1), more: null });
  });
});

describe('row 45: what cannot be read', () => {
  test.each<{ name: string; value: unknown }>([
    { name: 'adaptiveCard/action', value: { action: { type: 'Action.Execute', verb: 'approve', data: { a: 1 } } } },
    { name: 'adaptiveCard/action', value: { action: null } },
    { name: 'adaptiveCard/action', value: 'text' },
    { name: 'adaptiveCard/action', value: null },
    { name: 'adaptiveCard/action', value: { action: { data: { usher: { verb: 7 } } } } },
  ])('a card is told: $value', async ({ name, value }) => {
    const shown = await teams.invoke(ana, name, value);
    expect(shown.status).toBe(200);
    expect(shown.body).toMatchObject({ statusCode: 400, type: 'application/vnd.microsoft.error' });
    expect(shown.error).toBe('I cannot do that here.');
    expect(conversation.handled).toEqual([]);
  });

  test.each(['task/fetch', 'task/submit'])('a dialog is told: %s', async (name) => {
    for (const value of [null, { data: [] }, { data: { usher: {} } }]) {
      const shown = await teams.invoke(ana, name, value);
      expect({ status: shown.status, toast: shown.toast }).toEqual({ status: 200, toast: 'I cannot do that here.' });
    }
  });

  test('a search finds nothing', async () => {
    for (const value of [null, { dataset: 7 }, { dataset: '' }]) {
      const { status, body } = await teams.invoke(ana, 'application/search', value);
      expect(status).toBe(200);
      expect(body).toMatchObject({ value: { results: [] } });
    }
  });

  test.each(['composeExtension/query', 'signin/verifyState', 'fileConsent/invoke', 'nobody/knows', ''])(
    'the invoke "%s" is refused in words, never with 500 or 501',
    async (name) => {
      const { status, body } = await teams.invoke(ana, name, {});
      expect({ status, body }).toEqual({
        status: 400,
        body: { error: { code: 'NotSupported', message: 'I cannot do that here.' } },
      });
    },
  );

  test('row 42: a fault of ours is told without its text', async () => {
    conversation.script = () => Promise.reject(new Error('relation "people" does not exist'));
    const shown = await teams.press(ben, await sent(ben, card()), 'Approve');
    expect(shown.status).toBe(200);
    expect(shown.error).toBe('We could not take this. Try again.');
    expect(JSON.stringify(shown.body)).not.toContain('people');
  });
});
