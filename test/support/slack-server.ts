// Slack with its people: they type, press, search and fill in forms, as their clients would send it, signed and over HTTP or
// Socket Mode. Nothing in it knows Usher.
import { createHmac } from 'node:crypto';
import { isJson, linksIn, SlackApi, type Json, type SlackMessage, type SlackView } from './slack-api';

export type { Json, SlackMessage, SlackView } from './slack-api';

/** How the app answered a delivery. */
export interface Shown {
  readonly status: number;
  readonly body: unknown;
  /** At fields of the form that was sent, by block id. */
  readonly errors: Readonly<Record<string, string>> | null;
}

type Kind = 'events_api' | 'interactive' | 'slash_commands';

/** A delivery as it went out, so that it can be sent once more. */
export interface Delivery {
  readonly kind: Kind;
  readonly body: Json;
}

/** A workspace, its people and their clients. `start`, `connect` to the app's request URL (or none: Socket Mode). */
export class SlackServer extends SlackApi {
  readonly deliveries: Delivery[] = [];
  readonly #waiting = new Map<string, (payload: unknown) => void>();
  #endpoint: string | null = null;

  connect(endpoint: string): void {
    this.#endpoint = endpoint;
  }

  /** Somebody writes to the bot in its direct messages. */
  async say(user: string, text: string, more: Json = {}): Promise<Shown> {
    const channel = this.directOf(user);
    return await this.event({
      type: 'message',
      channel,
      channel_type: 'im',
      user,
      text,
      team: this.#teamOf(user),
      ...more,
    });
  }

  /** Somebody mentions the bot in a channel. */
  async mention(user: string, channel: string, text: string): Promise<Shown> {
    const event = { type: 'app_mention', channel, user, text: `<@${this.bot}> ${text}`, team: this.#teamOf(user) };
    return await this.event(event, { is_ext_shared_channel: this.channels.get(channel)?.shared ?? false });
  }

  /** Somebody writes where others read along; the app hears of the links of its domains. */
  async post(
    user: string,
    channel: string,
    text: string,
    more: Json = {},
  ): Promise<{ readonly message: SlackMessage; readonly shown: Shown | null }> {
    const message = this.addMessage(channel, { text }, null);
    const links = linksIn(text)
      .map((url) => ({ domain: new URL(url).hostname, url }))
      .filter(({ domain }) => this.unfurlDomains.includes(domain));
    const event = {
      type: 'link_shared',
      channel,
      user,
      message_ts: message.ts,
      unfurl_id: `${channel}.${message.ts}.${'0'.repeat(32)}`,
      source: channel === 'COMPOSER' ? 'composer' : 'conversations_history',
      is_bot_user_member: this.channels.get(channel)?.members.has(this.bot) ?? false,
      links,
      ...more,
    };
    const envelope = { is_ext_shared_channel: this.channels.get(channel)?.shared ?? false };
    return { message, shown: links.length === 0 ? null : await this.event(event, envelope) };
  }

  /** A click on a button that the app put beside a link. */
  async pressUnfurl(user: string, message: SlackMessage, titleOrId: string): Promise<Shown> {
    const [url, blocks = []] = Object.entries(message.unfurls ?? {})[0] ?? [];
    const { block, button } = buttonIn(blocks, titleOrId);
    return await this.pressActions(user, message, [this.#action(button, block)], {
      container: {
        type: 'message_attachment',
        message_ts: message.ts,
        attachment_id: 1,
        channel_id: message.channel,
        is_ephemeral: false,
        is_app_unfurl: true,
        app_unfurl_url: url,
      },
      message: undefined,
      app_unfurl: { id: 1, blocks },
    });
  }

  async event(event: Json, envelope: Json = {}): Promise<Shown> {
    const ts = `${Math.floor(this.now() / 1000)}.${String(this.unique()).padStart(6, '0')}`;
    const authorization = {
      team_id: this.team,
      enterprise_id: this.enterprise,
      user_id: this.bot,
      is_bot: true,
      is_enterprise_install: false,
    };
    return await this.deliver({
      kind: 'events_api',
      body: {
        type: 'event_callback',
        team_id: this.team,
        api_app_id: this.appId,
        event: { ts, event_ts: ts, ...event },
        event_id: `Ev${this.unique()}`,
        event_time: Math.floor(this.now() / 1000),
        authorizations: [authorization],
        is_ext_shared_channel: false,
        ...envelope,
      },
    });
  }

  /** Somebody types the slash command; without a channel, where the bot is not. */
  async command(user: string, text: string, more: Json = {}): Promise<Shown> {
    const channel = 'C0ELSEWHERE';
    const shown = await this.deliver({
      kind: 'slash_commands',
      body: {
        command: '/usher',
        text,
        user_id: user,
        user_name: user.toLowerCase(),
        team_id: this.team,
        team_domain: 'home',
        channel_id: channel,
        channel_name: 'elsewhere',
        api_app_id: this.appId,
        is_enterprise_install: 'false',
        trigger_id: this.makeTrigger(user),
        response_url: this.makeAnswerUrl(user, channel, null),
        ...more,
      },
    });
    if (isJson(shown.body) && shown.body['text'] !== undefined) this.addMessage(channel, shown.body, user);
    return shown;
  }

  /** A click on a button of a message, by title or by the beginning of its action id. */
  async press(user: string, message: SlackMessage, titleOrId: string, more: Json = {}): Promise<Shown> {
    const { block, button } = buttonIn(message.blocks, titleOrId);
    return await this.pressActions(user, message, [this.#action(button, block)], more);
  }

  /** Any actions on a message. */
  async pressActions(user: string, message: SlackMessage, actions: readonly Json[], more: Json = {}): Promise<Shown> {
    const { channel, onlyFor, ts } = message;
    return await this.deliver({
      kind: 'interactive',
      body: {
        type: 'block_actions',
        user: { id: user, username: user.toLowerCase(), team_id: this.#teamOf(user) },
        team: { id: this.team, domain: 'home' },
        api_app_id: this.appId,
        container: { type: 'message', message_ts: ts, channel_id: channel, is_ephemeral: onlyFor !== null },
        channel: { id: channel, name: channel.startsWith('D') ? 'directmessage' : 'channel' },
        ...(onlyFor === null ? { message: { type: 'message', ts, text: message.text, blocks: message.blocks } } : {}),
        trigger_id: this.makeTrigger(user),
        response_url: this.makeAnswerUrl(user, channel, message),
        actions,
        ...more,
      },
    });
  }

  /** A click on a button inside a modal. */
  async pressIn(view: SlackView, titleOrId: string, values: Readonly<Record<string, string>> = {}): Promise<Shown> {
    const { block, button } = buttonIn((view.view['blocks'] ?? []) as Json[], titleOrId);
    return await this.deliver({
      kind: 'interactive',
      body: {
        ...this.#inView(view, values),
        type: 'block_actions',
        container: { type: 'view', view_id: view.id },
        actions: [this.#action(button, block)],
      },
    });
  }

  /** Sends a form; values by input id or label, the rest as the form has it. */
  async submit(view: SlackView, values: Readonly<Record<string, string>> = {}): Promise<Shown> {
    if (!isJson(view.view['submit'])) throw new Error('the view has no submit button');
    const state = stateOf(view, values);
    for (const block of inputsIn(view)) {
      const answer = Object.values(Object.values(state[String(block['block_id'])] as Json)[0] as Json).slice(1)[0];
      const empty = answer === null || answer === '' || (Array.isArray(answer) && answer.length === 0);
      if (block['optional'] !== true && empty) throw new Error(`the client wants "${textOf(block['label'])}" first`);
    }
    const shown = await this.deliver({
      kind: 'interactive',
      body: { ...this.#inView(view, values), type: 'view_submission', response_urls: [] },
    });
    const answer = isJson(shown.body) ? shown.body : {};
    if (shown.status !== 200) return shown;
    if (answer['response_action'] === 'update') this.replaceView(view, answer['view'] as Json);
    else if (answer['response_action'] !== 'errors') view.open = false;
    return shown;
  }

  /** Somebody chooses in a field of a form; the app hears of it where the field says so. */
  async choose(view: SlackView, field: string, value: string): Promise<Shown | null> {
    const block = inputIn(view, field);
    if (block['dispatch_action'] !== true) return null;
    const element = block['element'] as Json;
    const { action_id, block_id } = { action_id: element['action_id'], block_id: block['block_id'] };
    return await this.deliver({
      kind: 'interactive',
      body: {
        ...this.#inView(view, { [field]: value }),
        type: 'block_actions',
        container: { type: 'view', view_id: view.id },
        actions: [{ action_id, block_id, action_ts: String(this.now()), ...elementState(element, value) }],
      },
    });
  }

  /** Somebody types into a field that searches; Slack tells of its view as it was drawn last; the titles and values offered. */
  async options(view: SlackView, field: string, query: string): Promise<{ title: string; value: string }[]> {
    const block = inputIn(view, field);
    const element = block['element'] as Json;
    const { body } = await this.deliver({
      kind: 'interactive',
      body: {
        ...this.#inView(view, {}),
        type: 'block_suggestion',
        container: { type: 'view', view_id: view.id },
        action_id: element['action_id'],
        block_id: block['block_id'],
        value: query,
      },
    });
    const answer = isJson(body) ? body : {};
    const groups = (answer['option_groups'] ?? [{ options: answer['options'] ?? [] }]) as { options: Json[] }[];
    const options = groups.flatMap((group) => group.options);
    if (options.length > 100) throw new Error(`${options.length} options, Slack takes 100`);
    return options.map((option) => ({ title: textOf(option['text']), value: String(option['value']) }));
  }

  /** Somebody closes a modal. */
  close(view: SlackView): void {
    view.open = false;
  }

  /** Sends a delivery, or one of `deliveries` again. */
  async deliver(delivery: Delivery, headers: Record<string, string> = {}): Promise<Shown> {
    this.deliveries.push(delivery);
    const { status, body } =
      this.#endpoint === null ? await this.#bySocket(delivery) : await this.#byHttp(this.#endpoint, delivery, headers);
    const errors =
      isJson(body) && body['response_action'] === 'errors' ? (body['errors'] as Record<string, string>) : null;
    return { status, body, errors };
  }

  /** The headers and bytes of a signed request. */
  signed(delivery: Delivery, at = this.now()): { headers: Record<string, string>; body: string } {
    const json = JSON.stringify(delivery.body);
    const body =
      delivery.kind === 'events_api'
        ? json
        : delivery.kind === 'interactive'
          ? new URLSearchParams({ payload: json }).toString()
          : new URLSearchParams(delivery.body as Record<string, string>).toString();
    return {
      headers: this.sign(
        body,
        delivery.kind === 'events_api' ? 'application/json' : 'application/x-www-form-urlencoded',
        at,
      ),
      body,
    };
  }

  sign(body: string, type: string, at = this.now()): Record<string, string> {
    const timestamp = String(Math.floor(at / 1000));
    const hash = createHmac('sha256', this.signingSecret).update(`v0:${timestamp}:${body}`).digest('hex');
    return { 'content-type': type, 'x-slack-request-timestamp': timestamp, 'x-slack-signature': `v0=${hash}` };
  }

  protected override onSocketMessage(message: Json): void {
    super.onSocketMessage(message);
    const id = String(message['envelope_id']);
    this.#waiting.get(id)?.(message['payload']);
    this.#waiting.delete(id);
  }

  async #byHttp(
    endpoint: string,
    delivery: Delivery,
    headers: Record<string, string>,
  ): Promise<Pick<Shown, 'status' | 'body'>> {
    const request = this.signed(delivery);
    const response = await fetch(endpoint, {
      method: 'POST',
      body: request.body,
      headers: { ...request.headers, ...headers },
    });
    const text = await response.text();
    const json = response.headers.get('content-type')?.startsWith('application/json') === true;
    return { status: response.status, body: json ? (JSON.parse(text) as unknown) : text };
  }

  async #bySocket({ body, kind }: Delivery): Promise<Pick<Shown, 'status' | 'body'>> {
    const id = `envelope${this.unique()}`;
    const acked = new Promise<unknown>((resolve) => this.#waiting.set(id, resolve));
    const accepts = kind !== 'events_api';
    if (!this.sendSocket({ envelope_id: id, type: kind, payload: body, accepts_response_payload: accepts })) {
      throw new Error('the app is not connected');
    }
    const payload = await acked;
    return { status: 200, body: isJson(payload) && Object.keys(payload).length > 0 ? payload : '' };
  }

  #teamOf(user: string): string {
    return this.users.get(user)?.team ?? this.team;
  }

  #action(button: Json, block: string): Json {
    const action_ts = `${Math.floor(this.now() / 1000)}.${String(this.unique()).padStart(6, '0')}`;
    const { action_id, text, type, value } = button;
    return { type, action_id, block_id: block, text, action_ts, ...(value === undefined ? {} : { value }) };
  }

  #inView(view: SlackView, values: Readonly<Record<string, string>>): Json {
    const { hash, id, user } = view;
    return {
      user: { id: user, name: user.toLowerCase(), team_id: this.#teamOf(user) },
      team: { id: this.team, domain: 'home' },
      api_app_id: this.appId,
      trigger_id: this.makeTrigger(user),
      view: {
        ...view.view,
        id,
        hash,
        team_id: this.team,
        app_installed_team_id: this.team,
        state: { values: stateOf(view, values) },
      },
    };
  }
}

/** All words of a message or view, for looking whether something is said. */
export function wordsOf(shown: {
  readonly text?: string;
  readonly blocks?: readonly Json[];
  readonly view?: Json;
}): string {
  const words: string[] = [shown.text ?? ''];
  const walk = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(walk);
    else if (isJson(value)) {
      if (typeof value['text'] === 'string') words.push(value['text']);
      Object.values(value).forEach(walk);
    }
  };
  walk(shown.blocks ?? []);
  walk(shown.view ?? {});
  return words.join('\n');
}

function textOf(value: unknown): string {
  return isJson(value) && typeof value['text'] === 'string' ? value['text'] : '';
}

function buttonIn(blocks: readonly Json[], titleOrId: string): { button: Json; block: string } {
  for (const block of blocks) {
    const elements = [...((block['elements'] ?? []) as unknown[]), block['accessory']].filter(isJson);
    const button = elements.find(
      (element) => textOf(element['text']) === titleOrId || String(element['action_id']).startsWith(`${titleOrId}~`),
    );
    if (button !== undefined) return { button, block: String(block['block_id']) };
  }
  throw new Error(`no button "${titleOrId}" in ${JSON.stringify(blocks)}`);
}

function inputsIn(view: SlackView): Json[] {
  return ((view.view['blocks'] ?? []) as Json[]).filter((block) => block['type'] === 'input');
}

function inputIn(view: SlackView, name: string): Json {
  const found = inputsIn(view).find((block) => isNamed(block, name));
  if (found === undefined) throw new Error(`no field "${name}" in ${JSON.stringify(view.view)}`);
  return found;
}

function isNamed(block: Json, name: string): boolean {
  return textOf(block['label']) === name || String(block['block_id']).endsWith(`~${name}`);
}

/** `view.state.values`: what was given, else what the form came with. */
function stateOf(view: SlackView, values: Readonly<Record<string, string>>): Json {
  for (const name of Object.keys(values)) inputIn(view, name);
  return Object.fromEntries(
    inputsIn(view).map((block) => {
      const element = block['element'] as Json;
      const given = Object.entries(values).find(([name]) => isNamed(block, name))?.[1] ?? null;
      return [String(block['block_id']), { [String(element['action_id'])]: elementState(element, given) }];
    }),
  );
}

function elementState(element: Json, given: string | null): Json {
  const type = String(element['type']);
  const option = (value: string): Json => {
    const offered = ((element['options'] ?? []) as Json[]).find(
      (one) => one['value'] === value || textOf(one['text']) === value,
    );
    if (offered === undefined && element['options'] !== undefined) throw new Error(`"${value}" is not offered`);
    return offered ?? { text: { type: 'plain_text', text: value }, value };
  };
  switch (type) {
    case 'datepicker':
      return { type, selected_date: given ?? element['initial_date'] ?? null };
    case 'timepicker':
      return { type, selected_time: given ?? element['initial_time'] ?? null };
    case 'static_select':
    case 'external_select':
    case 'radio_buttons':
      return { type, selected_option: given === null ? (element['initial_option'] ?? null) : option(given) };
    case 'checkboxes':
    case 'multi_static_select':
    case 'multi_external_select': {
      const chosen =
        given === null
          ? (element['initial_options'] ?? [])
          : given
              .split(',')
              .filter((value) => value !== '')
              .map(option);
      return { type, selected_options: chosen };
    }
    default:
      return { type, value: given ?? element['initial_value'] ?? null };
  }
}
