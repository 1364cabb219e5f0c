// Notes of what changed in the directory, written by triggers (migration 0014). Each follower forgets its own, by their numbers.
import type { Noted } from '../operations/ports';
import type { Query } from './query';

/** More at once are followed one after the other. */
const MOST = 10_000;

// Whoever began an act before the change was there to be read may still commit what they read. Each act locks a person first, so it
// has its number before it reads; once all that had one when the note was first seen are over, what they left behind can be seen.
// A number from beyond is of the database from which this one was restored.
const NOTED = `
with seen as (
  update directory_changes set seen = pg_snapshot_xmax(pg_current_snapshot())
  where follower = $1 and (seen is null or seen > pg_snapshot_xmax(pg_current_snapshot()))
)
select id from directory_changes where follower = $1 order by id limit ${MOST}`;

/** The notes of a follower. */
export async function notesFor(q: Query, follower: 'approvers' | 'scope'): Promise<readonly Noted[]> {
  return (await q(NOTED, [follower])).map((row) => (row as { id: Noted }).id);
}

/** First part of a `with`: the notes of `$1` as `noted (kind, id)`. */
export const NOTES = `noted as materialized (select kind, subject_id as id from directory_changes where id = any ($1::bigint[]))`;

/** Forgets the notes of `$1` that nobody can come late to any more, unless `isOpen`. To be put behind a `with` and its parts. */
export const forget = (isOpen: string): string => `,
over as (
  select id from directory_changes where id = any ($1::bigint[]) and seen <= pg_snapshot_xmin(pg_current_snapshot())
    and not ${isOpen} order by id for update skip locked
)
delete from directory_changes using over where directory_changes.id = over.id`;
