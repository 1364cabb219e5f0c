// When whoever offered their approvals hears that nobody has answered: apart from when the offer begins or is over, because a release
// that takes no note of the answer follows whatever is due, and begins an offer that nobody has accepted.
const answerDue = `case when due_at < until_at then due_at
  else least(until_at - interval '1 millisecond', case when from_at > usher_now() then from_at else usher_now() + interval '4 hours' end) end`;

const steps = `
alter table delegations add column answer_due_at timestamptz(3);
comment on column delegations.answer_due_at is 'When the delegator hears that an offer is not answered; null: they have heard';

update delegations set answer_due_at = ${answerDue}, due_at = until_at, version = version + 1
where state = 'proposed' and not exists (select from audit_events e
  where e.subject_kind = 'delegation' and e.subject_id = delegations.id::text and e.type = 'delegation.unanswered');

-- What the release before offers while both run.
create function delegation_answer_due() returns trigger language plpgsql as $$
begin
  select ${answerDue}, until_at into new.answer_due_at, new.due_at from (select new.due_at, new.until_at, new.from_at) offered;
  return new;
end $$;
create trigger answer_due before insert on delegations for each row
  when (new.state = 'proposed' and new.answer_due_at is null) execute function delegation_answer_due();
`;

/** Thirty-fourth migration: when the answer to an offer is due. */
export const answersDue = {
  name: '0034-answers-due',
  up: (query: (sql: string) => Promise<void>): Promise<void> => query(steps),
};
