// The only writer of configuration: rows, their parts, closures and audit events, set by set, in the order in which they
// refer to each other. A row that somebody else changed since it was read is Stale, and the whole act runs again.
import type { DomainEvent } from '../domain/events';
import { leavesUndecided } from '../domain/exception';
import type { Package, PersonId, PolicyVersion, Resource, SubjectSet } from '../domain/model';
import { isMoved } from '../domain/resource';
import type { ConfigurationChange, ConfigurationNouns } from '../operations/ports';
import {
  groups,
  exceptions,
  incompatibilities,
  partners,
  peopleWithProperties,
  policies,
  policyVersions,
  roles,
  type PolicyVersionRow,
} from './configuration-tables';
import { Stale } from './faults';
import { freeMended } from './identities';
import { LIVE, OPEN } from './loads';
import type { Query, Row } from './query';
import { catalogs, fieldsOf, packages, resourceRoles, resources, resourceScopes, toRow, type Table } from './tables';
import type { ChangedRow, Recorded } from './tail';

/** Appends events with the rows that they stand for (tail.ts). */
export type Record = (recorded: readonly Recorded[]) => Promise<unknown>;

interface Pair<T> {
  readonly before: T | null;
  readonly after: T;
}
type Of<K extends keyof ConfigurationNouns> = Pair<ConfigurationNouns[K]> & { readonly events: readonly DomainEvent[] };

/** Writes all changes with their events. */
export async function saveConfiguration(
  q: Query,
  changes: readonly ConfigurationChange[],
  record: Record,
): Promise<void> {
  const of = <K extends keyof ConfigurationNouns>(noun: K): readonly Of<K>[] =>
    changes.filter((change) => change.noun === noun) as unknown as readonly Of<K>[];
  const recorded: Recorded[] = [];
  const note = <T>(
    list: readonly (Pair<T> & { readonly events: readonly DomainEvent[] })[],
    rowsOf: (one: Pair<T>) => readonly ChangedRow[],
  ): void => {
    for (const one of list) recorded.push(...withRows(one.events, rowsOf(one)));
  };

  await holdChanged(q, changes);
  await saveOrganization(q, of('organization'));
  note(of('organization'), ({ before, after }) => [
    changed('organization', 'organization', before && { ...before }, { ...after }),
  ]);

  await saveRows(q, partners, of('partner'));
  await saveSources(q, of('partner'));
  note(of('partner'), (one) => [rowOf(partners, one, ({ sources }) => ({ sources }))]);

  await saveRows(q, peopleWithProperties, of('person'));
  note(of('person'), (one) => [rowOf(peopleWithProperties, one)]);

  await saveRows(q, groups, of('group'));
  await saveMembers(q, of('group'));
  note(of('group'), (one) => [rowOf(groups, one)]);

  recorded.push(...(await saveIdentities(q, of('identity'))));

  await saveInstallations(q, of('installation'));
  note(of('installation'), ({ before, after }) => [
    changed('installations', `${after.platform} ${after.tenant}`, before && { ...before }, { ...after }),
  ]);

  await saveRows(q, catalogs, of('catalog'));
  note(of('catalog'), (one) => [rowOf(catalogs, one)]);

  await saveRows(q, roles, of('role'));
  note(of('role'), (one) => [rowOf(roles, one)]);

  await saveResources(q, of('resource'));
  note(of('resource'), (one) => [
    rowOf<Resource, ConfigurationNouns['resource']>(resources, one, (value) => ({
      roles: value.roles,
      scopes: value.scopes,
      owners: value.owners,
    })),
  ]);

  await savePackages(q, of('package'));
  note(of('package'), (one) => [
    rowOf<Package, ConfigurationNouns['package']>(packages, one, ({ content }) => ({ content: content.roles })),
  ]);

  await saveRows(q, incompatibilities, of('incompatibility'));
  note(of('incompatibility'), (one) => [rowOf(incompatibilities, one)]);

  // Some decide exceptions to these.
  await savePolicies(q, of('policy'));
  note(of('policy'), (one) => [rowOf(policies, one, ({ content }) => ({ content: json(content) }))]);

  await saveRows(q, exceptions, of('exception'));
  note(of('exception'), (one) => [rowOf(exceptions, one)]);

  for (let n = 0; n < recorded.length; n += EVENTS_AT_ONCE) await record(recorded.slice(n, n + EVENTS_AT_ONCE));
  // Reads in the trail who came only now.
  await record(await freeMended(q, of('person')));
}

const EVENTS_AT_ONCE = 2_000; // a directory of 100,000 people is one act, but not one statement

/**
 * Who may ask and who is asked hangs on people and groups, so whoever changes these holds the people's rows first, in the order
 * of ids in which every bulk act takes them, with those who lose access; then the packages that are deleted. Whoever asks holds both
 * the same way round (locks.ts), so a request is either counted before its package goes, or finds no package.
 */
export async function holdChanged(
  q: Query,
  changes: readonly ConfigurationChange[],
  losing: readonly PersonId[] = [],
): Promise<void> {
  // Who holds both is counted, and everybody of them decided on: nobody may come to hold both meanwhile.
  const sides = changes.flatMap((change) =>
    change.noun === 'incompatibility' && leavesUndecided(change.before, change.after)
      ? [change.after.package, change.after.otherPackage].filter((one) => one !== null)
      : [],
  );
  const holders = async (): Promise<readonly string[]> =>
    sides.length === 0
      ? []
      : (await q(HOLDERS, [JSON.stringify(sides)])).map((row) => (row as { readonly id: string }).id);
  const people = new Set<string>([...losing, ...(await holders())]);
  const packages = new Set<string>(sides);
  for (const change of changes) {
    // The same of whom nothing allows it any more.
    if (change.noun === 'exception' && change.after.state === 'ended') people.add(change.after.person);
    if (change.noun === 'person' && change.before) people.add(change.before.id);
    if (change.noun === 'package' && change.before && change.after.state === 'deleted') packages.add(change.after.id);
    if (change.noun !== 'group') continue;
    const had = new Set(change.before?.people);
    const has = new Set(change.after.people);
    for (const id of has) if (!had.has(id)) people.add(id);
    for (const id of had) if (!has.has(id)) people.add(id);
  }
  const lock = async (table: string, ids: ReadonlySet<string>, strength: string): Promise<void> => {
    if (ids.size === 0) return;
    const wanted = 'select value::uuid from jsonb_array_elements_text($1::jsonb)';
    await q(`select id from ${table} where id in (${wanted}) order by id for ${strength}`, [JSON.stringify([...ids])]);
  };
  await lock('people', people, 'no key update');
  await lock('packages', packages, 'update');
  // Whoever has or had a role of them is counted: nobody may come to have the first meanwhile.
  const moved = changes.flatMap((change) =>
    change.noun === 'resource' && isMoved(change.before, change.after) ? [change.after.id] : [],
  );
  if (moved.length > 0) await q(ROLES_OF, [JSON.stringify(moved)]);
  const ended = changes.flatMap((one) =>
    one.noun === 'incompatibility' && one.after.state === 'ended' ? [one.after.id] : [],
  );
  await lock('incompatibilities', new Set(ended), 'no key update');
  // An exception that was granted since these were read ends with them as well.
  const known = changes.flatMap((one) => (one.noun === 'exception' ? [one.after.id] : []));
  if (ended.length > 0 && (await q(GRANTED, [JSON.stringify(ended), JSON.stringify(known)])).length > 0)
    throw new Stale('incompatibility_exceptions');
  // Who got one side while this waited for the packages is not held, and people come before packages. From here on nobody can ask.
  if ((await holders()).some((id) => !people.has(id))) throw new Stale('people');
}

/** What a new grant refers to. */
const ROLES_OF = `select id from resource_roles
  where resource_id in (select value::uuid from jsonb_array_elements_text($1::jsonb)) order by id for update`;

const GRANTED = `select id from incompatibility_exceptions where state <> 'ended'
  and incompatibility_id in (select value::uuid from jsonb_array_elements_text($1::jsonb))
  and id not in (select value::uuid from jsonb_array_elements_text($2::jsonb))`;

/** Who holds one of the packages, or asks for it. */
const HOLDERS = `with wanted as (select value::uuid as id from jsonb_array_elements_text($1::jsonb))
  select target_id as id from assignments where package_id in (select id from wanted) and state in ${LIVE}
  union select target_id from requests where package_id in (select id from wanted) and state in ${OPEN}`;

/** Updates with their versions compared, then inserts: a name that one row gives up can be taken by a new one. */
async function saveRows<T extends object>(q: Query, table: Table<T>, list: readonly Pair<T>[]): Promise<void> {
  const fields = fieldsOf(table).filter(({ given }) => !given);
  const columns = fields.map(({ column }) => column);
  const typed = fields.map(({ column, type }) => `${column} ${type}`).join(', ');
  const rows = (some: readonly Pair<T>[]): string => JSON.stringify(some.map(({ after }) => toRow(table, after)));
  const updates = list.filter(({ before }) => before !== null);
  const inserts = list.filter(({ before }) => before === null);
  if (updates.length > 0) {
    const set = columns.filter((column) => column !== 'id').map((column) => `${column} = r.${column}`);
    const done = await q(
      `update ${table.table} t set ${set.join(', ')} from jsonb_to_recordset($1::jsonb) as r (${typed})
       where t.id = r.id and t.version = r.version - 1 returning t.id`,
      [rows(updates)],
    );
    if (done.length < updates.length) throw new Stale(table.table);
  }
  if (inserts.length > 0)
    await q(
      `insert into ${table.table} (${columns.join(', ')}) select ${columns.join(', ')} from jsonb_to_recordset($1::jsonb) as r (${typed})`,
      [rows(inserts)],
    );
}

async function saveOrganization(q: Query, list: readonly Of<'organization'>[]): Promise<void> {
  for (const { before, after } of list) {
    // Whether it is a demo is said once, at its creation.
    if (before) await q('update organization set name = $1, time_zone = $2', [after.name, after.timeZone]);
    else
      await q('insert into organization (name, time_zone, demo) values ($1, $2, $3)', [
        after.name,
        after.timeZone,
        after.demo,
      ]);
  }
}

async function saveSources(q: Query, list: readonly Of<'partner'>[]): Promise<void> {
  if (list.length === 0) return;
  await q(
    'delete from identity_sources where organization_id in (select value::uuid from jsonb_array_elements_text($1::jsonb))',
    [JSON.stringify(list.map(({ after }) => after.id))],
  );
  const rows = list.flatMap(({ after }) => after.sources.map((source) => ({ organization_id: after.id, ...source })));
  await q(
    `insert into identity_sources (organization_id, kind, value)
     select * from jsonb_to_recordset($1::jsonb) as r (organization_id uuid, kind text, value text)`,
    [JSON.stringify(rows)],
  );
}

async function saveMembers(q: Query, list: readonly Of<'group'>[]): Promise<void> {
  if (list.length === 0) return;
  await saveLinks(
    q,
    'group_people',
    ['group_id', 'person_id'],
    list.map(({ before, after }) => ({ id: after.id, had: before?.people ?? [], has: after.people })),
  );
  await saveLinks(
    q,
    'group_nesting',
    ['parent_id', 'child_id'],
    list.map(({ before, after }) => ({ id: after.id, had: before?.groups ?? [], has: after.groups })),
  );
  await q('select refresh_group_ancestors()');
}

/** Differences only. */
async function saveLinks(
  q: Query,
  table: string,
  [from, to]: readonly [string, string],
  list: readonly { readonly id: string; readonly had: readonly string[]; readonly has: readonly string[] }[],
): Promise<void> {
  const rows = (
    pick: (one: (typeof list)[number]) => { all: readonly string[]; without: readonly string[] },
  ): string => {
    const links = list.flatMap((one) => {
      const { all, without } = pick(one);
      const known = new Set(without);
      return all.filter((id) => !known.has(id)).map((id) => ({ a: one.id, b: id }));
    });
    return JSON.stringify(links);
  };
  await q(
    `delete from ${table} t using jsonb_to_recordset($1::jsonb) as r (a uuid, b uuid) where t.${from} = r.a and t.${to} = r.b`,
    [rows(({ had, has }) => ({ all: had, without: has }))],
  );
  await q(
    `insert into ${table} (${from}, ${to}) select a, b from jsonb_to_recordset($1::jsonb) as r (a uuid, b uuid) on conflict do nothing`,
    [rows(({ had, has }) => ({ all: has, without: had }))],
  );
}

// First every account leaves its old person, then all get their new one, so that two people can swap. An account that chat
// has seen but linked to nobody keeps its row.
async function saveIdentities(q: Query, list: readonly Of<'identity'>[]): Promise<readonly Recorded[]> {
  if (list.length === 0) return [];
  const left = list.flatMap(({ before, after }) =>
    before ? [{ id: before.id, version: before.version, leaves: before.id !== after.id }] : [],
  );
  const unlinked = await q(
    `update identities t set person_id = null, state = 'unlinked', version = t.version + r.leaves::integer
     from jsonb_to_recordset($1::jsonb) as r (id uuid, version integer, leaves boolean)
     where t.id = r.id and t.version = r.version returning t.id`,
    [JSON.stringify(left)],
  );
  if (unlinked.length < left.length) throw new Stale('identities');

  const accounts = list.map(({ after }) => ({ ...after, kept: null }));
  const rows = (await q(
    `insert into identities as t (id, platform, tenant, user_id, person_id, state, linked_by, standing, version)
     select r.id, r.platform, r.tenant, r."user", r.person, 'linked', case r.platform when 'web' then 'demo' else 'file' end, p.kind, 1
     from jsonb_to_recordset($1::jsonb) as r (id uuid, platform text, tenant text, "user" text, person uuid)
     join people p on p.id = r.person
     on conflict (platform, tenant, user_id) do update set person_id = excluded.person_id, state = 'linked',
       linked_by = excluded.linked_by, standing = case t.standing when 'member' then excluded.standing else t.standing end,
       version = t.version + 1 where t.person_id is null
     returning t.id, t.platform, t.tenant, t.user_id`,
    [JSON.stringify(accounts)],
  )) as readonly Row[];
  if (rows.length < list.length) throw new Stale('identities');
  const ids = new Map(
    rows.map((row) => [JSON.stringify([row['platform'], row['tenant'], row['user_id']]), row['id'] as string]),
  );
  return list.flatMap(({ before, after, events }) => {
    const id = ids.get(JSON.stringify([after.platform, after.tenant, after.user])) ?? after.id;
    const moved = events.map((event) =>
      event.subject.id === after.id ? { ...event, subject: { ...event.subject, id } } : event,
    );
    const was = before && before.id === after.id ? { person_id: before.person } : null;
    return withRows(moved, [changed('identities', id, was, { person_id: after.person })]);
  });
}

async function saveInstallations(q: Query, list: readonly Of<'installation'>[]): Promise<void> {
  if (list.length === 0) return;
  await q(
    `insert into installations (platform, tenant, name, authoritative_domains, guests_allowed, from_settings, filed_domains, filed_guests)
     select platform, tenant, name, coalesce(given."authoritativeDomains", filed."authoritativeDomains"),
       coalesce(given."guestsAllowed", filed."guestsAllowed"), array(select jsonb_object_keys("fromSettings")),
       filed."authoritativeDomains", filed."guestsAllowed"
     from jsonb_to_recordset($1::jsonb)
       as filed (platform text, tenant text, name text, "authoritativeDomains" text[], "guestsAllowed" boolean, "fromSettings" jsonb),
     jsonb_to_record("fromSettings") as given ("authoritativeDomains" text[], "guestsAllowed" boolean)
     on conflict (platform, tenant) do update set name = excluded.name,
       authoritative_domains = excluded.authoritative_domains, guests_allowed = excluded.guests_allowed,
       from_settings = excluded.from_settings, filed_domains = excluded.filed_domains, filed_guests = excluded.filed_guests`,
    [JSON.stringify(list.map(({ after }) => after))],
  );
}

async function saveResources(q: Query, list: readonly Of<'resource'>[]): Promise<void> {
  if (list.length === 0) return;
  await saveRows<Resource>(q, resources, list);
  await saveRows(
    q,
    resourceRoles,
    parts(list, ({ roles: all }) => all),
  );
  await saveRows(
    q,
    resourceScopes,
    parts(list, ({ scopes }) => scopes),
  );
  await q(
    'delete from resource_owners where resource_id in (select value::uuid from jsonb_array_elements_text($1::jsonb))',
    [JSON.stringify(list.map(({ after }) => after.id))],
  );
  const owners = list.flatMap(({ after }) =>
    after.owners.map((one) => ({
      resource_id: after.id,
      person_id: 'person' in one ? one.person : null,
      group_id: 'group' in one ? one.group : null,
    })),
  );
  await q(
    `insert into resource_owners (resource_id, person_id, group_id)
     select * from jsonb_to_recordset($1::jsonb) as r (resource_id uuid, person_id uuid, group_id uuid)`,
    [JSON.stringify(owners)],
  );
}

/** New and renamed roles or scopes of resources. */
function parts<P extends { readonly id: string; readonly version: number }>(
  list: readonly Of<'resource'>[],
  pick: (resource: ConfigurationNouns['resource']) => readonly P[],
): Pair<P>[] {
  return list.flatMap(({ before, after }) => {
    const had = new Map((before ? pick(before) : []).map((one) => [one.id, one]));
    return pick(after).flatMap((one) => {
      const was = had.get(one.id) ?? null;
      return was?.version === one.version ? [] : [{ before: was, after: one }];
    });
  });
}

async function savePackages(q: Query, list: readonly Of<'package'>[]): Promise<void> {
  await saveRows<Package>(q, packages, list);
  const versions = list.flatMap(({ before, after }) =>
    before?.content.id === after.content.id ? [] : [after.content],
  );
  if (versions.length === 0) return;
  await q(
    `insert into package_versions (id, package_id, number, created_at)
     select id, package, number, usher_now() from jsonb_to_recordset($1::jsonb) as r (id uuid, package uuid, number integer)`,
    [JSON.stringify(versions)],
  );
  const rows = versions.flatMap(({ id, roles: content }) => content.map((one) => ({ id, ...one })));
  await q(
    `insert into package_grants (package_version_id, role_id, scope_id)
     select id, role, scope from jsonb_to_recordset($1::jsonb) as r (id uuid, role uuid, scope uuid)`,
    [JSON.stringify(rows)],
  );
}

async function savePolicies(q: Query, list: readonly Of<'policy'>[]): Promise<void> {
  await saveRows(q, policies, list);
  const versions = list.flatMap(({ before, after }) =>
    before?.content.id === after.content.id ? [] : [after.content],
  );
  if (versions.length === 0) return;
  const fields = fieldsOf(policyVersions);
  const columns = fields.map(({ column }) => column).join(', ');
  await q(
    `insert into policy_versions (${columns}, created_at)
     select ${columns}, usher_now() from jsonb_to_recordset($1::jsonb) as r (${fields.map(({ column, type }) => `${column} ${type}`).join(', ')})`,
    [JSON.stringify(versions.map((one) => toRow(policyVersions, flat(one))))],
  );
  await q(
    `insert into policy_stages (policy_version_id, n, approvals_required, decide_within_days, decide_within_hours,
       escalate_after_days, escalate_after_hours, approver_reason_required)
     select version, n, "approvalsRequired", ("decideWithin" ->> 'days')::integer,
       coalesce(("decideWithin" ->> 'hours')::integer, ("decideWithin" ->> 'days')::integer * 24), ("escalateAfter" ->> 'days')::integer,
       coalesce(("escalateAfter" ->> 'hours')::integer, ("escalateAfter" ->> 'days')::integer * 24), "approverReasonRequired"
     from jsonb_to_recordset($1::jsonb) as r (version uuid, n integer, "approvalsRequired" integer, "decideWithin" jsonb,
       "escalateAfter" jsonb, "approverReasonRequired" boolean)`,
    [JSON.stringify(versions.flatMap(({ id, stages }) => stages.map((stage) => ({ version: id, ...stage }))))],
  );
  await q(
    `insert into policy_calendars (policy_version_id, zone, days, from_minute, until_minute, holidays)
     select version, zone, days, "from", "until", holidays from jsonb_to_recordset($1::jsonb)
       as r (version uuid, zone text, days integer[], "from" integer, "until" integer, holidays date[])`,
    [JSON.stringify(versions.flatMap(({ id, calendar }) => (calendar ? [{ version: id, ...calendar }] : [])))],
  );
  await q(
    `insert into policy_subjects (policy_version_id, purpose, n, position, kind, person_id, group_id, organization_id, manager_level)
     select version, purpose, n, position, kind, person, "group", organization, level
     from jsonb_to_recordset($1::jsonb) as r (version uuid, purpose text, n integer, position integer, kind text, person uuid,
       "group" uuid, organization uuid, level integer)`,
    [JSON.stringify(versions.flatMap(subjectRows))],
  );
  await q(
    `insert into policy_questions (policy_version_id, id, position, text, required, type, choices)
     select version, id, position, text, required, type, choices from jsonb_to_recordset($1::jsonb)
       as r (version uuid, id text, position integer, text text, required boolean, type text, choices text[])`,
    [
      JSON.stringify(
        versions.flatMap((one) =>
          one.questions.map((question, position) => ({ ...question, version: one.id, position })),
        ),
      ),
    ],
  );
}

function subjectRows(version: PolicyVersion): object[] {
  const list = (purpose: string, n: number, sets: readonly SubjectSet[]): object[] =>
    sets.map((set, position) => ({ version: version.id, purpose, n, position, ...set }));
  return [
    ...list('target', 0, version.targets),
    ...version.stages.flatMap((stage) => [
      ...list('primary', stage.n, stage.primaries),
      ...list('alternate', stage.n, stage.alternates),
      ...list('fallback', stage.n, stage.fallbacks),
    ]),
  ];
}

function flat(version: PolicyVersion): PolicyVersionRow {
  const { expiration, extension } = version;
  return {
    ...version,
    expiration: expiration.kind,
    days: expiration.kind === 'days' ? expiration.days : null,
    hours: expiration.kind === 'hours' ? expiration.hours : null,
    day: expiration.kind === 'date' ? expiration.day : null,
    extensionAllowed: extension.allowed,
    extensionApproval: extension.approval,
    maxExtensions: extension.maxExtensions === 'unlimited' ? null : extension.maxExtensions,
    extensionsUnlimited: extension.maxExtensions === 'unlimited',
    maxTotalDays: extension.maxTotalDays,
  };
}

/** A row as the trail shows it, with what hangs on it in tables of its own. */
function rowOf<T extends object, V extends T = T>(
  table: Table<T>,
  { before, after }: Pair<V>,
  more: (value: V) => object = () => ({}),
): ChangedRow {
  const row = (value: V): Row => ({ ...toRow<T>(table, value), ...more(value) });
  const { id } = after as unknown as { readonly id: string };
  const personal = new Set(
    fieldsOf(table)
      .filter((field) => field.personal)
      .map(({ column }) => column),
  );
  return { table: table.table, id, before: before && row(before), after: row(after), personal };
}

function changed(table: string, id: string, before: Row | null, after: Row): ChangedRow {
  return { table, id, before, after, personal: new Set() };
}

/** The rows stand with the first event: for a group that is the group itself, and then come its members one by one. */
function withRows(events: readonly DomainEvent[], rows: readonly ChangedRow[]): Recorded[] {
  if (events.length === 0) throw new Error('configuration is changed without an event');
  return events.map((event, n) => ({ event, rows: n === 0 ? rows : [] }));
}

/** As it looks in JSON: instants as text. */
function json(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
