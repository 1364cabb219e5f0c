// What a person had before Usher gave it (rule 3.10): read before the first call that gives, kept at the end, believed to be gone only
// where the system says so twice, and never learned from what may be Usher's own gift.
import { told, toldOfGrant, toldOfTwin, updated } from './change';
import type { Change } from './events';
import { noChange, together } from './events';
import type { Now, PlaceFacts } from './facts';
import type { Grant } from './model';
import { after, HOUR, MINUTE } from './time';

/** What a system does not have any more is gone only where it said so twice, so far apart: one answer may be wrong, or late. */
export const GONE_FOR = 5 * MINUTE;

/** Two such answers that are further apart are two doubts: it may have been there between. */
const DOUBTED_FOR = HOUR;

/** One whose baseline could not be read failed before anything was given, and is tried again all the same. */
const BEFORE_FIRST: readonly Grant['state'][] = ['unknown', 'placing', 'placeFailed'];

/**
 * Whether a system that can be read was never asked to give: the baseline is read and committed before the first such call,
 * so without one whatever the person has there is their own (rule 3.10) and is settled as `untouched`, without a call.
 */
export function neverGiven({ wanted, overrideBaseline, grant }: PlaceFacts): boolean {
  return !wanted && !overrideBaseline && grant.baseline === null && grant.placedAt === null;
}

/** Whether the person had the role before: what one catalog knows of that, all do that have the same role of the system. */
export function hadBefore(facts: PlaceFacts): boolean {
  const { grant, twins } = facts;
  if (grant.baseline === true && !isMisread(grant, facts)) return true;
  return twins.some((twin) => twin.theirs && !isMisread(twin.grant, facts));
}

/**
 * Whether what is believed here of what the person had before is no more than a gift of Usher's by another grant: what stands there was
 * read as gone before it was given, so it was never theirs or is theirs no longer, whenever this was read. A release that did not know of
 * the other one read it so, or left it so, and still does where it runs beside this one.
 */
export function isMisread({ id, baseline }: Grant, { grant, twins }: PlaceFacts): boolean {
  if (baseline !== true) return false;
  return [grant, ...twins.map((twin) => twin.grant)].some(
    (gift) => gift.id !== id && gift.baseline === false && gift.state !== 'taken' && gift.placedAt !== null,
  );
}

/** Whether what the person has may be what Usher gave for another catalog: that is no baseline. */
function isOurs({ twins }: PlaceFacts): boolean {
  return twins.some(({ grant }) => grant.state !== 'taken' && grant.baseline === false);
}

/** Whether the system is asked, before it is told to give, what the person has there without Usher. */
export function asksFirst(facts: PlaceFacts): boolean {
  const { wanted, grant } = facts;
  const untouched = grant.placedAt === null && grant.externalId === null;
  return wanted && (hadBefore(facts) || (grant.baseline === null && untouched));
}

/**
 * Remembers whether the person had the role before. Committed before the first call that gives; once anything was placed it is never
 * learned any more (rule 3.10). It is dropped where the system says, when it is about to be told to give, that it is gone, and says so
 * once more after a while in which nothing is given (`asksAgainAt`): somebody took outside what the person had, so whatever made Usher
 * put it there again, it is Usher's gift and ends with the package. Null `present`: the system cannot be read.
 */
export function readBaseline(facts: PlaceFacts, present: boolean | null, at: Now): Change {
  const { grant, wanted } = facts;
  if (present === null || !wanted) return noChange;
  if (hadBefore(facts)) return present ? thereAfterAll(facts) : gone(facts, at);
  return isFirst(grant) ? learned(facts, present && !isOurs(facts)) : noChange;
}

const isFirst = ({ baseline, placedAt, state }: Grant): boolean =>
  baseline === null && placedAt === null && BEFORE_FIRST.includes(state);

/**
 * Whether the system says that the person has what they had before. Then it is not given: a call that came late would put it there
 * again after somebody took it outside, and nobody could tell it from theirs (rule 3.10).
 */
export function isTheirs(facts: PlaceFacts, present: boolean | null): boolean {
  const { grant, wanted } = facts;
  return wanted && present === true && (hadBefore(facts) || (isFirst(grant) && !isOurs(facts)));
}

function learned(facts: PlaceFacts, present: boolean): Change {
  return together(
    updated('grant', facts.grant, { baseline: present, goneAt: null }),
    toldOfGrant(facts, 'grant.baselineRead', { present }),
  );
}

/** What was taken for theirs by mistake is known as what it was, now that the gift behind it is taken. */
export function mended(facts: PlaceFacts): Change {
  return notTheirs(facts.twins.filter(({ grant }) => isMisread(grant, facts)));
}

/** Nobody has the role as their own any more. */
function lost({ twins }: PlaceFacts): Change {
  return notTheirs(twins.filter(({ theirs }) => theirs));
}

function notTheirs(twins: PlaceFacts['twins']): Change {
  return together(
    ...twins.map((twin) =>
      together(
        updated('grant', twin.grant, { baseline: false, goneAt: null }),
        toldOfTwin(twin, 'grant.baselineRead', { present: false }),
      ),
    ),
  );
}

function thereAfterAll(facts: PlaceFacts): Change {
  if (isFirst(facts.grant)) return learned(facts, true);
  if (facts.grant.goneAt === null) return noChange;
  return together(
    updated('grant', facts.grant, { goneAt: null }),
    toldOfGrant(facts, 'grant.baselineDoubted', { gone: false }),
  );
}

function gone(facts: PlaceFacts, at: Now): Change {
  const { grant, resource } = facts;
  if (doubtedAt(grant, at) === null)
    return together(
      updated('grant', grant, { goneAt: at.now }),
      toldOfGrant(facts, 'grant.baselineDoubted', { gone: true }),
    );
  if (asksAgainAt(facts, false, at) !== null) return noChange;
  return together(
    learned(facts, false),
    lost(facts),
    told(
      'resource.driftChanged',
      { kind: 'resource', id: resource.id },
      { person: grant.person, catalog: resource.catalog },
      { hadBefore: true },
    ),
  );
}

/** When the system is asked again that said now, for the first time or too soon after it, that what the person had before is gone. */
export function asksAgainAt(facts: PlaceFacts, present: boolean | null, at: Now): Date | null {
  const { grant, wanted } = facts;
  if (!wanted || !hadBefore(facts) || present !== false) return null;
  const next = after(doubtedAt(grant, at) ?? at.now, GONE_FOR);
  return next > at.now ? next : null;
}

const doubtedAt = ({ goneAt }: Grant, at: Now): Date | null =>
  goneAt !== null && after(goneAt, DOUBTED_FOR) >= at.now ? goneAt : null;

/**
 * A call to the system came late: another worker had taken the row over, or nobody waited for its answer any more. Nobody knows
 * what the system did last, so what is wanted is made equal once more. Changes no state: what was found true there counts.
 *
 * `gave`: it was a call to give, to a system that can be read. That is made only for what the person did not have before (`isTheirs`), so
 * what is believed of that now was read, or is yet to be, after the role was taken away in between; and it may have been there by this
 * call alone. That is no baseline, also where the access is over too (rule 3.10).
 */
export function cameLate(facts: PlaceFacts, gave: boolean): Change {
  const { grant } = facts;
  const told = toldOfGrant(facts, facts.wanted ? 'grant.wanted' : 'grant.unwanted', { again: true });
  if (!gave) return told;
  const mine = grant.baseline === false ? noChange : updated('grant', grant, { baseline: false });
  return together(mine, told, lost(facts));
}
