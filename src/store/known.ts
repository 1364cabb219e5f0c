// What this release can work. While one release replaces another both run on one database, and the newer one may write rows that the
// older one does not know: for the older one they are not there. It neither takes nor gathers them, and nothing waits behind them; the
// newer one works them within seconds. What nobody took for days is given up aloud.
import { COPY, GONE, notices } from '../domain/consequences';
import type { OutgoingRow } from '../operations/ports';
import { AUDIENCES } from './audiences';
import type { Query } from './query';

export const KINDS: readonly OutgoingRow['kind'][] = ['tell', 'redraw', 'place'];

// Names of the code, and constants of the statement: the server looks up in a list that it hashed, which it does not do with parameters.
const array = (names: readonly string[]): string => `'{${names.join(', ')}}'::text[]`;
/** The notices of messages that stand for themselves. */
export const NOTICES = array(notices);
/** After a try that ended so, nothing went out; after any other something may have. */
export const SURE = 'ratelimited';
const DRAWN = array([...notices, 'digest', GONE, COPY]);

/**
 * Whether this release can work a row of outgoing. Who is named needs no audience any more; a redraw names the view that it is left for,
 * or that no release before draws because of it.
 * As a `case`, because the planner would look at each name to estimate what is nearly always so.
 */
export const known = (row: string): string => `case when ${row}.kind = any (${array(KINDS)})
  and (${row}.notice is null or ${row}.notice = any (${DRAWN}))
  and (${row}.audience is null or ${row}.person_id is not null or ${row}.audience = any (${array(AUDIENCES)})) then true else false end`;

// A row that somebody knows is due again within minutes after each try; one behind another in its lane is not tried, and waits for that.
const GIVE_UP = `
update outgoing o set state = 'dead', error = concat_ws(' ', 'unknown:', kind, notice, audience), settled_at = usher_now()
where id = any (array(select id from outgoing o where state = 'ready' and next_at < usher_now() - $1 * interval '1 millisecond' and not ${known('o')}
    and not exists (select from outgoing other where other.lane = o.lane and other.id < o.id
      and (other.state = 'leased' or other.state = 'ready' and other.next_at >= usher_now() - $1 * interval '1 millisecond'))
  order by next_at, id limit $2 for update skip locked))
returning id`;

/** Gives up what this release does not know and nobody took for so long; a release that knows it may put it back. */
export async function giveUpUnknown(q: Query, afterMs: number, limit: number): Promise<number> {
  return (await q(GIVE_UP, [afterMs, limit])).length;
}
