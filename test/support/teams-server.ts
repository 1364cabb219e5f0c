// Teams with its people: they install, type, click, fill in dialogs and search, as their clients would send it, signed with the
// channel's key. Nothing in it knows Usher.
import { TeamsConnector, type Fault, type TeamsMessage, type TeamsPerson } from './teams-connector';
import { at, buttonOf, inputsOf, isJson, listOf, pressedData, textOf, type ClientAge, type Json } from './teams-client';
import type { TokenChange } from './teams-tokens';

export type { Fault, TeamsMessage, TeamsPerson };

export interface TeamsDialog {
  readonly title: string;
  readonly card: Json;
}

/** What the client shows after a click. */
export interface Shown {
  readonly status: number;
  readonly body: unknown;
  readonly card: Json | null;
  readonly toast: string | null;
  readonly error: string | null;
  readonly dialog: TeamsDialog | null;
  readonly activity: Json;
}

/** A Teams tenant with a Bot Connector. `start`, `connect` to the bot's endpoint, then let people speak. */
export class TeamsServer extends TeamsConnector {
  #endpoint = '';

  /** Where activities go: the bot's messaging endpoint. */
  connect(endpoint: string): void {
    this.#endpoint = endpoint;
  }

  /** Somebody types. In a channel the bot has to be mentioned, and the client writes the mention into the text. */
  async say(person: TeamsPerson, text: string, where: { channel?: string } = {}): Promise<Shown> {
    const { channel } = where;
    if (channel === undefined) return await this.deliver(this.activity(person, { type: 'message', text }));
    return await this.deliver(
      this.activity(person, {
        type: 'message',
        text: `<at>Usher</at> ${text}`,
        entities: [
          { type: 'mention', text: '<at>Usher</at>', mentioned: { id: `28:${this.appId}`, name: 'Usher' } },
          clientInfo,
        ],
        conversation: { id: channel, conversationType: 'channel', tenantId: person.tenant, isGroup: true },
      }),
    );
  }

  /** The app is installed for somebody: Teams tells it twice. */
  async install(person: TeamsPerson): Promise<Shown[]> {
    const bot = { id: `28:${this.appId}`, name: 'Usher' };
    return [
      await this.deliver(this.activity(person, { type: 'installationUpdate', action: 'add' })),
      await this.deliver(this.activity(person, { type: 'conversationUpdate', membersAdded: [bot] })),
    ];
  }

  /** A click on a button of a message, by title or verb. Inputs by id or label; the rest keeps what the card says. */
  async press(
    person: TeamsPerson,
    message: TeamsMessage | { readonly id: string; readonly card: Json | null },
    titleOrVerb: string,
    inputs: Readonly<Record<string, string>> = {},
    client: ClientAge = 'current',
  ): Promise<Shown> {
    const button = buttonOf(message.card, titleOrVerb);
    const replyToId = message.id;
    if (button['type'] === 'Action.Execute' && client === 'current') {
      const data = pressedData(message.card, button, inputs);
      const action = { type: 'Action.Execute', id: '', verb: button['verb'], data };
      return await this.invoke(person, 'adaptiveCard/action', { action, trigger: 'manual' }, { replyToId });
    }
    const submit = button['type'] === 'Action.Execute' ? at(button, 'fallback') : button;
    if (!isJson(submit)) throw new Error(`"${titleOrVerb}" has no fallback for old clients`);
    const data = pressedData(message.card, submit, inputs);
    if (textOf(data, 'msteams', 'type') === 'task/fetch') {
      return await this.invoke(person, 'task/fetch', { data, context: { theme: 'default' } }, { replyToId });
    }
    return await this.deliver(this.activity(person, { type: 'message', value: data, replyToId }));
  }

  /** A click on a button that opens a dialog; fails where none opens. */
  async openDialog(person: TeamsPerson, message: TeamsMessage, titleOrVerb: string): Promise<TeamsDialog> {
    const { dialog, body } = await this.press(person, message, titleOrVerb);
    if (dialog === null) throw new Error(`No dialog opened: ${JSON.stringify(body)}`);
    return dialog;
  }

  async submitDialog(
    person: TeamsPerson,
    dialog: TeamsDialog,
    titleOrVerb: string,
    inputs: Readonly<Record<string, string>> = {},
  ): Promise<Shown> {
    const button = buttonOf(dialog.card, titleOrVerb);
    if (button['type'] !== 'Action.Submit') throw new Error('Only Action.Submit works in a dialog');
    const data = pressedData(dialog.card, button, inputs);
    return await this.invoke(person, 'task/submit', { data, context: { theme: 'default' } });
  }

  /** Typing in a search field of a card; `inputs`: what is chosen beside it, which goes along where the card says so. */
  async search(
    person: TeamsPerson,
    card: Json,
    input: string,
    queryText: string,
    inputs: Json = {},
  ): Promise<readonly { readonly title: string; readonly value: string }[]> {
    const field = searchField(card, input);
    const dataset = textOf(field, 'choices.data', 'dataset');
    const isWithInputs = textOf(field, 'choices.data', 'associatedInputs') === 'auto';
    const data = Object.fromEntries(inputsOf(card).map((one) => [textOf(one, 'id'), textOf(one, 'value')]));
    const { body } = await this.invoke(person, 'application/search', {
      queryText,
      queryOptions: { skip: 0, top: 15 },
      dataset,
      ...(isWithInputs ? { data: { ...data, ...inputs } } : {}),
    });
    return listOf(at(body, 'value', 'results')) as { title: string; value: string }[];
  }

  async invoke(person: TeamsPerson, name: string, value: unknown, more: Json = {}): Promise<Shown> {
    return await this.deliver(this.activity(person, { type: 'invoke', name, value, ...more }));
  }

  activity(person: TeamsPerson, fields: Json): Json {
    const id = `f:${Date.now()}${this.next++}`;
    return {
      channelId: 'msteams',
      serviceUrl: this.urls.serviceUrl,
      id,
      timestamp: new Date().toISOString(),
      from: {
        id: person.id,
        name: person.name,
        ...(person.role === 'anonymous' ? {} : { aadObjectId: person.aadObjectId }),
        ...(person.role === undefined ? {} : { userRole: person.role }),
      },
      recipient: { id: `28:${this.appId}`, name: 'Usher' },
      conversation: { id: person.conversation, conversationType: 'personal', tenantId: person.tenant },
      channelData: { tenant: { id: person.tenant } },
      locale: 'en-GB',
      entities: [clientInfo],
      ...fields,
    };
  }

  /** Posts an activity with a token as Teams does. The same activity twice is a redelivery. */
  async deliver(activity: Json, change: TokenChange = {}): Promise<Shown> {
    const token = this.tokens.token(textOf(activity, 'serviceUrl'), change);
    const response = await this.post(JSON.stringify(activity), { authorization: `Bearer ${token}` });
    return { ...response, ...shownBy(response.body), activity };
  }

  async post(body: string, headers: Readonly<Record<string, string>>): Promise<{ status: number; body: unknown }> {
    const response = await fetch(this.#endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
      // Teams gives up between 10 and 15 s, and is not slowed down by what else this machine does.
      signal: AbortSignal.timeout(60_000),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? null : (JSON.parse(text) as unknown) };
  }
}

const clientInfo = {
  type: 'clientInfo',
  locale: 'en-GB',
  country: 'GB',
  platform: 'Web',
  timezone: 'Europe/Berlin',
} as const;

function searchField(card: Json, input: string): Json {
  const found = inputsOf(card).find(
    (field) => [textOf(field, 'id'), textOf(field, 'label')].includes(input) && isJson(field['choices.data']),
  );
  if (found === undefined) throw new Error(`No search field "${input}" on the card`);
  return found;
}

/** What a client makes of the answer to an invoke. */
function shownBy(body: unknown): Pick<Shown, 'card' | 'toast' | 'error' | 'dialog'> {
  const nothing = { card: null, toast: null, error: null, dialog: null };
  const value = at(body, 'value');
  switch (textOf(body, 'type')) {
    case 'application/vnd.microsoft.card.adaptive':
      return { ...nothing, card: isJson(value) ? value : null };
    case 'application/vnd.microsoft.activity.message':
      return { ...nothing, toast: String(value) };
    case 'application/vnd.microsoft.error':
      return { ...nothing, error: textOf(value, 'message') };
  }
  const task = at(body, 'task');
  if (textOf(task, 'type') === 'message') return { ...nothing, toast: textOf(task, 'value') };
  const card = at(task, 'value', 'card', 'content');
  if (textOf(task, 'type') !== 'continue' || !isJson(card)) return nothing;
  return { ...nothing, dialog: { title: textOf(task, 'value', 'title'), card } };
}
