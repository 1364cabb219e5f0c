// People who use replicas by hand: they ask, decide, take back. And small measures that the faults share.
import type { Act, Inbound } from '../../src/chat/inbound';
import { inboundOf, seeded } from '../journeys/crash-clicks';
import type { Shown } from '../journeys/crash-child';
import type { House } from '../journeys/crash-house';
import type { Replica } from '../journeys/crash-replica';

/** Chance that the same seed repeats. */
export interface Dice {
  /** From 0 up to, not including, `below`. */
  below(below: number): number;
  pick<T>(from: readonly T[]): T;
  shuffle<T>(from: readonly T[]): T[];
}

export function diceOf(seed: number): Dice {
  const random = seeded(seed);
  const below = (most: number): number => Math.floor(random() * most);
  return {
    below,
    pick(from) {
      const picked = from[below(from.length)];
      if (picked === undefined) throw new Error('nothing to pick from');
      return picked;
    },
    shuffle: (from) =>
      from
        .map((value) => ({ value, at: random() }))
        .sort((one, other) => one.at - other.at)
        .map(({ value }) => value),
  };
}

const BUSY = 'That took too long and nothing was changed.';

/** As whoever reads it does: what changed nothing because the machine was busy is tried again, as the same delivery. */
export async function handled(replica: Replica, inbound: Inbound): Promise<Shown> {
  for (;;) {
    const shown = await replica.handle(inbound);
    if (![shown.said, shown.text].some((words) => words.includes(BUSY))) return shown;
  }
}

/** Types a line. */
export const say = (replica: Replica, user: string, text: string, key?: string): Promise<Shown> =>
  handled(replica, inboundOf(user, { kind: 'text', text }, key));

/** The act of a button on a card. */
export function pressOf(shown: Shown, verb: string): Extract<Act, { kind: 'press' }> {
  const button = shown.buttons.find((one) => one.verb === verb);
  if (!button) throw new Error(`no button ${verb} on: ${shown.text}`);
  return { kind: 'press', verb, data: button.data, card: shown.card };
}

/** Presses a button of a card. */
export const press = (replica: Replica, user: string, shown: Shown, verb: string, key?: string): Promise<Shown> =>
  handled(replica, inboundOf(user, pressOf(shown, verb), key));

/** The act of a form that is sent. */
export function submitOf(form: Shown, values: Readonly<Record<string, string>>): Extract<Act, { kind: 'submit' }> {
  const [first] = form.buttons;
  if (form.kind !== 'form' || !first) throw new Error(`not a form but: ${form.said} ${form.text}`);
  return { kind: 'submit', verb: first.verb, draft: form.draft, data: first.data, values };
}

/** Asks for a package; the number of the request. */
export async function ask(replica: Replica, user: string, name: string): Promise<string> {
  const form = await say(replica, user, `request ${name}`);
  const shown = await handled(replica, inboundOf(user, submitOf(form, { reason: 'because' })));
  const number = /^R-\d+/.exec(shown.said)?.[0];
  if (number === undefined) throw new Error(`not asked: ${shown.said} ${shown.text}`);
  return number;
}

/** The newest card of a person about a request on which it can be decided. */
export function approvalOf(house: House, user: string, number: string): Shown {
  const found = house.platform.messages.findLast(
    (message) =>
      message.to === user &&
      message.shown.text.includes(`${number} `) &&
      message.shown.buttons.some(({ verb }) => verb === 'approval.approve'),
  );
  if (!found) throw new Error(`${user} was not asked about ${number}`);
  return found.shown;
}

/** Decides by a form that asks for a reason. */
export async function deny(replica: Replica, user: string, shown: Shown): Promise<Shown> {
  const form = await press(replica, user, shown, 'approval.deny');
  return form.kind === 'form' ? handled(replica, inboundOf(user, submitOf(form, { reason: 'no' }))) : form;
}
