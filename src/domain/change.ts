// Small words for writing a Change: a row inserted, a row changed, an event told. `together` (events.ts) joins them.
import { DomainError } from './errors';
import type { Change, DomainEvent, GovernedNouns, GrantLink, RowChange, SubjectKind } from './events';
import { noChange } from './events';
import type { PairFacts, PlaceFacts, Twin } from './facts';
import type { Request } from './model';

/** The longest reason, note or remark; the database refuses more. */
export const REASON_LENGTH = 2000;

type VersionedNoun = Exclude<keyof GovernedNouns, 'decision'>;

/** A new row. */
export function inserted<N extends keyof GovernedNouns>(noun: N, after: GovernedNouns[N]): Change {
  return { ...noChange, rows: [{ noun, before: null, after } as RowChange] };
}

/** A changed row, one version on. Two changes of one row must be made one after the other, the second from the first's result. */
export function updated<N extends VersionedNoun>(
  noun: N,
  before: GovernedNouns[N],
  fields: Partial<GovernedNouns[N]>,
): Change {
  const after = { ...before, ...fields, version: before.version + 1 };
  return { ...noChange, rows: [{ noun, before, after } as unknown as RowChange] };
}

/** Inserts, or changes what was there before to what is wanted now. */
export function written(before: Request | null, after: Request): Change {
  return before ? updated('request', before, after) : inserted('request', { ...after, version: 1 });
}

/** From now on the assignment justifies the grant. */
export function linked(link: GrantLink): Change {
  return { ...noChange, links: [link] };
}

/** The assignment goes on without the grant. */
export function withdrawn(link: GrantLink): Change {
  return { ...noChange, withdrawals: [link] };
}

/** An event; free text goes into the remark, never into the data. */
export function told(
  type: DomainEvent['type'],
  subject: { readonly kind: SubjectKind; readonly id: string },
  refs: DomainEvent['refs'],
  data: DomainEvent['data'] = {},
  remark: string | null = null,
): Change {
  const event: DomainEvent = { type, subject, refs, data, ...(remark === null ? {} : { remark }) };
  return { ...noChange, events: [event] };
}

/** The events stand for these rows as well. */
export function covering(change: Change, rows: readonly { readonly id: string }[]): Change {
  return { ...change, events: change.events.map((event) => ({ ...event, covers: rows.map(({ id }) => id) })) };
}

/** References of every event about a pair: whom and what it is about. */
export function refsOf(
  facts: Pick<PairFacts, 'target' | 'package' | 'catalog'>,
  request?: Request,
): DomainEvent['refs'] {
  const refs = { person: facts.target.id, package: facts.package.id, catalog: facts.catalog.id };
  if (!request) return refs;
  return { ...refs, request: request.id, ...(request.assignment ? { assignment: request.assignment } : {}) };
}

/** An event about a request. Who was asked or decided replaces the target as the event's person. */
export function toldOf(
  facts: Pick<PairFacts, 'target' | 'package' | 'catalog'>,
  request: Request,
  type: DomainEvent['type'],
  more: {
    readonly data?: DomainEvent['data'];
    readonly remark?: string | null;
    readonly refs?: DomainEvent['refs'];
  } = {},
): Change {
  const refs = { ...refsOf(facts, request), ...more.refs };
  return told(type, { kind: 'request', id: request.id }, refs, more.data, more.remark ?? null);
}

/** Requestor and target differ: both hear. */
export function isOnBehalf(request: Pick<Request, 'requestor' | 'target'>): boolean {
  return request.requestor !== null && request.requestor !== request.target;
}

/** Free text as typed: trimmed, nothing is null, too much is refused. */
export function textOf(typed: string | null, field: string, max = REASON_LENGTH): string | null {
  const text = typed?.trim() ?? '';
  if (text.length > max) throw new DomainError('text-too-long', { field, max }, field);
  return text === '' ? null : text;
}

/** An event about a grant that is made true in another system. */
export function toldOfGrant(facts: PlaceFacts, type: DomainEvent['type'], data: DomainEvent['data'] = {}): Change {
  const { grant, resource } = facts;
  return toldOfTwin({ grant, catalog: resource.catalog }, type, data);
}

/** The same of what stands for the same role in another catalog. */
export function toldOfTwin(
  { grant, catalog }: Pick<Twin, 'grant' | 'catalog'>,
  type: DomainEvent['type'],
  data: DomainEvent['data'] = {},
): Change {
  return told(type, { kind: 'grant', id: grant.id }, { grant: grant.id, person: grant.person, catalog }, data);
}
