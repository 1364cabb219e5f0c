// Clicks, forms, commands, searches and messages, each over HTTP and over Socket Mode (row 34), through the real SDK.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Element } from '../../../src/chat/card';
import type { Follow } from '../../../src/chat/follow';
import type { Reply } from '../../../src/chat/inbound';
import type { Json, SlackMessage, SlackView } from '../../support/slack-server';
import { wordsOf } from '../../support/slack-server';
import { button, card, closeGate, form, HURRIED, startWorld, until, words, type Mode, type World } from './world';

const MODES: Mode[] = ['http', 'socket'];

describe.each(MODES)('row 34: over %s', (mode) => {
  let world: World;
  beforeEach(async () => {
    world = await startWorld(mode);
  });
  afterEach(async () => {
    await world.stop();
  });

  /** From here on Slack is answered before what takes long. */
  async function hurry(): Promise<void> {
    await world.stop();
    world = await startWorld(mode, HURRIED);
  }

  /** A message of the bot in somebody's direct messages. */
  async function sent(
    user: string,
    actions = [button('approve', 'Approve', { request: 'r1', version: 3 })],
  ): Promise<SlackMessage> {
    await world.channel.send(
      { tenant: world.slack.team, user, conversation: null, serviceUrl: null },
      card('Ben asks for VPN', { id: 'card-1', actions }),
    );
    const message = world.slack.messagesOf(user).at(-1);
    if (message === undefined) throw new Error('nothing was sent');
    return message;
  }

  /** A modal that somebody has open with a form in it. */
  async function opened(user: string, parts: Parameters<typeof form>[1] = {}): Promise<SlackView> {
    const { conversation, slack } = world;
    conversation.reply = () => ({ kind: 'form', card: form('Ask for VPN', parts) });
    await slack.press(user, await sent(user, [button('open-request', 'Request access')]), 'Request access');
    await until(() => slack.viewOf(user)?.view['submit'] !== undefined);
    const view = slack.viewOf(user);
    if (view === null) throw new Error('nothing was opened');
    return view;
  }

  const answerWith = (reply: Reply): void => {
    world.conversation.reply = () => reply;
  };
  const last = (user: string): string => {
    const message = world.slack.messagesOf(user).at(-1);
    return message === undefined ? '' : wordsOf(message);
  };

  test('row 22: a click tells what was pressed and the card takes the place of the pressed message', async () => {
    const { conversation, slack } = world;
    const message = await sent('U0ADA');
    answerWith({
      kind: 'card',
      card: card('Approved by Ada', { id: 'card-1' }),
      replaces: true,
      say: words('Thank you.'),
    });
    expect((await slack.press('U0ADA', message, 'Approve')).status).toBe(200);
    await until(() => last('U0ADA').includes('Thank you.'));
    expect(wordsOf(message)).toContain('Approved by Ada');
    expect(message.edits).toBe(1);
    const [inbound] = conversation.handled;
    expect(inbound).toMatchObject({
      platform: 'slack',
      tenant: slack.team,
      user: 'U0ADA',
      act: { kind: 'press', verb: 'approve', card: 'card-1', data: { request: 'r1', version: 3 } },
      surface: { kind: 'personal', conversation: message.channel, message: message.ts, canOpenForm: true },
      profile: {
        name: 'Ada',
        email: 'u0ada@home.example',
        emailConfirmed: true,
        zone: 'Europe/Berlin',
        locale: 'en-GB',
        standing: 'member',
      },
    });
  });

  test('row 23: an update carries blocks and text together, with new block ids', async () => {
    const { slack } = world;
    const message = await sent('U0ADA');
    const before = message.blocks.map((block) => block['block_id']);
    answerWith({ kind: 'card', card: card('Approved by Ada', { id: 'card-1' }), replaces: true, say: null });
    await slack.press('U0ADA', message, 'Approve');
    await until(() => message.edits === 1);
    const [update] = slack.callsOf('chat.update');
    expect(update).toMatchObject({ text: 'Approved by Ada', channel: message.channel, ts: message.ts });
    expect(message.blocks.some((block) => before.includes(block['block_id']))).toBe(false);
  });

  test('row 5: a replayed click changes nothing, a second click does', async () => {
    const { conversation, slack } = world;
    const message = await sent('U0ADA');
    await slack.press('U0ADA', message, 'Approve');
    const first = slack.deliveries.at(-1);
    if (first === undefined) throw new Error('no delivery');
    await slack.deliver(first);
    expect(conversation.effects).toBe(1);
    await slack.press('U0ADA', message, 'Approve');
    expect(conversation.effects).toBe(2);
  });

  test('row 5: an event that Slack sends four times is stored once', async () => {
    const { conversation, slack } = world;
    await slack.say('U0ADA', 'my access');
    const first = slack.deliveries.at(-1);
    if (first === undefined) throw new Error('no delivery');
    for (const retry of ['1', '2', '3']) {
      expect(
        (await slack.deliver(first, { 'x-slack-retry-num': retry, 'x-slack-retry-reason': 'http_timeout' })).status,
      ).toBe(200);
    }
    slack.advance(23 * 3_600_000);
    await slack.deliver(first);
    expect(conversation.accepted.map(({ act }) => act)).toEqual([{ kind: 'text', text: 'my access' }]);
  });

  test('row 5: the same command or form sent again is one act; a corrected form is another', async () => {
    const { conversation, slack } = world;
    await slack.command('U0ADA', 'approve R-1042');
    const command = slack.deliveries.at(-1);
    if (command === undefined) throw new Error('no delivery');
    await slack.deliver(command);
    expect(conversation.effects).toBe(1);
    const view = await opened('U0ADA');
    const before = conversation.effects;
    answerWith({ kind: 'errors', fields: { reason: words('A reason is needed.') }, say: null });
    await slack.submit(view);
    answerWith({ kind: 'none' });
    await slack.submit(view, { reason: 'audit' });
    const submit = slack.deliveries.at(-1);
    if (submit === undefined) throw new Error('no delivery');
    await slack.deliver(submit);
    expect(conversation.effects).toBe(before + 2);
  });

  test('row 6: every interaction is acknowledged while the database stands still, and the outcome comes later', async () => {
    await hurry();
    const { conversation, slack } = world;
    const message = await sent('U0ADA');
    const view = await opened('U0ADA');
    answerWith({ kind: 'card', card: card('Approved by Ada', { id: 'card-1' }), replaces: true, say: null });
    const open = closeGate(conversation);
    // Each of these resolves only when Slack has its answer; nobody opens the gate before.
    expect((await slack.press('U0ADA', message, 'Approve')).status).toBe(200);
    expect((await slack.command('U0BEN', 'approve R-1042')).status).toBe(200);
    expect(await slack.options(view, 'Who', 'b')).toEqual([]);
    const submitted = await slack.submit(view, { reason: 'audit' });
    expect(submitted.body).toMatchObject({ response_action: 'update', view: { callback_id: 'loading' } });
    expect(message.edits).toBe(0);
    await until(() => last('U0ADA').includes('sentence loading') && last('U0BEN').includes('sentence loading'));
    open();
    await until(
      () =>
        message.edits === 1 &&
        slack.messagesOf('U0BEN').some((one) => wordsOf(one).includes('Approved')) &&
        wordsOf(view).includes('Approved'),
    );
    expect(wordsOf(message)).toContain('Approved by Ada');
  });

  test('row 6: an act that fails in the end says so, and never that it was done', async () => {
    await hurry();
    const { conversation, slack } = world;
    const message = await sent('U0ADA');
    let fail = (): void => undefined;
    conversation.gate = new Promise((_, reject) => {
      fail = () => {
        reject(new Error('the database is gone'));
      };
    });
    expect((await slack.press('U0ADA', message, 'Approve')).status).toBe(200);
    fail();
    await until(() => last('U0ADA').includes('sentence busy'));
    expect(message.edits).toBe(0);
  });

  test('row 6: a Slack that does not say who is mentioned or who clicks holds up no acknowledgement', async () => {
    await hurry();
    const { conversation, slack } = world;
    const message = await sent('U0ADA');
    slack.fail('users.info', { hang: true }, 10);
    expect((await slack.command('U0ADA', 'request VPN for <@U0BEN|ben>')).status).toBe(200);
    expect((await slack.press('U0BEN', message, 'Approve')).status).toBe(200);
    await until(() => conversation.handled.length === 2);
    expect(conversation.handled.map(({ profile }) => profile)).toEqual([null, null]);
    expect(conversation.handled.map(({ act }) => act)).toContainEqual({ kind: 'text', text: 'request VPN for @ben' });
  });

  test.each([
    ['a member', 'U0ADA'],
    ['a guest who is allowed', 'U0GUS'],
  ])(
    'row 6: an event of %s that cannot be stored in time is not acknowledged, so that Slack sends it again',
    async (_who, user) => {
      await hurry();
      const { conversation, slack } = world;
      conversation.guests = true;
      const open = closeGate(conversation);
      if (mode === 'http') {
        expect((await slack.say(user, 'help')).status).toBe(503);
      } else {
        void slack.say(user, 'help');
        await until(() => world.lines.some((line) => line.includes('not stored in time')));
        expect(slack.callsOf('socket')).toEqual([]);
      }
      open();
      await until(() => conversation.accepted.length === 1);
      const event = slack.deliveries.at(-1);
      if (event === undefined) throw new Error('no delivery');
      expect((await slack.deliver(event)).status).toBe(200);
      expect(conversation.accepted).toHaveLength(1);
    },
  );

  test('row 7: unknown actions, views, commands, shortcuts and searches are answered at once and logged', async () => {
    const { conversation, slack } = world;
    const message = await sent('U0ADA');
    const base = { team: { id: slack.team }, user: { id: 'U0ADA', team_id: slack.team } };
    const unknown: { kind: 'interactive' | 'slash_commands'; body: Json; log: string }[] = [
      {
        kind: 'interactive',
        body: {
          ...base,
          type: 'view_submission',
          view: { id: 'V1', type: 'modal', callback_id: 'old', private_metadata: '', state: { values: {} } },
        },
        log: 'slack view unknown',
      },
      {
        kind: 'interactive',
        body: { ...base, type: 'view_closed', view: { id: 'V1', type: 'modal', callback_id: 'old' } },
        log: '',
      },
      { kind: 'interactive', body: { ...base, type: 'shortcut', callback_id: 'old' }, log: 'slack shortcut unknown' },
      {
        kind: 'interactive',
        body: { ...base, type: 'message_action', callback_id: 'old', channel: { id: 'C0TEAM' } },
        log: 'slack shortcut unknown',
      },
      {
        kind: 'interactive',
        body: { ...base, type: 'block_suggestion', action_id: 'old', value: 'x' },
        log: 'slack options unknown',
      },
      {
        kind: 'interactive',
        body: { ...base, type: 'interactive_message', actions: [{ name: 'old' }] },
        log: 'slack action unknown',
      },
      { kind: 'interactive', body: { ...base, type: 'something_new' }, log: 'slack delivery of an unknown kind' },
      {
        kind: 'slash_commands',
        body: { command: '/other', text: '', user_id: 'U0ADA', team_id: slack.team },
        log: 'slack command unknown',
      },
    ];
    for (const { kind, body, log } of unknown) {
      expect((await slack.deliver({ kind, body })).status).toBe(200);
      if (log !== '') await until(() => world.lines.some((line) => line.includes(log)));
    }
    await slack.pressActions('U0ADA', message, [
      { type: 'button', action_id: 'old', block_id: 'b', value: 'x', action_ts: '1.1' },
    ]);
    await until(() => last('U0ADA').includes('sentence unsupported'));
    expect(conversation.handled).toEqual([]);
  });

  test('row 8: one listener per kind, so one click is handled once', async () => {
    const { conversation, slack } = world;
    const message = await sent('U0ADA');
    await slack.press('U0ADA', message, 'Approve');
    await slack.command('U0ADA', 'help');
    await slack.say('U0ADA', 'help');
    expect(conversation.handled).toHaveLength(2);
    expect(conversation.accepted).toHaveLength(1);
    expect(world.lines.filter((line) => line.includes('multiple'))).toEqual([]);
  });

  test('row 8: the wiring registers each kind of listener once and takes everything of it', () => {
    const source = readFileSync(join(__dirname, '../../../src/channels/slack/bot.ts'), 'utf8');
    const registered = [
      ...source.matchAll(/app\.(event|command|action|view|options|shortcut|message|function|assistant)\(/g),
    ];
    expect(registered.map((match) => match[1]).sort()).toEqual([
      'action',
      'command',
      'event',
      'options',
      'shortcut',
      'view',
    ]);
  });

  test('row 9: no action, several actions, and far too many are all handled safely', async () => {
    const { conversation, slack } = world;
    const message = await sent('U0ADA', [
      button('approve', 'Approve', { request: 'r1' }),
      button('deny', 'Deny', { request: 'r1' }),
    ]);
    const action = (index: number): Json => ({
      type: 'button',
      action_id: `approve~${index}`,
      block_id: 'b',
      value: '{"data":{"request":"r1"}}',
      action_ts: '1700000000.000001',
    });
    expect((await slack.pressActions('U0ADA', message, [])).status).toBe(200);
    expect(conversation.handled).toHaveLength(0);
    await slack.pressActions('U0ADA', message, [action(0), action(1)]);
    await until(() => conversation.handled.length === 2);
    expect(new Set(conversation.handled.map(({ delivery }) => delivery)).size).toBe(2);
    await slack.pressActions(
      'U0ADA',
      message,
      Array.from({ length: 40 }, (_, index) => action(index)),
    );
    await until(() => conversation.handled.length === 27);
    await slack.pressActions('U0ADA', message, [
      { type: 'button', action_id: 'link~0', block_id: 'b', action_ts: '1.1' },
      { type: 'datepicker', action_id: 'value', block_id: 'in~from', selected_date: '2026-01-01', action_ts: '1.2' },
    ]);
    expect(conversation.handled).toHaveLength(27);
    expect(world.lines.filter((line) => line.includes('action unknown'))).toEqual([]);
  });

  test('row 10: a click by somebody of another company is refused although team.id is ours', async () => {
    const { conversation, slack } = world;
    const message = await sent('U0ADA');
    await slack.press('U0ZOE', message, 'Approve');
    expect(conversation.effects).toBe(0);
    expect(conversation.handled[0]).toMatchObject({
      tenant: 'T0ELSE',
      user: 'U0ZOE',
      profile: { standing: 'foreign' },
    });
    await until(() => last('U0ZOE').includes('No foreign.'));
    slack.fail('users.info', { status: 500 }, 5);
    world.slack.addUser({ id: 'U0YAN', name: 'Yan', team: 'T0ELSE' });
    await slack.press('U0YAN', message, 'Approve');
    expect(conversation.effects).toBe(0);
    expect(conversation.handled.at(-1)?.profile?.standing).toBe('foreign');
  });

  test('row 10: a colleague of a sister workspace is one of ours, somebody of another organization is not', async () => {
    await world.stop();
    world = await startWorld(mode, {}, (slack) => {
      slack.enterprise = 'E0HOME';
      slack.addUser({ id: 'U0EVE', team: 'T0SISTER', flags: { enterprise_user: { enterprise_id: 'E0HOME' } } });
      slack.addUser({ id: 'U0MAX', team: 'T0STRANGE', flags: { enterprise_user: { enterprise_id: 'E0ELSE' } } });
    });
    const message = await sent('U0ADA');
    await world.slack.press('U0EVE', message, 'Approve');
    await world.slack.press('U0MAX', message, 'Approve');
    const { handled } = world.conversation;
    expect(handled.map(({ tenant, profile }) => [tenant, profile?.standing])).toEqual([
      ['T0HOME', 'member'],
      ['T0STRANGE', 'foreign'],
    ]);
  });

  test('guests, bots and deactivated accounts come with their standing', async () => {
    const { channel, conversation, slack } = world;
    await slack.press('U0GUS', await sent('U0ADA'), 'Approve');
    expect(conversation.effects).toBe(0);
    expect(conversation.handled[0]?.profile?.standing).toBe('guest');
    slack.addUser({ id: 'U0OLD', flags: { deleted: true } });
    slack.addUser({ id: 'USLACKBOT' });
    slack.addUser({ id: 'U0ODD', flags: { is_email_confirmed: undefined } });
    expect((await channel.profile(slack.team, 'U0OLD'))?.standing).toBe('deactivated');
    expect((await channel.profile(slack.team, slack.bot))?.standing).toBe('bot');
    expect((await channel.profile(slack.team, 'USLACKBOT'))?.standing).toBe('bot');
    expect((await channel.profile(slack.team, 'U0ODD'))?.emailConfirmed).toBeNull();
    expect(await channel.profile(slack.team, 'U0NOBODY')).toBeNull();
  });

  test('a change of an account is seen with the next click', async () => {
    const { conversation, slack } = world;
    const message = await sent('U0ADA');
    await slack.press('U0ADA', message, 'Approve');
    slack.addUser({ id: 'U0ADA', flags: { is_ultra_restricted: true } });
    await slack.event({ type: 'user_change', user: { id: 'U0ADA' } });
    await slack.press('U0ADA', message, 'Approve');
    expect(conversation.handled.map(({ profile }) => profile?.standing)).toEqual(['member', 'guest']);
  });

  test('row 11: deliveries of other workspaces reach nobody', async () => {
    const { conversation, slack } = world;
    const message = await sent('U0ADA');
    const other = { team_id: 'T0ELSE', authorizations: [{ team_id: 'T0ELSE', enterprise_id: null }] };
    await slack.press('U0ADA', message, 'Approve', { team: { id: 'T0ELSE' } });
    await slack.command('U0ADA', 'help', { team_id: 'T0ELSE' });
    await slack.event({ type: 'message', channel: 'D1', channel_type: 'im', user: 'U0ADA', text: 'help' }, other);
    await slack.press('U0ADA', message, 'Approve', { team: null, user: { id: 'U0ADA', team_id: 'T0ELSE' } });
    expect(conversation.handled).toEqual([]);
    expect(conversation.accepted).toEqual([]);
    expect(world.lines.filter((line) => line.includes('"security":"other workspace"'))).toHaveLength(4);
  });

  test('row 13: a form is opened before anything slow, and comes into that view after the trigger has died', async () => {
    const { conversation, slack } = world;
    const message = await sent('U0ADA', [button('open-request', 'Request access')]);
    // Whatever is done for the form takes longer than a trigger lives: opened after it, the view would be refused.
    conversation.reply = () => {
      slack.advance(4_000);
      return { kind: 'form', card: form('Ask for VPN') };
    };
    expect((await slack.press('U0ADA', message, 'Request access')).status).toBe(200);
    await until(() => slack.viewOf('U0ADA')?.view['callback_id'] === 'request-submit');
    expect(slack.callsOf('views.open')).toMatchObject([{ view: { callback_id: 'loading' } }]);
    expect(slack.callsOf('views.update')).toMatchObject([
      { view_id: slack.viewOf('U0ADA')?.id, hash: expect.any(String) as string },
    ]);
    expect([slack.views.length, last('U0ADA').includes('sentence retry')]).toEqual([1, false]);
  });

  test('row 13: while the database stands still the view says that it takes a moment', async () => {
    const { conversation, slack } = world;
    const message = await sent('U0ADA', [button('open-request', 'Request access')]);
    answerWith({ kind: 'form', card: form('Ask for VPN') });
    const open = closeGate(conversation);
    await slack.press('U0ADA', message, 'Request access');
    await until(() => slack.viewOf('U0ADA') !== null);
    const view = slack.viewOf('U0ADA');
    expect([view === null ? '' : wordsOf(view), conversation.effects]).toEqual([
      expect.stringContaining('sentence loading'),
      0,
    ]);
    open();
    await until(() => view?.view['callback_id'] === 'request-submit');
  });

  test('row 13: a trigger that died leads to a hint and to nothing else, and the next click opens the form', async () => {
    const { conversation, slack } = world;
    const message = await sent('U0ADA', [button('open-request', 'Request access')]);
    answerWith({ kind: 'form', card: form('Ask for VPN') });
    slack.fail('views.open', { error: 'expired_trigger_id' });
    await slack.press('U0ADA', message, 'Request access');
    await until(() => last('U0ADA').includes('sentence retry'));
    expect([conversation.handled, slack.views]).toEqual([[], []]);
    await slack.press('U0ADA', message, 'Request access');
    await until(() => slack.viewOf('U0ADA')?.view['callback_id'] === 'request-submit');
    expect(conversation.effects).toBe(1);
  });

  test('row 13: a refusal instead of the form stands in the view that was opened', async () => {
    const { slack } = world;
    const message = await sent('U0ADA', [button('open-request', 'Request access')]);
    answerWith({ kind: 'card', card: card('Already decided by Ben', { id: 'card-1' }), replaces: true, say: null });
    await slack.press('U0ADA', message, 'Request access');
    await until(() => message.edits === 1);
    const view = slack.viewOf('U0ADA');
    expect(view === null ? '' : wordsOf(view)).toContain('Already decided by Ben');
    expect(wordsOf(message)).toContain('Already decided by Ben');
  });

  test('row 14: a view that changed meanwhile is made anew, once', async () => {
    const { conversation, slack } = world;
    slack.fail('views.update', { error: 'hash_conflict' });
    await opened('U0ADA');
    expect(slack.callsOf('views.update').map(({ hash }) => hash !== undefined)).toEqual([true, false]);
    expect(conversation.handled).toHaveLength(2);
    expect(conversation.effects).toBe(1);
  });

  test('row 15: steps of a form stay in one view', async () => {
    const { slack } = world;
    const view = await opened('U0ADA');
    for (const step of ['Second step', 'Third step', 'Fourth step', 'Fifth step']) {
      answerWith({ kind: 'form', card: form(step) });
      await slack.submit(view, { reason: 'audit' });
      expect(wordsOf(view)).toContain(step);
    }
    expect(slack.views).toHaveLength(1);
    expect(slack.callsOf('views.push')).toEqual([]);
  });

  test('a sent form brings its draft, verb and values, and the result takes its place', async () => {
    const { conversation, slack } = world;
    const view = await opened('U0ADA');
    answerWith({ kind: 'card', card: card('R-1042 waits for Ben'), replaces: true, say: null });
    const { body } = await slack.submit(view, { Reason: 'audit & co', who: 'p-2' });
    expect(body).toMatchObject({ response_action: 'update' });
    expect(wordsOf(view)).toContain('R-1042 waits for Ben');
    expect(view.open).toBe(true);
    expect(conversation.handled.at(-1)?.act).toEqual({
      kind: 'submit',
      verb: 'request-submit',
      draft: 'draft-1',
      data: {},
      values: { reason: 'audit & co', who: 'p-2' },
    });
  });

  test('what is wrong with a form stands at its fields, and the form stays open', async () => {
    const { slack } = world;
    const view = await opened('U0ADA');
    answerWith({
      kind: 'errors',
      fields: { who: words('Nobody of that name.'), elsewhere: words('Too late.') },
      say: words('Nothing was sent.'),
    });
    const { errors } = await slack.submit(view, { reason: 'audit' });
    expect(errors).toEqual({ 'in~who': 'Nobody of that name.', 'in~reason': 'Nothing was sent. Too late.' });
    expect(view.open).toBe(true);
  });

  test('a form that shows something else by now carries it from then on', async () => {
    const { conversation, slack } = world;
    const view = await opened('U0ADA');
    const [send] = form('Ask for VPN').actions;
    if (send?.type !== 'Action.Execute') throw new Error('not a form');
    const now = form('Ask for VPN', { actions: [{ ...send, data: { seen: 'step2' } }] });
    answerWith({ kind: 'errors', fields: {}, say: words('Look again.'), form: now });
    await slack.submit(view, { reason: 'audit' });
    expect(wordsOf(view)).toContain('Look again.');
    answerWith({ kind: 'none' });
    await slack.submit(view, { reason: 'audit' });
    expect(conversation.handled.at(-1)?.act).toMatchObject({ data: { seen: 'step2' } });
  });

  test.each(['at once', 'late'])('a form that asks for other things by now is drawn anew: %s', async (when) => {
    if (when === 'late') await hurry();
    const { conversation, slack } = world;
    const view = await opened('U0ADA');
    const text = (id: string, value: string | null): Element => ({
      type: 'Input.Text',
      id,
      label: words(id),
      required: false,
      errorMessage: null,
      value,
      placeholder: null,
      multiline: false,
      maxLength: 100,
    });
    const now = form('Ask for VPN', { draft: 'draft-2', body: [text('reason', 'audit'), text('why', null)] });
    answerWith({
      kind: 'errors',
      fields: { why: words('Please answer.') },
      say: words('Nothing was sent.'),
      form: now,
    });
    const open = when === 'late' ? closeGate(conversation) : (): void => undefined;
    await slack.submit(view, { reason: 'audit' });
    open();
    await until(() => wordsOf(view).includes('Please answer.'));
    expect(wordsOf(view)).toContain('Nothing was sent.');
    conversation.gate = Promise.resolve();
    // The same form once more: its refusals stand at the fields, and the old ones are gone.
    if (when === 'at once') {
      await slack.submit(view, { why: 'x' });
      expect(wordsOf(view).match(/Nothing was sent\./g)).toHaveLength(1);
    }
    answerWith({ kind: 'none' });
    await slack.submit(view, { why: 'so' });
    expect(conversation.handled.at(-1)?.act).toMatchObject({
      draft: 'draft-2',
      values: { reason: 'audit', why: 'so' },
    });
  });

  test('a form that asks for the same stays under the hands of its person', async () => {
    const { slack } = world;
    const view = await opened('U0ADA');
    answerWith({ kind: 'errors', fields: { who: words('Nobody.') }, say: null, form: form('Ask for VPN') });
    expect((await slack.submit(view, { reason: 'audit' })).errors).toEqual({ 'in~who': 'Nobody.' });
  });

  test('a form whose refusal comes late is back with everything that was typed', async () => {
    await hurry();
    const { conversation, slack } = world;
    const view = await opened('U0ADA');
    answerWith({ kind: 'errors', fields: { who: words('Nobody of that name.') }, say: words('Nothing was sent.') });
    const open = closeGate(conversation);
    await slack.submit(view, { reason: 'a long story', who: 'p-2' });
    expect(view.view['callback_id']).toBe('loading');
    open();
    await until(() => view.view['callback_id'] === 'request-submit');
    expect(wordsOf(view)).toContain('Nothing was sent.');
    expect(wordsOf(view)).toContain('Nobody of that name.');
    conversation.gate = Promise.resolve();
    answerWith({ kind: 'none' });
    await slack.submit(view);
    expect(conversation.handled.at(-1)?.act).toMatchObject({ values: { reason: 'a long story', who: 'p-2' } });
    expect(view.open).toBe(false);
  });

  test('a form that is refused late again and again says the last refusal only', async () => {
    await hurry();
    const { conversation, slack } = world;
    const view = await opened('U0ADA');
    const refuse = async (fields: readonly string[], say: string): Promise<void> => {
      answerWith({
        kind: 'errors',
        fields: Object.fromEntries(fields.map((field) => [field, words(`No such ${field}.`)])),
        say: words(say),
      });
      const open = closeGate(conversation);
      await slack.submit(view, { reason: 'a long story', who: 'p-2' });
      open();
      await until(() => view.view['callback_id'] === 'request-submit');
    };
    await refuse(['who', 'reason'], 'Nothing was sent.');
    await refuse(['who'], 'Nothing was sent.');
    expect(wordsOf(view).match(/Nothing was sent\.|No such \w+\./g)).toEqual(['Nothing was sent.', 'No such who.']);
  });

  test('a button inside a form sends what is typed so far, and a refusal keeps it', async () => {
    const { conversation, slack } = world;
    const view = await opened('U0ADA', {
      actions: [button('request-submit', 'Submit'), button('request-back', 'Back')],
    });
    answerWith({ kind: 'errors', fields: {}, say: words('There is no way back.') });
    await slack.pressIn(view, 'Back', { reason: 'half a story' });
    await until(() => wordsOf(view).includes('There is no way back.'));
    expect(conversation.handled.at(-1)?.act).toMatchObject({
      kind: 'submit',
      verb: 'request-back',
      draft: 'draft-1',
      values: { reason: 'half a story' },
    });
    await slack.submit(view);
    expect(conversation.handled.at(-1)?.act).toMatchObject({ values: { reason: 'half a story' } });
  });

  test('row 16: an answer address is used four times at most', async () => {
    const { slack } = world;
    const message = await sent('U0ADA');
    const action = (index: number): Json => ({
      type: 'button',
      action_id: `approve~${index}`,
      block_id: 'b',
      value: '',
      action_ts: '1.1',
    });
    await slack.pressActions('U0ADA', message, [0, 1, 2, 3, 4, 5].map(action));
    await until(() => slack.messagesOf('U0ADA').filter((one) => wordsOf(one).includes('Done.')).length === 6);
    expect(slack.callsOf('response_url')).toHaveLength(4);
    expect(slack.callsOf('chat.postEphemeral')).toHaveLength(2);
  });

  test('row 16: an answer address is not used after 25 minutes', async () => {
    await hurry();
    const { conversation, slack } = world;
    const message = await sent('U0ADA');
    const open = closeGate(conversation);
    await slack.press('U0ADA', message, 'Approve');
    await until(() => last('U0ADA').includes('sentence loading'));
    slack.advance(26 * 60_000);
    open();
    await until(() => last('U0ADA').includes('Done.'));
    expect(slack.callsOf('response_url')).toHaveLength(1);
    expect(slack.callsOf('chat.postEphemeral')).toHaveLength(1);
  });

  test('row 16: an answer address that refuses leads to another way', async () => {
    const { slack } = world;
    slack.fail('response_url', { status: 500 });
    await slack.press('U0ADA', await sent('U0ADA'), 'Approve');
    await until(() => last('U0ADA').includes('Done.'));
    expect(slack.callsOf('chat.postEphemeral')).toHaveLength(1);
  });

  test('a pressed message that was deleted is answered with a new one', async () => {
    const { slack } = world;
    const message = await sent('U0ADA');
    slack.deleteMessage(message);
    answerWith({ kind: 'card', card: card('Approved by Ada', { id: 'card-1' }), replaces: true, say: null });
    await slack.press('U0ADA', message, 'Approve');
    await until(() => last('U0ADA').includes('Approved by Ada'));
  });

  test('row 20: an answer that Slack does not take now is shown beside the message, and what cannot be comes when it does', async () => {
    const { conversation, slack } = world;
    const message = await sent('U0ADA', [button('details', 'Details')]);
    slack.fail('chat.postMessage', { status: 429, retryAfter: 30 });
    answerWith({ kind: 'card', card: card('Details of R-1'), replaces: false, say: null });
    await slack.press('U0ADA', message, 'Details');
    await until(() => last('U0ADA').includes('Details of R-1'));
    expect(slack.messagesOf('U0ADA').at(-1)?.onlyFor).toBe('U0ADA');

    slack.fail('chat.postMessage', { status: 503 });
    answerWith({ kind: 'card', card: card('Ben asks for VPN', { id: 'card-7' }), replaces: false, say: null });
    await slack.press('U0ADA', message, 'Details');
    await until(() => last('U0ADA').includes('sentence loading'));
    expect(conversation.kept).toEqual([conversation.handled[1]]);

    // What never comes is owned up to.
    slack.fail('chat.postMessage', { error: 'msg_too_long' });
    await slack.press('U0ADA', message, 'Details');
    await until(() => last('U0ADA').includes('sentence unshown'));
    // Nothing takes anything at all.
    for (const method of ['response_url', 'chat.postEphemeral', 'chat.postMessage'])
      slack.fail(method, { status: 503 });
    answerWith({ kind: 'text', say: words('Ben was reminded.') });
    await slack.press('U0ADA', message, 'Details');
    await until(() => conversation.kept.length === 2);
    expect(conversation.kept[1]).toBe(conversation.handled[3]);
    expect(conversation.owing).toMatchObject([
      { kind: 'card', card: { id: 'card-7' } },
      { kind: 'text', say: words('Ben was reminded.') },
    ]);
    expect(slack.callsOf('chat.postMessage')).toHaveLength(5);
  });

  test('the outcome of a form that Slack does not show in the form comes as a message', async () => {
    await hurry();
    const { conversation, slack } = world;
    const view = await opened('U0ADA');
    slack.fail('views.update', { status: 429, retryAfter: 30 });
    answerWith({ kind: 'card', card: card('R-1 is on its way'), replaces: true, say: null });
    const open = closeGate(conversation);
    await slack.submit(view, { Reason: 'x' });
    open();
    await until(() => slack.messagesOf('U0ADA').some((message) => wordsOf(message).includes('R-1 is on its way')));
  });

  test('row 24: what has to be found again is never ephemeral, what passes is', async () => {
    const { slack } = world;
    answerWith({ kind: 'card', card: card('My access'), replaces: false, say: words('Here you are.') });
    const { body } = await slack.command('U0ADA', 'my access');
    expect(body).toMatchObject({ response_type: 'ephemeral' });
    expect(JSON.stringify(body)).toContain('Here you are.');
    answerWith({ kind: 'card', card: card('Ben asks for VPN', { id: 'card-7' }), replaces: false, say: null });
    await slack.command('U0ADA', 'R-1042');
    await until(() => last('U0ADA').includes('sentence sentDirect'));
    const kept = slack.messagesOf('U0ADA').find((message) => wordsOf(message).includes('Ben asks'));
    expect(kept).toMatchObject({ channel: 'D0U0ADA', onlyFor: null });
    // A button of an ephemeral message changes it by the answer address.
    answerWith({ kind: 'card', card: card('Page two'), replaces: true, say: null });
    answerWith({
      kind: 'card',
      card: card('Page one', { actions: [button('next', 'Next')] }),
      replaces: false,
      say: null,
    });
    await slack.command('U0ADA', 'my access');
    const passing = slack.messagesOf('U0ADA').find((message) => wordsOf(message).includes('Page one'));
    if (passing === undefined) throw new Error('no answer');
    answerWith({ kind: 'card', card: card('Page two'), replaces: true, say: null });
    await slack.press('U0ADA', passing, 'Next');
    await until(() => wordsOf(passing).includes('Page two'));
    expect(slack.callsOf('chat.update')).toEqual([]);
  });

  test('an answer that may follow is ephemeral where it cannot, and says so; where it is a message, the channel says which', async () => {
    const { conversation, slack } = world;
    const reply = (replaces: boolean): Reply => ({
      kind: 'card',
      card: card('R-1042 waits for Ben', { id: 'card-8', actions: [button('details', 'Details')] }),
      replaces,
      say: null,
      follow: {
        card: {} as Follow['card'],
        still: card('R-1042 waits for Ben, as of 10:02', { actions: [button('details', 'Details')] }),
      },
    });
    answerWith(reply(false));
    const { body } = await slack.command('U0ADA', 'R-1042');
    expect(body).toMatchObject({ response_type: 'ephemeral' });
    expect(JSON.stringify(body)).toContain('as of 10:02');
    const passing = slack.messagesOf('U0ADA').at(-1);
    if (passing === undefined) throw new Error('no answer');
    answerWith(reply(true));
    await slack.press('U0ADA', passing, 'Details');
    await until(() => passing.edits === 1);
    expect(wordsOf(passing)).toContain('as of 10:02');
    expect(conversation.stands).toEqual([]);

    const message = await sent('U0ADA', [button('details', 'Details')]);
    answerWith(reply(false));
    await slack.press('U0ADA', message, 'Details');
    await until(() => conversation.stands.length === 1);
    answerWith(reply(true));
    await slack.press('U0ADA', message, 'Details');
    await until(() => conversation.stands.length === 2);
    const place = { tenant: slack.team, conversation: 'D0U0ADA', serviceUrl: null };
    const answer = slack.messagesOf('U0ADA').at(-1);
    expect(conversation.stands).toEqual([
      { ...place, message: answer?.ts },
      { ...place, message: message.ts },
    ]);
    for (const one of [answer, message]) expect(one && wordsOf(one)).not.toContain('as of');

    // A remembered one goes on, also where it was changed by the answer address.
    slack.fail('chat.update', { status: 503 });
    answerWith({
      ...{ kind: 'card', replaces: true, say: null, kept: { version: '1', hash: 'h' } },
      card: card('R-1042 is approved', { id: 'card-8' }),
    });
    await slack.press('U0ADA', message, 'Details');
    await until(() => conversation.stands.length === 3);
    expect([conversation.stands[2], wordsOf(message)]).toEqual([
      { ...place, message: message.ts },
      expect.stringContaining('R-1042 is approved'),
    ]);

    // A dialog shows it and is closed: it says nothing of itself.
    const view = await opened('U0ADA');
    const told = conversation.stands.length;
    answerWith(reply(true));
    await slack.submit(view, { Reason: 'x' });
    expect(wordsOf(view)).toContain('R-1042 waits for Ben');
    expect(wordsOf(view)).not.toContain('as of');
    expect(conversation.stands).toHaveLength(told);
  });

  test('row 25: choices come from the conversation, at most 100, and "type more" is said', async () => {
    const { conversation, slack } = world;
    const view = await opened('U0ADA');
    const choices = Array.from({ length: 130 }, (_, index) => ({
      title: words(`Person ${index} ${'x'.repeat(100)}`),
      value: `p-${index}`,
    }));
    answerWith({
      kind: 'choices',
      choices: [...choices, { title: words('too long'), value: 'v'.repeat(80) }],
      more: words('Type more letters'),
    });
    const offered = await slack.options(view, 'Who', 'per');
    expect(offered).toHaveLength(100);
    expect(offered.every(({ title }) => title.length <= 75)).toBe(true);
    const ask = slack.deliveries.at(-1);
    if (ask === undefined) throw new Error('no delivery');
    expect((await slack.deliver(ask)).body).toMatchObject({
      option_groups: [{ label: { text: 'Type more letters' } }],
    });
    expect(conversation.handled.at(-1)?.act).toEqual({
      kind: 'search',
      search: 'people',
      draft: 'draft-1',
      query: 'per',
    });
    answerWith({ kind: 'choices', choices: [], more: null });
    expect(await slack.options(view, 'Who', 'nobody')).toEqual([]);
  });

  test('a search that depends on what is chosen beside it is told that', async () => {
    const { conversation, slack } = world;
    const [who] = form('', {}).body.filter((one) => one.type === 'Input.ChoiceSet');
    if (who === undefined) throw new Error('no field');
    const what: Element = { ...who, id: 'what', label: words('What'), search: 'packages', dependent: true };
    const view = await opened('U0ADA', { body: [who, what] });
    const asked = async (): Promise<unknown> => {
      answerWith({ kind: 'choices', choices: [], more: null });
      await slack.options(view, 'What', 'led');
      return conversation.handled.at(-1)?.act;
    };
    const act = { kind: 'search', search: 'packages', draft: 'draft-1', query: 'led' };
    expect(await asked()).toEqual(act);
    await slack.choose(view, 'Who', 'p-1');
    await until(() => JSON.stringify(view.view).includes('"p-1"'));
    expect(await asked()).toEqual({ ...act, values: { who: 'p-1' } });
    // It is what was chosen that hears of it, and nothing else of the form changes.
    await slack.submit(view, { Who: 'p-1', What: 'k-1' });
    expect(conversation.handled.at(-1)?.act).toMatchObject({ kind: 'submit', values: { who: 'p-1', what: 'k-1' } });
  });

  test('what is chosen in a form that stands in a message is kept also where there is no room for an edit', async () => {
    await world.stop();
    const never = () => Promise.resolve();
    const room = { mayEdit: () => Promise.resolve(false), mayPost: () => Promise.resolve(true) };
    world = await startWorld(mode, { pace: { ...room, holdEdits: never, holdPosts: never } });
    const { channel, slack } = world;
    const [who] = form('', {}).body.filter((one) => one.type === 'Input.ChoiceSet');
    if (who === undefined) throw new Error('no field');
    const what: Element = { ...who, id: 'what', label: words('What'), search: 'packages', dependent: true };
    const to = { tenant: slack.team, user: 'U0ADA', conversation: null, serviceUrl: null };
    await channel.send(to, form('Ask for VPN', { body: [who, what] }));
    const [message] = slack.messagesOf('U0ADA');
    const decisive = message?.blocks.find((block) => block['dispatch_action'] === true);
    if (message === undefined || decisive === undefined) throw new Error('nothing to choose in');
    const { type, action_id } = decisive['element'] as Json;
    const selected_option = { text: { type: 'plain_text', text: 'Ben' }, value: 'p-1' };
    const action = { type, action_id, block_id: decisive['block_id'], action_ts: '1', selected_option };
    await slack.pressActions('U0ADA', message, [action]);
    await until(() => message.edits === 1);
    expect(JSON.stringify(message.blocks)).toContain('"p-1"');
    expect(slack.callsOf('chat.update')).toEqual([]);
  });

  test('row 27: help, nothing, and words without meaning are answered by the same door', async () => {
    const { conversation, slack } = world;
    for (const text of ['help', '', 'gobbledygook'])
      expect((await slack.command('U0ADA', text)).body).toMatchObject({ response_type: 'ephemeral' });
    expect(conversation.handled.map(({ act }) => act)).toEqual(
      ['help', '', 'gobbledygook'].map((text) => ({ kind: 'text', text })),
    );
  });

  test('row 27: typed words come without the mention of the bot, with names for ids and without escapes', async () => {
    const { conversation, slack } = world;
    await slack.command('U0ADA', 'request VPN for <@U0BEN|ben> because R&amp;D &lt;3 <https://x.example|x.example>');
    expect(conversation.handled[0]?.act).toEqual({
      kind: 'text',
      text: 'request VPN for u0ben@home.example because R&D <3 x.example',
    });
    await slack.mention('U0ADA', 'C0TEAM', 'help');
    await slack.say('U0ADA', `  <@${slack.bot}>, approvals`);
    expect(conversation.accepted.map(({ act }) => act)).toEqual([
      { kind: 'text', text: 'help' },
      { kind: 'text', text: 'approvals' },
    ]);
  });

  test('only what people write to the bot is heard', async () => {
    const { conversation, slack } = world;
    const direct = { type: 'message', channel: 'D0U0ADA', channel_type: 'im', user: 'U0ADA', text: 'help' };
    await slack.event({ ...direct, subtype: 'message_changed', message: { text: 'x' } });
    await slack.event({ ...direct, subtype: 'bot_message', bot_id: 'B1' });
    await slack.event({ ...direct, bot_id: 'B1' });
    await slack.event({ ...direct, bot_profile: { id: 'B1' } });
    await slack.event({ ...direct, user: slack.bot });
    await slack.event({ ...direct, user: undefined });
    await slack.event({ ...direct, channel_type: 'channel', channel: 'C0TEAM' });
    await slack.event({ type: 'app_home_opened', user: 'U0ADA', tab: 'messages', channel: 'D0U0ADA' });
    await slack.event({ type: 'reaction_added', user: 'U0ADA', item: {} });
    expect(conversation.accepted).toEqual([]);
    expect(conversation.handled).toEqual([]);
    await slack.event(direct);
    expect(conversation.accepted).toHaveLength(1);
  });

  test.each(['file_share', 'thread_broadcast', 'me_message'])(
    'what a person writes as %s is heard',
    async (subtype) => {
      const { conversation, slack } = world;
      const picture = subtype === 'file_share' ? { files: [{ id: 'F0PIC', mode: 'hosted' }], upload: false } : {};
      await slack.say('U0ADA', 'request payroll', { subtype, bot_id: 'B1', ...picture });
      await slack.say(slack.bot, 'request payroll', { subtype, ...picture });
      await slack.say('U0ADA', 'request payroll', { subtype, hidden: true });
      expect(conversation.accepted).toEqual([]);
      await slack.say('U0ADA', 'request payroll', { subtype, ...picture });
      expect(conversation.accepted.map(({ act }) => act)).toEqual([{ kind: 'text', text: 'request payroll' }]);
    },
  );

  test('a message in direct messages is stored before Slack is asked who wrote it', async () => {
    const { conversation, slack } = world;
    slack.fail('users.info', { status: 500 }, 3);
    await slack.say('U0ADA', 'my access');
    expect(conversation.accepted.map(({ user, profile }) => ({ user, profile }))).toEqual([
      { user: 'U0ADA', profile: null },
    ]);
    expect(slack.callsOf('users.info')).toEqual([]);
  });

  test('a stored message is answered where it was said', async () => {
    const { channel, conversation, slack } = world;
    await slack.say('U0ADA', 'my access');
    const [inbound] = conversation.accepted;
    if (inbound === undefined) throw new Error('not stored');
    expect(inbound.surface).toMatchObject({ kind: 'personal', conversation: 'D0U0ADA', canOpenForm: false });
    const ref = await channel.answer(inbound, {
      kind: 'card',
      card: card('My access', { id: 'card-2' }),
      replaces: false,
      say: null,
    });
    expect(ref).toMatchObject({
      tenant: slack.team,
      conversation: 'D0U0ADA',
      message: slack.messagesOf('U0ADA').at(-1)?.ts,
    });
    expect(await channel.answer(inbound, { kind: 'none' })).toBeNull();
  });

  test('a form in a message, where no view could be opened, is sent by its button', async () => {
    const { channel, conversation, slack } = world;
    await slack.say('U0ADA', 'request VPN');
    const [inbound] = conversation.accepted;
    if (inbound === undefined) throw new Error('not stored');
    await channel.answer(inbound, { kind: 'form', card: form('Ask for VPN') });
    const message = slack.messagesOf('U0ADA').at(-1);
    if (message === undefined) throw new Error('no form');
    conversation.forms = () => false;
    const state = { values: { 'in~reason': { value: { type: 'plain_text_input', value: 'audit' } } } };
    await slack.press('U0ADA', message, 'Submit', { state });
    await until(() => conversation.handled.length === 1);
    expect(conversation.handled[0]?.act).toEqual({
      kind: 'submit',
      verb: 'request-submit',
      draft: 'draft-1',
      data: {},
      values: { reason: 'audit' },
    });
  });

  test('row 28: nothing but one line is said in a channel, and only to the person who asked', async () => {
    const { channel, conversation, slack } = world;
    for (const place of ['C0TEAM', 'C0SHARED']) {
      await slack.mention('U0ADA', place, 'my access');
      const inbound = conversation.accepted.at(-1);
      if (inbound === undefined) throw new Error('not stored');
      expect(inbound.surface).toMatchObject({ kind: 'channel', conversation: place });
      await channel.answer(inbound, { kind: 'card', card: card('Secret access'), replaces: false, say: null });
      await channel.answer(inbound, { kind: 'text', say: words('Secret words') });
      const there = slack.messages.filter((message) => message.channel === place);
      expect(there.map(({ onlyFor }) => onlyFor)).toEqual(['U0ADA', 'U0ADA']);
      expect(there.map(wordsOf).join()).not.toContain('Secret');
      expect(
        slack
          .messagesOf('U0ADA')
          .filter((message) => message.channel === 'D0U0ADA')
          .map(wordsOf)
          .join(),
      ).toContain('Secret access');
    }
  });

  test('row 28: somebody of another company who mentions the bot is refused without being stored', async () => {
    const { conversation, slack } = world;
    await slack.mention('U0ZOE', 'C0SHARED', 'my access');
    await until(() => last('U0ZOE').includes('No foreign.'));
    expect(conversation.accepted).toEqual([]);
    expect(conversation.effects).toBe(0);
  });

  test('row 67: tokens, secrets, addresses and what people wrote are in no log line', async () => {
    const { conversation, slack } = world;
    const message = await sent('U0ADA');
    slack.fail('chat.update', { status: 500, body: 'canary-body' });
    slack.fail('users.info', { error: 'invalid_auth' });
    answerWith({ kind: 'card', card: card('canary-card', { id: 'card-1' }), replaces: true, say: null });
    await slack.press('U0ADA', message, 'Approve');
    const second = await sent('U0ADA');
    const view = await opened('U0BEN');
    slack.fail('views.update', { status: 502, body: 'canary-page' });
    answerWith({ kind: 'form', card: form('canary-form') });
    await slack.submit(view, { reason: 'canary-reason' });
    await slack.say('U0ADA', 'canary-words');
    await slack.command('U0ADA', 'deny R-1 because canary-words');
    conversation.gate = Promise.reject(new Error('broken'));
    await slack.command('U0ADA', 'canary-words');
    await slack.press('U0ADA', second, 'Approve', { response_url: 'https://evil.example/canary' });
    await until(() => world.lines.some((line) => line.includes('slack act failed')));
    expect(world.lines.length).toBeGreaterThan(2);
    expect(world.lines.filter((line) => line.includes('canary'))).toEqual([]);
  });
});

describe('when Slack is ill', () => {
  let world: World;
  afterEach(async () => {
    await world.stop();
  });

  test('row 12: a delivery that cannot be authorized raises an alarm and is not lost', async () => {
    world = await startWorld('http', {}, (slack) => {
      slack.fail('auth.test', { status: 500 }, 3);
    });
    const { conversation, lines, slack } = world;
    expect(lines.some((line) => line.includes('"level":"error"') && line.includes('cannot be asked who we are'))).toBe(
      true,
    );
    expect((await slack.say('U0ADA', 'help')).status).toBe(503);
    expect(lines.some((line) => line.includes('"level":"error"') && line.includes('could not be authorized'))).toBe(
      true,
    );
    const event = slack.deliveries.at(-1);
    if (event === undefined) throw new Error('no delivery');
    await until(() => slack.callsOf('auth.test').length >= 2);
    let status = 503;
    while (status === 503 && slack.callsOf('auth.test').length < 6) status = (await slack.deliver(event)).status;
    expect(status).toBe(200);
    expect(conversation.accepted).toHaveLength(1);
  });

  test('row 12: over Socket Mode such an event is not acknowledged either', async () => {
    world = await startWorld('socket', {}, (slack) => {
      slack.fail('auth.test', { status: 500 }, 2);
    });
    const { conversation, lines, slack } = world;
    let acknowledged = false;
    void slack.say('U0ADA', 'help').then(() => {
      acknowledged = true;
    });
    await until(() => lines.some((line) => line.includes('could not be authorized')));
    const event = slack.deliveries.at(-1);
    if (event === undefined) throw new Error('no delivery');
    await slack.deliver(event);
    expect([acknowledged, conversation.accepted.length]).toEqual([false, 1]);
  });

  test('row 34: an acknowledgement that finds no connection does not keep the outcome back', async () => {
    world = await startWorld('socket');
    const { conversation, lines, slack } = world;
    await world.channel.send(
      { tenant: slack.team, user: 'U0ADA', conversation: null, serviceUrl: null },
      card('Ben asks for VPN', { id: 'card-1', actions: [button('approve', 'Approve')] }),
    );
    const message = slack.messagesOf('U0ADA').at(-1);
    if (message === undefined) throw new Error('nothing was sent');
    conversation.reply = () => ({
      kind: 'card',
      card: card('Approved by Ada', { id: 'card-1' }),
      replaces: true,
      say: null,
    });
    const open = closeGate(conversation);
    void slack.press('U0ADA', message, 'Approve');
    await until(() => conversation.handled.length === 1);
    slack.fail('apps.connections.open', { status: 500 }, 50);
    slack.dropConnections();
    await until(() => !slack.connected);
    open();
    await until(() => message.edits === 1);
    expect(lines.filter((line) => line.includes('acknowledgement could not be sent'))).toHaveLength(1);
  });

  test('row 34: a connection that breaks is made again, and deliveries go on', async () => {
    world = await startWorld('socket');
    const { conversation, slack } = world;
    slack.dropConnections();
    await until(() => !slack.connected);
    await until(() => slack.connected);
    await slack.say('U0ADA', 'help');
    expect(conversation.accepted).toHaveLength(1);
  });
});
