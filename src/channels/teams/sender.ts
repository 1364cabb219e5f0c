// Messages out: one call of the Bot Connector per message, into conversations that verified deliveries named. What a message
// says is decided elsewhere; what a failure means is courier.ts's work.
import type { CloudAdapter, ConversationAccount, TurnContext } from 'botbuilder';
import { ChannelError } from '../../chat/channel';
import type { Profile } from '../../chat/inbound';
import { textAt } from './body';
import { mayServe, mayUse, type TeamsSettings } from './options';

type Sdk = typeof import('botbuilder');

/** A conversation as it is stored: our own record, not the SDK's. */
export interface Target {
  readonly tenant: string;
  readonly conversation: string | null;
  readonly serviceUrl: string | null;
}

/** Content of a message: a card, or plain words; never both, since Teams splits such a message and returns no id (row 50). */
export type Content =
  { readonly card: object; readonly summary: string; readonly alert: boolean } | { readonly text: string };

export interface Sender {
  /** Gives the id of the new message. */
  post(target: Target, content: Content): Promise<string>;
  replace(target: Target, message: string, content: Content): Promise<void>;
  remove(target: Target, message: string): Promise<void>;
  /** Shows that an answer is on its way. */
  typing(target: Target): Promise<void>;
  /** Opens (or finds) the bot's own conversation with a person who shares a team or chat with it. Gives its id. */
  open(target: Target, user: string): Promise<string>;
  /** What the conversation's roster says about a person. */
  member(target: Target, user: string): Promise<Profile>;
}

/** Sends through the SDK's adapter. */
export function createSender(sdk: Sdk, adapter: CloudAdapter, settings: TeamsSettings): Sender {
  const bot = { id: settings.appId === '' ? '28:playground' : `28:${settings.appId}`, name: 'Usher' };
  const inConversation = async <T>(target: Target, act: (context: TurnContext) => Promise<T>): Promise<T> => {
    const { conversation, serviceUrl } = checked(settings, target);
    const done: T[] = [];
    await adapter.continueConversationAsync(
      settings.appId,
      {
        channelId: 'msteams',
        serviceUrl,
        bot,
        // Type, name and size of the conversation are left out: we do not keep them, and empty ones are refused.
        conversation: { id: conversation, tenantId: target.tenant } as ConversationAccount,
      },
      async (context) => {
        // The SDK makes an id up and would send every message as a reply to it.
        context.activity.id = '';
        done.push(await act(context));
      },
    );
    // The SDK gives nothing back of a turn, so the value is carried out by hand.
    const [value] = done;
    if (value === undefined && done.length === 0) throw new Error('the SDK ended the turn without running it');
    return value as T;
  };

  return {
    post: (target, content) =>
      inConversation(target, async (context) => {
        const answer = await context.sendActivity(toActivity(content));
        if (answer?.id === undefined || answer.id === '') throw new ChannelError('refused', 'NoMessageId');
        return answer.id;
      }),
    replace: (target, message, content) =>
      inConversation(target, async (context) => {
        await context.updateActivity({ ...toActivity(content), id: message });
      }),
    remove: (target, message) =>
      inConversation(target, async (context) => {
        await context.deleteActivity(message);
      }),
    typing: (target) =>
      inConversation(target, async (context) => {
        await context.sendActivity({ type: 'typing' });
      }),
    async open(target, user) {
      const { serviceUrl } = checked(settings, target);
      let opened = '';
      await adapter.createConversationAsync(
        settings.appId,
        'msteams',
        serviceUrl,
        '',
        {
          isGroup: false,
          bot,
          members: [{ id: user, name: '' }],
          tenantId: target.tenant,
          channelData: { tenant: { id: target.tenant } },
        },
        (context) => {
          opened = context.activity.conversation.id;
          return Promise.resolve();
        },
      );
      if (opened === '') throw new ChannelError('unreachable', 'NoConversation');
      return opened;
    },
    member: (target, user) =>
      inConversation(target, async (context) => toProfile(await sdk.TeamsInfo.getMember(context, user), target.tenant)),
  };
}

function checked(settings: TeamsSettings, target: Target): { conversation: string; serviceUrl: string } {
  const { tenant, conversation, serviceUrl } = target;
  if (conversation === null || serviceUrl === null) throw new ChannelError('unreachable', 'NotInstalled');
  if (!mayUse(settings, tenant)) throw new ChannelError('refused', 'TenantNotAllowed');
  // Checked at every send: the list may have been shortened since the address was stored.
  if (!mayServe(settings, serviceUrl)) throw new ChannelError('refused', 'ServiceHostNotAllowed');
  return { conversation, serviceUrl };
}

function toActivity(content: Content): Parameters<TurnContext['sendActivity']>[0] & object {
  if ('text' in content) return { type: 'message', text: content.text, textFormat: 'plain' };
  return {
    type: 'message',
    summary: content.summary,
    attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', content: content.card }],
    ...(content.alert ? { channelData: { notification: { alert: true } } } : {}),
  };
}

function toProfile(member: object, tenant: string): Profile {
  const upn = textAt(member, 'userPrincipalName') ?? '';
  const role = (textAt(member, 'userRole') ?? '').toLowerCase();
  const home = textAt(member, 'tenantId')?.toLowerCase() ?? tenant;
  const key = textAt(member, 'aadObjectId') ?? textAt(member, 'objectId');
  return {
    name: textAt(member, 'name'),
    email: textAt(member, 'email'),
    emailConfirmed: null, // the roster does not say
    directoryKey: key?.toLowerCase() ?? null,
    zone: null,
    locale: null,
    standing: standing(role, upn, home === tenant, key !== null),
  };
}

function standing(role: string, upn: string, sameTenant: boolean, known: boolean): Profile['standing'] {
  if (role === 'anonymous' || !known) return 'anonymous';
  if (!sameTenant) return 'foreign';
  return role === 'guest' || upn.includes('#EXT#') ? 'guest' : 'member';
}
