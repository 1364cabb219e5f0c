// What a line of a list says.
import { accessList, requestList } from '../../src/chat/present/lists';
import { plain } from '../../src/chat/text';
import type { AssignmentId, AssignmentState, PackageId, RequestId, RequestType } from '../../src/domain/model';
import { days, idOf } from '../support/builders';

/** The second line of access in this state. */
function said(state: AssignmentState, endsAt: Date | null): string {
  const ended = ['removing', 'removalFailed', 'removed'].includes(state);
  const [row] = accessList({
    rows: [
      {
        id: 'a' as AssignmentId,
        package: 'p' as PackageId,
        packageName: 'Payroll',
        state,
        startsAt: days(3),
        endsAt,
        endedAt: ended ? days(-1) : null,
        endReason: null,
        why: [{ kind: 'request', number: 1042 }],
        mayGiveUp: true,
        mayExtend: false,
        mayAskAnew: false,
        closed: false,
      },
    ],
    next: null,
    previous: null,
  }).rows;
  return plain(row?.detail ?? [], { zone: 'UTC', locale: 'en' });
}

const FROM = 'from request R-1042';
test.each<[AssignmentState, string]>([
  ['scheduled', 'starts Sun 18 Jan 2026, 11:00 UTC · '],
  ['delivering', 'Approved, being set up · '],
  ['partiallyDelivered', 'Partly set up, the owners were told · '],
  ['deliveryFailed', 'Could not be set up, the owners were told · '],
  ['delivered', ''],
])('access that is %s says until when', (state, before) => {
  expect(said(state, days(30))).toBe(`${before}until Sat 14 Feb 2026, 11:00 UTC · ${FROM}`);
  expect(said(state, null)).toBe(`${before}no end date · ${FROM}`);
});

test.each<AssignmentState>(['removing', 'removalFailed', 'removed'])('access that is %s is over', (state) => {
  expect(said(state, days(30))).not.toContain('until');
});

test.each([
  { type: 'userExtend', want: 'You have it · extension of Thu 15 Jan 2026' },
  // A newer release may write what this one has no words for, and a card with a place that is empty is no card.
  { type: 'renewal', want: 'You have it · request of Thu 15 Jan 2026' },
])('a request of type $type is said to be one', ({ type, want }) => {
  const tara = { id: idOf('Tara'), name: 'Tara' };
  const page = {
    rows: [
      {
        id: 'r' as RequestId,
        number: 7,
        type: type as RequestType,
        state: 'delivered' as const,
        packageName: 'Payroll',
        target: tara,
        requestor: tara,
        createdAt: days(0),
        endedAt: null,
      },
    ],
    next: null,
    previous: null,
  };
  expect(plain(requestList(page, tara.id).rows[0]?.detail ?? [], { zone: 'UTC', locale: 'en' })).toBe(want);
});
