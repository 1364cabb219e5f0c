// Lists of packages: what a person may ask for, what a typed name means, what an owner may assign. Which policy a request
// goes by, and every refusal, is a rule; here only whether some enabled policy means the person.
import { isLinkCode } from '../domain/link';
import type { PackageId, PersonId } from '../domain/model';
import { permissions } from '../domain/permissions';
import type { PackageRow, SharedRow, Views } from '../operations/ports';
import { pageOf, unpackCursor, wordsOf } from './cursors';
import { AGGREGATE, BY_NAME, LIVE, NAMED_ROLES, OPEN, ROLE_NAME } from './loads';
import { targetRow, WIDE_KINDS, WIDTH } from './policies';
import type { Query } from './query';

interface Found {
  readonly id: PackageId;
  readonly name: string;
  readonly description: string;
  readonly catalog: string;
  readonly roles: readonly string[];
  readonly held: boolean;
  readonly pending: boolean;
  readonly offered: boolean | null;
  readonly rank: number;
  readonly key: string;
}

// Every way in is an index, from the person to the versions that mean them, and all of them together are one set: policies are not
// looked at one by one. Of those of one package that mean the person only the strictest kind counts (rule 3.3), whether it lets them ask
// or not; where all of them say the same, how wide they are is not looked up. What nobody may ask for themselves (self_request) is
// listed for those only who may ask for others: `others`, and managers.
const ASKABLE = (others: string): string => `(v.self_request or (v.on_behalf and (${others}
    or exists (select 1 from people report where report.manager_id = $1 and report.state = 'enabled'))))`;
/** `others`: whether it is looked for by whoever asks for the person. */
const ASKABLE_FOR = (others: string): string =>
  `case when ${others}::boolean then v.on_behalf else ${ASKABLE('false')} end`;
const scoped = (may: string): string => `
target as materialized (
  select target.*, ${WIDE_KINDS} as wide, usher_zone(target.time_zone) as zone, usher_now() as now from (${targetRow('$1')} and people.state = 'enabled') target
),
meant as (
  select policy_version_id as id from policy_subjects s where s.purpose = 'target' and s.person_id = $1
  union all
  select policy_version_id from group_members member join policy_subjects s on s.group_id = member.group_id
  where member.person_id = $1 and s.purpose = 'target'
  union all
  select policy_version_id from target cross join unnest(target.wide) as wide (kind) join policy_subjects s on s.kind = wide.kind
  where s.purpose = 'target' and s.kind not in ('person', 'group')
  union all
  select policy_version_id from target join policy_subjects s on s.organization_id = target.organization_id
  where target.organization_state <> 'deleted' and s.purpose = 'target' and s.kind = 'organization'
),
meaning as materialized (
  select p.package_id, v.id, ${may} as may,
    coalesce((v.expiration_on + 1)::timestamp at time zone target.zone <= target.now, false) as over
  from meant join policies p on p.current_version_id = meant.id and p.state = 'enabled'
  join policy_versions v on v.id = meant.id and v.mode = 'request' cross join target
),
kinds as materialized (
  select package_id, bool_and(may) as may, bool_and(over) as over, bool_and(may) <> bool_or(may) or bool_and(over) <> bool_or(over) as differ
  from meaning group by package_id
),
scoped as materialized (
  select package_id, over from kinds where may and not differ
  union all
  select package_id, bool_and(over) from (
    select one.*, min(width) over (partition by package_id) as strictest
    from (select v.*, ${WIDTH} as width from meaning v where v.package_id in (select package_id from kinds where differ)) one
  ) differing
  where width = strictest and may group by package_id
)`;

// Of the packages of an enabled policy those which the person may see at all, also where its last day is over: whoever names one reads
// that it is. On offer are the others.
const MEANT = `scoped join packages on packages.id = scoped.package_id and packages.state = 'active'
  join catalogs on catalogs.id = packages.catalog_id and catalogs.state = 'published'
  join target on (catalogs.externally_visible or target.kind = 'member')`;
const OFFERED = `${MEANT} and not scoped.over`;

const RESOURCES = `(select coalesce(jsonb_agg(distinct resource.name), '[]')
  from package_grants g join resource_roles role on role.id = g.role_id join resources resource on resource.id = role.resource_id
  where g.package_version_id = packages.current_version_id)`;

const ROLES = AGGREGATE(
  `${ROLE_NAME} order by ${BY_NAME}`,
  `${NAMED_ROLES} where g.package_version_id = packages.current_version_id`,
);

// `packages` with the name of their catalog, as `catalog`.
const rows = (
  person: string,
  offered = 'null::boolean',
): string => `packages.id, packages.name, packages.description, catalog,
  ${ROLES} as roles,
  exists (select 1 from assignments a where a.target_id = ${person} and a.package_id = packages.id and a.state in ${LIVE}) as held,
  exists (select 1 from requests r where r.target_id = ${person} and r.package_id = packages.id and r.state in ${OPEN}) as pending, ${offered} as offered`;

// Every word must be found somewhere; names that start with what was typed come first.
const MATCHES = (words: string): string => `not exists (select 1 from unnest(${words}::text[]) word
  where packages.name || ' ' || packages.description not ilike word
    and not exists (select 1 from jsonb_array_elements_text(${RESOURCES}) resource where resource ilike word))`;
const RANK = (query: string): string => `case when starts_with(lower(packages.name), lower(${query})) then 0
  when strpos(lower(packages.name), lower(${query})) > 0 then 1 else 2 end`;

// Whoever asks for somebody else finds what others may ask for, and no name that only that person may know.
const SEARCH = `
with ${scoped(ASKABLE_FOR('$8'))}, listed as (
  select packages.*, catalogs.name as catalog, ${RANK('$3')} as rank, lower(packages.name) as key
  from ${OFFERED}
  where not packages.hidden and ${MATCHES('$2')}
)
select ${rows('$1')}, packages.rank, packages.key
from listed packages
where $4::integer is null or (packages.rank, packages.key, packages.id) > ($4, $5, $6::uuid)
order by packages.rank, packages.key, packages.id limit $7`;

const HELD = `exists (select 1 from assignments a where a.target_id = $1 and a.package_id = packages.id and a.state in ${LIVE})`;

/** Whether the person $1 assigns in the catalog of `packages`. */
export const ASSIGNS = `exists (select 1 from role_holders where person_id = $1 and (role = 'administrator'
  or (role in ('catalogOwner', 'packageManager', 'assignmentManager') and role_holders.catalog_id = packages.catalog_id)))`;

// What the person $1 had or asked for is no secret to them, whatever became of it.
const KNOWN = `(exists (select 1 from assignments a where a.target_id = $1 and a.package_id = packages.id)
  or exists (select 1 from requests r where r.target_id = $1 and r.package_id = packages.id))`;

// The same holds for whole names: two of one name would tell of both.
const NAMED = `
with ${scoped(ASKABLE_FOR('$3'))}, named as (
  select packages.*, catalogs.name as catalog from packages join catalogs on catalogs.id = packages.catalog_id
  where lower(packages.name) = lower($2) and packages.state = 'active'
)
select ${rows('$1', `packages.id in (select packages.id from ${OFFERED})`)}, 0 as rank, lower(packages.name) as key
from named packages
where packages.id in (select packages.id from ${MEANT}) or ${HELD} or (not $3::boolean and (${KNOWN} or ${ASSIGNS}))
order by catalog, packages.id`;

// Whoever is in charge of a catalog; where it has no owners, the administrators.
const OWNERS = `
with holders as (
  select people.id, people.name, holder.role from packages
  join role_holders holder on (holder.role = 'catalogOwner' and holder.catalog_id = packages.catalog_id) or holder.role = 'administrator'
  join people on people.id = holder.person_id and people.state = 'enabled' where packages.id = $1
)
select distinct name, id from holders
where role = 'catalogOwner' or not exists (select 1 from holders where role = 'catalogOwner') order by name, id`;

// The same by the code of its link. What is on offer is gathered before anything is looked for: of a code that is somebody else's,
// and of one that was made up, the database has the same work, so that nobody tells them apart by the time that it takes.
const LINKED = `
with ${scoped(ASKABLE('$3::boolean'))},
offered as materialized (select array_agg(packages.id) as named, array_agg(packages.id) filter (where not scoped.over) as ids from ${MEANT}),
linked as (
  select packages.*, catalogs.name as catalog from packages join catalogs on catalogs.id = packages.catalog_id
  where packages.link_code = $2 and packages.state = 'active'
)
select ${rows('$1', 'packages.id = any (offered.ids)')}, 0 as rank, lower(packages.name) as key
from offered left join linked packages on true
where packages.id = any (offered.named) or ${HELD}`;

const MANAGEABLE = `
with manageable as (
  select packages.*, catalogs.name as catalog
  from packages join catalogs on catalogs.id = packages.catalog_id and catalogs.state <> 'deleted'
  where packages.state = 'active' and ${ASSIGNS}
)
select ${rows('$1')}, ${RANK('$3')} as rank, lower(packages.name) as key
from manageable packages
where ${MATCHES('$2')}
order by rank, key, packages.id limit $4`;

// Whether the person $1 may tell others of `packages`, hidden or not.
const LOOKS_AFTER = `exists (select 1 from role_holders where person_id = $1 and (role = 'administrator'
  or (role in (${permissions['package.share'].map((role) => `'${role}'`).join(', ')}) and role_holders.catalog_id = packages.catalog_id)))`;

const SHARABLE = `
with ${scoped(ASKABLE('false'))}, sharable as (
  select packages.*, catalogs.name as catalog
  from packages join catalogs on catalogs.id = packages.catalog_id and catalogs.state <> 'deleted'
  where packages.state = 'active'
    and (not packages.hidden and (packages.id in (select packages.id from ${OFFERED}) or ${ASSIGNS}) or ${LOOKS_AFTER})
)
select ${rows('$1')}, ${RANK('$3')} as rank, lower(packages.name) as key
from sharable packages
where ${MATCHES('$2')}
order by rank, key, packages.id limit $4`;

const sharing = (column: 'id' | 'link_code'): string => `
with ${scoped(ASKABLE('false'))}, wanted as (
  select packages.* from packages join catalogs on catalogs.id = packages.catalog_id and catalogs.state <> 'deleted'
  where packages.${column} = $2 and packages.state = 'active'
)
select name, catalog_id as catalog, hidden, link_code as code from wanted packages
where packages.id in (select packages.id from ${OFFERED}) or ${HELD} or ${ASSIGNS}`;

const SHARING = sharing('id');
const SHARING_LINKED = sharing('link_code');

/** Lists of packages. */
export function createPackageViews(
  q: Query,
): Pick<
  Views,
  'searchPackages' | 'packagesNamed' | 'packageOwners' | 'manageablePackages' | 'sharablePackages' | 'sharing'
> {
  return {
    async searchPackages(target: PersonId, query, limit, after, onBehalf = false) {
      const key = unpackCursor(after, 'integer', 'text', 'id');
      const found = await q(SEARCH, [target, wordsOf(query), query.trim(), ...key, limit + 1, onBehalf]);
      return pageOf(found as readonly Found[], limit, (row) => [row.rank, row.key, row.id], packageOf);
    },
    async packagesNamed(target, typed, onBehalf = false) {
      const name = typed.trim();
      const code = name.toLowerCase();
      const linked = isLinkCode(code) ? await q(LINKED, [target, code, onBehalf]) : [];
      // A package may be called like a code.
      if (linked.length > 0) return (linked as readonly Found[]).map(packageOf);
      return ((await q(NAMED, [target, name, onBehalf])) as readonly Found[]).map(packageOf);
    },
    async packageOwners(id) {
      return ((await q(OWNERS, [id])) as readonly { name: string }[]).map(({ name }) => name);
    },
    async manageablePackages(person, query, limit) {
      const found = await q(MANAGEABLE, [person, wordsOf(query), query.trim(), limit]);
      return (found as readonly Found[]).map(packageOf);
    },
    async sharablePackages(person, query, limit) {
      const found = await q(SHARABLE, [person, wordsOf(query), query.trim(), limit]);
      return (found as readonly Found[]).map(packageOf);
    },
    async sharing(person, pkg) {
      const [found] = 'id' in pkg ? await q(SHARING, [person, pkg.id]) : await q(SHARING_LINKED, [person, pkg.code]);
      return (found as SharedRow | undefined) ?? null;
    },
  };
}

function packageOf({ id, name, description, catalog, roles, held, pending, offered }: Found): PackageRow {
  return { id, name, description, catalog, roles, held, pending, offered };
}
