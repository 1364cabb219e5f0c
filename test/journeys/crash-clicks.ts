// What the people of the crash test do: they ask, decide, take back and give up in any replica that answers, and send a click
// again when none did. The ledger keeps what each of them was told; nothing here looks into the database.
import { createHash, randomUUID } from 'node:crypto';
import type { Act, Inbound } from '../../src/chat/inbound';
import type { Shown } from './crash-child';
import { PACKAGES, packageName, PEOPLE, user } from './crash-organization';
import { Died, onlyDeath } from './crash-replica';
import type { Instant, Platform, Replica } from './crash-replica';

const AT_ONCE = 12;

export type Kind = 'submit' | 'approve' | 'deny' | 'cancel' | 'giveUp';
/** What a person did and what came back. `unknown`: nothing came back, and the person did not try again. */
export interface Click {
  readonly kind: Kind;
  readonly user: string;
  /** As the audit trail names the delivery. */
  readonly key: string;
  readonly inbound: Inbound;
  /** Set where the click named it. */
  readonly request: string | null;
  result: 'open' | 'done' | 'refused' | 'unknown';
  said: string;
  tries: number;
}

export const DONE: Readonly<Record<Kind, RegExp>> = {
  submit: /^R-\d+ (is on its way|needs no approval)/,
  approve: /^Done\. /,
  deny: /^Done\. /,
  cancel: /^R-\d+ is canceled\.$/,
  giveUp: /^Done\. .* is being removed\.$/,
};
export const EVENT: Readonly<Record<Kind, string>> = {
  submit: 'request.submitted',
  approve: 'decision.recorded',
  deny: 'decision.recorded',
  cancel: 'request.canceled',
  giveUp: 'assignment.ending',
};

/** The same choices for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** What the platform delivers. */
export function inboundOf(from: string, act: Act, key: string = randomUUID()): Inbound {
  return {
    platform: 'web',
    tenant: 'demo',
    user: from,
    delivery: key,
    bodyHash: createHash('sha256').update(JSON.stringify(act)).digest('hex'),
    profile: null,
    surface: { kind: 'personal', conversation: `c-${from}`, message: null, serviceUrl: null, canOpenForm: true },
    act,
  };
}

interface Asked {
  readonly to: string;
  readonly number: string;
  readonly package: string;
  readonly cancel: Shown;
}

/** What replicas are killed in the middle of. */
const INSTANTS: readonly Instant[] = ['click', 'working', 'post', 'stored', 'placed', 'told', 'answered'];
/** As long as a click takes, about. In milliseconds. */
const WORKING = 20;

export interface Crowd {
  readonly seed: number;
  /** How many clicks that want to change something, and how many replicas die during them. */
  readonly clicks: number;
  readonly kills: number;
  readonly platform: Platform;
  readonly replicas: readonly Replica[];
  /** Starts another replica. */
  readonly start: () => Replica;
}

export interface Told {
  readonly ledger: readonly Click[];
  /** Replies that were no answer at all. */
  readonly faults: readonly string[];
  readonly kills: number;
}

/** Lets the crowd click until it has clicked enough, and ends with living replicas. */
export async function click(crowd: Crowd): Promise<Told> {
  const { platform } = crowd;
  const random = seeded(crowd.seed);
  const pick = <T>(from: readonly T[]): T | undefined => from[Math.floor(random() * from.length)];
  const living = (): Replica[] => crowd.replicas.filter((replica) => !replica.dead);
  const ledger: Click[] = [];
  const faults: string[] = [];

  /** Something that changes nothing, like opening a form: tried until a replica answers. */
  async function look(from: string, act: Act): Promise<Shown> {
    for (let tries = 0; ; tries += 1) {
      try {
        const shown = await (await ready()).handle(inboundOf(from, act));
        if (shown.said.includes('went wrong')) faults.push(shown.said);
        return shown;
      } catch (error) {
        if (!(error instanceof Died) || tries > crowd.kills * 2) throw error;
      }
    }
  }

  /** A replica that can be asked; not the one that just failed, where another one is there. */
  async function ready(but?: Replica): Promise<Replica> {
    const able = living().filter((replica) => replica !== but);
    if (able.length === 0) throw new Error('no replica lives');
    await Promise.race(able.map((replica) => replica.ready));
    const now = able.filter((replica) => replica.isReady && !replica.dead);
    return pick(now) ?? ready();
  }

  /** Sends a click until something comes back, or until the person gives up. The same delivery each time, as platforms do. */
  async function press(
    kind: Kind,
    from: string,
    act: Act,
    request: string | null,
    stored = false,
  ): Promise<Shown | null> {
    const inbound = inboundOf(from, act);
    const key = act.kind === 'text' ? `${inbound.delivery}:act` : inbound.delivery;
    const entry: Click = { kind, user: from, key, inbound, request, result: 'open', said: '', tries: 0 };
    ledger.push(entry);
    const persistent = random() < 0.75;
    const twice = random() < 0.15;
    let last: Replica | undefined;
    for (;;) {
      entry.tries += 1;
      const to = await ready(last);
      const other = twice ? living().find((replica) => replica !== to && replica.isReady) : undefined;
      last = to;
      try {
        if (stored) {
          await to.accept(inbound);
          return null;
        }
        const both = [to.handle(inbound), other?.handle(inbound)] as const;
        const [shown] = await Promise.all([both[0], both[1]?.catch(() => null)]);
        entry.said = shown.said;
        if (shown.said.includes('went wrong')) faults.push(`${kind}: ${shown.said}`);
        entry.result = DONE[kind].test(shown.said) ? 'done' : 'refused';
        return shown;
      } catch (error) {
        if (!(error instanceof Died)) throw error;
        if (persistent) continue;
        entry.result = 'unknown';
        return null;
      }
    }
  }

  /** Fills in and sends the form that a look gave; nothing where a refusal came instead. */
  async function send(kind: Kind, from: string, form: Shown, request: string | null): Promise<Shown | null> {
    const [first] = form.buttons;
    if (form.kind !== 'form' || first === undefined) return null;
    const values = { reason: 'because' };
    return press(
      kind,
      from,
      { kind: 'submit', verb: first.verb, draft: form.draft, data: first.data, values },
      request,
    );
  }

  const asked: Asked[] = [];

  async function submit(): Promise<void> {
    const from = user(1 + Math.floor(random() * PEOPLE));
    const name = packageName(1 + Math.floor(random() * PACKAGES));
    const shown = await send('submit', from, await look(from, { kind: 'text', text: `request ${name}` }), null);
    const number = /^R-\d+/.exec(shown?.said ?? '')?.[0];
    if (shown && number !== undefined) asked.push({ to: from, number, package: name, cancel: shown });
  }

  async function decide(): Promise<void> {
    const message = pick(
      platform.messages.filter((one) => one.shown.buttons.some((b) => b.verb === 'approval.deny')).slice(-25),
    );
    if (!message) return submit();
    const button = (verb: string) => message.shown.buttons.find((one) => one.verb === verb);
    const approve = button('approval.approve');
    const deny = button('approval.deny');
    const number = /R-\d+/.exec(message.shown.text)?.[0];
    if (!approve || !deny || number === undefined) throw new Error(`no approval card: ${message.shown.text}`);
    const request = String(approve.data['request']);
    const card = message.shown.card;
    const how = random();
    if (how < 0.5)
      await press('approve', message.to, { kind: 'press', verb: approve.verb, data: approve.data, card }, request);
    else if (how < 0.65) await press('approve', message.to, { kind: 'text', text: `approve ${number}` }, request, true);
    else if (how < 0.75)
      await press('deny', message.to, { kind: 'text', text: `deny ${number} because no` }, request, true);
    else
      await send(
        'deny',
        message.to,
        await look(message.to, { kind: 'press', verb: deny.verb, data: deny.data, card }),
        request,
      );
  }

  async function takeBack(): Promise<void> {
    const one = pick(asked.slice(-20));
    const button = one?.cancel.buttons.find(({ verb }) => verb === 'request.cancel');
    if (!one || !button) return submit();
    const request = String(button.data['request']);
    if (random() < 0.3) await press('cancel', one.to, { kind: 'text', text: `cancel ${one.number}` }, request, true);
    else await press('cancel', one.to, { kind: 'press', verb: button.verb, data: button.data, card: null }, request);
  }

  async function giveUp(): Promise<void> {
    const one = pick(asked);
    if (!one) return submit();
    await send('giveUp', one.to, await look(one.to, { kind: 'text', text: `give up ${one.package}` }), null);
  }

  async function traffic(): Promise<number> {
    let kills = 0;
    let restarting: Promise<unknown> = Promise.resolve();
    const maybeKill = (): void => {
      if (kills >= crowd.kills || ledger.length < ((kills + 1) * crowd.clicks) / (crowd.kills + 1)) return;
      const able = living().filter((replica) => replica.isReady);
      const [armed] = able.filter((replica) => replica.isDoomed);
      if (armed) void armed.kill(); // its instant never came
      const victim = pick(able);
      if (armed || able.length < 2 || !victim) return;
      const at = INSTANTS[(kills + crowd.seed) % INSTANTS.length] ?? 'click';
      kills += 1;
      restarting = victim
        .killAt(
          at,
          at === 'stored' || at === 'told' ? 1 : Math.floor(random() * 8),
          at === 'working' ? 1 + random() * WORKING : 0,
        )
        .then(() => crowd.start().ready);
    };
    const person = async (): Promise<void> => {
      // On a slow machine a replica may take long to come back; then there are more clicks, not fewer deaths.
      while (ledger.length < crowd.clicks || (kills < crowd.kills && ledger.length < 10 * crowd.clicks)) {
        maybeKill();
        const what = random();
        if (what < 0.34) await submit();
        else if (what < 0.8) await decide();
        else if (what < 0.88) await takeBack();
        else if (what < 0.97) await giveUp();
        else
          await Promise.all(
            living()
              .filter((replica) => replica.isReady)
              .map((replica) => replica.tell('sweep').catch(onlyDeath)),
          );
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, person));
    await Promise.all(
      living()
        .filter((replica) => replica.isDoomed)
        .map((replica) => replica.kill()),
    );
    await restarting;
    return kills;
  }

  const kills = await traffic();
  return { ledger, faults, kills };
}
