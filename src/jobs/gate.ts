// The gates of this process: whoever calls a workspace, a tenant or a connected system waits here for its turn. How many may begin
// is counted in the database for all replicas together; here they stand in line, one look for the whole line at a time.
//
// A row that waits inside keeps its place among the rows under way, so only a few of one target may. The others go back with the
// moment at which it is their turn, and leave the room to rows of other targets.
import { ChannelError } from '../chat/channel';
import { ConnectorError } from '../connectors/connector';
import type { CallLimit, Entry, Outbox } from '../operations/ports';

/** Not tried, or not to be tried again before `ms`. */
export class NotNow extends Error {
  override readonly name = 'NotNow';
  constructor(
    readonly code: 'rate' | 'gate',
    /** Null: the caller's own backoff. */
    readonly ms: number | null,
  ) {
    super(code);
  }
}

/** What the platforms let one workspace, tenant or conversation do (Slack: rate limits; Teams: rate limiting page). */
export interface Pace {
  /** Calls of all kinds to one workspace or tenant. */
  readonly all: CallLimit | null;
  /** New messages to one person. */
  readonly post: CallLimit | null;
  /** Those of them that answer what the person typed, beside the others. Null: they go before the others. */
  readonly answer: CallLimit | null;
  /** Edits in one workspace, where they have a limit of their own. */
  readonly update: CallLimit | null;
  /** What of these may be made where somebody waits for it, and as much where nobody does: each of the two leaves a part to the other. */
  readonly part: CallLimit | null;
}
const PACES: Readonly<Record<string, Pace>> = {
  // A message a second in one conversation and "several hundred a minute" in all; `chat.update` is tier 3, 50 a minute. Whoever pressed
  // a button looks at it until it changes, so there is room for that when all the copies of a lively minute wait for their turn; and
  // some of those change however long people go on pressing.
  slack: {
    all: { most: 8, inMs: 1_000, atOnce: 4 },
    post: { most: 1, inMs: 1_000, atOnce: 1 },
    answer: null,
    update: { most: 50, inMs: 60_000, atOnce: 10 },
    part: { most: 35, inMs: 60_000, atOnce: 7 },
  },
  // 50 a second of all kinds; in one conversation 7 in 1 s, 8 in 2 s, 60 in 30 s and 1,800 in an hour, which these two keep together.
  // Whoever types waits for none of the others, and may be quick; those go evenly.
  teams: {
    all: { most: 50, inMs: 1_000, atOnce: 5 },
    post: { most: 30, inMs: 120_000, atOnce: 3 },
    answer: { most: 30, inMs: 120_000, atOnce: 4, togetherMs: 2_000 },
    update: null,
    part: null,
  },
  web: { all: null, post: null, answer: null, update: null, part: null },
};
const CAREFUL: CallLimit = { most: 1, inMs: 1_000, atOnce: 1 };
/** Tier 3 of Slack. */
const TIER_3: CallLimit = { most: 50, inMs: 60_000, atOnce: 10 };
/** Look-ups of one kind. */
export const LOOK_UPS = TIER_3;

/**
 * Edits that answer a click, made at once. Where there is room for none they go by the answer address, or are stored and take their turn,
 * so they leave the most to those that have no other way: the messages of others, and what becomes of a click later.
 */
const ANSWERS: CallLimit = { most: 30, inMs: 60_000, atOnce: 5 };

/** The pace of a platform; a slow one for one that is not known. */
export function paceOf(platform: string): Pace {
  return PACES[platform] ?? { all: CAREFUL, post: CAREFUL, answer: null, update: CAREFUL, part: null };
}

/** The gate of a workspace or tenant. */
export const gateOf = (place: { readonly platform: string; readonly tenant: string }): string =>
  `${place.platform}:${place.tenant}`;

/** The gate of new messages to one person there. */
export const postsOf = (place: Parameters<typeof gateOf>[0] & { readonly user: string }): string =>
  `${gateOf(place)}:${place.user}`;

/** Returns when a person there may be answered with a new message. Throws `NotNow` where that is not soon. */
export async function enterAnswers(
  gates: Pick<Gates, 'enter' | 'open'>,
  place: Parameters<typeof postsOf>[0],
): Promise<void> {
  const { answer, post } = paceOf(place.platform);
  // Before a turn is taken of what a closed workspace does not get.
  await gates.open(gateOf(place));
  await (answer === null
    ? gates.enter(postsOf(place), post, true)
    : gates.enter(`${postsOf(place)}:answers`, answer, true));
}

/** Returns when a card may be put beside a link there (Slack alone does). Throws `NotNow` where that is not soon. */
export async function enterPreviews(
  gates: Pick<Gates, 'enter' | 'open'>,
  place: Parameters<typeof gateOf>[0],
): Promise<void> {
  // Before a turn is taken of what a closed workspace does not get.
  await gates.open(gateOf(place));
  await gates.enter(`${gateOf(place)}:previews`, TIER_3);
}

/** Returns when a message there may be changed. Throws `NotNow` where that is not soon. `first`: somebody waits for it. */
export async function enterEdits(
  gates: Pick<Gates, 'enter' | 'open'>,
  place: Parameters<typeof gateOf>[0],
  first: boolean,
): Promise<void> {
  const { part, update } = paceOf(place.platform);
  if (update === null) return;
  // Before a turn is taken of what a closed workspace does not get.
  await gates.open(gateOf(place));
  await gates.enter(`${editsOf(place)}:${first ? 'first' : 'others'}`, part);
  await gates.enter(editsOf(place), update, first);
}

const editsOf = (place: Parameters<typeof gateOf>[0]): string => `${gateOf(place)}:updates`;

/** Code of a refusal for having called too often, whatever the platform calls it. */
export const LIMITED = 'ratelimited';

/** The next message to a person is waited for by a click: what goes another way follows nothing. */
const NEXT_MS = 1_500;

/**
 * How answers to clicks share in the pace of their workspace. They are made where the click came in, by no worker, and wait for the next
 * message to their person at the most. While the workspace wants no calls they take no turn of what is made afterwards.
 */
export function answersIn(
  place: Parameters<typeof gateOf>[0],
  outbox: Pick<Outbox, 'enter' | 'held' | 'hold'>,
  pause = paused,
) {
  const gate = gateOf(place);
  const isOpen = async (): Promise<boolean> => (await outbox.held(gate)) === 0;
  return {
    async mayEdit(): Promise<boolean> {
      return (await isOpen()) && (await outbox.enter(editsOf(place), ANSWERS, 1)).granted > 0;
    },
    async mayPost(user: string): Promise<boolean> {
      for (let hasWaited = false; await isOpen(); hasWaited = true) {
        const { closed, granted, waitMs } = await outbox.enter(
          postsOf({ ...place, user }),
          paceOf(place.platform).post,
          1,
        );
        if (granted > 0) return true;
        if (closed || hasWaited || waitMs > NEXT_MS) return false;
        await pause(waitMs);
      }
      return false;
    },
    holdEdits: (ms: number): Promise<void> => outbox.hold(gate, ms),
    holdPosts: (user: string, ms: number): Promise<void> => outbox.hold(postsOf({ ...place, user }), ms),
  };
}

export interface Gates {
  /** Returns when a call of `target` may begin. Throws `NotNow` where that is not soon. `first`: somebody waits for it. */
  enter(target: string, limit: CallLimit | null, first?: boolean): Promise<void>;
  /** Throws `NotNow` where calls of `target` are not to begin now. Takes no turn. */
  open(target: string): Promise<void>;
  /** Throws `NotNow` where so many calls of `target` wait or are under way that one more would only stand in line. */
  room(target: string, limit: CallLimit | null, first?: boolean): void;
  /**
   * Makes a call when it may begin, and learns from how it ends: a target that names a time, that refuses for being called too
   * often, or that keeps failing is left alone by everybody. `first`: somebody waits for it, so it goes before messages.
   */
  call<T>(target: string, limit: CallLimit | null, make: () => Promise<T>, first?: boolean): Promise<T>;
  /** Sends everybody away, and whoever comes later. */
  stop(): void;
}

export interface GateParts {
  readonly outbox: Pick<Outbox, 'enter' | 'hold' | 'held' | 'failed' | 'worked'>;
  readonly pause?: (ms: number) => Promise<void>;
  readonly clock?: () => number;
}

/** Calls of one target that wait or are under way in this process. */
export const MOST_OF_ONE = 30;
/** And so many more that somebody waits for. */
const MOST_FIRST = 10;
/** So soon the first of those look again where it is full, and the others one after the other. */
const FULL_MS = 250;
/** Nobody is let into a line that is longer by its pace. */
const MOST_WAIT_MS = 3_000;
/** A call that may have begun later than this after it was counted is dated anew: the platform counts when it comes. */
const LATE_MS = 5;
/** Targets that are kept before those are forgotten for which nobody waits. */
const MANY = 1_000;

interface Waiter {
  readonly go: (entry: Entry) => void;
  readonly away: (reason: Error) => void;
}
interface Gate {
  readonly first: Waiter[];
  readonly line: Waiter[];
  /** Calls that wait or are under way. */
  calls: number;
  /** Until when places were given to those who were sent away; `first`: to those who go first, behind each other alone. */
  booked: number;
  bookedFirst: number;
  /** What was let through last, where it began late. */
  late: { readonly at: Date; readonly ms: number } | null;
  serving: boolean;
}

/** So far apart calls begin where many wait; the look for room says when that is more than the longer window holds. */
const apart = ({ most, inMs, atOnce, togetherMs }: CallLimit): number =>
  togetherMs === undefined ? inMs / most : togetherMs / atOnce;

/** The gates of one process. */
export function createGates({ outbox, pause = paused, clock = () => performance.now() }: GateParts): Gates {
  const gates = new Map<string, Gate>();
  let stopped = false;

  const gateOf = (target: string): Gate => {
    let gate = gates.get(target);
    if (gate === undefined) {
      if (gates.size % MANY === MANY - 1) for (const [name, old] of gates) forget(name, old);
      gate = { first: [], line: [], calls: 0, booked: 0, bookedFirst: 0, late: null, serving: false };
      gates.set(target, gate);
    }
    return gate;
  };
  const forget = (target: string, gate: Gate): void => {
    if (!gate.serving && gate.calls === 0 && Math.max(gate.booked, gate.bookedFirst) <= clock()) gates.delete(target);
  };
  const lengthOf = (gate: Gate): number => gate.first.length + gate.line.length;
  const takeFrom = (gate: Gate, most: number): readonly Waiter[] => {
    const taken = gate.first.splice(0, most);
    return [...taken, ...gate.line.splice(0, most - taken.length)];
  };

  /** The place behind all who stand in line or were sent away before; of those who go first, behind their like alone. */
  const book = (gate: Gate, limit: CallLimit | null, ms: number, first = false): NotNow => {
    const now = clock();
    const each = limit === null ? 1_000 / MOST_OF_ONE : apart(limit);
    const place = first ? Math.max(gate.bookedFirst + each, now + ms) : Math.max(gate.booked, now + ms) + each;
    gate[first ? 'bookedFirst' : 'booked'] = place;
    return new NotNow('rate', Math.ceil(place - now));
  };

  const serve = async (target: string, limit: CallLimit | null, gate: Gate): Promise<void> => {
    try {
      while (lengthOf(gate) > 0) {
        const asked = clock();
        const entry = await outbox.enter(target, limit, lengthOf(gate), gate.late);
        const took = clock() - asked;
        gate.late = entry.granted > 0 && took > LATE_MS ? { at: entry.at, ms: took } : null;
        for (const waiter of takeFrom(gate, entry.granted)) waiter.go(entry);
        if (lengthOf(gate) === 0) return;
        if (entry.closed || entry.waitMs > MOST_WAIT_MS) {
          const { closed, waitMs } = entry;
          for (const kind of ['first', 'line'] as const)
            for (const { away } of gate[kind].splice(0))
              away(closed ? new NotNow('gate', waitMs) : book(gate, limit, waitMs, kind === 'first'));
          return;
        }
        await pause(Math.max(1, entry.waitMs));
      }
    } catch (error) {
      const reason = error instanceof Error ? error : new Error('a gate could not be asked');
      for (const waiter of takeFrom(gate, Infinity)) waiter.away(reason);
    } finally {
      // In the same breath as the last look at the line: who comes after it is served anew.
      gate.serving = false;
      forget(target, gate);
    }
  };

  const wait = (target: string, limit: CallLimit | null, first: boolean): Promise<Entry> => {
    if (stopped) return Promise.reject(new NotNow('gate', null));
    const gate = gateOf(target);
    const turn = new Promise<Entry>((go, away) => {
      gate[first ? 'first' : 'line'].push({ go, away });
    });
    if (!gate.serving) {
      gate.serving = true;
      // Those who come in the same turn are asked for together.
      queueMicrotask(() => void serve(target, limit, gate));
    }
    return turn;
  };

  const room = (target: string, limit: CallLimit | null, first = false): void => {
    const gate = gates.get(target);
    if (gate === undefined) return;
    // As many as may begin together wait for none of each other; whether they may is said when they are asked for.
    const before = first ? gate.first.length : lengthOf(gate);
    const waits = limit === null ? 0 : Math.max(0, before - limit.atOnce) * apart(limit);
    const isFull = gate.calls >= (first ? MOST_OF_ONE + MOST_FIRST : MOST_OF_ONE);
    if (isFull || waits > MOST_WAIT_MS) throw book(gate, limit, first && isFull ? FULL_MS : waits, first);
  };

  return {
    room,
    async open(target) {
      const heldMs = await outbox.held(target);
      if (heldMs > 0) throw new NotNow('gate', heldMs);
    },
    async enter(target, limit, first = false) {
      if (limit === null) return;
      room(target, limit, first);
      await wait(target, limit, first);
    },
    async call(target, limit, make, first = false) {
      room(target, limit, first);
      const gate = gateOf(target);
      gate.calls += 1;
      try {
        const { failing } = await wait(target, limit, first);
        return await learned(outbox, target, failing, make);
      } finally {
        gate.calls -= 1;
        forget(target, gate);
      }
    },
    stop() {
      stopped = true;
      for (const gate of gates.values())
        for (const waiter of takeFrom(gate, Infinity)) waiter.away(new NotNow('gate', null));
    },
  };
}

async function learned<T>(
  outbox: GateParts['outbox'],
  target: string,
  failing: boolean,
  make: () => Promise<T>,
): Promise<T> {
  try {
    const result = await make();
    if (failing) await outbox.worked(target);
    return result;
  } catch (error) {
    if (!(error instanceof ChannelError) && !(error instanceof ConnectorError)) throw error;
    // It answered, whatever it said.
    if (error.kind !== 'later' && failing) await outbox.worked(target);
    await heed(outbox, target, error);
    throw error;
  }
}

/** Has everybody leave a target alone that does not take a call now, as long as it says, or as it has failed before. */
export async function heed(
  outbox: Pick<Outbox, 'hold' | 'failed'>,
  target: string,
  { code, kind, retryAfterMs }: ChannelError | ConnectorError,
): Promise<void> {
  if (kind !== 'later') return;
  if (retryAfterMs !== null) await outbox.hold(target, retryAfterMs);
  else await outbox.failed(target, code === LIMITED);
}

function paused(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
