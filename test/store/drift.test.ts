// The comparison of all at once finds what the rule finds pair by pair: every state of a grant, with and without its role in the
// system, of people who are there and who left.
import { differenceOf } from '../../src/domain/drift';
import type { Pair } from '../../src/domain/drift';
import { conclude } from '../../src/operations/drift';
import { aWorld, SMALL } from '../support/world';

type Grant = Pair['grants'][number];
interface Row extends Pair {
  readonly key: string;
}

const STATES = ['unknown', 'placing', 'placed', 'placeFailed', 'taking', 'taken', 'takeFailed'] as const;

function all(): Row[] {
  const grants: (Grant | null)[] = [null];
  for (const state of STATES)
    for (const baseline of [null, false, true])
      for (const wanted of [false, true])
        for (const absorbed of [false, true])
          for (const busy of [false, true]) grants.push({ own: true, state, baseline, wanted, absorbed, busy });
  const rows: Omit<Row, 'key'>[] = grants.flatMap((grant) =>
    [false, true].flatMap((present) =>
      (['enabled', 'disabled'] as const).map((person) => ({ present, person, grants: grant ? [grant] : [] })),
    ),
  );
  return rows.map((row, n) => ({ ...row, key: `p${n}` }));
}

test('the same differences as the rule', async () => {
  const world = await aWorld(SMALL);
  const rows = all();
  await world.sql(
    `insert into people (id, directory_key, name, kind, state, time_zone, locale, version)
     select usher_id(), key, key, 'member', person, 'UTC', 'en', 1 from jsonb_to_recordset($1::jsonb) as p (key text, person text)`,
    [JSON.stringify(rows)],
  );
  await world.sql(
    `with pair as materialized (
       select people.id as person_id, usher_id() as the_grant, usher_id() as held, usher_id() as ended, p.grants -> 0 as g
       from jsonb_to_recordset($1::jsonb) as p (key text, grants jsonb) join people on people.directory_key = p.key
       where jsonb_array_length(p.grants) > 0
     ), a as (
       insert into assignments (id, target_id, package_id, state, starts_at, reminded, version)
       select held, person_id, packages.id, 'delivered', usher_now(), 0, 1 from pair join packages on packages.name = 'Ledger auditor'
       where (g ->> 'wanted')::boolean
     ), b as (
       insert into assignments (id, target_id, package_id, state, starts_at, ended_at, end_reason, reminded, version)
       select ended, person_id, packages.id, 'removed', usher_now(), usher_now(), 'gaveUp', 0, 2
       from pair join packages on packages.name = 'Ledger reader' where (g ->> 'absorbed')::boolean
     ), g as (
       insert into grants (id, person_id, role_id, scope_id, state, baseline, placed_at, version)
       select the_grant, person_id, role.id, scope.id, g ->> 'state', (g ->> 'baseline')::boolean, usher_now() - interval '1 day', 1
       from pair, resource_roles role join resource_scopes scope on scope.resource_id = role.resource_id where role.name = 'Reader'
     ), o as (
       insert into outgoing (kind, subject_kind, subject_id, lane, next_at, dedupe_key, created_at)
       select 'place', 'grant', the_grant::text, 'grant:' || the_grant, usher_now(), 'busy:' || the_grant, usher_now()
       from pair where (g ->> 'busy')::boolean
     )
     insert into grant_assignments (grant_id, assignment_id)
     select the_grant, held from pair where (g ->> 'wanted')::boolean
     union all select the_grant, ended from pair where (g ->> 'absorbed')::boolean`,
    [JSON.stringify(rows)],
  );
  await world.sql(`update packages set baseline = 'absorb', version = version + 1 where name = 'Ledger reader'`);
  const [resource] = await world.comparisons.comparable(['local']);
  const comparing = resource && (await world.comparisons.begin(resource));
  if (!comparing) throw new Error('not begun');
  const seen = rows.filter(({ present }) => present);
  await world.comparisons.add(
    comparing,
    seen.map(({ key }) => ({ directoryKey: key, role: 'Reader', scope: 'root' })),
  );
  await conclude(world.desk, { actor: { kind: 'system', name: 'compare' }, via: 'compare' }, comparing.token);
  const found = await world.sql<{ holder: string; kind: string }>('select holder, kind from drift_findings');
  const kinds = new Map(found.map(({ holder, kind }) => [holder, kind]));
  const wrong = rows.filter((row) => (kinds.get(row.key) ?? null) !== differenceOf(row));
  expect(wrong).toEqual([]);
  expect(new Set(kinds.values())).toEqual(new Set(['missing', 'extra']));
});
