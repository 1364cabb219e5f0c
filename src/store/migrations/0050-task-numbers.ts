// A task for people is named by a number of its own, as a request is: what it is about may be told of several requests, or of none.
const steps = `
create sequence task_numbers;
alter table manual_tasks add column number bigint;
-- The release before opens tasks as well.
alter table manual_tasks alter column number set default nextval('task_numbers');
update manual_tasks set number = nextval('task_numbers') where state = 'open';
comment on column manual_tasks.number is 'Null: over before tasks had numbers';
grant usage, select on sequence task_numbers to usher_app;
`;

/** Fiftieth migration: manual tasks have numbers. */
export const taskNumbers = {
  name: '0050-task-numbers',
  up: (query: (sql: string) => Promise<void>): Promise<void> => query(steps),
};
