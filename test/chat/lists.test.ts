// What a line of a list says.
import { accessList } from '../../src/chat/present/lists';
import { plain } from '../../src/chat/text';
import type { AssignmentId, AssignmentState, PackageId } from '../../src/domain/model';
import { days } from '../support/builders';

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
