// A verified activity to an Inbound. Knows Teams' fields and nothing of what the acts mean; what it cannot read it calls
// `unknown`, never an error.
import { createHash } from 'node:crypto';
import { readPressed } from '../../chat/adaptive';
import type { Act, Inbound, Profile, Surface } from '../../chat/inbound';
import { isObject, objectAt, textAt } from './body';
import { tenantsOf } from './gate';
import { typedText } from './typed';

/** A verified activity as JSON. */
export type RawActivity = Readonly<Record<string, unknown>>;

/** Where the answer to an invoke is shown, which decides its form. */
export type Place = 'card' | 'dialog' | 'search';

export type Delivery =
  /** Stored first, answered later by a job. */
  | { readonly kind: 'event'; readonly inbound: Inbound }
  /** A button that came as a message: done now, answered in the chat. */
  | { readonly kind: 'click'; readonly inbound: Inbound }
  /** Answered in the response. */
  | { readonly kind: 'invoke'; readonly inbound: Inbound; readonly place: Place }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'ignored' };

/** Reads one activity that the gate let in. */
export function readActivity(activity: RawActivity, now: Date): Delivery {
  // Other bots of the conversation, and echoes of our own messages: answering them could go on for ever.
  if ((textAt(activity['from'], 'id') ?? '').startsWith('28:') || textAt(activity['from'], 'role') === 'bot') {
    return { kind: 'ignored' };
  }
  switch (activity['type']) {
    case 'message':
      return readMessage(activity);
    case 'invoke':
      return readInvoke(activity);
    case 'installationUpdate':
      return activity['action'] === 'add' ? readWelcome(activity, now) : { kind: 'ignored' };
    case 'conversationUpdate':
      return addsTheBot(activity) ? readWelcome(activity, now) : { kind: 'ignored' };
    default:
      return { kind: 'ignored' };
  }
}

function readMessage(activity: RawActivity): Delivery {
  // The Submit fallback of a button, and Submit of a card in a chat, come as a message with a value. One that is not ours
  // is left aside; whatever words came with it are answered like any others.
  const act = readAct(activity['value']);
  if (act !== null) return { kind: 'click', inbound: inbound(activity, act) };
  return { kind: 'event', inbound: inbound(activity, { kind: 'text', text: typedText(activity) }) };
}

function readInvoke(activity: RawActivity): Delivery {
  const value = activity['value'];
  switch (activity['name']) {
    case 'adaptiveCard/action': {
      const act = readAct(objectAt(value, 'action')['data']);
      if (act === null) return { kind: 'unknown' };
      return { kind: 'invoke', inbound: inbound(activity, act), place: 'card' };
    }
    case 'task/fetch': {
      const pressed = readPressed(objectAt(value, 'data'));
      if (pressed === null) return { kind: 'unknown' };
      const { verb, data, card } = pressed;
      const act: Act = { kind: 'press', verb, data, card };
      return { kind: 'invoke', inbound: inbound(activity, act), place: 'dialog' };
    }
    case 'task/submit': {
      const act = readAct(objectAt(value, 'data'));
      if (act === null) return { kind: 'unknown' };
      return { kind: 'invoke', inbound: inbound(activity, act), place: 'dialog' };
    }
    case 'application/search': {
      // The dataset carries the form's draft, since no other id of the form comes along (`createDraw` in reply.ts writes it).
      const [search = '', draft = ''] = (textAt(value, 'dataset') ?? '').split('/');
      if (search === '') return { kind: 'unknown' };
      const query = textAt(value, 'queryText') ?? '';
      const data = Object.entries(objectAt(value, 'data'));
      // What the form's fields say, where the card asks for it (`associatedInputs`).
      const values = Object.fromEntries(
        data.filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
      );
      const act: Act = {
        kind: 'search',
        search,
        draft: draft === '' ? null : draft,
        query,
        ...(data.length === 0 ? {} : { values }),
      };
      return { kind: 'invoke', inbound: inbound(activity, act), place: 'search' };
    }
    default:
      return { kind: 'unknown' };
  }
}

// A button on a card with inputs sends them along, and a form carries its draft: either makes it a form that was sent.
function readAct(value: unknown): Act | null {
  const pressed = readPressed(value);
  if (pressed === null) return null;
  const { verb, data, card, draft, values } = pressed;
  if (draft === null && Object.keys(values).length === 0) return { kind: 'press', verb, data, card };
  return { kind: 'submit', verb, draft, data, values };
}

function addsTheBot(activity: RawActivity): boolean {
  const bot = textAt(activity['recipient'], 'id');
  const added = Array.isArray(activity['membersAdded']) ? (activity['membersAdded'] as unknown[]) : [];
  return bot !== null && added.some((member) => textAt(member, 'id') === bot);
}

// Row 60: one welcome to the person who has the app now, none to the members of a team that got it.
function readWelcome(activity: RawActivity, now: Date): Delivery {
  if (surfaceKind(activity) !== 'personal') return { kind: 'ignored' };
  const read = inbound(activity, { kind: 'welcome' });
  if (read.profile?.standing === 'anonymous') return { kind: 'ignored' };
  // Teams tells of one installation twice, as installationUpdate and as conversationUpdate, each with its own id.
  // The hour is the platform's, so that both tellings and every replica agree; a later installation is a new welcome.
  const hour = (textAt(activity, 'timestamp') ?? now.toISOString()).slice(0, 13);
  return { kind: 'event', inbound: { ...read, delivery: `${read.surface.conversation ?? ''}/welcome/${hour}` } };
}

function inbound(activity: RawActivity, act: Act): Inbound {
  const [tenant = ''] = tenantsOf(activity);
  const user = objectIdOf(activity) ?? textAt(activity['from'], 'id') ?? '';
  const conversation = textAt(activity['conversation'], 'id');
  const surface: Surface = {
    kind: surfaceKind(activity),
    conversation,
    message: textAt(activity, 'replyToId'),
    serviceUrl: textAt(activity, 'serviceUrl'),
    // A button is answered by a dialog, or where it cannot be by a card with the form; typed words by neither.
    canOpenForm: act.kind === 'press' || act.kind === 'submit',
  };
  // Without an id only an exact repetition is the same delivery: the time stamps inside tell two clicks apart.
  const id = textAt(activity, 'id') ?? sha256(canonical(activity));
  return {
    platform: 'teams',
    tenant: tenant.toLowerCase(),
    user,
    delivery: `${conversation ?? ''}/${id}`,
    bodyHash: sha256(canonical({ act, tenant, user, conversation })),
    profile: profileOf(activity),
    surface,
    act,
  };
}

function profileOf(activity: RawActivity): Profile {
  const entities = Array.isArray(activity['entities']) ? (activity['entities'] as unknown[]) : [];
  const client = entities.find((entity) => isObject(entity) && entity['type'] === 'clientInfo');
  return {
    name: textAt(activity['from'], 'name'),
    email: null,
    emailConfirmed: null,
    directoryKey: objectIdOf(activity),
    zone: textAt(client, 'timezone') ?? textAt(activity, 'localTimezone'),
    locale: textAt(client, 'locale') ?? textAt(activity, 'locale'),
    standing: standingOf(activity),
  };
}

// Most deliveries do not say whether somebody is a guest, and the roster does (sender.ts).
function standingOf(activity: RawActivity): Profile['standing'] {
  const from = activity['from'];
  const tenants = new Set(
    [...tenantsOf(activity), textAt(from, 'tenantId'), textAt(objectAt(from, 'properties'), 'tenantId')]
      .filter((tenant) => tenant !== null)
      .map((tenant) => tenant.toLowerCase()),
  );
  const role = (textAt(from, 'userRole') ?? textAt(objectAt(from, 'properties'), 'userRole') ?? '').toLowerCase();
  if (role === 'anonymous' || objectIdOf(activity) === null) return 'anonymous';
  if (tenants.size > 1) return 'foreign';
  if (role === '') return null;
  return role === 'guest' ? 'guest' : 'member';
}

function surfaceKind(activity: RawActivity): Surface['kind'] {
  switch (textAt(activity['conversation'], 'conversationType')) {
    case 'groupChat':
      return 'group';
    case 'channel':
      return 'channel';
    case 'personal':
      return 'personal';
    default:
      // Unnamed only in old activities: whoever says "group" is believed, the rest is personal.
      return objectAt(activity, 'conversation')['isGroup'] === true ? 'group' : 'personal';
  }
}

// A GUID, but the playground's people have one digit more.
const OBJECT_ID = /^[0-9a-f-]{36,40}$/i;

// The only identity that counts. Written in one case, so that one person is one identity.
function objectIdOf(activity: RawActivity): string | null {
  const id = textAt(activity['from'], 'aadObjectId');
  return id !== null && OBJECT_ID.test(id) ? id.toLowerCase() : null;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

// The same JSON with its keys in one order, whatever order a redelivery writes them in.
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    isObject(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part,
  );
}
