// A small organization in the test database, and the acts of people in it: through the store and the rules, as operations do.
import { QueryTypes } from 'sequelize';
import { createLog } from '../../src/log';
import type { Now } from '../../src/domain/facts';
import type {
  CatalogId,
  DelegationId,
  GroupId,
  PackageId,
  PersonId,
  Request,
  RequestId,
  ResourceId,
} from '../../src/domain/model';
import * as Requests from '../../src/domain/request';
import type { By, Tx } from '../../src/operations/ports';
import { newId } from '../../src/store/ids';
import { createStore, type Stores } from '../../src/store/store';
import { testDatabase, type TestDatabase } from '../support/postgres';

type Fields = Readonly<Record<string, unknown>>;
type Subject = { person: PersonId } | { group: GroupId } | { manager: number } | { kind: string };
export interface Stage {
  readonly primaries: readonly Subject[];
  readonly alternates?: readonly Subject[];
  readonly fallbacks?: readonly Subject[];
  readonly approvals?: number;
  readonly escalateAfterHours?: number;
}

export interface World extends Stores {
  readonly db: TestDatabase;
  /** A statement with all rights; rows as they come. */
  sql(text: string, bind?: readonly unknown[]): Promise<Record<string, unknown>[]>;
  insert(table: string, fields: Fields): Promise<void>;
  person(name: string, fields?: Fields): Promise<PersonId>;
  group(name: string, members?: readonly PersonId[], children?: readonly GroupId[]): Promise<GroupId>;
  resource(name: string, fields?: Fields): Promise<{ id: ResourceId; role: string; scope: string }>;
  /** A package with one policy for all members, decided by `stages`; `resources` are made where they are not given. */
  package(
    name: string,
    options?: {
      stages?: readonly Stage[];
      targets?: readonly Subject[];
      resources?: readonly { role: string; scope: string }[];
      fields?: Fields;
      policy?: Fields;
    },
  ): Promise<PackageId>;
  incompatible(one: PackageId, other: PackageId, mutual?: boolean): Promise<void>;
  role(role: string, person: PersonId, catalog?: CatalogId): Promise<void>;
  readonly catalog: CatalogId;
  /** An accepted delegation from yesterday until tomorrow. */
  delegation(from: PersonId, to: PersonId, fields?: Fields): Promise<DelegationId>;
  ask(target: PersonId, pkg: PackageId): Promise<Request>;
  decide(request: RequestId, person: PersonId, decision?: 'approve' | 'deny'): Promise<void>;
  /** Moves the clock of the database. */
  later(ms: number): Promise<void>;
}

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

export function byPerson(id: PersonId, delivery?: By['delivery']): By {
  return { actor: { kind: 'person', id }, via: 'test', ...(delivery ? { delivery } : {}) };
}
export const bySystem: By = { actor: { kind: 'system', name: 'test' }, via: 'test' };

export function moment(tx: Tx): Now {
  return { now: tx.now, newId: () => tx.newId() };
}

/** An empty organization with one catalog. */
export async function createWorld(): Promise<World> {
  const db = await testDatabase();
  await db.reset();
  const stores = createStore({ sequelize: db.sequelize, log: createLog('silent') });
  const sql: World['sql'] = (text, bind = []) =>
    db.owner.query(text, { type: QueryTypes.SELECT, ...(bind.length > 0 ? { bind: [...bind] } : {}) });
  const insert: World['insert'] = async (table, fields) => {
    await sql(
      `insert into ${table} (${Object.keys(fields).join(', ')}) select ${Object.keys(fields).join(', ')}
      from jsonb_populate_record(null::${table}, $1::jsonb)`,
      [JSON.stringify(fields)],
    );
  };
  const catalog = newId() as CatalogId;
  await insert('organization', {
    single: true,
    name: 'Woodgrove',
    time_zone: 'Europe/Berlin',
    demo: true,
    clock_offset_ms: 0,
    created_at: new Date(),
  });
  await insert('catalogs', {
    id: catalog,
    name: 'Sales',
    description: '',
    state: 'published',
    externally_visible: false,
    version: 1,
  });

  const world: World = {
    ...stores,
    db,
    sql,
    insert,
    catalog,
    async person(name, fields = {}) {
      const id = newId() as PersonId;
      await insert('people', {
        id,
        directory_key: `key-${name}`,
        name,
        email: `${name.toLowerCase().replaceAll(' ', '.')}@woodgrove.example`,
        kind: 'member',
        state: 'enabled',
        time_zone: 'Europe/Berlin',
        locale: 'en',
        properties: {},
        version: 1,
        ...fields,
      });
      return id;
    },
    async group(name, members = [], children = []) {
      const id = newId() as GroupId;
      await insert('groups', { id, directory_key: `group-${name}`, name, state: 'active', version: 1 });
      for (const person of members) await insert('group_people', { group_id: id, person_id: person });
      for (const child of children) await insert('group_nesting', { parent_id: id, child_id: child });
      await sql('select refresh_group_ancestors()');
      return id;
    },
    async resource(name, fields = {}) {
      const [id, role, scope] = [newId() as ResourceId, newId(), newId()];
      await insert('resources', {
        id,
        catalog_id: catalog,
        name,
        description: '',
        connector: 'local',
        origin_id: name,
        state: 'active',
        version: 1,
        ...fields,
      });
      await insert('resource_roles', { id: role, resource_id: id, name: 'Member', origin_id: 'member', version: 1 });
      await insert('resource_scopes', {
        id: scope,
        resource_id: id,
        name: 'All',
        origin_id: 'root',
        root: true,
        version: 1,
      });
      return { id, role, scope };
    },
    async package(name, { stages = [], targets = [{ kind: 'allMembers' }], resources, fields = {}, policy = {} } = {}) {
      const [id, content] = [newId() as PackageId, newId()];
      const given = resources ?? [await world.resource(`${name} site`)];
      await sql(
        `with p as (insert into packages (id, catalog_id, name, description, hidden, sensitive, state, baseline, current_version_id, version)
          select id, catalog_id, name, description, hidden, sensitive, state, baseline, current_version_id, version
          from jsonb_populate_record(null::packages, $1::jsonb))
        insert into package_versions (id, package_id, number, created_at) values ($2, $3, 1, now())`,
        [
          JSON.stringify({
            id,
            catalog_id: catalog,
            name,
            description: '',
            hidden: false,
            sensitive: false,
            state: 'active',
            baseline: 'keep',
            current_version_id: content,
            version: 1,
            ...fields,
          }),
          content,
          id,
        ],
      );
      for (const { role, scope } of given)
        await insert('package_grants', { package_version_id: content, role_id: role, scope_id: scope });
      await policyOf(world, id, { stages, targets, policy });
      return id;
    },
    async incompatible(one, other, mutual = true) {
      await insert('incompatibilities', {
        id: newId(),
        package_id: one,
        other_package_id: other,
        mutual,
        state: 'active',
        version: 1,
      });
    },
    async role(role, person, on) {
      await insert('administrative_roles', {
        id: newId(),
        role,
        person_id: person,
        catalog_id: on ?? null,
        state: 'active',
        version: 1,
      });
    },
    async delegation(from, to, fields = {}) {
      const id = newId() as DelegationId;
      const [row] = await sql(
        `select usher_now() - interval '1 day' as "from", usher_now() + interval '1 day' as until`,
      );
      const { from: begins, until } = row as { from: Date; until: Date };
      await insert('delegations', {
        id,
        delegator_id: from,
        delegate_id: to,
        first_day: begins.toISOString().slice(0, 10),
        last_day: until.toISOString().slice(0, 10),
        from_at: begins,
        until_at: until,
        state: 'accepted',
        due_at: until,
        version: 1,
        ...fields,
      });
      return id;
    },
    ask: (target, pkg) =>
      stores.store.write(byPerson(target), async (tx) => {
        const facts = await tx.forSubmit({ requestor: target, target, package: pkg });
        const { request, change } = Requests.submit(
          facts,
          {
            policyVersion: null,
            period: { startsAt: null, endsAt: null, hours: null },
            zone: 'Europe/Berlin',
            reason: 'Because',
            answers: {},
          },
          moment(tx),
        );
        await tx.save(change);
        return request;
      }),
    decide: (request, person, decision = 'approve') =>
      stores.store.write(byPerson(person), async (tx) => {
        const facts = await tx.forRequest(request);
        const reason = decision === 'deny' ? 'No' : null;
        await tx.save(Requests.decide(facts, person, { decision, reason, shown: { surface: 'test' } }, moment(tx)));
      }),
    async later(ms) {
      await sql('update organization set clock_offset_ms = clock_offset_ms + $1', [ms]);
    },
  };
  return world;
}

async function policyOf(
  world: World,
  pkg: PackageId,
  { stages, targets, policy }: { stages: readonly Stage[]; targets: readonly Subject[]; policy: Fields },
): Promise<void> {
  const [id, version] = [newId(), newId()];
  await world.sql(
    `with p as (insert into policies (id, package_id, name, state, current_version_id, version) values ($1, $2, 'Staff', 'enabled', $3, 1))
    insert into policy_versions (id, policy_id, number, name, mode, expiration, expiration_days, expiration_hours, custom_period, reason_required,
      self_request, on_behalf, self_remove, extension_allowed, extension_approval, max_extensions, end_when_out_of_scope, same_person_in_stages, created_at)
    select id, policy_id, 1, 'Staff', mode, expiration, expiration_days, expiration_hours, false, false, self_request, false, true, true, false,
      max_extensions, false, same_person_in_stages, now()
    from jsonb_populate_record(null::policy_versions, $4::jsonb)`,
    [
      id,
      pkg,
      version,
      JSON.stringify({
        id: version,
        policy_id: id,
        mode: 'request',
        expiration: 'days',
        expiration_days: 30,
        self_request: true,
        same_person_in_stages: false,
        ...policy,
      }),
    ],
  );
  const subjects = async (purpose: string, n: number, list: readonly Subject[]): Promise<void> => {
    for (const [position, subject] of list.entries()) {
      const row =
        'person' in subject
          ? { kind: 'person', person_id: subject.person }
          : 'group' in subject
            ? { kind: 'group', group_id: subject.group }
            : 'manager' in subject
              ? { kind: 'manager', manager_level: subject.manager }
              : subject;
      await world.insert('policy_subjects', { policy_version_id: version, purpose, n, position, ...row });
    }
  };
  await subjects('target', 0, targets);
  for (const [index, stage] of stages.entries()) {
    const n = index + 1;
    await world.insert('policy_stages', {
      policy_version_id: version,
      n,
      approvals_required: stage.approvals ?? 1,
      decide_within_hours: 336,
      escalate_after_hours: stage.escalateAfterHours ?? null,
      approver_reason_required: false,
    });
    await subjects('primary', n, stage.primaries);
    await subjects('alternate', n, stage.alternates ?? []);
    await subjects('fallback', n, stage.fallbacks ?? []);
  }
}
