// What is said to whoever has access, or had it: that it is there, changed, ends soon, has ended, and what may be done about that.
import { neverBegan } from '../../domain/cancel';
import type { DomainError } from '../../domain/errors';
import { barredBy, lentBy, type Lent } from '../../domain/lent';
import { earlier } from '../../domain/time';
import type { AssignmentView } from '../../operations/assignments';
import type { Text } from '../card';
import { label, listed, say } from '../words';
import { explain } from '../words/faults';
import { nextInCharge, number, stateText, text } from './common';
import { notice, type Notice } from './notices';

type AccessNotice =
  | 'access'
  | 'accessProblem'
  | 'accessExtended'
  | 'accessReason'
  | 'accessLonger'
  | 'accessSooner'
  | 'accessChanged'
  | 'accessEnding'
  | 'accessEnded';

/** What a message says of an end that moved. Where that has moved again, what was said of it is over, and another message speaks of it. */
export function moved(
  { facts }: AssignmentView,
  { endsAt, later }: Readonly<Record<string, string | number | boolean | null>>,
): AccessNotice {
  const now = facts.assignment.endsAt?.toISOString() ?? null;
  // Where it is asked for by its access alone, as from a line of a digest, nothing says which way it moved.
  if (typeof later !== 'boolean' || (endsAt !== undefined && endsAt !== now)) return 'accessExtended';
  return later ? 'accessLonger' : 'accessSooner';
}

/** Messages to the person who has (or had) the access. */
export function accessNotice(
  view: AssignmentView,
  what: AccessNotice,
  remover: { readonly name: string | null; readonly reason: string | null } | null,
  contents: { readonly names: readonly string[]; readonly total: number },
): Notice {
  const { assignment, package: pkg } = view.facts;
  const name = text(pkg.name, 150);
  const base: Partial<Notice> = { assignment: assignment.id, package: pkg.id, packageName: pkg.name };
  const ended = assignment.endedAt !== null;
  const isEarly = neverBegan(assignment);
  const held = !ended && assignment.state !== 'scheduled';
  const lent = endsWithException(view);
  const until = untilLine(assignment.endsAt, lent);
  const giveUp =
    held && view.facts.policies.some((fact) => fact.policy.id === latestPolicy(view) && fact.policy.selfRemove);
  if (!view.own) {
    // An owner looks, who removed it perhaps: nothing here is theirs to ask for, extend or give up.
    const values = { target: view.facts.target.name, package: name };
    if (what === 'accessExtended' && held)
      return notice(say('notice.extendedOther', values), 'default', [until, label('notice.extendedOtherBody')]);
    const isRemoved = assignment.state === 'removed';
    const over = isEarly ? 'notice.notBegunOther' : isRemoved ? 'notice.endedOther' : 'notice.endingOther';
    const title = ended ? over : 'notice.heldOther';
    return notice(say(title, values), 'default', [
      ...(remover?.reason ? [say('outcome.deniedReason', { reason: text(remover.reason, 1000) })] : []),
      ...(ended && !isRemoved
        ? [stateText({ state: assignment.state, startsAt: null, type: 'adminRemove', endedAt: null }, false)]
        : []),
    ]);
  }
  // The message of the end says what is to do; what was said before it only that it is over.
  if (ended && what !== 'accessEnded')
    return notice(
      isEarly
        ? say('notice.accessNotBegun', { package: name })
        : say('notice.accessOver', { package: name, endedAt: assignment.endedAt }),
      'default',
      [],
      base,
    );
  if (ended) {
    const { endReason } = assignment;
    const why = endReason === 'gaveUp' || endReason === 'outOfScope' ? endReason : 'endReached';
    const never = why === 'outOfScope' ? 'notice.accessNotBegun.outOfScope' : 'notice.accessNotBegun';
    const removed = isEarly ? 'takenBack' : 'removedByOwner';
    const title =
      assignment.endReason === 'removedByOwner' && typeof remover?.name === 'string'
        ? say(`notice.accessEnded.${removed}`, { by: remover.name, package: name })
        : say(isEarly && why !== 'gaveUp' ? never : `notice.accessEnded.${why}`, { package: name });
    // Whoever was switched off and is back gets nothing back by itself, and may ask (rule 3.17); nobody is invited in vain.
    const again = view.mayAskAnew;
    const lines = [
      ...stillAsked(view),
      ...(remover?.reason ? [say('outcome.deniedReason', { reason: text(remover.reason, 1000) })] : []),
      ...(assignment.state === 'removalFailed' ? [label('state.removalFailed')] : []),
    ];
    return notice(title, 'default', [...lines, ...nextStep(view)], { ...base, mayAskAnew: again });
  }
  switch (what) {
    case 'accessProblem':
      if (assignment.state === 'delivered')
        return notice(say('notice.access', { package: name }), 'good', [until], { ...base, mayGiveUp: giveUp });
      return notice(
        say('notice.accessProblem', { package: name }),
        'warning',
        [label('notice.accessProblemBody')],
        base,
      );
    case 'accessExtended':
      return notice(say('notice.accessExtended', { package: name }), 'good', [until], { ...base, mayGiveUp: giveUp });
    case 'accessReason':
      return notice(say('notice.accessReason', { package: name }), 'default', [until], { ...base, mayGiveUp: giveUp });
    case 'accessLonger':
    case 'accessSooner': {
      const why = lent ? until : (keptLine(view) ?? unlimitedLine(assignment.endsAt));
      return notice(say(`notice.${what}`, { package: name }), 'default', [why], { ...base, mayGiveUp: giveUp });
    }
    case 'accessChanged':
      return notice(say('notice.accessChanged', { package: name }), 'default', [...gives(contents), until], {
        ...base,
        mayGiveUp: giveUp,
      });
    case 'accessEnding': {
      // Extended since, or without an end by now: what was said of it is over.
      if (!view.endsSoon)
        return notice(say('notice.accessExtended', { package: name }), 'good', [until], { ...base, mayGiveUp: giveUp });
      const { endsAt } = assignment;
      const ends = lent
        ? say('notice.accessEndingLent', { endsAt: lent.until, other: text(lent.other, 150) })
        : endsAt && say('notice.accessEndingBody', { endsAt });
      const { line, ...next } = keeping(view);
      return notice(say('notice.accessEnding', { package: name }), 'warning', [...(ends ? [ends] : []), line], {
        ...base,
        ...next,
        mayGiveUp: giveUp,
      });
    }
    case 'access':
    case 'accessEnded':
      return notice(say('notice.access', { package: name }), 'good', [until], { ...base, mayGiveUp: giveUp });
  }
}

/**
 * An extension that is decided after the end gives the access again until the end that was asked for (rule 3.9), as long as nothing
 * stands against it that only an exception could except.
 */
function stillAsked({ facts, now }: AssignmentView): Text[] {
  const { assignment, open, package: pkg } = facts;
  if (open?.type !== 'userExtend' || open.assignment !== assignment.id) return [];
  const values = { number: number(open.number) };
  const endsAt = earlier(open.period.endsAt, lentBy(facts, now)?.until ?? null);
  const against = barredBy(facts, now);
  if (against?.how && (endsAt === null || endsAt > now)) {
    const fault = {
      package: pkg.name,
      with: against.name,
      how: against.how,
      target: null,
      ask: against.offers !== null,
    };
    return [say('notice.endedAskedBarred', values), explain('incompatible', fault)];
  }
  if (endsAt === null) return [say('notice.endedAskedNoEnd', values)];
  return [endsAt > now ? say('notice.endedAsked', { ...values, endsAt }) : say('notice.endedAskedOver', values)];
}

/** After the end: asking again with one tap, or whom to ask where it could not be asked for. */
function nextStep({ facts, mayAskAnew, couldAsk }: AssignmentView): Text[] {
  if (mayAskAnew) return [label('notice.endedBody')];
  if (couldAsk || facts.live || facts.open) return [];
  const values = { package: text(facts.package.name, 150), owners: nextInCharge(facts, facts.target.id) };
  return [say('outcome.askOwners', values)];
}

/** The exception with which the access ends. */
function endsWithException({ facts, now }: AssignmentView): Lent | null {
  const lent = lentBy(facts, now);
  return lent?.until.getTime() === facts.assignment.endsAt?.getTime() ? lent : null;
}

function untilLine(endsAt: Date | null, lent: Lent | null): Text {
  if (lent) return say('notice.accessUntilLent', { endsAt: lent.until, other: text(lent.other, 150) });
  return endsAt === null ? label('notice.accessNoEnd') : say('notice.accessUntil', { endsAt });
}

/** The same of what an exception limited until now. */
/** What was had without the exception lasts longer than that. */
function keptLine({ facts, now }: AssignmentView): Text | null {
  const { endsAt, lent } = facts.assignment;
  const until = lentBy(facts, now)?.until;
  return lent && endsAt && until && until < endsAt ? say('notice.accessKept', { endsAt }) : null;
}

function unlimitedLine(endsAt: Date | null): Text {
  return endsAt === null ? label('notice.accessUnlimitedNoEnd') : say('notice.accessUnlimited', { endsAt });
}

/** How access that ends soon is kept: by a button, once something else is decided, or not at all. */
function keeping(view: AssignmentView): Partial<Notice> & { readonly line: Text } {
  const { refusal, couldAskThen } = view;
  const { open } = view.facts;
  if (view.extension) return { line: label('notice.accessEndingExtend'), mayExtend: true };
  const renewal = refusal && renewing(view, refusal);
  if (open) {
    const values = { number: number(open.number) };
    if (open.type === 'userExtend') return { line: say('notice.accessEndingAsked', values) };
    if (!refusal) return { line: say('notice.accessEndingDecided', values) };
    if (renewal && open.type === 'exception') return { line: say('notice.accessEndingGranted', values) };
  } else if (renewal) return renewal;
  if (refusal?.is('no-approvers')) return { line: explain(refusal.code, refusal.data) };
  if (couldAskThen) return { line: label('notice.accessEndingNoExtend') };
  return { line: say('notice.accessEndingClosed', { owners: nextInCharge(view.facts, view.facts.target.id) }) };
}

/** The new exception that comes first, where that is all that stands against an extension. */
function renewing({ facts }: AssignmentView, refusal: DomainError): ReturnType<typeof keeping> | null {
  const isPast = refusal.is('extension-past-exception');
  if (!isPast && !refusal.is('incompatible')) return null;
  const { ask } = refusal.data;
  const from = isPast ? refusal.data.from : null;
  if (!ask)
    return isPast
      ? { line: say('notice.accessEndingRenewOwners', { owners: nextInCharge(facts, facts.target.id) }) }
      : null;
  if (from) return { line: say('notice.accessEndingRenewFrom', { from }) };
  return { line: say('notice.accessEndingRenew', { package: text(facts.package.name, 150) }), mayExcept: true };
}

/** A sentence cannot hold more, nor longer names. */
const MOST_IN_SENTENCE = { roles: 3, letters: 80 } as const;

/** What a package gives now: a few roles in a sentence, more of them in a line each. */
function gives({ names, total }: { readonly names: readonly string[]; readonly total: number }): readonly Text[] {
  if (total === 0) return [label('notice.accessChangedEmpty')];
  const isShort = names.every((name) => name.length <= MOST_IN_SENTENCE.letters);
  if (total <= MOST_IN_SENTENCE.roles && isShort)
    return [say('notice.accessChangedBody', { roles: listed(names, 'and', names.length) })];
  const others = total - names.length;
  return [
    label('notice.accessChangedList'),
    ...names.map((name) => text(name, 200)),
    ...(others > 0 ? [say('lines.others', { count: others })] : []),
  ];
}

function latestPolicy(view: AssignmentView): string | null {
  return view.facts.latest?.id ?? null;
}
