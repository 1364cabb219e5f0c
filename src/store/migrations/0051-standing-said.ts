// Most deliveries of Teams do not say whether somebody is a guest, and an earlier release took whoever was not said to be one for a
// member. So it is known since when a platform says what is kept; what was kept before, or by a file, it did not say.
const steps = `
alter table identities add column standing_said_at timestamptz(3);
comment on column identities.standing_said_at is 'When its platform last said the standing; null: nobody knows that it did';

-- Another standing by a write that does not say when it was said, as of the release before or of a file, was not said.
create function standing_unsaid() returns trigger language plpgsql as $$
begin
  new.standing_said_at := null;
  return new;
end $$;
create trigger standing_unsaid before update of standing on identities for each row
  when (new.standing <> old.standing and new.standing_said_at is not distinct from old.standing_said_at)
  execute function standing_unsaid();
`;

/** Fifty-first migration: since when a platform says what somebody is to it. */
export const standingSaid = {
  name: '0051-standing-said',
  async up(query: (sql: string) => Promise<void>): Promise<void> {
    await query(steps);
  },
};
