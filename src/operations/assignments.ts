// Keeping and losing access: giving up, removal by an owner, reminders, ends.
import * as Rules from '../domain/assignment';
import { DomainError } from '../domain/errors';
import type { AssignmentFacts } from '../domain/facts';
import type { AssignmentId, DraftId, PackageId, PersonId, RequestDetail } from '../domain/model';
import { can } from '../domain/permissions';
import { endsSoon } from '../domain/period';
import { asOf } from '../domain/policy';
import { cancel, couldAsk, mayAskAnew, offerExtension } from '../domain/request';
import type { Answering } from './act';
import { act, moment, personOf } from './act';
import type { AccessRow, By, Desk, Page, Tx } from './ports';

/** Ends one's own access, where the policy lets people do that. */
export function giveUp(
  desk: Desk,
  by: By,
  input: { assignment: AssignmentId; reason: string | null; draft: DraftId | null },
  answering?: Answering<AssignmentId>,
): Promise<AssignmentId> {
  const person = personOf(by);
  return act(
    desk,
    by,
    async (tx) => {
      if (input.draft) await tx.takeDraft(input.draft, person);
      const facts = await tx.forAssignment(input.assignment);
      if (facts.target.id !== person) throw new DomainError('not-found', { what: 'assignment' });
      await tx.save(Rules.giveUp(facts, person, moment(tx), input.reason));
      await dropExtension(tx, facts, 'canceledByRequestor');
      return input.assignment;
    },
    answering,
  );
}

/** Removal by an owner, or before it begins by who asked for it: needs a reason and tells the person (rule 3.22). */
export function remove(
  desk: Desk,
  by: By,
  input: { assignment: AssignmentId; reason: string | null; draft: DraftId | null },
  answering?: Answering<AssignmentId>,
): Promise<AssignmentId> {
  const person = personOf(by);
  return act(
    desk,
    by,
    async (tx) => {
      if (input.draft) await tx.takeDraft(input.draft, person);
      const facts = await tx.forAssignment(input.assignment);
      const mayRemove = can(await tx.roles(person, facts.catalog.id), 'assignment.remove');
      await tx.save(Rules.removeByOwner(facts, { person, mayRemove, note: input.reason }, moment(tx)));
      await dropExtension(tx, facts, 'canceledByOwner');
      return input.assignment;
    },
    answering,
  );
}

/** An extension that still waits makes no sense once the access was ended on purpose: nobody should be asked about it. */
export async function dropExtension(tx: Tx, facts: AssignmentFacts, detail: RequestDetail): Promise<void> {
  const waiting = Rules.waitingExtension(facts);
  if (waiting) await tx.save(cancel(await tx.forRequest(waiting), 'system', moment(tx), detail));
}

/** Tells the holder that the end is near (PRODUCT.md section 4). */
export function remind(desk: Desk, by: By, id: AssignmentId): Promise<void> {
  return act(desk, by, async (tx) => {
    const facts = await tx.forAssignment(id);
    await tx.save(Rules.remind(facts, moment(tx)));
  });
}

/**
 * A removal that a file decided on: who applied it stands in the trail; the person hears the reason (rule 3.22). Inside the act that
 * applies the file, in which two incompatibilities may take the same access: then it is done.
 */
export async function removeByFile(tx: Tx, assignment: AssignmentId, note: string): Promise<void> {
  const facts = await tx.forAssignment(assignment);
  if (!Rules.isLive(facts)) return;
  await tx.save(
    Rules.end(facts, { reason: 'removedByOwner', type: 'systemRemove', requestor: null, note }, moment(tx)),
  );
  await dropExtension(tx, facts, 'canceledByOwner');
}

/** Ends up to `limit` assignments whose last justification is over, set-based. Returns how many. */
export function endDue(desk: Desk, by: By, limit: number): Promise<number> {
  return act(desk, by, (tx) => tx.endDue(limit));
}

/** One of several justifications is over; the assignment goes on with the others. */
export function endJustifications(desk: Desk, by: By, id: AssignmentId): Promise<void> {
  return act(desk, by, async (tx) => {
    const facts = await tx.forAssignment(id);
    await tx.save(Rules.endOver(facts, moment(tx)));
  });
}

/** What lets the access be held beside something changed, or is over: its end follows (rule 3.13). */
export function followException(desk: Desk, by: By, id: AssignmentId): Promise<void> {
  return act(desk, by, async (tx) => {
    const noted = await tx.takeLentNotes(id);
    const facts = await tx.forAssignment(id);
    await tx.save(Rules.followException(facts, noted, moment(tx)));
  });
}

/** The holder was disabled or deleted: access ends, though they may be back by now (rule 3.17). */
export function endForGone(desk: Desk, by: By, id: AssignmentId): Promise<void> {
  return act(desk, by, async (tx) => {
    const facts = await tx.forAssignment(id);
    await tx.save(
      Rules.end(facts, { reason: 'targetDisabled', type: 'systemRemove', requestor: null, note: null }, moment(tx)),
    );
    await dropExtension(tx, facts, 'targetDisabled');
  });
}

// ---------------------------------------------------------------- reading

/** Whether the person may assign directly anywhere: only then may they search the whole directory. */
export async function assigns(desk: Desk, person: PersonId): Promise<boolean> {
  const roles = await desk.views.roles(person, null);
  return roles.administrator || (await desk.views.manageablePackages(person, '', 1)).length > 0;
}

/** What somebody holds of a package, for those who assign it. */
export async function heldOf(
  desk: Desk,
  viewer: PersonId,
  pair: { readonly target: PersonId; readonly package: PackageId },
): Promise<AssignmentId> {
  const facts = await desk.views.forSubmit({ requestor: viewer, ...pair });
  if (!facts.mayAssign) throw new DomainError('forbidden', {});
  const { live, open, target, package: pkg } = facts;
  if (live) return live.id;
  throw new DomainError('not-held', {
    package: pkg.name,
    target: target.name,
    ...(open ? { asked: open.number } : {}),
  });
}

/** A row of somebody's access with what may be done about it: nothing that would be refused. */
export interface AccessLine extends AccessRow {
  readonly mayExtend: boolean;
  readonly mayAskAnew: boolean;
  /** It ended, and no policy would let them ask for it. */
  readonly closed: boolean;
}

interface Paging {
  readonly limit: number;
  readonly after: string | null;
}

/** Active, scheduled and recently ended access of a person. */
export async function accessOf(desk: Desk, by: By, page: Paging): Promise<Page<AccessLine>> {
  const person = personOf(by);
  const found = await desk.views.access(person, page);
  return { ...found, rows: await linesOf(desk, person, found.rows) };
}

/** What a person who is back lost by being disabled, and how much that is in all. */
export async function accessBackOf(
  desk: Desk,
  by: By,
  page: Paging,
): Promise<Page<AccessLine> & { readonly total: number }> {
  const person = personOf(by);
  const found = await desk.views.accessBack(person, page);
  return { ...found, rows: await linesOf(desk, person, found.rows), total: found.rows[0]?.total ?? 0 };
}

async function linesOf(desk: Desk, person: PersonId, rows: readonly AccessRow[]): Promise<readonly AccessLine[]> {
  const now = await desk.views.now();
  const over = new Set(rows.filter(({ state }) => state === 'removed').map((row) => row.package));
  const asking = new Map((await desk.views.forAsking(person, [...over])).map((facts) => [facts.package.id, facts]));
  const lines = rows.map(async (row): Promise<AccessLine> => {
    const facts = row.state === 'removed' ? asking.get(row.package) : undefined;
    return {
      ...row,
      mayExtend: row.endedAt === null && row.endsAt !== null && (await isExtendable(desk, row.id, now)),
      mayAskAnew: facts !== undefined && mayAskAnew(facts),
      closed: facts !== undefined && !couldAsk(facts),
    };
  });
  return Promise.all(lines);
}

/** Whether its holder may ask now to keep it for longer. */
export async function isExtendable(desk: Desk, id: AssignmentId, now: Date): Promise<boolean> {
  const facts = await desk.views.forAssignment(id);
  return attempt(() => offerExtension(facts, now)) !== null;
}

export interface AssignmentView {
  readonly facts: AssignmentFacts;
  readonly now: Date;
  /** What an extension would give now; null where it would be refused. */
  readonly extension: ReturnType<typeof offerExtension> | null;
  /** What stands against an extension beside a request that is decided first; null: nothing. */
  readonly refusal: DomainError | null;
  /** The end is near enough to remind of it. */
  readonly endsSoon: boolean;
  /** The holder could ask for it anew now. */
  readonly mayAskAnew: boolean;
  /** The holder could ask for it anew were it given up now. */
  readonly couldAsk: boolean;
  /** The same once it has ended at its end, as things are now. */
  readonly couldAskThen: boolean;
  readonly own: boolean;
  /** May look at assignments of the catalog; auditors may, and change nothing. */
  readonly owner: boolean;
  readonly mayRemove: boolean;
}

/** One assignment for its holder, for those who manage it, and before it begins for who asked for it; for everybody else it does not exist. */
export async function view(desk: Desk, viewer: PersonId, id: AssignmentId): Promise<AssignmentView> {
  const [facts, now] = await Promise.all([desk.views.forAssignment(id), desk.views.now()]);
  const own = facts.target.id === viewer;
  const roles = await desk.views.roles(viewer, facts.catalog.id);
  const owner = can(roles, 'assignment.read');
  const mayTakeBack = Rules.mayTakeBack(facts, viewer);
  if (!own && !owner && !mayTakeBack) throw new DomainError('not-found', { what: 'assignment' });
  const extension = attempt(() => offerExtension(facts, now));
  const refusal = extension ? null : refusalOf(() => offerExtension({ ...facts, open: null }, now));
  const [asking] = own ? await desk.views.forAsking(viewer, [facts.package.id]) : [];
  const soon = endsSoon(facts, now);
  return {
    facts,
    now,
    extension,
    refusal,
    endsSoon: soon,
    mayAskAnew: asking !== undefined && mayAskAnew(asking),
    couldAsk: asking !== undefined && couldAsk(asking),
    couldAskThen: asking !== undefined && couldAsk(asOf(asking, facts.assignment.endsAt)),
    own,
    owner,
    mayRemove: mayTakeBack || can(roles, 'assignment.remove'),
  };
}

/** What the extension form shows; throws the refusal that the submit would throw. */
export async function extensionOf(
  desk: Desk,
  viewer: PersonId,
  id: AssignmentId,
): Promise<AssignmentView & { readonly extension: NonNullable<AssignmentView['extension']> }> {
  const seen = await view(desk, viewer, id);
  if (!seen.own) throw new DomainError('not-found', { what: 'assignment' });
  return { ...seen, extension: offerExtension(seen.facts, seen.now) };
}

/** What the form to give access up shows; throws the refusal that sending it would throw. */
export async function givingUp(desk: Desk, viewer: PersonId, id: AssignmentId): Promise<AssignmentView> {
  const seen = await view(desk, viewer, id);
  if (!seen.own) throw new DomainError('not-found', { what: 'assignment' });
  Rules.offerGiveUp(seen.facts, viewer);
  return seen;
}

function attempt<T>(rule: () => T): T | null {
  try {
    return rule();
  } catch (error) {
    if (error instanceof DomainError) return null;
    throw error;
  }
}

function refusalOf(rule: () => unknown): DomainError | null {
  try {
    rule();
    return null;
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
}
