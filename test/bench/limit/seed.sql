-- The organization of the bench, without a random number, so that every run has the same. Two settings of the session say
-- how large: bench.people and bench.assignments.
set search_path = lim;

-- One of n for the i-th, the same in every run; each salt deals anew.
create function deal(i bigint, salt integer, n integer) returns integer language sql immutable parallel safe as
$$ select abs(hashint8extended(i, salt) % n)::integer $$;

insert into people
select i, 'User ' || i, case when i > 1000 then 1 + i / 100 end, true
from generate_series(1, current_setting('bench.people')::integer) i;

-- 5,000 groups in a forest: a group has up to two parents of a lower number, about six levels deep.
insert into group_nesting
select distinct i, 1 + deal(i, 10 + k, greatest(i / 4, 1))
from generate_series(2, 5000) i, generate_series(1, 2) k
where deal(i, 20 + k, 10) < 7 and i > 1 + deal(i, 10 + k, greatest(i / 4, 1));
insert into group_people
select i, 1 + deal(i, 30 + k, 5000) from generate_series(1, current_setting('bench.people')::integer) i, generate_series(1, 8) k
on conflict do nothing;
insert into group_closure
with recursive closure (group_id, ancestor_id) as (
  select i::bigint, i::bigint from generate_series(1, 5000) i
  union
  select closure.group_id, parent_id from closure join group_nesting on child_id = closure.ancestor_id
) select * from closure;

insert into packages select i, 1 + i % 100, 'Package ' || i, i % 50 = 0 from generate_series(1, 2000) i;
insert into policies
select i, 1 + (i - 1) % 2000, i % 23 <> 0, case i % 20 when 0 then 'everyone' when 1 then 'people' else 'groups' end, 30 + i % 300, 1 + i % 2
from generate_series(1, 5000) i;
insert into policy_groups
select 1 + deal(p.id, 40 + k, 5000), p.id from policies p, generate_series(1, 3) k where p.scope = 'groups' on conflict do nothing;
insert into policy_people
select 1 + deal(p.id, 50 + k, 1000), p.id from policies p, generate_series(1, 20) k where p.scope = 'people' on conflict do nothing;
insert into policy_approvers
select p.id, 1, 1 + deal(p.id, 60 + k, 1000) from policies p, generate_series(1, 2) k on conflict do nothing;
insert into incompatible
select 1 + deal(i, 70, 2000), 1 + deal(i, 71, 2000) from generate_series(1, 400) i on conflict do nothing;
delete from incompatible where package_id = other_id;

-- In the order in which they end the assignments lie scattered over the table. One ends every ten seconds, from 2028 on.
insert into assignments (person_id, package_id, policy_id, state, starts_at, ends_at)
select 1 + r % n.people, p.package, p.package, 'delivered', timestamptz '2026-01-01 00:00Z',
  timestamptz '2028-01-01 00:00Z' + (r::bigint * 7919 % n.assignments) * interval '10 seconds'
from (select current_setting('bench.people')::integer as people, current_setting('bench.assignments')::integer as assignments) n
cross join lateral generate_series(0, n.assignments - 1) r
cross join lateral (select 1 + (r % n.people * 31 + r / n.people * 197) % 2000 as package) p;
