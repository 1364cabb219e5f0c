// Who ended a delegation (rule 3.4). Databases that ran an early 0023 lack the column, those that ran a later one have it already, with
// a check of the name that PostgreSQL gave it: both come out the same.
const endedBy = `
alter table delegations
  add column if not exists ended_by uuid references people,
  drop constraint if exists delegations_check4,
  add constraint ended_by_one_of_the_two
    check (ended_by is null or (state = 'ended' and ended_by in (delegator_id, delegate_id)));
`;

/** Twenty-fourth migration: who ended a delegation. */
export const delegationEnds = {
  name: '0024-delegation-ends',
  up: (query: (sql: string) => Promise<void>): Promise<void> => query(endedBy),
  // What 0023 left for those that write from then on holds for all that was written before.
  afterwards: `do $$ begin
    alter table approval_tasks validate constraint approval_tasks_capacity_check, validate constraint approval_tasks_for_fkey,
      validate constraint delegates_decide_for_others;
    alter table decisions validate constraint decisions_for_fkey, validate constraint nobody_is_decided_for_by_themselves;
  end $$`,
};
