// Held access whose holder left the scope of a policy that ends access then (rule 3.16): found by what was noted, kept until it has
// ended or somebody has said that so many may lose it. The rule is domain/scope.ts#outOfScope; a test compares the two.
import type { RequestFacts } from '../domain/facts';
import type { Confirmed, Leavers, ScopeFact } from '../domain/scope';
import type { AssignmentId, CatalogId, PackageId, PersonId } from '../domain/model';
import type { Due, LeaversList, LeaversView, Listed, Tx } from '../operations/ports';
import { isId } from './ids';
import { JUSTIFYING } from './loads';
import { NOTES, notesFor, OVER } from './notes';
import { ASSIGNS } from './package-views';
import { MEANS_TARGET, targetRow } from './policies';
import type { Query, Row, TxQuery } from './query';

/** The live justifications `j` of the assignment `a` with their policies `p` as these are now, `v`, and its holder `target`. */
const REASONS = `(${targetRow('a.target_id')}) target
  join justifications j on j.assignment_id = a.id and j.ended_at is null
  join policy_versions kept on kept.id = j.policy_version_id
  join policies p on p.id = kept.policy_id join policy_versions v on v.id = p.current_version_id`;
const IN_SCOPE = `exists (select 1 from policy_subjects s where s.policy_version_id = v.id and s.purpose = 'target' and ${MEANS_TARGET})`;
const LEFT = `(a.state in ${JUSTIFYING} and exists (select 1 from ${REASONS}
  where target.state = 'enabled' and p.state = 'enabled' and v.mode = 'request' and v.end_when_out_of_scope and not ${IN_SCOPE}))`;

/** So many are looked at in one statement. */
const BATCH = 5_000;
const FIND = `
with ${NOTES},
concerned (person_id) as (
  select id from noted where kind = 'person'
  union
  select member.person_id from noted join group_people member on member.group_id = noted.id where noted.kind = 'members'
  union
  select people.id from noted join people on people.organization_id = noted.id where noted.kind = 'organization'
),
touched (id) as materialized (
  select a.id from concerned join assignments a on a.target_id = concerned.person_id and a.state in ${JUSTIFYING}
  union
  select a.id from noted join policies on policies.id = noted.id
  join assignments a on a.package_id = policies.package_id and a.state in ${JUSTIFYING}
  where noted.kind = 'policy'
),
batch as materialized (select id from touched where $2::uuid is null or id > $2 order by id limit ${BATCH}),
looked as materialized (select a.id, a.package_id, ${LEFT} as gone from batch join assignments a on a.id = batch.id),
found as (
  insert into scope_leavers as l (assignment_id, package_id, state, at)
  select id, package_id, 'found', usher_now() from looked where gone order by id
  on conflict (assignment_id) do update set state = 'found', confirmed = false, at = excluded.at where l.state = 'over'
),
back as (
  update scope_leavers l set state = 'over', at = usher_now() from looked
  where l.assignment_id = looked.id and not looked.gone and l.state in ('found', 'asked', 'ending')
)
select id from batch order by id desc limit 1`;
const FORGET = `with ${OVER} delete from directory_changes using over where directory_changes.id = over.id`;
const PACKAGES = `select distinct package_id as id from scope_leavers where state in ('found', 'ending', 'over') order by package_id`;
// Whoever has the access and was not noted, and whoever was found and is back.
const ALL = `
insert into directory_changes (follower, kind, subject_id)
select 'scope', 'policy', p.id from policies p join policy_versions v on v.id = p.current_version_id
where ((p.state = 'enabled' and v.mode = 'request' and v.end_when_out_of_scope) or p.package_id in (select package_id from scope_leavers))
  and not exists (select 1 from directory_changes n
    where n.follower = 'scope' and n.kind = 'policy' and n.subject_id = p.id and n.seen is null)`;

/** What the job follows. */
export function createScopes(q: Query): Pick<Due, 'scopesLeft' | 'noteScopes'> {
  return {
    async scopesLeft() {
      const notes = await notesFor(q, 'scope');
      if (notes.length > 0) {
        const ids = notes.map(({ id }) => id);
        for (let after: unknown = null, first = true; first || after !== null; first = false) {
          const [row] = await q(FIND, [ids, after]);
          after = (row as { id: AssignmentId } | undefined)?.id ?? null;
        }
        await q(FORGET, [notes.filter(({ last }) => last).map(({ id }) => id)]);
      }
      return (await q(PACKAGES)).map((row) => (row as { id: PackageId }).id);
    },
    async noteScopes() {
      await q(ALL);
    },
  };
}

const HOLD = `select 1 from scope_leavers where package_id = $1 and state in ('found', 'ending', 'over') order by assignment_id for update`;
const HOLDERS = `(select count(*)::integer from assignments a where a.package_id = packages.id and a.state in ${JUSTIFYING})`;
const LASTING = `interval '1 day'`;
const LEAVERS = `
with known as materialized (select assignment_id, state, confirmed from scope_leavers where package_id = $1),
settled as (
  delete from scope_leavers where package_id = $1 and (state = 'over' or (state = 'ended' and at <= usher_now() - ${LASTING}))
)
select packages.id, packages.catalog_id, ${HOLDERS} as holders,
  (select coalesce(jsonb_agg(assignment_id order by assignment_id) filter (where state = 'found'), '[]') from known) as found,
  (select coalesce(jsonb_agg(assignment_id order by assignment_id) filter (where state = 'ending'), '[]') from known) as ending,
  (select (count(*) filter (where state = 'asked'))::integer from known) as asked,
  (select (count(*) filter (where state = 'ending' and not confirmed))::integer from known) as unasked,
  (select count(*)::integer from scope_leavers where package_id = $1 and state = 'ended' and not confirmed
    and at > usher_now() - ${LASTING}) as ended,
  (select (count(*) filter (where state = 'over'))::integer from known) as settled
from packages where packages.id = $1 and exists (select 1 from known)`;

/** Holders of a package who left the scope of their policy, behind the lock that judging them takes. */
export async function loadLeavers(q: Query, pkg: PackageId): Promise<Leavers | null> {
  await q(HOLD, [pkg]);
  const [found] = await q(LEAVERS, [pkg]);
  if (found === undefined) return null;
  const row = found as Row;
  return {
    package: row['id'] as PackageId,
    catalog: row['catalog_id'] as CatalogId,
    holders: row['holders'] as number,
    found: row['found'] as readonly AssignmentId[],
    ending: row['ending'] as readonly AssignmentId[],
    asked: row['asked'] as number,
    lately: { ending: row['unasked'] as number, ended: row['ended'] as number },
    settled: row['settled'] as number,
  };
}

const SETTLED = `update scope_leavers set state = 'over', at = usher_now() where assignment_id = $1 and state in ('found', 'ending')`;

/** Somebody looked at what was to end: where it did not, it is no leaver's. */
export async function leaverSettled(q: TxQuery, id: AssignmentId): Promise<void> {
  await q.later(SETTLED, [id]);
}

const FORGET_LEFT = `delete from leaver_requests where request_id = $1 and who = $2`;

/** The note that somebody was disabled while their request was open (migration 0014) was followed; one that came since is another. */
export async function forgetLeft(q: TxQuery, { request, left }: Pick<RequestFacts, 'request' | 'left'>): Promise<void> {
  if (left !== null) await q.later(FORGET_LEFT, [request.id, left]);
}

const JUDGED = `update scope_leavers set state = $2, at = usher_now() where state = 'found' and assignment_id = any ($1::uuid[])`;

/** What becomes of those who were found. */
export async function leaversJudged(q: Query, { found }: Leavers, to: 'asked' | 'ending'): Promise<void> {
  if (found.length > 0) await q(JUDGED, [found, to]);
}

/** Names rows of scope_leavers: one more, one less, or one who was back meanwhile, and it is another set. */
const SET = `left(md5(string_agg(assignment_id || ' ' || extract(epoch from at), ',' order by assignment_id)), 8)`;
// Whoever is asked about while this runs is in none of its rows, and ends by another answer.
const CONFIRM = `
with asked as materialized (
  select assignment_id, at from scope_leavers where package_id = $1 and state = 'asked' order by assignment_id for no key update
),
confirmed as (
  update scope_leavers l set state = 'ending', confirmed = true, at = usher_now() from asked
  where l.assignment_id = asked.assignment_id and $2 = (select ${SET} from asked) returning 1
)
select name, catalog_id as catalog, (select count(*)::integer from confirmed) as people, (select count(*)::integer from asked) as asked
from packages where id = $1`;
// By a statement of its own: whoever pressed at the same moment did so after the first one began to wait for them.
const LAST = `
select people.id as person, people.name, e.at from audit_events e join people on people.id = e.actor_id
where e.subject_kind = 'package' and e.subject_id = $1::text and e.type = 'package.leaversConfirmed' and e.data->>'set' = $2
order by e.id desc limit 1`;

/** Those of the set lose the access at the next ring; nobody does where it is not the set that is asked about now. */
export async function leaversConfirmed(q: Query, pkg: PackageId, set: string): ReturnType<Tx['leaversConfirmed']> {
  const [row] = isId(pkg) ? await q(CONFIRM, [pkg, set]) : [];
  if (row === undefined) return null;
  const found = { package: pkg, set, ...(row as Pick<Confirmed, 'name' | 'catalog' | 'people' | 'asked'>) };
  const [last] = found.asked > 0 ? [] : await q(LAST, [pkg, set]);
  return { ...found, last: (last ?? null) as Confirmed['last'] };
}

const SCOPES = `
select j.id as justification, v.mode, v.end_when_out_of_scope as ends, p.state = 'enabled' as enabled, ${IN_SCOPE} as in_scope
from assignments a cross join lateral ${REASONS} where a.id = $1`;

/** The live justifications of an assignment, with their policies as these are now. */
export async function scopesOf(q: Query, id: AssignmentId): Promise<readonly ScopeFact[]> {
  return (await q(SCOPES, [id])).map((given) => {
    const row = given as Row;
    return {
      justification: row['justification'] as ScopeFact['justification'],
      policy: { mode: row['mode'] as ScopeFact['policy']['mode'], endWhenOutOfScope: row['ends'] as boolean },
      enabled: row['enabled'] as boolean,
      inScope: row['in_scope'] as boolean,
    };
  });
}

/** So many are named in a message. */
const NAMED = 3;
const LIST = (from: string): string => `(select jsonb_build_object('people', count(*), 'first',
    coalesce(jsonb_agg(name order by nth) filter (where nth <= ${NAMED}), '[]'))
  from (select people.name, row_number() over (order by people.name, people.id) as nth
    from (${from}) listed join assignments a on a.id = listed.id join people on people.id = a.target_id) named)`;
const VIEW = `
select packages.id, packages.name, packages.catalog_id, ${HOLDERS} as holders,
  ${LIST(`select assignment_id as id from scope_leavers where package_id = $1 and state = 'asked'`)} as asked,
  (select ${SET} from scope_leavers where package_id = $1 and state = 'asked') as set,
  ${LIST(`select assignment_id as id from scope_leavers where package_id = $1
    and (state in ('found', 'ending') or (state = 'ended' and at > usher_now() - ${LASTING}))`)} as ended
from packages where packages.id = $1`;

/** The same for a message. */
export async function leaversOf(q: Query, pkg: PackageId): Promise<LeaversView | null> {
  const [found] = isId(pkg) ? await q(VIEW, [pkg]) : [];
  if (found === undefined) return null;
  const row = found as Row;
  return {
    package: { id: row['id'] as PackageId, name: row['name'] as string },
    catalog: row['catalog_id'] as CatalogId,
    holders: row['holders'] as number,
    asked: row['asked'] as LeaversList,
    set: row['set'] as string | null,
    ended: row['ended'] as LeaversList,
  };
}

const ASKED = `
select packages.id, packages.name, catalogs.name as detail
from packages join catalogs on catalogs.id = packages.catalog_id
where packages.id in (select package_id from scope_leavers where state = 'asked') and ${ASSIGNS}
order by lower(packages.name), packages.id`;

/** Packages of which people who left the scope wait for this person's word. */
export async function askedLeavers(q: Query, person: PersonId): Promise<readonly Listed<PackageId>[]> {
  return (await q(ASKED, [person])) as readonly Listed<PackageId>[];
}
