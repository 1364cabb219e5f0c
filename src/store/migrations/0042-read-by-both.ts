// When a system was last read to its end is noted whichever release read it: beside one that knows no such time, two of its reads
// counted as none, and what they both left out as left out once.
const steps = `
create function comparison_read() returns trigger language plpgsql as $$
begin
  new.read_at := new.began_at;
  return new;
end $$;
create trigger comparison_read before update of state on comparisons for each row
  when (new.state = 'done' and old.state <> 'done') execute function comparison_read();
comment on column comparisons.read_at is 'Null: not since it is noted; before that nobody knows';
`;

/** Forty-second migration: reads of every release. */
export const readByBoth = {
  name: '0042-read-by-both',
  up: (query: (sql: string) => Promise<void>): Promise<void> => query(steps),
};
