// What became of a request: how it ended, which gate was closed, what asks again.
import { restored } from '../../domain/errors';
import type { FaultCode, Faults } from '../../domain/errors';
import type { RequestFacts } from '../../domain/facts';
import { lentBy } from '../../domain/lent';
import type { PersonId, RequestDetail } from '../../domain/model';
import type { RequestView } from '../../operations/requests';
import type { Text } from '../card';
import { label, listed, say } from '../words';
import { explain, hasWords } from '../words/faults';
import { rolesText, room, WHOLE } from './asked';
import { gave, nameOf, nextInCharge, number, text } from './common';
import { grantedText } from './exceptions';

const MOST_HANDS = 5;

/** Who sets up by hand what was approved. */
export function handLines({ hands }: RequestView): Text[] {
  return hands
    .slice(0, MOST_HANDS)
    .map(({ resource, role, people }) =>
      say('wait.setUp', { names: listed(people, 'or', 4), role: text(role, 150), resource: text(resource, 150) }),
    );
}

/** Whether what was asked for was closed because its policy is in use no more, or its last day over: nobody decided on it. */
function hasEnded(refusal: Parameters<typeof restored>[0]): boolean {
  const { code, data } = restored(refusal);
  return code === 'policy-over' || code === 'asked-over' || (code === 'not-in-scope' && 'ended' in data);
}

/** What may be done where nobody decided, in time or at all: with one tap, or by whom (rule 3.7). */
export function nextLines({ facts, next, viewer, now }: RequestView): Text[] {
  const { state, type } = facts.request;
  if (next === 'ask') return [label('exception.next')];
  if (type === 'exception' && state === 'delivered') {
    const name = text(facts.package.name, 150);
    const endsAt = viewer.own ? (facts.live?.endsAt ?? null) : null;
    return [
      ...(endsAt ? [say('exception.nextLasts', { package: name, endsAt })] : []),
      ...(next === 'extend'
        ? [
            say('exception.nextExtend', {
              package: name,
              ends: lentBy(facts, now) ? label('exception.endsWithIt') : [],
            }),
          ]
        : []),
    ];
  }
  const isWish = type === 'userAdd' || type === 'userExtend' || type === 'exception';
  const isPolicyOver = state === 'denied' && facts.request.refusal !== null && hasEnded(facts.request.refusal);
  const hasEndedSince = facts.assignment?.state === 'removed' && gave(state);
  if ((state !== 'expired' && !isPolicyOver && !hasEndedSince) || !isWish || !viewer.own) return [];
  if (next !== null) return hasEndedSince ? [] : [label('outcome.askAgain')];
  // What is held or asked for again is no dead end.
  return facts.live || facts.open
    ? []
    : [
        say('outcome.askOwners', {
          package: text(facts.package.name, 150),
          owners: nextInCharge(facts, viewer.person),
        }),
      ];
}

/** After an exception was granted: the package itself, for whom it was asked. */
export function requestButton({ facts, next, viewer }: RequestView) {
  const { target, package: pkg } = facts;
  const isForOther = viewer.person !== target.id;
  return {
    mayRequest: next === 'ask',
    target: target.id,
    typedRequest: isForOther ? `request ${pkg.name} for ${target.name}` : `request ${pkg.name}`,
  };
}

/** Which gate was closed when everybody had approved, or when the start had come, in its own sentence for this reader. */
export function gateText(facts: RequestFacts, reader: PersonId): Text | null {
  const { refusal } = facts.request;
  if (refusal === null) return null;
  const { code, data } = restored(refusal);
  // A release that is newer than this one kept what this one has no words for.
  if (!hasWords(code)) return null;
  const own = reader === facts.target.id;
  if (code === 'not-found') return say('outcome.packageGone', { package: text(facts.package.name, 150) });
  if (code === 'person-disabled' && !own) return say('outcome.targetDisabled', { target: facts.target.name });
  // The sentence names the target to everybody else. A refusal that another release kept may lack it.
  const target = own ? null : facts.target.name;
  const told = own && 'target' in data ? data : { ...data, target };
  return explain<FaultCode>(code, told as Faults[FaultCode]);
}

/** Why Usher took a request back, whoever's act made it look: nobody canceled it. */
export const BY_USHER: readonly RequestDetail[] = ['contentChanged', 'targetDisabled', 'requestorDisabled'];

/** Who was disabled while the request waited, whether or not they are back. */
export function leftMeanwhile({ request, requestor, target }: RequestFacts): RequestFacts['requestor'] {
  if (request.detail === 'requestorDisabled') return requestor;
  return request.detail === 'targetDisabled' ? target : null;
}

function leftText(facts: RequestFacts): Text[] {
  const person = leftMeanwhile(facts);
  if (person === null) return [];
  if (person.state !== 'enabled') return [say('outcome.targetDisabled', { target: person.name })];
  return [say('outcome.wasDisabled', { target: person.name })];
}

/** The requestor hears where somebody decided in another's place (rule 3.4). */
export function delegatedLines(facts: RequestFacts): Text[] {
  return facts.decisions
    .filter((one) => one.decision === 'approve' && one.for !== null)
    .map((one) =>
      say('outcome.approvedFor', { by: nameOf(facts, one.person) ?? '', person: nameOf(facts, one.for) ?? '' }),
    );
}

/** What the package had gained, and which request asks again; null where the request was not asked again. */
export function askedAgain(facts: RequestFacts): { readonly added: Text; readonly number: Text } | null {
  const again = facts.replacedBy;
  return again && { added: rolesText(again.added), number: number(again.number) };
}

/** Why Usher changed the access by itself; until when it lasted from then on stands in the period. */
function updatedText({ request, target }: RequestFacts): Text {
  const { detail } = request;
  const why = detail === 'outOfScope' || detail === 'exceptionChanged' ? detail : 'endReached';
  return say(`outcome.updated.${why}`, { target: target.name });
}

/** How it ended, with who and when; empty while it runs. `reader`: by default the target. */
export function outcome(facts: RequestFacts, reader: PersonId = facts.target.id): Text[] {
  const { request } = facts;
  const last = [...facts.decisions].sort((a, b) => b.at.getTime() - a.at.getTime())[0];
  const again = askedAgain(facts);
  // What is held for another reason by now is still held, but not by this.
  const over = facts.justifications.find((one) => one.request === request.id)?.endedAt ?? null;
  switch (request.state) {
    case 'denied': {
      if (request.detail === 'deniedByApprover' && last) {
        const by = nameOf(facts, last.person) ?? '';
        return [
          last.for === null
            ? say('outcome.denied', { by, at: last.at })
            : say('outcome.deniedFor', { by, person: nameOf(facts, last.for) ?? '', at: last.at }),
          ...(last.reason === null
            ? []
            : [say('outcome.deniedReason', { reason: text(last.reason, room(facts, WHOLE)) })]),
        ];
      }
      const why = gateText(facts, reader);
      return [
        label(
          request.detail === 'noApprovers' ? 'outcome.deniedSystem.noApprovers' : 'outcome.deniedSystem.gateClosed',
        ),
        ...(why === null ? [] : [why]),
      ];
    }
    case 'expired':
      return request.completedAt === null ? [] : [say('outcome.expired', { at: request.completedAt })];
    case 'canceled':
      if (again) return [say('outcome.contentChanged', again)];
      return [
        ...(request.completedAt === null ? [] : [say('outcome.canceled', { at: request.completedAt })]),
        ...leftText(facts),
      ];
    case 'scheduled':
      return request.startsAt === null ? [] : [say('outcome.scheduled', { startsAt: request.startsAt })];
    case 'delivered':
      if (request.type === 'exception') return [grantedText(facts)];
      if (request.type === 'systemUpdate') return [updatedText(facts)];
      // How long it lasted stands in the state, and what was extended further lasts until another day.
      if (facts.assignment?.endedAt) return [];
      if (over !== null) return [say('outcome.reasonOver', { endedAt: over })];
      if (request.type !== 'userExtend' || request.endsAt === null) return [label('outcome.given')];
      return facts.assignment?.endsAt?.getTime() === request.endsAt.getTime()
        ? [say('outcome.extended', { endsAt: request.endsAt })]
        : [say('outcome.extendedThen', { endsAt: request.endsAt })];
    default:
      return [];
  }
}
