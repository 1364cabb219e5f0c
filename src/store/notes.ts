// Notes of what changed in the directory, written by triggers (migration 0014). Each follower forgets its own, by their numbers.
import type { Noted } from '../operations/ports';
import type { Query } from './query';

// Whoever began an act before the change was there to be read may still commit what they read. Each act locks a person first, so it
// has its number before it reads; once all that had one when the note was first seen are over, what they left behind can be seen.
// A number from beyond is of the database from which this one was restored.
const SEE = `
update directory_changes set seen = pg_snapshot_xmax(pg_current_snapshot())
where follower = any ($1::text[]) and (seen is null or seen > pg_snapshot_xmax(pg_current_snapshot()))`;
const LAST = 'seen <= pg_snapshot_xmin(pg_current_snapshot())';
const NOTED = `select id, ${LAST} as last from directory_changes where follower = any ($1::text[]) order by id`;

/** A note; `last`: nobody can come late to it any more, so this look at what it touches is the last one. */
export interface Note {
  readonly id: Noted;
  readonly last: boolean;
}

/** The notes of these followers. */
export async function notesFor(
  q: Query,
  ...followers: readonly ('approvers' | 'delegates' | 'scope')[]
): Promise<readonly Note[]> {
  await q(SEE, [followers]);
  return (await q(NOTED, [followers])) as readonly Note[];
}

/** First part of a `with`: the notes of `$1` as `noted (kind, id)`. */
export const NOTES = `noted as materialized (select kind, subject_id as id from directory_changes where id = any ($1::bigint[]))`;

/** Further part of a `with`: those of `$1` that nobody can come late to any more, as `over (id)`, for whoever forgets them. */
export const OVER = `over as materialized (
  select id from directory_changes where id = any ($1::bigint[]) and ${LAST} order by id for update skip locked
)`;
