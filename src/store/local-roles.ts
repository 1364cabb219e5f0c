// Roles that the connector "local" keeps in our own tables, and how a resource was told to fail.
import type { LocalRoles } from '../operations/ports';
import type { Query } from './query';

const HAS = 'select 1 from local_roles where subject = $1 and resource = $2 and role = $3 and scope = $4';
const GIVE = 'insert into local_roles (subject, resource, role, scope) values ($1, $2, $3, $4) on conflict do nothing';
const TAKE = 'delete from local_roles where subject = $1 and resource = $2 and role = $3 and scope = $4';
const LIST = `select subject, role, scope from local_roles where resource = $1
  and ($2::text[] is null or (subject, role, scope) > ($2[1], $2[2], $2[3])) order by subject, role, scope limit $3`;
const FAULT = 'select mode, code from local_faults where resource = $1';
const TELL = `insert into local_faults (resource, mode, code) values ($1, $2, $3)
  on conflict (resource) do update set mode = excluded.mode, code = excluded.code`;
const HEAL = 'delete from local_faults where resource = $1';

/** The system behind the connector "local". */
export function createLocalRoles(q: Query): LocalRoles {
  return {
    async has(subject, resource, role, scope) {
      return (await q(HAS, [subject, resource, role, scope])).length > 0;
    },
    async set(subject, resource, role, scope, present) {
      await q(present ? GIVE : TAKE, [subject, resource, role, scope]);
    },
    async list(resource, after, limit) {
      const place = after === null ? null : (JSON.parse(after) as string[]);
      const rows = (await q(LIST, [resource, place, limit])) as readonly {
        subject: string;
        role: string;
        scope: string;
      }[];
      const last = rows.length < limit ? undefined : rows.at(-1);
      return {
        holders: rows.map(({ subject, role, scope }) => ({ directoryKey: subject, role, scope })),
        next: last ? JSON.stringify([last.subject, last.role, last.scope]) : null,
      };
    },
    async fault(resource) {
      const [row] = await q(FAULT, [resource]);
      return (row as Awaited<ReturnType<LocalRoles['fault']>> | undefined) ?? null;
    },
    async tell(resource, fault) {
      await (fault ? q(TELL, [resource, fault.mode, fault.code]) : q(HEAL, [resource]));
    },
  };
}
