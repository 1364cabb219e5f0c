// How things stand in the database, in the words of the model, and both as lines that can be compared.
import type { Assignment, Delegation, Exception, Key, Organization, Request } from './model';
import { CATALOG, ENDING, HELD } from './model';

const MS = (column: string): string => `(extract(epoch from ${column}) * 1000)::bigint`;
const ALL = (what: string, from: string): string => `(select coalesce(json_agg(${what}), '[]') from ${from})`;

/** One row with one JSON value. */
export const OBSERVE = `select json_build_object(
'requests', ${ALL(
  `json_build_object('id', r.id, 'type', r.type, 'state', r.state, 'detail', r.detail, 'requestor', r.requestor_id, 'target', r.target_id, 'version', r.version,
    'package', r.package_id, 'assignment', r.assignment_id, 'stage', r.stage, 'startsAt', ${MS('r.starts_at')}, 'endsAt', ${MS('r.ends_at')})
   order by r.number`,
  'requests r',
)},
'stages', ${ALL(
  `json_build_object('request', s.request_id, 'n', s.n, 'state', s.state, 'decideBy', ${MS('s.decide_by')}, 'escalateAt', ${MS('s.escalate_at')},
    'escalatedAt', ${MS('s.escalated_at')}, 'remindAt', ${MS('s.remind_at')}) order by s.n`,
  'approval_stages s',
)},
'tasks', ${ALL(
  `json_build_object('request', t.request_id, 'n', t.n, 'person', t.person_id, 'for', t.for_id, 'capacity', t.capacity, 'state', t.state)`,
  'approval_tasks t',
)},
'decisions', ${ALL(
  `json_build_object('request', d.request_id, 'n', d.n, 'person', d.person_id, 'for', d.for_id, 'decision', d.decision,
    'saw', (select coalesce(json_agg(resources.origin_id), '[]') from package_grants g join resource_roles role on role.id = g.role_id
      join resources on resources.id = role.resource_id where g.package_version_id::text = d.shown ->> 'packageVersion'))`,
  'decisions d',
)},
'assignments', ${ALL(
  `json_build_object('id', a.id, 'target', a.target_id, 'package', a.package_id, 'state', a.state, 'startsAt', ${MS('a.starts_at')},
    'since', ${MS('a.since')}, 'endsAt', ${MS('a.ends_at')}, 'lent', a.lent,
    'noted', (select ${MS('min(n.at)')} from lent_changes n where n.assignment_id = a.id), 'endReason', a.end_reason, 'remindAt', ${MS('a.remind_at')}, 'reminded', a.reminded) order by a.id`,
  'assignments a',
)},
'reasons', ${ALL(
  `json_build_object('assignment', j.assignment_id, 'kind', j.kind, 'startsAt', ${MS('j.starts_at')}, 'until', ${MS('j.until')}, 'freeUntil', ${MS('j.free_until')},
    'periodAt', ${MS('j.period_at')}, 'extensions', j.extensions, 'ended', j.ended_at is not null) order by j.id`,
  'justifications j',
)},
'links', ${ALL(
  `json_build_object('assignment', l.assignment_id, 'role', resources.origin_id, 'lost', l.withdrawn_at is not null)`,
  `grant_assignments l join grants g on g.id = l.grant_id join resource_roles role on role.id = g.role_id
   join resources on resources.id = role.resource_id`,
)},
'grants', ${ALL(
  `json_build_object('person', g.person_id, 'role', resources.origin_id, 'state', g.state, 'baseline', g.baseline, 'wasTaken', g.taken_at is not null)`,
  `grants g join resource_roles role on role.id = g.role_id join resources on resources.id = role.resource_id`,
)},
'delegations', ${ALL(
  `json_build_object('id', d.id, 'delegator', d.delegator_id, 'delegate', d.delegate_id, 'from', ${MS('d.from_at')}, 'until', ${MS('d.until_at')},
    'package', d.package_id, 'catalog', d.catalog_id, 'state', d.state, 'endedBy', d.ended_by, 'dueAt', ${MS('coalesce(d.answer_due_at, d.due_at)')}, 'left', d.touched_at is not null)
   order by d.id`,
  'delegations d',
)},
'exceptions', ${ALL(
  `json_build_object('person', e.person_id, 'pair', one.name || '|' || other.name, 'owner', e.owner_id, 'until', ${MS('e.until_at')},
    'reported', not (e.state = 'active' and e.remind_at is not null and e.remind_at < e.until_at))`,
  `incompatibility_exceptions e join incompatibilities i on i.id = e.incompatibility_id
   join packages one on one.id = i.package_id join packages other on other.id = i.other_package_id where e.state <> 'ended'`,
)},
'byHand', ${ALL(
  `json_build_object('id', m.id, 'person', g.person_id, 'escalated', m.escalated_at is not null) order by m.id`,
  `manual_tasks m join grants g on g.id = m.grant_id where m.state = 'open'`,
)}) as seen`;

type Plain<T> = Omit<T, 'key'> & { id: string };
interface Rows {
  readonly requests: (Plain<Request> & { version: number })[];
  readonly stages: (Request['stages'][number] & { request: string })[];
  readonly tasks: (Request['tasks'][number] & { request: string })[];
  readonly decisions: (Request['decisions'][number] & { request: string })[];
  readonly assignments: Plain<Assignment>[];
  readonly reasons: (Assignment['reasons'][number] & { assignment: string })[];
  readonly links: { assignment: string; role: string; lost: boolean }[];
  readonly delegations: (Omit<Plain<Delegation>, 'what'> & { package: string | null; catalog: string | null })[];
  readonly exceptions: Seen[];
  readonly grants: { person: string; role: string; state: string; baseline: boolean | null; wasTaken: boolean }[];
  readonly byHand: { id: string; person: string; escalated: boolean }[];
}

/** When whoever answers for it hears of its end shows in whether they have. */
type Seen = Omit<Exception, 'remindAt'>;

export interface Observed extends Pick<Organization, 'requests' | 'assignments' | 'delegations'> {
  readonly exceptions: readonly Seen[];
  readonly grants: Readonly<Record<string, Organization['grants'][string] & { readonly wasTaken: boolean }>>;
  /** Ids of what is called so, and of open manual tasks. */
  readonly ids: {
    readonly requests: ReadonlyMap<Key, string>;
    /** What a card of it would say as its version. */
    readonly versions: ReadonlyMap<Key, number>;
    readonly assignments: ReadonlyMap<Key, string>;
    readonly delegations: ReadonlyMap<Key, string>;
    readonly tasks: readonly { readonly id: string; readonly person: Key; readonly escalated: boolean }[];
  };
}

interface Names {
  readonly people: ReadonlyMap<string, Key>;
  readonly packages: ReadonlyMap<string, Key>;
}

export function observed(seen: unknown, { people, packages }: Names): Observed {
  const rows = seen as Rows;
  const person = (id: string): Key => people.get(id) ?? id;
  const pack = (id: string): Key => packages.get(id) ?? id;
  const other = (id: string | null): Key | null => (id === null ? null : person(id));
  const keyed = <T extends { id: string }>(all: readonly T[], pairOf: (one: T) => Key): Map<string, Key> => {
    const counts = new Map<string, number>();
    return new Map(
      all.map((one) => {
        const pair = pairOf(one);
        const n = counts.get(pair) ?? 0;
        counts.set(pair, n + 1);
        return [one.id, `${pair}/${n}`];
      }),
    );
  };
  const held = (one: { target: string; package: string }): Key => `${person(one.target)}/${pack(one.package)}`;
  const requestKeys = keyed(rows.requests, held);
  const assignmentKeys = keyed(rows.assignments, held);
  const delegationKeys = keyed(rows.delegations, (one) => `${person(one.delegator)}>${person(one.delegate)}`);
  const swap = (map: Map<string, Key>): Map<Key, string> => new Map([...map].map(([id, key]) => [key, id]));
  return {
    requests: rows.requests.map((one) => ({
      ...one,
      key: requestKeys.get(one.id) ?? '',
      requestor: other(one.requestor),
      target: person(one.target),
      package: pack(one.package),
      assignment: one.assignment === null ? null : (assignmentKeys.get(one.assignment) ?? one.assignment),
      stages: rows.stages.filter(({ request }) => request === one.id),
      tasks: rows.tasks
        .filter(({ request }) => request === one.id)
        .map((task) => ({ ...task, person: person(task.person), for: other(task.for) })),
      decisions: rows.decisions
        .filter(({ request }) => request === one.id)
        .map((decision) => ({ ...decision, person: person(decision.person), for: other(decision.for) })),
    })),
    assignments: rows.assignments.map((one) => ({
      ...one,
      key: assignmentKeys.get(one.id) ?? '',
      target: person(one.target),
      package: pack(one.package),
      reasons: rows.reasons.filter(({ assignment }) => assignment === one.id),
      roles: rows.links.filter(({ assignment, lost }) => assignment === one.id && !lost).map(({ role }) => role),
      lost: rows.links.filter(({ assignment, lost }) => assignment === one.id && lost).map(({ role }) => role),
    })),
    delegations: rows.delegations.map((one) => ({
      ...one,
      key: delegationKeys.get(one.id) ?? '',
      delegator: person(one.delegator),
      delegate: person(one.delegate),
      what: one.package === null ? one.catalog && CATALOG : pack(one.package),
      endedBy: other(one.endedBy),
    })),
    exceptions: rows.exceptions.map((one) => ({ ...one, person: person(one.person), owner: person(one.owner) })),
    grants: Object.fromEntries(rows.grants.map(({ person: id, role, ...grant }) => [`${person(id)} ${role}`, grant])),
    ids: {
      versions: new Map(rows.requests.map((one) => [requestKeys.get(one.id) ?? '', one.version])),
      requests: swap(requestKeys),
      assignments: swap(assignmentKeys),
      delegations: swap(delegationKeys),
      tasks: rows.byHand.map((task) => ({ ...task, person: person(task.person) })),
    },
  };
}

const time = (at: number | null): string =>
  at === null ? '-' : new Date(at).toISOString().slice(5, 19).replace('T', ' ');

const spoken = (one: { readonly person: Key; readonly for: Key | null }): string =>
  one.for === null ? one.person : `${one.person} for ${one.for}`;

export type Written = Pick<Organization, 'requests' | 'assignments' | 'delegations' | 'grants'> & {
  readonly exceptions: readonly Seen[];
};

/** What is compared, one line for each thing. */
export function lines({ requests, assignments, delegations, exceptions, grants }: Written): string[] {
  return [
    ...requests.map((one) =>
      [
        `request ${one.key} ${one.type} ${one.state} ${one.detail ?? ''} by ${one.requestor ?? 'usher'} for ${one.assignment ?? 'nothing'}`,
        `${time(one.startsAt)}..${time(one.endsAt)} at stage ${one.stage}`,
        ...one.stages.map(
          (s) =>
            `stage ${s.n} ${s.state} by ${time(s.decideBy)} escalates ${time(s.escalateAt)} ${time(s.escalatedAt)} reminds ${time(s.remindAt)}`,
        ),
        ...one.tasks.map((t) => `${spoken(t)}: ${t.n} ${t.capacity} ${t.state}`).sort(),
        ...one.decisions.map((d) => `${spoken(d)} ${d.decision} ${d.n} of ${[...d.saw].sort().join()}`).sort(),
      ].join(' | '),
    ),
    ...assignments.map((one) =>
      [
        `access ${one.key} ${one.state} ${one.endReason ?? ''} ${time(one.since)} ${time(one.startsAt)}..${time(one.endsAt)}${one.lent ? ' lent' : ''}`,
        `reminded ${one.reminded} next ${time(one.remindAt)}`,
        ...one.reasons
          .map(
            (r) =>
              `${r.kind} ${time(r.startsAt)}..${time(r.until)} free ${time(r.freeUntil)} ${time(r.periodAt)} +${r.extensions}${r.ended ? ' over' : ''}`,
          )
          .sort(),
        `${[...one.roles].sort().join()} without ${[...one.lost].sort().join()}`,
      ].join(' | '),
    ),
    ...delegations.map(
      (one) =>
        `handed ${one.key} ${one.what ?? 'all'} ${time(one.from)}..${time(one.until)} ${one.state} by ${one.endedBy ?? '-'} due ${time(one.dueAt)}${one.left ? ' left' : ''}`,
    ),
    ...exceptions.map(
      ({ person, pair, owner, until, reported }) =>
        `exception ${person} ${pair} until ${time(until)} by ${owner}${reported ? ' reported' : ''}`,
    ),
    ...Object.entries(grants).map(([key, { state, baseline }]) => `grant ${key} ${state} ${String(baseline)}`),
  ].sort();
}

const DELIVERY = [...HELD, ...ENDING, 'removed'];

/**
 * How far the worker came is not foretold, for it depends on chance: the model takes it over where it is a step on the way. What the
 * states must mean is checked by the invariants, and at the end, when everything is well again, they are foretold as well. `gone`: what
 * the person had before, and somebody took outside.
 */
export function absorb(o: Organization, seen: Observed, gone: ReadonlySet<string>): void {
  const onItsWay = (before: string, after: string): boolean =>
    HELD.includes(before) ? HELD.includes(after) : ENDING.includes(before) && [...ENDING, 'removed'].includes(after);
  for (const one of o.assignments) {
    const now = seen.assignments.find(({ key }) => key === one.key);
    if (now && onItsWay(one.state, now.state)) one.state = now.state;
  }
  for (const one of o.requests) {
    const now = seen.requests.find(({ key }) => key === one.key);
    if (now && DELIVERY.includes(one.state) && onItsWay(one.state, now.state)) one.state = now.state;
  }
  for (const [key, now] of Object.entries(seen.grants)) {
    const grant = o.grants[key];
    if (!grant) continue;
    const [holder, role] = key.split(' ');
    const wanted = o.assignments.some(
      (one) => one.target === holder && HELD.includes(one.state) && one.roles.includes(role ?? ''),
    );
    const way = wanted ? ['placing', 'placed', 'placeFailed'] : ['taking', 'taken', 'takeFailed'];
    if (way.includes(now.state)) grant.state = now.state;
    // Once the role was taken, a gift that came too late makes what the person had before doubtful; once it was taken outside, it is gone.
    const mayGo = now.wasTaken || gone.has(key);
    if (grant.baseline === null || (mayGo && now.baseline === false)) grant.baseline = now.baseline;
  }
}
