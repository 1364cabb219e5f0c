// Access whose package had lost all that could not be given counted as delivered, and what had asked for it stayed as set up in part, or
// not at all. What is so is rare, and nothing makes it so any more: it is noted once, for the job that makes it right.
const steps = `
create table requests_left_behind (assignment_id uuid primary key references assignments);
grant select, insert, update, delete on requests_left_behind to usher_app;
`;

/** Sixty-second migration: requests that were left behind by the access they gave. */
export const leftBehind = {
  name: '0062-left-behind',
  up: (query: (sql: string) => Promise<void>): Promise<void> => query(steps),
  afterwards: `insert into requests_left_behind select distinct r.assignment_id
    from requests r join assignments a on a.id = r.assignment_id and a.state = 'delivered'
    where r.state in ('partiallyDelivered', 'deliveryFailed') on conflict do nothing`,
};
