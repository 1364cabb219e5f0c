// Acts that come together share one transaction: their people are locked, their facts read and their changes written each in one
// statement, so that many who ask and decide at once cost little more than one. They share nothing else. Each is about another
// person, decides on what was committed before, and goes through or is refused as it would be alone.
//
// Nobody waits for a row here. Whoever meets a lock, a delivery that was acted on, a draft that is gone, or does more than ask for
// something of their own or act on a request, goes alone (store.ts#write), and so does everybody of a transaction that the database
// refuses: no fault of one is another's.
import type { Sequelize } from 'sequelize';
import type { RequestFacts, SubmitFacts } from '../domain/facts';
import type { AskOf, By, StoredReply } from '../operations/ports';
import { lockDrafts, type OwnDraft, takeDrafts } from './drafts';
import { deliveryName, freshDeliveries, takeDeliveries } from './inbound';
import { isId } from './ids';
import { type At, loadRequests, loadSubmits, type Looks, type RequestShown } from './loads';
import { lockFree } from './locks';
import { inTransaction, type TxQuery } from './query';
import { type Saved, saveChanges } from './save';

/** Transactions at once: while some work in the database, the acts of another are decided. What comes meanwhile shares the next. */
const MOST_AT_ONCE = 3;
/** What they cost each falls to a half with this many. */
const MOST_IN_ONE = 8;
/** No fewer leave others to a further one. */
const FEW = 2;
/** Whoever has less time left takes no part: the transaction keeps to the shortest. In milliseconds, as below. */
const LEAST_LEFT = 1000;
/** What a statement may take in any case (database.ts). */
const LONGEST = 15_000;
/** Where none begins or ends for so long, whoever waits for one gets one of their own; by age alone they would, all at once, just under load. */
const STALLED = 1000;

/** The act needs a transaction of its own; nothing of it was done. */
export class GoesAlone extends Error {
  override readonly name = 'GoesAlone';
  /** What became of the shared one, where that is why. */
  constructor(override readonly cause: unknown = null) {
    super('this act goes alone');
  }
}

/** What an act does in a shared transaction. */
export interface Seat {
  /** For anything else: the act goes alone, whatever it makes of the error. */
  leave(): GoesAlone;
  forSubmit(input: AskOf): Promise<At<SubmitFacts>>;
  forRequest(request: RequestShown): Promise<At<RequestFacts>>;
  takeDraft(draft: OwnDraft): void;
  save(saved: Saved): void;
  reply(reply: StoredReply): void;
}

/** Runs an act in a transaction that it may share. Throws what it throws, or `GoesAlone`. */
export type Sharing = <T>(by: By, act: (seat: Seat) => Promise<T>) => Promise<T>;

/** `wake`: after a commit that sent something. `failed`: so many go alone, because the database refused what they shared. */
export function createSharing(
  sequelize: Sequelize,
  { wake, failed }: { readonly wake: () => void; readonly failed: (error: unknown, acts: number) => void },
): Sharing {
  const waiting = new Map<Member, NodeJS.Timeout>();
  const held = new Set<string>();
  let underWay = 0;
  let working = 0;
  let moved = 0;

  const waitsOn = (member: Member): void => {
    const stalled = Math.max(moved, member.since) + STALLED - performance.now();
    const wait = Math.min(stalled, member.left() - LEAST_LEFT);
    if (wait > 0) {
      const look = setTimeout(() => {
        waitsOn(member);
      }, wait);
      waiting.set(member, look);
      return;
    }
    waiting.delete(member);
    member.goAlone();
  };

  // Those who do the same come together, so that what is prepared for them has few shapes. Of those who would meet each other the later
  // ones wait for the next transaction. What the others that could begin now would share is left to them.
  const take = (): readonly Member[] => {
    const able: Member[] = [];
    const keys = new Set(held);
    for (const member of waiting.keys()) {
      if (member.kind !== (able[0] ?? member).kind || member.keys.some((key) => keys.has(key))) continue;
      able.push(member);
      for (const key of member.keys) keys.add(key);
    }
    const share = Math.ceil(able.length / (MOST_AT_ONCE - working));
    const taken = able.slice(0, Math.min(MOST_IN_ONE, Math.max(FEW, share)));
    for (const member of taken) {
      clearTimeout(waiting.get(member));
      waiting.delete(member);
      for (const key of member.keys) held.add(key);
    }
    return taken;
  };
  const work = async (): Promise<void> => {
    underWay += 1;
    try {
      // Those who come in the same turn come together.
      await turn();
      for (let members = take(); members.length > 0; members = take()) {
        working += 1;
        moved = performance.now();
        if (waiting.size > 0 && underWay < MOST_AT_ONCE) void work();
        const sent = await oneTransaction(sequelize, members, failed);
        working -= 1;
        moved = performance.now();
        for (const { keys } of members) for (const key of keys) held.delete(key);
        if (sent > 0) wake();
        await turn();
      }
    } finally {
      underWay -= 1;
    }
  };
  return async (by, act) => {
    const member = new Member(by, () => {
      waitsOn(member);
      if (waiting.has(member) && underWay < MOST_AT_ONCE) void work();
    });
    return member.run(act);
  };
}

type Want =
  | { readonly kind: 'ask'; readonly input: AskOf; readonly board: (found: At<SubmitFacts>) => void }
  | { readonly kind: 'look'; readonly request: RequestShown; readonly board: (found: At<RequestFacts>) => void };

/** One act on its way through: it waits for its facts, is decided, and waits for the commit. */
class Member implements Seat {
  want: Want | null = null;
  draft: OwnDraft | null = null;
  saved: Saved | null = null;
  answer: StoredReply | null = null;
  /** When it began to wait, in milliseconds of the process's own steady clock. */
  since = 0;
  /** Waits for the commit. */
  stays = false;
  /** Has come to its end, whether it waits for the commit or not. */
  readonly over: Promise<void>;
  readonly #end: () => void;
  #out: GoesAlone | null = null;
  #refuse: (error: unknown) => void = () => undefined;
  readonly #committed: Promise<void>;
  #commit: () => void = () => undefined;
  #fail: (error: unknown) => void = () => undefined;

  constructor(
    readonly by: By,
    readonly queue: () => void,
  ) {
    let end: () => void = () => undefined;
    this.over = new Promise((resolve) => {
      end = resolve;
    });
    this.#end = end;
    this.#committed = new Promise((resolve, reject) => {
      this.#commit = resolve;
      this.#fail = reject;
    });
    // Nobody waits for it any more where the act itself was refused.
    this.#committed.catch(() => undefined);
  }

  async run<T>(act: (seat: Seat) => Promise<T>): Promise<T> {
    let result: T;
    try {
      result = await act(this);
      if (this.want === null) throw new GoesAlone();
      if (this.#out !== null) throw this.#out;
      this.stays = true;
    } catch (error) {
      throw this.#out ?? error;
    } finally {
      this.#end();
    }
    await this.#committed;
    return result;
  }

  get kind(): Want['kind'] | undefined {
    return this.want?.kind;
  }

  /** Two acts with one of these in common never share a transaction. */
  get keys(): readonly string[] {
    const { want, draft } = this;
    const { delivery } = this.by;
    return [
      want?.kind === 'ask' ? `person ${want.input.target}` : `request ${want?.request.id}`,
      ...(delivery ? [`delivery ${deliveryName(delivery)}`] : []),
      ...(draft ? [`draft ${draft.id}`] : []),
    ];
  }

  /** Milliseconds that it still has. */
  left(): number {
    return this.by.until === undefined ? Infinity : this.by.until - performance.now();
  }

  forSubmit(input: AskOf): Promise<At<SubmitFacts>> {
    // Of whoever asks for somebody else two people are locked, and an exception holds more than that.
    const isOwn = input.requestor === input.target && input.for === undefined;
    const isKnown = isId(input.target) && isId(input.package);
    return this.#wait(isOwn && isKnown, (board) => ({ kind: 'ask', input, board }));
  }

  forRequest(request: RequestShown): Promise<At<RequestFacts>> {
    return this.#wait(isId(request.id), (board) => ({ kind: 'look', request, board }));
  }

  #wait<T>(may: boolean, want: (board: (found: At<T>) => void) => Want): Promise<At<T>> {
    return new Promise((board, refuse) => {
      if (!may || this.want !== null) throw this.leave();
      this.want = want(board);
      this.#refuse = refuse;
      this.since = performance.now();
      this.queue();
    });
  }

  takeDraft(draft: OwnDraft): void {
    if (this.draft !== null || this.want !== null) throw this.leave();
    this.draft = draft;
  }

  save(saved: Saved): void {
    if (this.saved !== null) throw this.leave();
    this.saved = saved;
  }

  reply(reply: StoredReply): void {
    this.answer = reply;
  }

  refuse(error: unknown): void {
    this.#refuse(error);
  }

  leave(cause: unknown = null): GoesAlone {
    this.#out ??= new GoesAlone(cause);
    return this.#out;
  }

  goAlone(cause: unknown = null): void {
    const out = this.leave(cause);
    this.#refuse(out);
    this.#fail(out);
  }

  commit(): void {
    this.#commit();
  }
}

/** One transaction for these acts. Returns how many outgoing rows it made; each act hears for itself how it went. */
async function oneTransaction(
  sequelize: Sequelize,
  members: readonly Member[],
  failed: (error: unknown, acts: number) => void,
): Promise<number> {
  let aboard = members;
  let staying: readonly Member[] = [];
  let sent = 0;
  try {
    await inTransaction(
      sequelize,
      async (q) => {
        // Whose time went by while it waited for a connection does not take the others' time away.
        aboard = members.filter((member) => member.left() >= LEAST_LEFT / 2);
        for (const member of members) if (!aboard.includes(member)) member.goAlone();
        if (aboard.length === 0) return;
        await board(q, aboard);
        // What is decided needs no more than the facts. Whoever waits for anything else would hold up everybody, for ever where that
        // waits for one of these people.
        await Promise.race([Promise.all(aboard.map((member) => member.over)), turn()]);
        staying = aboard.filter(({ stays }) => stays);
        for (const member of aboard) if (!member.stays) member.goAlone();
        await takeDeliveries(
          q,
          staying.flatMap(({ by: { delivery }, answer }) => (delivery ? { delivery, reply: answer } : [])),
        );
        await takeDrafts(
          q,
          staying.flatMap(({ draft }) => draft ?? []),
        );
        await saveChanges(
          q,
          staying.flatMap(({ saved }) => saved ?? []),
          (rows) => {
            sent += rows;
          },
        );
      },
      () => Math.min(LONGEST, ...aboard.map((member) => member.left())),
    );
  } catch (error) {
    failed(error, members.length);
    for (const member of members) member.goAlone(error);
    return 0;
  }
  for (const member of staying) member.commit();
  return sent;
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** Gives each act the facts that it waits for, or refuses it, or lets it go alone. All want the same. */
async function board(q: TxQuery, members: readonly Member[]): Promise<void> {
  if (members.some(({ kind }) => kind !== members[0]?.kind)) throw new Error('two kinds of acts in one transaction');
  const asks = members.flatMap(({ want }) => (want?.kind === 'ask' ? want.input : []));
  const looks = members.flatMap(({ want }) => (want?.kind === 'look' ? want.request : []));
  const free = await lockFree(q, {
    people: asks.map(({ target }) => target),
    requests: looks.map(({ id }) => id),
    packages: asks.map((ask) => ask.package),
  });
  const fresh = await freshDeliveries(
    q,
    members.flatMap(({ by: { delivery } }) => delivery ?? []),
  );
  const drafts = await lockDrafts(
    q,
    members.flatMap(({ draft }) => draft ?? []),
  );
  const isOwn = ({ by: { delivery }, draft }: Member): boolean =>
    (!delivery || fresh.has(deliveryName(delivery))) && (!draft || drafts.has(draft.id));
  const targets = new Set<string>();
  // Two of one person would decide without each other.
  const isFree = ({ target, package: pkg }: SubmitFacts | RequestFacts): boolean => {
    const first = !targets.has(target.id);
    targets.add(target.id);
    return first && free.people.has(target.id) && free.packages.has(pkg.id);
  };

  const found: Looks<SubmitFacts | RequestFacts> =
    asks.length > 0 ? await loadSubmits(q, asks) : await loadRequests(q, looks);
  for (const [n, member] of members.entries()) {
    const { want } = member;
    const answer = found[n];
    if (answer === undefined || want === null || !isOwn(member)) member.goAlone();
    else if (answer.status === 'rejected') member.refuse(answer.reason);
    else if (!isFree(answer.value.facts)) member.goAlone();
    else if (want.kind === 'ask') want.board(answer.value as At<SubmitFacts>);
    else {
      const value = answer.value as At<RequestFacts>;
      // Of an exception more is held than its person.
      if (value.facts.request.type === 'exception') member.goAlone();
      else want.board(value);
    }
  }
}
