// No statement that runs often may read a growing table whole. With scans, and joins that read both sides, made dear, one is
// left only where no index can serve, so this holds for any amount of data.
import type { Sequelize } from 'sequelize';
import { endOutOfScope, rerouteChanged, type JobParts } from '../../src/jobs';
import type {
  DraftId,
  AssignmentId,
  CardId,
  FindingId,
  GrantId,
  PackageId,
  PersonId,
  RequestId,
  ResourceId,
} from '../../src/domain/model';
import type { CardRow, Noted } from '../../src/operations/ports';
import { loadOrganization } from '../../src/store/configuration';
import { createCards } from '../../src/store/cards';
import { createDirectory } from '../../src/store/directory';
import { createComparisons, judged, loadCompared, loadFinding } from '../../src/store/drift';
import { keepAnswer } from '../../src/store/drift-answers';
import { createDue } from '../../src/store/due';
import { endDue } from '../../src/store/bulk';
import { takeLentNotes } from '../../src/store/exceptions';
import { newId } from '../../src/store/ids';
import { lockDrafts, takeDrafts } from '../../src/store/drafts';
import { createInbound, freshDeliveries, takeDeliveries } from '../../src/store/inbound';
import { lockFree } from '../../src/store/locks';
import { createOutbox } from '../../src/store/outbox';
import { type Query, queryIn, type TxQuery } from '../../src/store/query';
import { loadLeavers, scopesOf } from '../../src/store/scope';
import { recordEvents } from '../../src/store/tail';
import { createViews } from '../../src/store/views';
import { loadPlace } from '../../src/store/placements';
import { freshDatabase, openDatabase } from '../support/postgres';
import { bySystem } from './world';

const GROWING = [
  'people',
  'group_people',
  'group_ancestors',
  'identities',
  'conversations',
  'assignments',
  'requests',
  'approval_stages',
  'approval_tasks',
  'decisions',
  'justifications',
  'grants',
  'grant_assignments',
  'manual_tasks',
  'outgoing',
  'inbound',
  'cards',
  'gates',
  'drafts',
  'page_messages',
  'drift_seen',
  'drift_findings',
  'incompatibility_exceptions',
];

interface Plan {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Index Cond'?: string;
  readonly 'Parent Relationship'?: string;
  readonly 'CTE Name'?: string;
  readonly Plans?: readonly Plan[];
}

// Indexes that hold only what is open, so that reading one whole is reading what there is to do.
const PARTIAL = /_due$|_dead$|_leased$|_ready$|_stored$|_open$|_gone$|_failed$|_closed$|_scheduled$|_with_error$|^one_/;

function scanned(plan: Plan): string[] {
  const table = plan['Relation Name'] ?? '';
  const index = plan['Index Name'] ?? '';
  const isWhole =
    plan['Node Type'] === 'Seq Scan' ||
    (/^Index (Only )?Scan$/.test(plan['Node Type']) && plan['Index Cond'] === undefined && !PARTIAL.test(index));
  const isGrowing = GROWING.includes(table) || table.startsWith('audit_events');
  return [
    ...(isWhole && isGrowing ? [`${table} by ${index}`] : []),
    ...(/Join|Loop/.test(plan['Node Type']) && (plan.Plans ?? []).some(locks) ? ['locked for each row of a join'] : []),
    ...(plan.Plans ?? []).flatMap(scanned),
  ];
}

// What is picked and locked runs once, before everything else. As a side of a join it may run for each row of the other side, pass over
// what it has picked already and pick the next: then there is no limit to how many rows are taken.
function locks(plan: Plan): boolean {
  if (plan['Parent Relationship'] === 'InitPlan') return false;
  return plan['Node Type'] === 'LockRows' || (plan.Plans ?? []).some(locks);
}

// A database of its own: what other tests left in the statistics would decide what the planner does.
let sequelize: Sequelize;
beforeAll(async () => {
  ({ sequelize } = await openDatabase(await freshDatabase('plans', 'migrated')));
  // Enough people that the planner does not take reading them all for cheap.
  await sequelize.query(`insert into people (id, directory_key, name, kind, state, time_zone, locale, version)
    select usher_id(), 'm' || n, 'Member ' || n, 'member', 'enabled', 'UTC', 'en', 1 from generate_series(1, 5000) n`);
  await sequelize.query('analyze people');
});

const DEAR = ['seqscan', 'hashjoin', 'mergejoin'].map((way) => `set local enable_${way} = off`);

/**
 * Tables read whole by all statements of the act. The act gets no rows, so its end does not matter. `settings` come before it: by
 * themselves scans are made dear, and with others the planner is left to what it thinks of the data.
 */
async function wholeReads(
  act: (q: Query) => Promise<unknown>,
  answer: readonly unknown[] = [],
  {
    database = sequelize,
    settings = DEAR,
  }: { readonly database?: Sequelize; readonly settings?: readonly string[] } = {},
): Promise<string[]> {
  const found: string[] = [];
  let statements = 0;
  await database.transaction(async (transaction) => {
    const q = queryIn(database, transaction);
    for (const setting of settings) await q(setting);
    const explain: Query = async (sql, bind) => {
      const [row] = (await q(`explain (format json) ${sql}`, bind)) as readonly {
        'QUERY PLAN': readonly { Plan: Plan }[];
      }[];
      statements += 1;
      for (const { Plan: plan } of row?.['QUERY PLAN'] ?? []) found.push(...scanned(plan));
      return statements === 1 ? answer : [];
    };
    await act(explain).catch((error: unknown) => {
      // Without rows, facts are not found; what the server refuses is an error of the statement.
      if (typeof error === 'object' && error !== null && 'original' in error) throw error;
    });
  });
  expect(statements).toBeGreaterThan(0);
  return found;
}

const id = newId();
const person = id as PersonId;
const lease = { id: 1, token: id };
const page = { limit: 10, after: null };
const comparing = { token: id, resource: id as ResourceId, connector: 'local', originId: 'Ledger' };
const judgement = { held: { missing: null, extra: 'tooMany' }, repairs: ['missing', 'extra'], events: [] } as const;

/** What would leave with the next statement is looked at now. */
const atOnce = (q: Query): TxQuery =>
  Object.assign((sql: string, bind?: readonly unknown[]) => q(sql, bind), {
    later: async (sql: string, bind: readonly unknown[]) => {
      await q(sql, bind);
    },
  });

/** Reads a note where there is none. */
const withNote =
  (q: Query): Query =>
  async (sql, bind) => {
    const rows = await q(sql, bind);
    return /^select id.* as last from directory_changes/.test(sql) ? [{ id: 1, last: true }] : rows;
  };

test.each<{
  name: string;
  act: (q: Query) => Promise<unknown>;
  answer?: readonly unknown[];
  whole?: readonly string[];
}>([
  { name: 'what a start looks up', act: (q) => loadOrganization(q, ['key', 'ana@example.com']) },
  { name: 'expired stages', act: (q) => createDue(q).expiredStages(10) },
  { name: 'stages to escalate', act: (q) => createDue(q).stagesToEscalate(10) },
  { name: 'stages to remind', act: (q) => createDue(q).stagesToRemind(10) },
  { name: 'misrouted stages', act: (q) => createDue(q).misroutedStages(10) },
  { name: 'stages that changes touched', act: (q) => createDue(q).misroutedBy([1 as Noted], 10) },
  // What is remembered is read whole, and only where somebody was forgotten.
  {
    name: 'messages that name who is forgotten',
    act: (q) => createDue(q).redrawForgotten(10),
    whole: ['cards by cards_request'],
  },
  { name: 'forgetting changes', act: (q) => createDue(q).approversFollowed([1 as Noted]) },
  { name: 'access out of scope', act: (q) => createDue(withNote(q)).scopesLeft() },
  { name: 'leavers of a package', act: (q) => loadLeavers(q, id as PackageId) },
  { name: 'leavers for a message', act: (q) => createViews(q).leavers(id as PackageId) },
  { name: 'scopes of an assignment', act: (q) => scopesOf(q, id as AssignmentId) },
  { name: 'starts whose package gained roles', act: (q) => createDue(q).requestsToReopen(10) },
  { name: 'forgetting changes of content', act: (q) => createDue(q).contentsFollowed() },
  { name: 'starts', act: (q) => createDue(q).startsDue(10) },
  { name: 'reminders', act: (q) => createDue(q).remindersDue(10) },
  { name: 'justifications that are over', act: (q) => createDue(q).justificationsOver(10) },
  { name: 'ends that follow exceptions', act: (q) => createDue(q).lentChanged(10) },
  { name: 'what is noted of one of them', act: (q) => takeLentNotes(q, id as AssignmentId) },
  { name: 'requests of people who left', act: (q) => createDue(q).requestsOfGone(10) },
  { name: 'requests by policies that ended', act: (q) => createDue(q).requestsByEndedPolicies(10) },
  { name: 'requests whose last day is over', act: (q) => createDue(q).requestsOver(10) },
  { name: 'people to forget', act: (q) => createDue(q).peopleToForget(10) },
  { name: 'access of people who left', act: (q) => createDue(q).assignmentsOfGone(10) },
  { name: 'requests left behind', act: (q) => createDue(q).requestsLeftBehind(10) },
  { name: 'forgetting those that caught up', act: (q) => createDue(q).requestsCaughtUp() },
  { name: 'roles that nothing justifies', act: (q) => createDue(q).grantsAstray(10) },
  { name: 'forgetting those that are right again', act: (q) => createDue(q).astrayMended() },
  { name: 'messages out of date', act: (q) => createDue(q).staleCards(10) },
  { name: 'tasks that others keep', act: (q) => createDue(q).followKeepers() },
  { name: 'findings that others keep', act: (q) => createDue(q).closeForFormer('closed') },
  { name: 'exceptions to report', act: (q) => createDue(q).exceptionsToReport(10) },
  { name: 'lines of a digest', act: (q) => createViews(q).digest(person, 'x') },
  { name: 'what can be compared', act: (q) => createComparisons(q).comparable(['local']) },
  { name: 'what was accepted', act: (q) => createComparisons(q).accepted(['local']) },
  { name: 'beginning a comparison', act: (q) => createComparisons(q).begin(id as ResourceId) },
  { name: 'a page of a comparison', act: (q) => createComparisons(q).add(comparing, []) },
  { name: 'a comparison that failed', act: (q) => createComparisons(q).failed(comparing, 'x') },
  { name: 'a comparison', act: (q) => loadCompared(q, id), answer: [{}] },
  { name: 'the end of a comparison', act: (q) => judged(q, id, judgement) },
  { name: 'a difference', act: (q) => loadFinding(q, id as FindingId) },
  { name: 'differences for a message', act: (q) => createViews(q).drift(id as ResourceId) },
  { name: 'differences in the care of somebody', act: (q) => createViews(q).differing(person) },
  { name: 'whether somebody is in charge of a resource', act: (q) => createViews(q).keeps(person) },
  { name: 'leavers who wait for the word of somebody', act: (q) => createViews(q).askedLeavers(person) },
  {
    name: 'an answer about differences',
    act: (q) => keepAnswer(q, id as ResourceId, person, { asked: 'x', accepted: true }),
    answer: [{}],
  },
  { name: 'what was given up', act: (q) => createOutbox(q).dead(10) },
  { name: 'how much waits', act: (q) => createDue(q).backlog(['end-access']) },
  // Gates have a row for each account and place of the last day. An index on the instant that every message moves would cost each
  // of them more than one look at all rows an hour does.
  { name: 'pruning', act: (q) => createDue(q).prune(10), whole: ['drift_seen by drift_seen_pkey', 'gates by '] },
  { name: 'finding ended access', act: (q) => endDue(q, 10, bySystem) },
  { name: 'ending access', act: (q) => endDue(q, 10, bySystem), answer: [{ id, now: new Date() }] },
  { name: 'a claim', act: (q) => createOutbox(q).claim(10, 1000) },
  { name: 'the next instant', act: (q) => createOutbox(q).nextAt() },
  { name: 'giving up what nobody knows', act: (q) => createDue(q).giveUpUnknown(1000, 10) },
  { name: 'leaving a redraw', act: (q) => createOutbox(q).leave(lease, 'x') },
  { name: 'gathering messages', act: (q) => createDue(q).gatherMessages() },
  { name: 'parting a digest', act: (q) => createOutbox(q).part(lease) },
  { name: 'reaping', act: (q) => createOutbox(q).reap([lease], ['place']) },
  { name: 'keeping what is worked', act: (q) => createOutbox(q).keep([lease], 1000) },
  { name: 'a retry', act: (q) => createOutbox(q).retry(lease, 10, 'x') },
  { name: 'settling', act: (q) => createOutbox(q).settle(lease, { state: 'done' }) },
  { name: 'claiming an event', act: (q) => createInbound(q).claim(10, 1000) },
  { name: 'when the next event is due', act: (q) => createInbound(q).nextAt() },
  { name: 'keeping events that are worked', act: (q) => createInbound(q).keep([lease], 1000) },
  { name: 'reaping events', act: (q) => createInbound(q).reap(5) },
  { name: 'cards of a subject', act: (q) => createCards(q).bySubject({ kind: 'request', id }) },
  { name: 'cards that some access is part of', act: (q) => createCards(q).bySubject({ kind: 'assignment', id }) },
  { name: 'cards that a person is shown', act: (q) => createCards(q).bySubject({ kind: 'person', id }) },
  { name: 'telling anew', act: (q) => createOutbox(q).anew(id as CardId, { asks: true, trace: null }) },
  {
    name: 'what a try may have left elsewhere',
    act: (q) =>
      createCards(q).doubted({ person, subject: { kind: 'request', id }, trace: null }, 'approval~1', ['slack']),
  },
  { name: 'cards of a task', act: (q) => createCards(q).bySubject({ kind: 'manualTask', id }) },
  {
    name: 'a card that was overtaken',
    act: async (q) => {
      const seen = { id, subject: { kind: 'request', id }, request: id as RequestId, readAt: new Date(), params: {} };
      await createCards(q).overtaken(seen as unknown as CardRow, { id: 1, token: id });
    },
  },
  {
    name: 'an answer that follows',
    act: async (q) => {
      const card = { id: id as CardId, person, subject: { kind: 'request', id }, request: id as RequestId, params: {} };
      const ref = { platform: 'slack', tenant: 'T', user: 'U', conversation: 'D', message: '1', serviceUrl: null };
      await createCards(q).posted({ ...card, ...ref, view: 'request', hash: '', readAt: new Date() });
    },
    answer: [{ mine: 1, older: 1 }],
  },
  {
    name: 'an answer in the place of a message',
    act: async (q) => {
      const place = { platform: 'slack', tenant: 'T', conversation: 'D', message: '1' };
      await createCards(q).answered(place, { version: '1', hash: '' });
    },
  },
  {
    name: 'what waits while a package changes',
    act: async (q) => {
      const event = {
        type: 'package.versioned',
        subject: { kind: 'package', id },
        refs: { package: id as PackageId },
        data: {},
      } as const;
      await recordEvents(atOnce(q), [{ event, rows: [] }], { by: bySystem, now: new Date() }, () => undefined);
    },
  },
  {
    name: 'what acts that come together lock and take',
    act: async (q) => {
      const delivery = { platform: 'slack', key: 'k', bodyHash: 'h' };
      const draft = { id: id as DraftId, person };
      await lockFree(atOnce(q), { people: [person], requests: [id], packages: [id] });
      await freshDeliveries(atOnce(q), [delivery]);
      await lockDrafts(atOnce(q), [draft]);
      await takeDeliveries(atOnce(q), [{ delivery, reply: null }]);
      await takeDrafts(atOnce(q), [draft]);
    },
  },
  { name: 'cards of a request', act: (q) => createCards(q).byRequest(id as RequestId) },
  { name: 'where a person is reached', act: (q) => createDirectory(q).reachable(person) },
  {
    name: 'facts for asking',
    act: (q) => createViews(q).forSubmit({ requestor: person, target: person, package: id as PackageId }),
  },
  { name: 'facts of a request', act: (q) => createViews(q).forRequest(id as RequestId) },
  { name: 'facts of an assignment', act: (q) => createViews(q).forAssignment(id as AssignmentId) },
  { name: 'facts of a grant', act: (q) => loadPlace(q, id as GrantId) },
  { name: 'a search for packages', act: (q) => createViews(q).searchPackages(person, 'crm', 10, null) },
  { name: 'my access', act: (q) => createViews(q).access(person, page) },
  { name: 'my requests', act: (q) => createViews(q).requests(person, page) },
  { name: 'my approvals', act: (q) => createViews(q).approvals(person, page) },
  { name: 'my tasks', act: (q) => createViews(q).tasks(person, page) },
  { name: 'a task by its number', act: (q) => createViews(q).taskByNumber(17) },
  { name: 'a timeline', act: (q) => createViews(q).timeline(id as RequestId) },
  { name: 'whom messages do not reach', act: (q) => createViews(q).unreached(id as RequestId) },
  { name: 'who an account is', act: (q) => createViews(q).identity('slack', 'T', 'U') },
  { name: 'people by key', act: (q) => createViews(q).peopleByKey('a') },
  { name: 'people by mail address', act: (q) => createViews(q).peopleByMail('a@b') },
  { name: 'a search for people', act: (q) => createViews(q).searchPeople('ana woodgrove', 10, null) },
  { name: 'a search for direct reports', act: (q) => createViews(q).searchPeople('', 1, person) },
  { name: 'people by exact name', act: (q) => createViews(q).peopleNamed('Ana') },
])('$name: read by index', async ({ act, answer, whole = [] }) => {
  expect(await wholeReads(act, answer)).toEqual(whole);
});

test.each([
  // Delegations that begin or are over say so themselves, by an index of their own.
  { name: 'rerouting approvals', sweep: rerouteChanged, want: ['delegations', 'directory_changes'] },
  { name: 'ending access out of scope', sweep: endOutOfScope, want: ['directory_changes', 'scope_leavers'] },
  {
    name: 'closing what ended policies leave open',
    sweep: ({ due }: JobParts) => due.requestsByEndedPolicies(10),
    want: ['policies', 'policy_versions', 'requests'],
  },
  {
    name: 'closing what can give nothing any more',
    sweep: ({ due }: JobParts) => due.requestsOver(10),
    want: ['people', 'policy_versions', 'requests'],
  },
])('while nothing is to be done, $name reads where that would stand and nothing else', async ({ sweep, want }) => {
  const read = new Set<string>();
  const tables = (plan: Plan): readonly string[] =>
    [plan['Relation Name'] ?? [], (plan.Plans ?? []).map(tables)].flat(2);
  const explain: Query = async (sql, bind) => {
    const [row] = (await queryIn(sequelize)(`explain (format json) ${sql}`, bind)) as readonly {
      'QUERY PLAN': readonly { Plan: Plan }[];
    }[];
    for (const { Plan: plan } of row?.['QUERY PLAN'] ?? []) for (const table of tables(plan)) read.add(table);
    return [];
  };
  await sweep({ due: createDue(explain) } as unknown as JobParts);
  expect([...read].toSorted()).toEqual(want);
});

test('a comparison joins nothing row by row with all that a system said, or with all that differs', async () => {
  const joined = (plan: Plan & { readonly 'CTE Name'?: string; readonly 'Parent Relationship'?: string }): string[] => [
    ...(plan['Parent Relationship'] === 'Inner' ? [plan['CTE Name'] ?? ''] : []),
    ...(plan.Plans ?? []).flatMap(joined),
  ];
  const found = new Set<string>();
  await sequelize.transaction(async (transaction) => {
    const q = queryIn(sequelize, transaction);
    for (const setting of DEAR) await q(setting);
    const explain: Query = async (sql, bind) => {
      const [row] = (await q(`explain (format json) ${sql}`, bind)) as readonly {
        'QUERY PLAN': readonly { Plan: Plan }[];
      }[];
      for (const { Plan: plan } of row?.['QUERY PLAN'] ?? []) for (const name of joined(plan)) found.add(name);
      return [{ now: new Date(), resource: {} }];
    };
    await loadCompared(explain, id).catch(() => null);
  });
  // These hold a row for each role of the resource.
  const small = ['', 'compared', 'place', 'twin'];
  expect([...found].filter((name) => !small.includes(name))).toEqual([]);
  expect(found.has('compared') || found.has('place')).toBe(true);
});

test('looking at all waiting approvals goes through what was gathered once, and not once for each row', async () => {
  const again = (plan: Plan, isEach: boolean): string[] => {
    const each = isEach || plan['Parent Relationship'] === 'SubPlan';
    const own = each && plan['Node Type'] === 'CTE Scan' ? [plan['CTE Name'] ?? ''] : [];
    return [...own, ...(plan.Plans ?? []).flatMap((one) => again(one, each))];
  };
  const found: string[] = [];
  const explain: Query = async (sql, bind) => {
    const [row] = (await queryIn(sequelize)(`explain (format json) ${sql}`, bind)) as readonly {
      'QUERY PLAN': readonly { Plan: Plan }[];
    }[];
    for (const { Plan: plan } of row?.['QUERY PLAN'] ?? []) found.push(...again(plan, false));
    return [];
  };
  await createDue(explain).misroutedStages(10);
  expect(found).toEqual([]);
});

/** The lines of the plans of what is done. */
async function planned(act: (q: Query) => Promise<unknown>, ...more: readonly string[]): Promise<string> {
  const read: string[] = [];
  await sequelize.transaction(async (transaction) => {
    const q = queryIn(sequelize, transaction);
    for (const setting of [...DEAR, ...more]) await q(setting);
    const explain: Query = async (sql, bind) => {
      read.push(...(await q(`explain ${sql}`, bind)).map((row) => JSON.stringify(row)));
      return [];
    };
    await act(explain);
  });
  return read.join('\n');
}

test('a list asks for the time once, and not for each policy that means somebody', async () => {
  const read: string[] = [];
  const explain: Query = async (sql, bind) => {
    read.push(JSON.stringify(await queryIn(sequelize)(`explain (verbose, format json) ${sql}`, bind)));
    return [];
  };
  await createViews(explain).searchPackages(person, '', 16, null);
  expect(read.join().match(/usher_now\(\)/g)).toHaveLength(1);
});

test('who left is not looked up in all that they ever asked for', async () => {
  const read = await planned((q) => createDue(q).requestsOfGone(10));
  expect(read).toContain('on approval_stages');
  expect(read).not.toContain('requests_asked');
});

test('what waits by an ended policy is looked up for each version in use, not in all that waits or ever ended', async () => {
  const read = await planned((q) => createDue(q).requestsByEndedPolicies(10), 'set local enable_bitmapscan = off');
  const looks = [...read.matchAll(/Scan (?:using (\w+) )?on (\w+)/g)].filter(([, , table]) => table !== 'used');
  const waiting = looks.flatMap(([, index, table]) => (table === 'requests' ? (index ?? 'all') : []));
  expect([...new Set(waiting)]).toEqual(['requests_by_policy']);
  expect(read.match(/Index Cond/g)).toHaveLength(looks.length);
});

test('what waits for somebody is not looked up in all that was ever given where they keep it', async () => {
  const read = await planned((q) => createViews(q).tasks(person, page));
  expect(read).toContain('grants_pkey');
  expect(read).not.toContain('grants_role');
});

test('who is before somebody in charge is looked up for what they keep, and not for each task that waits', async () => {
  const read = await planned((q) => createViews(q).tasks(person, page));
  expect(read).toContain('resource_owners');
  expect(read.slice(read.indexOf('on manual_tasks'))).not.toContain('resource_owners');
});

describe('who may decide, where groups are large and the planner is left to itself', () => {
  let database: Sequelize;
  beforeAll(async () => {
    ({ sequelize: database } = await openDatabase(await freshDatabase('plans_large', 'migrated')));
    const run = async (sql: string): Promise<void> => {
      await database.query(sql);
    };
    // Twenty thousand people, in groups of two thousand that approve: by its numbers nearly everybody may be asked.
    await run(`insert into organization (name, time_zone, demo) values ('Woodgrove', 'UTC', false);
      insert into people (id, directory_key, name, kind, state, time_zone, locale, version)
        select usher_id(), 'm' || n, 'Member ' || n, 'member', 'enabled', 'UTC', 'en', 1 from generate_series(1, 20000) n;
      insert into groups (id, directory_key, name, version) select usher_id(), 'g' || n, 'Group ' || n, 1 from generate_series(1, 10) n;
      insert into group_people select g.id, p.id from groups g join people p
        on substr(p.directory_key, 2)::integer / 2000 = substr(g.directory_key, 2)::integer - 1;
      select refresh_group_ancestors();
      insert into catalogs values (usher_id(), 'C', '', 'published', true, 1);
      insert into packages select usher_id(), c.id, 'P' || n, '', false, false, 'active', 'keep', usher_id(), 1
        from catalogs c, generate_series(1, 50) n;
      insert into package_versions select current_version_id, id, 1, now() from packages;
      insert into policies select usher_id(), id, 'All', 'enabled', usher_id(), 1 from packages;
      insert into policy_versions (id, policy_id, number, name, mode, expiration, custom_period, reason_required, self_request, on_behalf,
          self_remove, extension_allowed, extension_approval, end_when_out_of_scope, same_person_in_stages, created_at)
        select current_version_id, id, 1, 'All', 'request', 'never', true, false, true, false, true, true, true, false, false, now()
        from policies;
      insert into policy_stages select current_version_id, 1, 1, 72, null, false from policies;
      insert into policy_subjects (policy_version_id, purpose, n, position, kind) select current_version_id, 'target', 0, 0, 'allMembers'
        from policies;
      insert into policy_subjects (policy_version_id, purpose, n, position, kind, group_id)
        select current_version_id, 'primary', 1, 0, 'group', (select id from groups order by md5(policies.id::text || groups.id) limit 1)
        from policies;
      insert into administrative_roles (id, role, person_id, catalog_id, state, version)
        select usher_id(), role, (select id from people where directory_key = key), case role when 'catalogOwner' then catalogs.id end, 'active', 1
        from catalogs, (values ('administrator', 'm1'), ('administrator', 'm2'), ('catalogOwner', 'm3')) as held (role, key);
      insert into administrative_roles (id, role, group_id, state, version)
        select usher_id(), 'administrator', id, 'active', 1 from groups where name = 'Group 1'`);
    await run('analyze');
  });

  test.each<{ name: string; act: (q: Query) => Promise<unknown> }>([
    {
      name: 'facts for asking',
      act: (q) => createViews(q).forSubmit({ requestor: person, target: person, package: id as PackageId }),
    },
    { name: 'facts of a request', act: (q) => createViews(q).forRequest(id as RequestId) },
    { name: 'facts of an assignment', act: (q) => createViews(q).forAssignment(id as AssignmentId) },
    { name: 'facts of a grant', act: (q) => loadPlace(q, id as GrantId) },
    { name: 'roles of a person', act: (q) => createViews(q).roles(person, null) },
    { name: 'what may be asked for anew', act: (q) => createViews(q).forAsking(person, [id as PackageId]) },
    { name: 'what may be shared', act: (q) => createViews(q).sharablePackages(person, 'p', 10) },
    { name: 'one that may be shared', act: (q) => createViews(q).sharing(person, { id: id as PackageId }) },
    { name: 'a link', act: (q) => createViews(q).packagesNamed(person, '0a1b2c3d4e5f6g7h8j9k') },
    { name: 'who may assign', act: (q) => createViews(q).manageablePackages(person, 'p', 10) },
    { name: 'misrouted stages', act: (q) => createDue(q).misroutedStages(10) },
    { name: 'stages that changes touched', act: (q) => createDue(q).misroutedBy([1 as Noted], 10) },
  ])('$name: people are looked up one by one', async ({ act }) => {
    const found = await wholeReads(act, [], { database, settings: ['set local plan_cache_mode = force_generic_plan'] });
    expect(found.filter((one) => one.startsWith('people '))).toEqual([]);
  });
});
