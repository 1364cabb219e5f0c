// What tests of the one door have in common: asking, what somebody was shown last, and knocking with whatever a client may send.
import type { Card } from '../../src/chat/card';
import type { Act, Inbound, Profile, Reply } from '../../src/chat/inbound';
import { buttons, cardOf, type World } from '../support/world';

/** How a mistake of ours reads; nothing that a client sends may bring it about. */
export const BUG = 'Something went wrong';

// What an act could have changed.
const STATE = `select
  (select count(*)::int from decisions) as decisions, (select count(*)::int from requests) as requests,
  (select count(*)::int from assignments) as assignments, (select count(*)::int from local_roles) as roles,
  (select string_agg(state, ',' order by number) from requests) as states,
  (select count(*)::int from approval_tasks where state <> 'open') as closed`;

/** The door of a world. */
export function doorOf(world: World) {
  const knock = (user: string, act: Act, more: Partial<Inbound> = {}): Promise<Reply> =>
    world.conversation.handle({ ...world.inbound(user, act), ...more });
  return {
    knock,
    /** A press with any data, as a client could make it up. */
    press: (user: string, verb: string, data: unknown, card: string | null = null): Promise<Reply> =>
      knock(user, { kind: 'press', verb, data: data as Record<string, unknown>, card }),
    async ask(user: string, name = 'ledger reader', values: Record<string, string> = { reason: 'month end' }) {
      const sent = await world.submit(user, cardOf(await world.say(user, `request ${name}`)), values);
      await world.settle();
      return sent;
    },
    latest(user: string): Card {
      const last = world.messagesTo(user).at(-1);
      if (!last) throw new Error(`${user} heard nothing`);
      return last.card;
    },
    /** Requests, decisions and access, to see that nothing changed. */
    state: async (): Promise<unknown> => (await world.sql(STATE))[0],
  };
}

export type Door = ReturnType<typeof doorOf>;

/** The data of a button of a card, to be changed. */
export function dataOf(card: Card, title: string): Record<string, unknown> {
  const button = buttons(card).get(title);
  if (!button) throw new Error(`no button "${title}"`);
  return { ...button.data };
}

/** An account as a platform describes it. */
export function account(email: string | null, more: Partial<Profile> = {}): Profile {
  return {
    name: 'Tara Lind',
    email,
    emailConfirmed: true,
    directoryKey: null,
    zone: null,
    locale: null,
    standing: 'member',
    ...more,
  };
}
