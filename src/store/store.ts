// The write path: one act, one transaction, run again after a lost race; and everything else that keeps rows, put together.
// What is read and written stands in the files by noun; nothing here knows a column.
import type { Sequelize } from 'sequelize';
import type { Change } from '../domain/events';
import type { Log } from '../log';
import type {
  By,
  Cards,
  Comparisons,
  Directory,
  Drafts,
  Due,
  InboundStore,
  LocalRoles,
  Outbox,
  Store,
  Tx,
  Views,
  Watch,
} from '../operations/ports';
import { affected } from './affected';
import { endDue } from './bulk';
import { createCards } from './cards';
import {
  holdChanged,
  holdConfiguration,
  loadConfiguration,
  loadOrganization,
  saveConfiguration,
} from './configuration';
import { createDirectory } from './directory';
import { loadDelegation, loadProposal } from './delegations';
import { createDrafts, takeDraft } from './drafts';
import { createComparisons, judged, loadCompared, loadFinding } from './drift';
import { keepAnswer, loadAsked } from './drift-answers';
import { createDue } from './due';
import { loadException, takeLentNotes } from './exceptions';
import { busy, isConflict, isFull, orBusy, refusalOf } from './faults';
import { forget, loadForgettable } from './forgetting';
import { newId } from './ids';
import { sawAccount, saveIdentity } from './identities';
import { createInbound, keepReply, replyOf, takeDelivery } from './inbound';
import { loadAssignment, loadRequest, loadSubmit } from './loads';
import type { At } from './loads';
import { createLocalRoles } from './local-roles';
import {
  holdIncompatibility,
  lockPair,
  lockPersonOfFinding,
  lockPersonOfGrant,
  lockPersonOfManualTask,
  lockTargetOfAssignment,
  lockTargetOfRequest,
} from './locks';
import { createOutbox, holdOutgoing, retryOutgoing, settleOutgoing, redriveOutgoing } from './outbox';
import type { PageMessages } from './page-messages';
import { createPageMessages } from './page-messages';
import { loadManualTask, loadPlace } from './placements';
import type { Query, TxQuery } from './query';
import { ConnectionLost, inTransaction, queryIn, serverError } from './query';
import { rolesOf } from './roles';
import { saveChanges } from './save';
import { createSharing, GoesAlone, type Seat } from './shared';
import { forgetLeft, leaversConfirmed, leaverSettled, leaversJudged, loadLeavers, scopesOf } from './scope';
import type { Recorded, Signature } from './tail';
import { recordEvents } from './tail';
import { clockOf, createViews } from './views';

export interface Stores {
  readonly store: Store;
  readonly views: Views;
  readonly outbox: Outbox;
  readonly cards: Cards;
  readonly directory: Directory;
  readonly inbound: InboundStore;
  readonly drafts: Drafts;
  readonly due: Due;
  readonly comparisons: Comparisons;
  readonly localRoles: LocalRoles;
  readonly pageMessages: PageMessages;
}

const RETRIES = 3;
const JITTER_MS = 25;
/** Before the first run after a lost connection, four times longer before each further one: together what a quick restart takes. */
const RECONNECT_MS = 100;

/** Everything that keeps rows, over one pool of connections. */
export function createStore({
  sequelize,
  log,
  watch,
}: {
  sequelize: Sequelize;
  log: Pick<Log, 'info'>;
  watch?: Watch;
}): Stores {
  const q = orBusy(queryIn(sequelize));
  return {
    store: createWrites(sequelize, q, log, watch),
    views: createViews(q),
    outbox: createOutbox(q),
    cards: createCards(q),
    directory: createDirectory(q),
    inbound: createInbound(q),
    drafts: createDrafts(q),
    due: createDue(q),
    comparisons: createComparisons(q),
    localRoles: createLocalRoles(q),
    pageMessages: createPageMessages(q),
  };
}

function createWrites(sequelize: Sequelize, q: Query, log: Pick<Log, 'info'>, watch: Watch | undefined): Store {
  const wakes: (() => void)[] = [];
  const wake = (): void => {
    for (const one of wakes) one();
  };
  const watched = (decided: readonly Decided[]): void => {
    for (const { outcome, seconds } of decided) watch?.decided(outcome, seconds);
  };
  const sharing = createSharing(sequelize, {
    wake,
    failed: (error, acts) => {
      const why = serverError(error)?.code ?? (error instanceof Error ? error.name : 'unknown');
      log.info({ acts, why }, 'a shared transaction failed, and its acts go alone');
    },
  });

  async function shared<T>(by: By, act: (tx: Tx) => Promise<T>): Promise<T> {
    const { result, decided } = await sharing(by, async (seat) => {
      const elsewhere = () => Promise.reject(seat.leave());
      const { tx, decided } = openTx(Object.assign(elsewhere, { later: elsewhere }), by, seat);
      return { result: await act(tx), decided };
    });
    watched(decided);
    return result;
  }

  async function once<T>(by: By, act: (tx: Tx) => Promise<T>): Promise<T> {
    const { result, sent, decided } = await inTransaction(
      sequelize,
      async (inside) => {
        if (by.delivery) await takeDelivery(inside, by.delivery);
        const { tx, sent, decided } = openTx(inside, by);
        return { result: await act(tx), sent, decided };
      },
      by.until === undefined ? undefined : () => left(by),
    );
    if (sent() > 0) wake();
    watched(decided);
    return result;
  }

  type Run = <T>(by: By, act: (tx: Tx) => Promise<T>) => Promise<T>;

  // `first`: how it is run before it has lost anything.
  async function write<T>(by: By, act: (tx: Tx) => Promise<T>, first: Run): Promise<T> {
    let how = first;
    let ending: ConnectionLost | null = null;
    for (let run = 0; ;) {
      if (left(by) <= 0) throw ending === null ? busy() : await refusalOf(ending, q);
      try {
        return await how(by, act);
      } catch (thrown) {
        const alone = thrown instanceof GoesAlone;
        const error = alone ? thrown.cause : thrown;
        how = once;
        // Nothing was tried, or what the database refused may be another's, which its own transaction tells. Who waited in vain for a
        // connection does not wait for another one.
        if (alone && !isConflict(error) && !isFull(error)) continue;
        const lost = error instanceof ConnectionLost;
        // A later run that got no answer either does not know what became of an earlier one.
        if (lost && error.ending) ending = error;
        if (run === RETRIES || !isConflict(error)) throw await refusalOf((lost ? ending : null) ?? error, q);
        const wait = lost ? RECONNECT_MS * 4 ** run * (0.75 + Math.random() / 2) : JITTER_MS * (run + Math.random());
        if (wait >= left(by)) throw ending === null ? busy() : await refusalOf(ending, q);
        run += 1;
        log.info(
          { trace: by.trace, run, via: by.via },
          lost ? 'an act lost its connection and runs again' : 'an act lost a race and runs again',
        );
        await pause(wait);
      }
    }
  }

  return {
    write: (by, act) => write(by, act, once),
    share: (by, act) => write(by, act, shared),
    repeated: (delivery) => replyOf(q, delivery),
    onCommit(one) {
      wakes.push(one);
    },
  };
}

// The port of one transaction, its own or where it has a seat. The instant of the act is that of its first load, read after the lock.
function openTx(q: TxQuery, by: By, seat?: Seat): { tx: Tx; sent: () => number; decided: readonly Decided[] } {
  const decided: Decided[] = [];
  let now: Date | null = null;
  let sent = 0;
  const told = (at: Date): Date => (now ??= at);
  const loaded = <T>({ facts, now: at }: At<T>): T => {
    told(at);
    return facts;
  };
  const clock = async (): Promise<Date> => now ?? told(await clockOf(q));
  const signature = async (): Promise<Signature> => ({ by, now: await clock() });
  const count = (rows: number): void => {
    sent += rows;
  };
  const record = async (events: readonly Recorded[]): Promise<void> => {
    await recordEvents(q, events, await signature(), count);
  };

  const tx: Tx = {
    get now() {
      if (now === null) throw new Error('the clock of an act is read by its first load');
      return now;
    },
    clock,
    newId,
    async forSubmit(input) {
      if (seat) return loaded(await seat.forSubmit(input));
      await lockPair(q, input);
      return loaded(await loadSubmit(q, input));
    },
    async forRequest(id, shown) {
      if (seat) return loaded(await seat.forRequest({ id, shown }));
      await lockTargetOfRequest(q, id);
      const found = await loadRequest(q, { id, shown });
      if (found.facts.request.type !== 'exception') return loaded(found);
      await holdIncompatibility(q, id);
      return loaded(await loadRequest(q, { id, shown }));
    },
    async forAssignment(id) {
      await lockTargetOfAssignment(q, id);
      return loaded(await loadAssignment(q, id));
    },
    async forPlace(grant) {
      await lockPersonOfGrant(q, grant);
      return loaded(await loadPlace(q, grant));
    },
    async forManualTask(id) {
      await lockPersonOfManualTask(q, id);
      return loaded(await loadManualTask(q, id));
    },
    forProposal: async (input) => loaded(await loadProposal(q, input)),
    forDelegation: async (id) => loaded(await loadDelegation(q, id)),
    forException: async (id) => loaded(await loadException(q, id)),
    takeLentNotes: (id) => takeLentNotes(q, id),
    roles: (person, catalog) => rolesOf(q, person, catalog),
    async save(change) {
      const signed = await signature();
      if (seat) seat.save({ change, signature: signed });
      else await saveChanges(q, [{ change, signature: signed }], count);
      decided.push(...decidedIn(change, signed.now));
    },
    record: (events) => record(events.map((event) => ({ event, rows: [] }))),
    async takeDraft(id, person) {
      if (seat) seat.takeDraft({ id, person });
      else await takeDraft(q, { id, person });
    },
    async reply(reply) {
      if (seat) seat.reply(reply);
      else if (by.delivery) await keepReply(q, by.delivery, reply);
    },
    settle: (lease, result) => settleOutgoing(q, lease, result),
    retry: (lease, atLeastMs, error) => retryOutgoing(q, lease, atLeastMs, error),
    hold: (lease) => holdOutgoing(q, lease),
    redrive: (id) => redriveOutgoing(q, id),
    configuration: () => loadConfiguration(q),
    holdConfiguration: () => holdConfiguration(q),
    holdChanged: (changes, losing) => holdChanged(q, changes, losing),
    organization: (named) => loadOrganization(q, named),
    affected: (input) => affected(q, input),
    async saveConfiguration(changes) {
      await saveConfiguration(q, changes, record);
    },
    forForgetting: (id) => loadForgettable(q, id),
    forget: (person) => forget(q, person, record),
    async saveIdentity(change) {
      return saveIdentity(q, change, await signature(), count);
    },
    sawAccount: (seen) => sawAccount(q, seen),
    async compared(token) {
      const found = await loadCompared(q, token);
      return found && loaded(found);
    },
    judged: (token, judgement) => judged(q, token, judgement),
    forDrift: async (resource) => loaded(await loadAsked(q, resource)),
    answered: (resource, person, answer) => keepAnswer(q, resource, person, answer),
    async forFinding(id) {
      await lockPersonOfFinding(q, id);
      return loaded(await loadFinding(q, id));
    },
    leavers: (pkg) => loadLeavers(q, pkg),
    leaversJudged: (leavers, to) => leaversJudged(q, leavers, to),
    leaversConfirmed: (pkg, set) => leaversConfirmed(q, pkg, set),
    leaverSettled: (id) => leaverSettled(q, id),
    forgetLeft: (facts) => forgetLeft(q, facts),
    scopesOf: (id) => scopesOf(q, id),
    async endDue(limit) {
      const ended = await endDue(q, limit, by);
      told(ended.now);
      sent += ended.sent;
      return ended.count;
    },
  };
  return { tx, sent: () => sent, decided };
}

interface Decided {
  readonly outcome: Parameters<Watch['decided']>[0];
  readonly seconds: number;
}

function decidedIn({ rows }: Change, now: Date): readonly Decided[] {
  return rows.flatMap((row): Decided[] => {
    if (row.noun !== 'request' || row.before?.state !== 'pendingApproval') return [];
    const { state, approvedAt, createdAt } = row.after;
    const seconds = (now.getTime() - createdAt.getTime()) / 1000;
    if (state === 'denied' || state === 'expired') return [{ outcome: state, seconds }];
    return row.before.approvedAt === null && approvedAt !== null ? [{ outcome: 'approved', seconds }] : [];
  });
}

/** Milliseconds that an act still has. */
function left({ until }: By): number {
  return until === undefined ? Infinity : until - performance.now();
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
