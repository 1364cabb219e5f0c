// Half-filled forms. A draft belongs to one person, lives for a day, and is consumed in the transaction of the act.
import { DomainError } from '../domain/errors';
import type { DraftId, PersonId } from '../domain/model';
import type { Draft, Drafts } from '../operations/ports';
import { isId, newId } from './ids';
import type { Query, TxQuery } from './query';

interface DraftRow {
  readonly id: DraftId;
  readonly person_id: PersonId;
  readonly verb: string;
  readonly step: string;
  readonly input: Draft['input'];
  readonly version: number;
}

const COLUMNS = 'id, person_id, verb, step, input, version';
const OWN = 'id = $1 and person_id = $2 and expires_at > usher_now()';

const CREATE = `
insert into drafts (id, person_id, verb, step, input, version, created_at, expires_at)
values ($1, $2, $3, $4, $5, 1, usher_now(), usher_now() + interval '24 hours')
returning ${COLUMNS}`;
const GET = `select ${COLUMNS} from drafts where ${OWN}`;
const CHANGE = `update drafts set step = $3, input = $4, version = version + 1 where ${OWN} returning ${COLUMNS}`;
const TAKE = `delete from drafts where ${OWN} returning id`;
const FREE = `
select id from drafts join unnest($1::uuid[], $2::uuid[]) as given (id, person_id) using (id, person_id)
where expires_at > usher_now() order by id for update of drafts skip locked`;
const TAKE_ALL = `
with taken as (delete from drafts where id = any ($1::uuid[]) returning id)
select usher_expect('draft', (select count(*) from taken), $2::integer)`;

/** Whose half-filled form an act consumes. */
export interface OwnDraft {
  readonly id: DraftId;
  readonly person: PersonId;
}

/** Consumes a draft in the transaction of `q`. Of two who take it at once, the second finds it gone. */
export async function takeDraft(q: Query, { id, person }: OwnDraft): Promise<void> {
  const [row] = isId(id) ? await q(TAKE, [id, person]) : [];
  if (row === undefined) throw new DomainError('draft-gone', {});
}

/** Which of these are there and nobody else's hand is on, locked; read with the next statement. */
export async function lockDrafts(q: TxQuery, drafts: readonly OwnDraft[]): Promise<ReadonlySet<string>> {
  const free = new Set<string>();
  const named = drafts.filter(({ id }) => isId(id));
  if (named.length === 0) return free;
  await q.later(FREE, [named.map(({ id }) => id), named.map(({ person }) => person)], (rows) => {
    for (const row of rows) free.add((row as { id: string }).id);
  });
  return free;
}

/** Consumes drafts that this transaction has locked, with the next statement. */
export async function takeDrafts(q: TxQuery, drafts: readonly OwnDraft[]): Promise<void> {
  if (drafts.length > 0) await q.later(TAKE_ALL, [drafts.map(({ id }) => id), drafts.length]);
}

/** The drafts of people. */
export function createDrafts(q: Query): Drafts {
  return {
    async create(person, verb, step, input) {
      const [row] = await q(CREATE, [newId(), person, verb, step, JSON.stringify(input)]);
      return draftOf(row);
    },
    async get(id, person) {
      const [row] = isId(id) ? await q(GET, [id, person]) : [];
      return row === undefined ? null : draftOf(row);
    },
    async change(id, person, step, input) {
      const [row] = isId(id) ? await q(CHANGE, [id, person, step, JSON.stringify(input)]) : [];
      return row === undefined ? null : draftOf(row);
    },
  };
}

function draftOf(given: unknown): Draft {
  const { id, person_id, verb, step, input, version } = given as DraftRow;
  return { id, person: person_id, verb, step, input, version };
}
