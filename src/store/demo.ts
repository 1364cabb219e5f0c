// What only the demo does to a database: move its clock, and look up what a played history needs. The schema itself refuses
// a moved clock on any database that was not marked as a demo.
import type { Sequelize } from 'sequelize';
import type { RequestId } from '../domain/model';
import { hush } from './outbox';
import { queryIn, type Row } from './query';

export interface DemoStore {
  /** Puts the clock this many milliseconds ahead of the real one (back: negative). Whether it stood elsewhere. */
  setClock(offsetMs: number): Promise<boolean>;
  hasRequests(): Promise<boolean>;
  /** Leaves untold what waits to be told. */
  hush(): Promise<void>;
  /** An open manual task of the access that this request gave, or of one scope of it. */
  openTask(request: RequestId, scope: string | null): Promise<string | null>;
}

const OPEN_TASK = `
select t.id from requests r join grant_assignments l on l.assignment_id = r.assignment_id
join manual_tasks t on t.grant_id = l.grant_id and t.state = 'open'
join grants g on g.id = t.grant_id join resource_scopes s on s.id = g.scope_id
where r.id = $1 and ($2::text is null or s.name = $2) order by t.id limit 1`;

/** The demo's own hands on its database. */
export function createDemoStore(sequelize: Sequelize): DemoStore {
  const q = queryIn(sequelize);
  return {
    async setClock(offsetMs) {
      const moved = await q('update organization set clock_offset_ms = $1 where clock_offset_ms <> $1 returning 1', [
        Math.round(offsetMs),
      ]);
      return moved.length > 0;
    },
    async hasRequests() {
      const [row] = await q('select exists (select 1 from requests) as found');
      return (row as Row)['found'] === true;
    },
    hush: () => hush(q),
    async openTask(request, scope) {
      const [row] = await q(OPEN_TASK, [request, scope]);
      return (row as { readonly id: string } | undefined)?.id ?? null;
    },
  };
}
