// Who keeps a resource may change while people are to do something there by hand (rule 3.25).
const steps = `
-- Who might report an open task done, when that was last looked at.
create table manual_task_keepers (
  task_id uuid primary key references manual_tasks,
  keepers uuid[] not null
);
grant select, insert, update, delete on manual_task_keepers to usher_app;
`;

/** Twenty-second migration: open tasks follow those in charge of their resources. */
export const taskKeepers = {
  name: '0022-task-keepers',
  up: (query: (sql: string) => Promise<void>): Promise<void> => query(steps),
};
