// A verified Slack payload to acts. Knows Slack's fields and nothing of what the acts mean; every id that came from a
// client is a hint that is checked again behind the conversation.
import { createHash } from 'node:crypto';
import type { Act, Inbound, Surface } from '../../chat/inbound';
import { codeIn, MOST_LINKS } from '../../chat/links';
import { PREVIEW } from '../../chat/verb';
import { decode, inputOf, linkId, readState, searchOf, verbOf } from './ids';
import { isObject, type Json, listAt, objectAt, textAt } from './json';
import type { Sender } from './people';
import { filled } from './views';

const LINK = linkId(0).slice(0, -1);

/** One entry of `body.actions`. */
export interface Pressed {
  readonly id: string;
  /** Null: nothing to do (`quiet`), or not a button of ours. */
  readonly act: Act | null;
  /** A link or a field: Slack tells of it, and there is nothing to say. */
  readonly quiet: boolean;
  readonly delivery: string;
}

/** Every entry of `body.actions`, of which Bolt shows the first only (row 9). */
export function pressesOf(body: Json): Pressed[] {
  // Fields stand in a view, or in a message where no form could be opened.
  const fields = isObject(body['view']) ? objectAt(body, 'view', 'state', 'values') : objectAt(body, 'state', 'values');
  return listAt(body, 'actions').map((action, index): Pressed => {
    const id = textAt(action, 'action_id') ?? '';
    const verb = verbOf(id);
    const quiet = id.startsWith(LINK) || inputOf(textAt(action, 'block_id') ?? '') !== null;
    return {
      id,
      quiet,
      act: verb === null || quiet ? null : pressAct(verb, action, fields),
      // Slack never sends an interaction twice, so only a replay repeats both; two clicks differ in both.
      delivery: key('action', textAt(body, 'trigger_id'), textAt(action, 'action_ts'), index, body),
    };
  });
}

// A button of a form sends what is typed so far, and one that carries a draft continues it: both are a form that was sent.
function pressAct(verb: string, action: unknown, fields: Json): Act {
  const { card, draft, data } = decode(textAt(action, 'value') ?? undefined);
  const values = readState(fields);
  if (draft === null && Object.keys(values).length === 0) return { kind: 'press', verb, data, card };
  return { kind: 'submit', verb, draft, data, values };
}

/** Where a button was: in a message (its own or an ephemeral one), or in a view. */
export function pressSurface(body: Json): Surface {
  const channel = textAt(body, 'container', 'channel_id') ?? textAt(body, 'channel', 'id');
  const kind = surfaceKind(channel, textAt(body, 'channel', 'name'));
  // A card beside a link stands in a message of somebody else, often where the bot is not: the answer is as after a command.
  if (isUnfurl(body)) return PRIVATELY;
  // Elsewhere than in direct messages we write for the eyes of one person only.
  const isForeign = kind !== 'personal' && textAt(body, 'container', 'message_ts') !== null && !isEphemeral(body);
  return {
    kind,
    ...(isForeign ? { foreign: true as const } : {}),
    // What only this person sees may stand between two other people, where a command was typed; our own direct messages never
    // hold anything of the kind.
    conversation: kind === 'personal' && isEphemeral(body) ? null : channel,
    message: isEphemeral(body) ? null : textAt(body, 'container', 'message_ts'),
    serviceUrl: null,
    canOpenForm: true,
  };
}

/** Whether what was pressed stands beside a link that somebody posted. */
export function isUnfurl(body: Json): boolean {
  return objectAt(body, 'container')['is_app_unfurl'] === true;
}

/** Whether the pressed message is one that only this person sees; `chat.update` cannot reach it. */
export function isEphemeral(body: Json): boolean {
  return objectAt(body, 'container')['is_ephemeral'] === true;
}

/** A form that was sent; null where the view is none of ours. */
export function submitOf(body: Json): { readonly act: Act; readonly delivery: string } | null {
  const view = objectAt(body, 'view');
  const { verb, draft, data } = decode(textAt(view, 'private_metadata') ?? undefined);
  if (verb === null) return null;
  const values = readState(objectAt(view, 'state', 'values'));
  // A view keeps its hash when field errors are shown, and the corrected form must not count as the first one again;
  // the trigger is new for every click.
  const round = textAt(body, 'trigger_id') ?? hash(values);
  return {
    act: { kind: 'submit', verb, draft, data, values },
    delivery: key('submit', textAt(view, 'id'), `${textAt(view, 'hash') ?? ''}.${round}`, 0, body),
  };
}

/** What is typed into a field that searches; null where the field is none of ours. */
export function searchAct(body: Json): { readonly act: Act; readonly delivery: string } | null {
  const search = searchOf(textAt(body, 'action_id') ?? '');
  if (search === null) return null;
  const { draft } = decode(textAt(body, 'view', 'private_metadata') ?? undefined);
  // Slack tells what is chosen beside a search as it was at the last drawing, so the blocks themselves have it (`choosing`).
  const chosen = blocksOf(body).flatMap((block) => {
    const value = textAt(block, 'element', 'initial_option', 'value');
    const input = inputOf(textAt(block, 'block_id') ?? '');
    return isDecisive(block) && value !== null && input !== null ? [[input, value] as const] : [];
  });
  const values = chosen.length === 0 ? {} : { values: Object.fromEntries(chosen) };
  const act: Act = { kind: 'search', search, draft, query: textAt(body, 'value') ?? '', ...values };
  return { act, delivery: `search:${hash(body)}` };
}

/** The blocks of a form in which something was chosen on which its searches depend, with what was chosen; null for any other action. */
export function choosing(body: Json): { readonly text: string; readonly blocks: readonly unknown[] } | null {
  const chosen = new Map(listAt(body, 'actions').map((action) => [textAt(action, 'block_id'), action]));
  const blocks = blocksOf(body);
  if (!blocks.some((block) => isDecisive(block) && chosen.has(textAt(block, 'block_id')))) return null;
  return {
    text: textAt(body, 'message', 'text') ?? '',
    blocks: blocks.map((block) => {
      const action = chosen.get(textAt(block, 'block_id'));
      return isObject(block) && isDecisive(block) && action !== undefined
        ? { ...block, element: filled(objectAt(block, 'element'), action) }
        : block;
    }),
  };
}

/** The blocks of the view, or of the message where no form could be opened. */
function blocksOf(body: Json): readonly unknown[] {
  return listAt(body, isObject(body['view']) ? 'view' : 'message', 'blocks');
}

function isDecisive(block: unknown): boolean {
  return isObject(block) && block['dispatch_action'] === true;
}

/** The key of a typed command. */
export function commandDelivery(body: Json): string {
  return key('command', textAt(body, 'trigger_id'), textAt(body, 'user_id'), 0, body);
}

/** The key of an event: the same for Slack's three tries and for those of the next 24 hours. */
export function eventDelivery(body: Json): string {
  return key('event', textAt(body, 'event_id'), textAt(body, 'event', 'event_ts'), 0, body);
}

/**
 * Beside a command or in a view. The answer is seen by this person only; the conversation in which a command was typed may
 * be a direct message between two other people, so it must never be remembered as ours.
 */
export const PRIVATELY: Surface = {
  kind: 'personal',
  conversation: null,
  message: null,
  serviceUrl: null,
  canOpenForm: true,
};

/** Where a message to the bot was written; a message brings no `trigger_id` with it. */
export function eventSurface(event: Json): Surface {
  const channel = textAt(event, 'channel');
  return { ...PRIVATELY, kind: surfaceKind(channel, null), conversation: channel, canOpenForm: false };
}

/** Where a link was posted: never a conversation of ours, so that none is taken for the one with the person. */
export function linkSurface(event: Json): Surface {
  return {
    ...PRIVATELY,
    kind: 'channel',
    conversation: textAt(event, 'channel'),
    message: textAt(event, 'message_ts'),
    canOpenForm: false,
  };
}

/** The links to packages among those of an event; null where there are none. Their card stands beside the first. */
export function previewAct(body: Json, origin: string | null): Act | null {
  const links = listAt(objectAt(body, 'event'), 'links').flatMap((link) => {
    const url = textAt(link, 'url') ?? '';
    const address = URL.canParse(url) ? new URL(url) : null;
    const code = address === null || address.origin !== origin ? null : codeIn(address.pathname);
    return code === null ? [] : [{ url, code }];
  });
  const [first] = links;
  if (first === undefined) return null;
  const codes = [...new Set(links.map(({ code }) => code))].slice(0, MOST_LINKS).join(',');
  // Whatever is not known to be ours alone may be read by others.
  const apart = body['is_ext_shared_channel'] !== false;
  return { kind: 'press', verb: PREVIEW, data: { codes, apart, url: first.url }, card: null };
}

/** All parts together. */
export function toInbound(sender: Sender, act: Act, delivery: string, surface: Surface): Inbound {
  const { tenant, user, profile } = sender;
  const { conversation, message } = surface;
  const bodyHash = hash({ tenant, user, act, conversation, message });
  return { platform: 'slack', tenant, user, delivery, bodyHash, profile, surface, act };
}

function surfaceKind(channel: string | null, name: string | null): Surface['kind'] {
  if (channel?.startsWith('D') === true || channel === null) return 'personal';
  return name?.startsWith('mpdm-') === true ? 'group' : 'channel';
}

function key(kind: string, first: string | null, second: string | null, index: number, body: Json): string {
  // Without Slack's id only an exact repetition is the same delivery.
  return first === null ? `${kind}:${hash(body)}:${index}` : `${kind}:${first}:${second ?? ''}:${index}`;
}

function hash(value: unknown): string {
  return createHash('sha256').update(canonical(value)).digest('hex');
}

/** The same JSON with its keys in one order. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    isObject(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part,
  );
}
