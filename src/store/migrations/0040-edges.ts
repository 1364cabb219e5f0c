// The drawn edges are those that an act takes: what nothing takes is a fault, and the database refuses it.
import { DRAW_EDGES } from './0008-sets';

const steps = `
delete from state_edges where noun = 'requests' and (from_state = 'submitted' or (from_state, to_state) in (
  ('pendingApproval', 'removing'), ('partiallyDelivered', 'delivering'), ('partiallyDelivered', 'canceled'),
  ('deliveryFailed', 'delivering'), ('deliveryFailed', 'canceled'), ('removalFailed', 'removing')));
delete from state_edges where noun = 'assignments'
  and (from_state, to_state) in (('scheduled', 'removing'), ('removalFailed', 'removing'));
`;

/** Fortieth migration: no edge that nothing takes. */
export const edges = {
  name: '0040-edges',
  async up(query: (sql: string) => Promise<void>): Promise<void> {
    for (const part of [steps, DRAW_EDGES]) await query(part);
  },
};
