// Looking people up: by id, by account, by directory key, by mail address, by name; and the personas of the demo.
import type { PersonRef } from '../domain/model';
import type { IdentityRow, InstallationRow, PersonaRow, Views } from '../operations/ports';
import { containing, wordsOf } from './cursors';
import { MENDED } from './identities';
import { isId } from './ids';
import type { Query } from './query';
import { rolesOf } from './roles';
import { columnsOf, fromRow, people } from './tables';

type PeopleViews = Pick<
  Views,
  | 'person'
  | 'organizationName'
  | 'roles'
  | 'identity'
  | 'peopleByKey'
  | 'peopleByMail'
  | 'installation'
  | 'searchPeople'
  | 'peopleNamed'
  | 'personas'
>;

const PERSON = `select ${columnsOf(people)} from people where id = $1`;
// The trail knows who had an account, whatever a file has said of it since. It is read only of those that nobody has. What was a mistake
// of a file, in an account or in an address, keeps nobody out once it is mended.
const IDENTITY = `
select i.id, i.state, i.standing, case when i.standing_said_at > usher_now() - interval '1 day' then 'lately'
    when i.standing_said_at is not null then 'once' end as said, i.zone, i.locale, i.version, to_jsonb(people) as person,
  case when people.state = 'enabled' then '{}' else array(
    select p.id from people p where p.id = i.person_id
    union
    select p.id from audit_events e join people p on p.id = e.person_id
    left join linked_mails m on m.identity_id = i.id and m.person_id = p.id
    where e.subject_kind = 'identity' and e.subject_id = i.id::text and e.type = 'identity.linked'
      and case when p.state <> 'enabled' then true else e.data ->> 'linkedBy' <> 'file'
        and not (e.data ->> 'linkedBy' = 'email' and coalesce(${MENDED}, false)) end) end as "staysWith"
from identities i left join people on people.id = i.person_id
where i.platform = $1 and i.tenant = $2 and i.user_id = $3`;
const BY_KEY = `select ${columnsOf(people)} from people where lower(directory_key) = lower($1) and state = 'enabled'`;
const BY_MAIL = `select ${columnsOf(people)} from people where lower(email) = lower($1) order by id`;
const INSTALLATION = `
select authoritative_domains as "authoritativeDomains", guests_allowed as "guestsAllowed"
from installations where platform = $1 and tenant = $2 and state = 'active'`;

// Found by name and mail address; title and department only help to tell two of the same name apart.
// A condition of its own for each word, in the very expression of the index: of a list, and of two columns, it would read everybody.
const SEARCH = (words: number): string => `
select id, name, concat_ws(', ', nullif(job_title, ''), nullif(department, '')) as detail
from people
where state = 'enabled' and ($1::uuid is null or manager_id = $1)
  ${Array.from({ length: words }, (_, n) => `and (name || ' ' || coalesce(email, '')) ilike $${n + 4}`).join(' ')}
order by not name ilike $2, lower(name), id limit $3`;
const NAMED = `
select id, name from people where state = 'enabled' and (lower(name) = lower($1) or lower(email) = lower($1))
order by id limit 20`;
const PERSONAS = `
select i.user_id as key, people.name, coalesce(people.job_title, '') as title, coalesce(people.department, '') as department,
  coalesce(organizations.name, (select name from organization), '') as organization,
  (select count(*)::integer from page_messages m where m.persona = i.user_id and m.direction = 'out' and not m.read) as unread
from identities i
join people on people.id = i.person_id and people.state = 'enabled'
left join organizations on organizations.id = people.organization_id
where i.platform = 'web' and i.tenant = 'demo' and i.state = 'linked'
order by people.kind desc, people.name, i.user_id`;

/** Reads about people. */
export function createPeopleViews(q: Query): PeopleViews {
  return {
    async organizationName(id) {
      const [row] = await q('select name from organizations where id = $1', [id]);
      return (row as { name: string } | undefined)?.name ?? null;
    },
    async person(id) {
      const [row] = isId(id) ? await q(PERSON, [id]) : [];
      return row === undefined ? null : fromRow(people, row);
    },
    roles: (person, catalog) => rolesOf(q, person, catalog),
    async identity(platform, tenant, user) {
      const [found] = await q(IDENTITY, [platform, tenant, user]);
      if (found === undefined) return null;
      const row = found as Omit<IdentityRow, 'person'> & { person: unknown };
      return { ...row, person: row.person === null ? null : fromRow(people, row.person) };
    },
    async peopleByKey(directoryKey) {
      return (await q(BY_KEY, [directoryKey])).map((row) => fromRow(people, row));
    },
    async peopleByMail(email) {
      return (await q(BY_MAIL, [email])).map((row) => fromRow(people, row));
    },
    async installation(platform, tenant) {
      const [row] = await q(INSTALLATION, [platform, tenant]);
      return (row as InstallationRow | undefined) ?? null;
    },
    async searchPeople(query, limit, managedBy) {
      const start = containing(query.trim()).slice(1);
      const words = wordsOf(query);
      const rows = await q(SEARCH(words.length), [managedBy, start, limit, ...words]);
      return rows as readonly (PersonRef & { readonly detail: string })[];
    },
    async peopleNamed(name) {
      return (await q(NAMED, [name.trim()])) as readonly PersonRef[];
    },
    async personas() {
      return (await q(PERSONAS)) as readonly PersonaRow[];
    },
  };
}
