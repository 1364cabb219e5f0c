// Configuration as one value: everything that configuration as code compares with. Read whole, because the plan
// compares whole; nothing that a person waits for may call this. Whom a change would concern: affected.ts. Writing:
// configuration-save.ts.
import type {
  Configuration,
  GroupConfig,
  IdentityConfig,
  InstallationConfig,
  OrganizationConfig,
  OrganizationFacts,
  PolicyConfig,
  ResourceConfig,
} from '../operations/ports';
import {
  exceptions,
  groups,
  incompatibilities,
  partners,
  peopleWithProperties,
  policies,
  roles,
} from './configuration-tables';
import { POLICY_VERSION, policyVersionOf } from './policies';
import type { Query, Row } from './query';
import {
  catalogs,
  columnsOf,
  fromRow,
  fromRows,
  packages,
  packageVersions,
  people,
  resourceRoles,
  resources,
  resourceScopes,
} from './tables';

export { holdChanged, saveConfiguration } from './configuration-save';

/** One act changes configuration at a time: names found, counts and circles are compared with what nobody else can change. */
export async function holdConfiguration(q: Query): Promise<void> {
  // A large file takes longer than a click may wait for a row; what is read and locked after this does not.
  const [row] = await q(`select current_setting('lock_timeout') as was, set_config('lock_timeout', '${TURN_MS}', true),
    set_config('statement_timeout', '${PATIENCE_MS}', true)`);
  await q('select pg_advisory_xact_lock($1)', [TURN]);
  await q(`select set_config('lock_timeout', $1, true)`, [(row as { was: string }).was]);
}

/** All live configuration; of people and groups the deleted ones too, because their keys come back. */
export async function loadConfiguration(q: Query): Promise<Configuration> {
  // Large organizations take longer than a click may; nobody waits for this one.
  await q(`select set_config('statement_timeout', '${PATIENCE_MS}', true)`);
  const rows = async (sql: string): Promise<readonly Row[]> => (await q(sql)) as readonly Row[];
  return {
    organization: await organizationOf(q),
    people: fromRows(
      peopleWithProperties,
      await rows(`select ${columnsOf(peopleWithProperties)} from people order by id`),
    ),
    groups: (await rows(GROUPS)).map((row) => camel<GroupConfig>(row, GROUP_FIELDS)),
    organizations: (await rows(PARTNERS)).map((row) => camel<OrganizationConfig>(row, PARTNER_FIELDS)),
    identities: (await rows(IDENTITIES)).map((row) => camel<IdentityConfig>(row, IDENTITY_FIELDS)),
    installations: await installationsOf(q),
    roles: fromRows(
      roles,
      await rows(`select ${columnsOf(roles)} from administrative_roles where state = 'active' order by id`),
    ),
    catalogs: fromRows(
      catalogs,
      await rows(`select ${columnsOf(catalogs)} from catalogs where state <> 'deleted' order by id`),
    ),
    resources: (await rows(RESOURCES)).map(resourceOf),
    packages: (await rows(PACKAGES)).map((row) => ({
      ...fromRow(packages, row),
      content: fromRow(packageVersions, row['content']),
    })),
    policies: (await rows(POLICIES)).map(policyOf),
    incompatibilities: fromRows(
      incompatibilities,
      await rows(`select ${columnsOf(incompatibilities)} from incompatibilities where state = 'active' order by id`),
    ),
    exceptions: (await rows(EXCEPTIONS)).map((row) => fromRow(exceptions, row['exception'])),
  };
}

/** The same for the organization itself: a start waits for this one, so it reads nothing that grows. */
export async function loadOrganization(q: Query, named: readonly string[]): Promise<OrganizationFacts> {
  return {
    organization: await organizationOf(q),
    installations: await installationsOf(q),
    people: named.length === 0 ? [] : fromRows(people, (await q(NAMED, [named])) as readonly Row[]),
    administrators: fromRows(roles, (await q(ADMINISTRATORS)) as readonly Row[]),
    spent: named.length === 0 ? [] : (await q(SPENT, [named])).map((row) => (row as { name: string }).name),
  };
}

async function organizationOf(q: Query): Promise<Configuration['organization']> {
  const [row] = (await q('select name, time_zone, demo from organization')) as readonly Row[];
  if (row === undefined) return null;
  return {
    name: row['name'] as string,
    timeZone: row['time_zone'] as string,
    demo: row['demo'] as boolean,
  };
}

async function installationsOf(q: Query): Promise<readonly InstallationConfig[]> {
  return (await q(INSTALLATIONS)) as unknown as readonly InstallationConfig[];
}

// Two indexes, one look into each: an OR over both would read everybody.
const NAMED = `select ${columnsOf(people)} from people where lower(directory_key) in (select lower(named) from unnest($1::text[]) named)
  union select ${columnsOf(people)} from people where lower(email) in (select lower(named) from unnest($1::text[]) named)`;
const ADMINISTRATORS = `select ${columnsOf(roles)} from administrative_roles where state = 'active' and role = 'administrator' order by id`;
const SPENT = `select named.name from unnest($1::text[]) named (name) where exists (select 1 from administrative_roles r
  join people p on p.id = r.person_id
  where r.role = 'administrator' and lower(p.directory_key) <> lower(named.name) and lower(p.email) is distinct from lower(named.name)
    and (lower(p.former_key) = lower(named.name) or sha256(convert_to(p.id || lower(named.name), 'UTF8')) = any(p.former_mails)))`;

const PATIENCE_MS = 120_000;
const TURN = 7_236_003;
const TURN_MS = 60_000;

const GROUPS = `select ${columnsOf(groups, 'g')},
  coalesce((select jsonb_agg(person_id order by person_id) from group_people where group_id = g.id), '[]') as people,
  coalesce((select jsonb_agg(child_id order by child_id) from group_nesting where parent_id = g.id), '[]') as groups
  from groups g order by g.id`;
const GROUP_FIELDS = {
  id: 'id',
  directoryKey: 'directory_key',
  name: 'name',
  state: 'state',
  version: 'version',
  people: 'people',
  groups: 'groups',
};

const PARTNERS = `select ${columnsOf(partners, 'o')},
  coalesce((select jsonb_agg(jsonb_build_object('kind', kind, 'value', value) order by kind, value)
    from identity_sources where organization_id = o.id), '[]') as sources
  from organizations o where state <> 'deleted' order by o.id`;
const PARTNER_FIELDS = {
  id: 'id',
  name: 'name',
  description: 'description',
  state: 'state',
  sources: 'sources',
  version: 'version',
};

const IDENTITIES = `
select i.id, i.platform, i.tenant, i.user_id, i.person_id, i.version, case i.linked_by when 'email' then m.mail end as mail
from identities i left join linked_mails m on m.identity_id = i.id and m.person_id = i.person_id
where i.person_id is not null order by i.id`;
const IDENTITY_FIELDS = {
  id: 'id',
  mail: 'mail',
  platform: 'platform',
  tenant: 'tenant',
  user: 'user_id',
  person: 'person_id',
  version: 'version',
};

// What counts stands in the columns that everybody reads; beside what the settings give stands what files say of it.
const INSTALLATIONS = `select platform, tenant, name,
  case when 'authoritativeDomains' = any(from_settings) then coalesce(filed_domains, '{}') else authoritative_domains end
    as "authoritativeDomains",
  case when 'guestsAllowed' = any(from_settings) then coalesce(filed_guests, false) else guests_allowed end as "guestsAllowed",
  (select coalesce(jsonb_object_agg(key, value), '{}') from jsonb_each(jsonb_build_object('authoritativeDomains', authoritative_domains,
    'guestsAllowed', guests_allowed)) where key = any(from_settings)) as "fromSettings"
  from installations`;

const RESOURCES = `select ${columnsOf(resources, 'r')},
  (select jsonb_agg(to_jsonb(x) order by x.id) from resource_roles x where x.resource_id = r.id) as roles,
  (select jsonb_agg(to_jsonb(x) order by x.id) from resource_scopes x where x.resource_id = r.id) as scopes,
  (select jsonb_agg(case when x.person_id is null then jsonb_build_object('group', x.group_id)
      else jsonb_build_object('person', x.person_id) end order by x.person_id, x.group_id)
    from resource_owners x where x.resource_id = r.id) as owners
  from resources r where state <> 'deleted' order by r.id`;

const PACKAGES = `select ${columnsOf(packages, 'p')}, to_jsonb(v) || jsonb_build_object('roles', (
    select coalesce(jsonb_agg(jsonb_build_object('role', g.role_id, 'scope', g.scope_id) order by g.role_id, g.scope_id), '[]')
    from package_grants g where g.package_version_id = v.id)) as content
  from packages p join package_versions v on v.id = p.current_version_id
  where p.state <> 'deleted' order by p.id`;

const POLICIES = `select ${columnsOf(policies, 'p')}, ${POLICY_VERSION} as content
  from policies p join policy_versions v on v.id = p.current_version_id
  where p.state <> 'deleted' order by p.id`;

const EXCEPTIONS = `select to_jsonb(e) as exception from incompatibility_exceptions e
  join incompatibilities i on i.id = e.incompatibility_id and i.state = 'active' where e.state <> 'ended' order by e.id`;

function resourceOf(row: Row): ResourceConfig {
  return {
    ...fromRow(resources, row),
    roles: fromRows(resourceRoles, row['roles']),
    scopes: fromRows(resourceScopes, row['scopes']),
    owners: (row['owners'] ?? []) as ResourceConfig['owners'],
  };
}

function policyOf(row: Row): PolicyConfig {
  const content = policyVersionOf(row['content']);
  return {
    id: content.policy,
    package: content.package,
    incompatibility: row['incompatibility_id'] as string | null,
    name: row['name'] as string,
    state: row['state'] as PolicyConfig['state'],
    current: content.id,
    content,
    version: row['version'] as number,
  };
}

/** Columns by the names of the value's fields. */
function camel<T extends object>(row: Row, fields: { readonly [K in keyof T]: string }): T {
  const value = Object.entries<string>(fields).map(([field, column]) => [field, row[column]] as const);
  return Object.fromEntries(value) as unknown as T;
}
