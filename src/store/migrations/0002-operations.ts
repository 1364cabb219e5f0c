// What operators need: the trace of an act on what follows from it, and indexes for the questions of /metrics, so that each is
// answered from few rows however large the tables are.
const steps = `
alter table outgoing add column trace text;

create index cards_failed on cards (error_at) where state = 'live' and error_at is not null;
create index gates_closed on gates (not_before) where not_before is not null;
create index inbound_dead on inbound (settled_at) where state = 'dead';
create index grants_failed on grants (state, role_id) where state in ('placeFailed', 'takeFailed');
`;

/** Second migration: traces and the indexes of the metrics. */
export const operations = {
  name: '0002-operations',
  up: (query: (sql: string) => Promise<void>): Promise<void> => query(steps),
};
