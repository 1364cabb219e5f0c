// Access that is held by an exception ends with it, whoever gave it and however often it is extended (rule 3.13).
import { accessNotice } from '../../src/chat/present/access-notices';
import { exceptionNotice } from '../../src/chat/present/exception-notices';
import { plain } from '../../src/chat/text';
import { endOutOfScope, endOver, followException } from '../../src/domain/assignment';
import { deliver } from '../../src/domain/delivery';
import { isSettled, report, type ExceptionFacts } from '../../src/domain/exception';
import type { AssignmentFacts, Clash } from '../../src/domain/facts';
import { counts, lasts, lentBy } from '../../src/domain/lent';
import type { JustificationId, RequestType } from '../../src/domain/model';
import { mayExtend, periodFor } from '../../src/domain/period';
import { submitDirect } from '../../src/domain/direct';
import { offerExtension, startDue, submit } from '../../src/domain/request';
import {
  aCatalog,
  aClash,
  aConflict,
  aJustification,
  anAssignment,
  anException,
  aPackage,
  aPerson,
  aPolicy,
  aRequest,
  assignmentFacts,
  assignmentView,
  at,
  days,
  directFacts,
  hours,
  inScope,
  NOON,
  pairFacts,
  requestFacts,
  rowOf,
  rowsOf,
  submitFacts,
  versionId,
} from '../support/builders';
import { faultOf, sound } from '../support/sound';

const nothing = { startsAt: null, endsAt: null, hours: null };
const lasting = (n: number) => anException({ until: days(n), remindAt: days(n / 2) });
/** Lets it be held beside `name` for so many days. */
const lends = (n: number, fields: Partial<Clash> = {}): Clash => aClash({ exception: lasting(n), ...fields });
const month = aPolicy({ expiration: { kind: 'days', days: 30 } });

describe('which exception counts', () => {
  test.each<{ name: string; give: readonly Clash[]; want: [Date, string] | null }>([
    { name: 'none where nothing stands against it', give: [], want: null },
    { name: 'the one that is needed', give: [lends(9)], want: [days(9), 'Purchasing'] },
    { name: 'the first that ends', give: [lends(9), lends(5, { name: 'Vault' })], want: [days(5), 'Vault'] },
    { name: 'not what the person does not have', give: [lends(9, { how: null })], want: null },
    {
      name: 'not what is only asked for: that ends with it, once it is given',
      give: [lends(9, { how: 'pending' })],
      want: null,
    },
    { name: 'not one that is over', give: [lends(-1)], want: null },
    { name: 'not one that has ended', give: [aClash({ exception: anException({ state: 'ended' }) })], want: null },
    { name: 'not where the other is over by then', give: [lends(9, { endsAt: days(9) })], want: null },
    { name: 'where the other lasts for longer', give: [lends(9, { endsAt: days(10) })], want: [days(9), 'Purchasing'] },
    {
      name: 'a member of a group',
      give: [lends(9, { kind: 'group', how: 'member' })],
      want: [days(9), 'Purchasing'],
    },
  ])('$name', ({ give, want }) => {
    const lent = lentBy({ clashes: give }, NOON);
    expect(lent && [lent.until, lent.other]).toEqual(want);
  });

  test('it is renewed as soon as that time has come, whether or not anybody was told yet', () => {
    const exception = lasting(10);
    expect([lasts(exception, hours(119)), lasts(exception, days(5))]).toEqual([true, false]);
    expect(lentBy({ clashes: [aClash({ exception })] }, days(5))).toMatchObject({ from: null });
  });

  test('when the time to renew it comes is said, and whether that is done in chat', () => {
    expect(lentBy({ clashes: [lends(10)] }, NOON)).toMatchObject({ from: days(5), offered: true });
    const heard = anException({ until: days(9), remindAt: days(9) });
    expect([counts(heard, NOON), lasts(heard, NOON)]).toEqual([true, false]);
    expect(lentBy({ clashes: [aClash({ exception: heard, offers: null })] }, NOON)).toMatchObject({
      from: null,
      offered: false,
    });
  });
});

describe('whoever answers for it', () => {
  const facts = (fields: Partial<ExceptionFacts> = {}): ExceptionFacts => ({
    exception: anException({ until: days(9), remindAt: days(2) }),
    person: { id: aPerson().id, name: 'Tara' },
    package: { id: aPackage().id, name: 'Sales tools' },
    catalog: { id: aCatalog().id, name: 'Sales' },
    assignment: anAssignment().id,
    other: 'Purchasing',
    excusable: true,
    holdsBoth: true,
    outlasts: true,
    ...fields,
  });
  const tells = (fields: Partial<ExceptionFacts>, now: Date) => report(facts(fields), at(now))?.events[0]?.data['tell'];

  test('hears before its end where both are held for longer, and after it where both still are', () => {
    expect([tells({}, days(2)), tells({ outlasts: false }, days(2))]).toEqual([true, false]);
    expect([tells({}, days(9)), tells({ holdsBoth: false, outlasts: false }, days(9))]).toEqual([true, false]);
  });
  test('reads in what was told that nothing is left to do where one of the two ends in time by now', () => {
    const told = facts({ exception: anException({ until: days(9), remindAt: days(9) }) });
    const drawn = (one: ExceptionFacts, now: Date) => {
      const { lines, mayRemove, mayExcept } = exceptionNotice(
        { facts: one, isOwner: true, mayRemove: true },
        null,
        now,
      );
      return { said: plain(lines.at(-1)?.text ?? [], null), over: isSettled(one, now), asks: mayRemove || mayExcept };
    };
    expect(drawn(told, days(3))).toMatchObject({ over: false, asks: true });
    const settled = { ...told, outlasts: false };
    expect(drawn(settled, days(3))).toEqual({
      said: 'One of the two ends by then. Nothing to do.',
      over: true,
      asks: false,
    });
    expect(drawn(settled, days(9))).toMatchObject({ over: false, asks: true });
  });
});

describe('what is given', () => {
  test.each([
    { name: 'ends with the exception', until: 9, want: [days(9), 'exception'] },
    { name: 'ends before it by the policy', until: 90, want: [days(30), null] },
    { name: 'ends before it, as was asked', until: 9, asked: { hours: 48 }, want: [days(2), null] },
    { name: 'is cut where more was asked for', until: 9, asked: { hours: 20 * 24 }, want: [days(9), 'exception'] },
    { name: 'starts later and ends with it', until: 9, asked: { startsAt: days(8) }, want: [days(9), 'exception'] },
  ])('$name', ({ until, asked, want }) => {
    const given = periodFor(pairFacts({ clashes: [lends(until)] }), month, { ...nothing, ...asked }, NOON);
    expect([given.endsAt, given.clamped]).toEqual(want);
  });
  test('has an end where its policy knows none', () => {
    const endless = aPolicy({ expiration: { kind: 'never' } });
    expect(periodFor(pairFacts({ clashes: [lends(9)] }), endless, nothing, NOON).endsAt).toEqual(days(9));
  });
  test.each([9, 12])('does not start when the exception is over, %d days ahead', (n) => {
    const facts = submitFacts({ policy: month, clashes: [lends(9)] });
    const input = {
      policyVersion: null,
      period: { ...nothing, startsAt: days(n) },
      zone: 'Europe/Berlin',
      reason: 'x',
      answers: {},
    };
    const fault = faultOf(() => submit(facts, input, at()));
    expect(fault).toMatchObject({
      code: 'start-past-exception',
      data: { with: 'Purchasing', until: days(9) },
      field: 'startsAt',
    });
  });

  const wish = { policyVersion: null, period: nothing, zone: 'Europe/Berlin', reason: 'x', answers: {} };
  test('by oneself and by an owner alike, and both are told', () => {
    const own = submit(submitFacts({ policy: aPolicy({ stages: [] }), clashes: [lends(9)] }), wish, at());
    const direct = submitDirect(
      directFacts({ policy: aPolicy({ mode: 'direct', stages: [] }), clashes: [lends(9)] }),
      wish,
      at(),
    );
    for (const { change, clamped } of [own, direct]) {
      const { endsAt, lent } = rowOf(change, 'assignment');
      // Its reason lasts as long as its policy says: what ends before that may last longer again.
      expect([endsAt, lent, rowOf(change, 'justification').until]).toEqual([days(9), true, days(30)]);
      expect(clamped).toBe('exception');
    }
  });
  test.each<RequestType>(['userAdd', 'adminAdd', 'systemAdd'])('as things are when it is approved: %s', (type) => {
    const policy = aPolicy({ mode: type === 'systemAdd' ? 'automatic' : 'request' });
    const facts = pairFacts({ policies: [inScope(policy)], clashes: [lends(9)] });
    const { change, request } = deliver(facts, aRequest({ type, policyVersion: policy.id }), policy, at());
    expect([rowOf(change, 'assignment').endsAt, request.endsAt]).toEqual([days(9), days(9)]);
  });
  test('and what was to start is refused where the exception is over by then', () => {
    const facts = requestFacts({
      conflicts: [aConflict()],
      clashes: [lends(-1)],
      request: aRequest({ state: 'scheduled', startsAt: NOON, endsAt: days(9) }),
      assignment: anAssignment({ state: 'scheduled', startsAt: NOON, endsAt: days(9) }),
    });
    expect(rowsOf(startDue(facts, at()), 'request')).toMatchObject([
      { state: 'denied', refusal: { code: 'incompatible' } },
    ]);
  });
});

describe('an extension', () => {
  /** Access that ends in three days, by an exception for so many days. */
  const held = (n: number, fields: Partial<AssignmentFacts> = {}): AssignmentFacts =>
    assignmentFacts({
      policy: month,
      assignment: anAssignment({ startsAt: days(-27), endsAt: days(3) }),
      justifications: [aJustification({ startsAt: days(-27), periodAt: days(-27), until: days(3) })],
      clashes: [lends(n)],
      ...fields,
    });

  test('lasts until the exception is over, and no longer', () => {
    expect(mayExtend(held(9), NOON).until).toEqual(days(9));
    expect(mayExtend(held(90), NOON).until).toEqual(days(33));
  });
  test('is refused where it ends with the exception already: a new one comes first', () => {
    const { code, data } = faultOf(() => mayExtend(held(3), NOON, true));
    expect([code, data]).toMatchObject([
      'extension-past-exception',
      { with: 'Purchasing', until: days(3), ask: true, from: hours(36) },
    ]);
  });
  test.each<{ name: string; give: Partial<AssignmentFacts>; ask: boolean }>([
    { name: 'whoever may ask for the package', give: {}, ask: true },
    {
      name: 'nobody to whom it is only assigned',
      give: { policies: [inScope(month, { inScope: false })] },
      ask: false,
    },
    {
      name: 'nobody where it is for others',
      give: { policies: [inScope(aPolicy({ selfRequest: false }))] },
      ask: false,
    },
    { name: 'nobody where exceptions are written', give: { clashes: [lends(3, { offers: null })] }, ask: false },
    {
      name: 'nobody where the catalog is closed',
      give: { catalog: { ...held(3).catalog, state: 'unpublished' } },
      ask: false,
    },
  ])('a new exception is offered to $name', ({ give, ask }) => {
    expect(faultOf(() => offerExtension(held(3, give), NOON)).data).toMatchObject({ ask });
  });
  const extending = (n: number) => {
    const facts = held(n);
    return extendingOf({ ...facts, live: facts.assignment });
  };
  const extendingOf = (facts: AssignmentFacts) => {
    const request = aRequest({
      type: 'userExtend',
      assignment: facts.assignment.id,
      policyVersion: month.id,
      period: { ...nothing, endsAt: days(33) },
    });
    return deliver(facts, request, month, at());
  };
  test('that was asked for before is cut when it is approved', () => {
    expect(rowOf(extending(9).change, 'assignment').endsAt).toEqual(days(9));
    expect(rowOf(extending(90).change, 'assignment').endsAt).toEqual(days(33));
  });
  test('takes nothing of what was had without an exception, and what is extended without one is had so', () => {
    const { change } = extending(9);
    expect(rowOf(change, 'justification')).toMatchObject({ until: days(33), freeUntil: days(3) });
    const lent = (clashes: readonly Clash[]) => {
      const facts = held(9, {
        assignment: anAssignment({ lent: true, startsAt: days(-27), endsAt: days(3) }),
        clashes,
      });
      const { change: again } = extendingOf({ ...facts, live: facts.assignment });
      return [rowOf(again, 'assignment').lent, rowOf(again, 'justification').freeUntil];
    };
    expect(lent([lends(9)])).toEqual([true, null]);
    expect(lent([])).toEqual([false, null]);
  });
  test('and neither does one more reason', () => {
    const live = anAssignment({ startsAt: days(-27), endsAt: days(3) });
    const facts = held(9, { assignment: live, live, policies: [inScope(month)] });
    const { change } = deliver(facts, aRequest({ policyVersion: month.id }), month, at());
    expect(rowOf(change, 'assignment')).toMatchObject({ lent: true, endsAt: days(9) });
    expect(rowsOf(change, 'justification').map(({ until, freeUntil }) => [until, freeUntil])).toEqual([
      [days(3), days(3)],
      [days(30), null],
    ]);
  });
  test('and denied where the exception was shortened meanwhile', () => {
    expect(faultOf(() => extending(2)).code).toBe('extension-past-exception');
  });
});

describe('the end of what is held by it', () => {
  /** Held for nine days by an exception, where its policy gives thirty. */
  const held = ({ whole = days(30), ...fields }: Partial<AssignmentFacts> & { whole?: Date | null }) => {
    const assignment = anAssignment({ lent: true, startsAt: days(-5), endsAt: days(9), ...fields.assignment });
    const reason = aJustification({ startsAt: days(-5), periodAt: days(-5), until: whole });
    return assignmentFacts({ policy: month, justifications: [reason], clashes: [lends(9)], ...fields, assignment });
  };
  const lasting30 = anAssignment({ lent: true, startsAt: days(-5), endsAt: days(30) });
  test.each<{ name: string; give: Parameters<typeof held>[0]; want: Date | null | 'as before' }>([
    { name: 'is that of the exception', give: {}, want: 'as before' },
    { name: 'follows it when it is renewed', give: { clashes: [lends(20)] }, want: days(20) },
    { name: 'follows it when it is shortened', give: { clashes: [lends(5)] }, want: days(5) },
    { name: 'is never later than its policy says', give: { clashes: [lends(90)] }, want: days(30) },
    { name: 'is none where its policy knows none', give: { clashes: [], whole: null }, want: null },
    { name: 'is that of its policy where they go together by now', give: { clashes: [] }, want: days(30) },
    { name: 'where the other one is gone', give: { clashes: [lends(9, { how: null })] }, want: days(30) },
    { name: 'where the other one is over by then', give: { clashes: [lends(9, { endsAt: days(9) })] }, want: days(30) },
    {
      name: 'where the other one is only asked for',
      give: { clashes: [lends(9, { how: 'pending' })] },
      want: days(30),
    },
    {
      name: 'comes where the other one lasts for longer by now',
      give: { assignment: lasting30, clashes: [lends(9, { endsAt: days(10) })] },
      want: days(9),
    },
    {
      name: 'comes where nothing keeps the other one from lasting for longer',
      give: { assignment: lasting30 },
      want: days(9),
    },
    {
      name: 'is that of the first of two',
      give: { clashes: [lends(20), lends(12, { name: 'Vault' })] },
      want: days(12),
    },
    {
      name: 'grows by none of them beside what none lets it be held',
      give: { clashes: [lends(20), aClash({ name: 'Vault' })] },
      want: 'as before',
    },
    {
      name: 'is not before now where it should have begun: the gate is closed by now',
      give: {
        assignment: anAssignment({ ...lasting30, state: 'scheduled', startsAt: days(-2) }),
        clashes: [lends(-1)],
      },
      want: 'as before',
    },
    {
      name: 'is left to its reasons where they are over',
      give: { assignment: anAssignment({ ...lasting30, endsAt: hours(-2) }), whole: hours(-2), clashes: [lends(-1)] },
      want: 'as before',
    },
    {
      name: 'does not come by what was over before the other one came back',
      give: { assignment: lasting30, clashes: [lends(-1)] },
      want: 'as before',
    },
    {
      name: 'does not come back either beside what came after it was over',
      give: { clashes: [lends(-1)] },
      want: 'as before',
    },
    {
      name: 'comes by the one that counts beside another that is over',
      give: { assignment: lasting30, clashes: [lends(-1), lends(12, { name: 'Vault' })] },
      want: days(12),
    },
    {
      name: 'neither comes nor goes by what is being taken away',
      give: { clashes: [lends(5, { leaving: true })] },
      want: 'as before',
    },
    {
      name: 'does not come to what was not given by one',
      give: { assignment: anAssignment({ endsAt: days(30) }) },
      want: 'as before',
    },
    {
      name: 'comes to what is to start',
      give: { assignment: anAssignment({ ...lasting30, state: 'scheduled', startsAt: days(2) }) },
      want: days(9),
    },
    {
      name: 'is not before what is to start: the gate is closed then',
      give: { assignment: anAssignment({ ...lasting30, state: 'scheduled', startsAt: days(10) }) },
      want: 'as before',
    },
  ])('$name', ({ give, want }) => {
    const facts = held(give);
    const change = followException(facts, hours(-1), at());
    if (want === 'as before') expect(change.rows).toEqual([]);
    else {
      expect(rowOf(change, 'assignment').endsAt).toEqual(want);
      const later = want === null || (facts.assignment.endsAt !== null && want > facts.assignment.endsAt);
      const request = rowOf(change, 'request');
      expect(request).toMatchObject({ type: 'systemUpdate', state: 'delivered', detail: 'exceptionChanged' });
      expect(request).toMatchObject({ requestor: null, assignment: facts.assignment.id, endsAt: want });
      expect(change.events).toMatchObject([
        { type: 'assignment.endMoved', refs: { request: request.id }, covers: [request.id], data: { later } },
      ]);
    }
  });

  test('of what is to start moves with its request, which is drawn anew', () => {
    const assignment = anAssignment({ ...lasting30, state: 'scheduled', startsAt: days(2) });
    const open = aRequest({ state: 'scheduled', assignment: assignment.id, approvedAt: hours(-2), endsAt: days(30) });
    const change = sound(followException(held({ assignment, open }), hours(-1), at()));
    const ends = rowsOf(change, 'request').map(({ id, type, endsAt }) => [id === open.id, type, endsAt]);
    expect(ends).toEqual([
      [false, 'systemUpdate', days(9)],
      [true, 'userAdd', days(9)],
    ]);
    expect(change.events.map(({ type, refs }) => [type, refs.request === open.id])).toEqual([
      ['assignment.endMoved', false],
      ['request.endMoved', true],
    ]);
  });

  test.each<{ name: string; clashes: readonly Clash[]; want: Date }>([
    { name: 'is not before that of what was had without it', clashes: [lends(5)], want: days(15) },
    { name: 'nor where it is over', clashes: [lends(-1)], want: days(20) },
    { name: 'and follows it beyond that', clashes: [lends(18)], want: days(18) },
  ])('$name', ({ clashes, want }) => {
    const assignment = anAssignment({ lent: true, startsAt: days(-5), endsAt: days(20) });
    const reason = aJustification({ startsAt: days(-5), periodAt: days(15), until: days(20), freeUntil: days(15) });
    const facts = held({ assignment, justifications: [reason], clashes });
    const change = followException(facts, hours(-1), at());
    expect(change.rows.length === 0 ? assignment.endsAt : rowOf(change, 'assignment').endsAt).toEqual(want);
  });

  test('is said to be that of what was had without it', () => {
    const facts = held({ assignment: anAssignment({ lent: true, endsAt: days(15) }), clashes: [lends(5)] });
    const seen = assignmentView(facts, { couldAsk: false, couldAskThen: false, owner: false, mayRemove: false });
    const { lines } = accessNotice(seen, 'accessSooner', null, { names: [], total: 0 });
    expect(plain(lines[0]?.text ?? [], null)).toMatch(
      /^It lasts until .*: until then you have it without an exception/,
    );
  });

  test.each<{ name: string; clashes: readonly Clash[]; want: RegExp }>([
    { name: 'while one counts', clashes: [lends(5)], want: /^You asked to keep it: R-7 .* you have it again, until/ },
    {
      name: 'not where it is over: a new one is to be had first',
      clashes: [lends(-1, { offers: versionId('exceptions.1') })],
      want: /^You asked to keep it: R-7 .* cannot be approved\. Type “cancel R-7” before .*\n.* does not go together with .* Or type “ask exception /,
    },
    {
      name: 'not where there is none to be had',
      clashes: [aClash({ exception: null, offers: null })],
      want: /^You asked to keep it: R-7 .* cannot be approved\. Type “cancel R-7” before .*\n.* Give that up first\.$/,
    },
  ])('is promised again where its extension waits, $name', ({ clashes, want }) => {
    const assignment = anAssignment({ lent: true, state: 'removed', endsAt: hours(-1), endedAt: hours(-1) });
    const period = { startsAt: null, endsAt: days(30), hours: null };
    const open = aRequest({ type: 'userExtend', number: 7, assignment: assignment.id, period });
    const facts = held({ assignment, open, clashes });
    const seen = assignmentView(facts, { couldAsk: false, couldAskThen: false, owner: false, mayRemove: false });
    const { lines } = accessNotice(seen, 'accessEnded', null, { names: [], total: 0 });
    expect(lines.map((line) => plain(line.text, null)).join('\n')).toMatch(want);
  });

  test('is taken by it once the reason by which it was had without is over', () => {
    const assignment = anAssignment({ lent: true, startsAt: days(-5), endsAt: days(15) });
    const free = aJustification({ id: 'free' as JustificationId, until: days(15), freeUntil: days(15) });
    const lent = aJustification({ startsAt: days(-1), until: days(30) });
    const facts = held({ assignment, justifications: [free, lent], clashes: [lends(9)] });
    expect(rowOf(endOutOfScope(facts, [free.id], at()), 'assignment').endsAt).toEqual(days(9));
  });

  test('has its reminders anew', () => {
    const facts = held({ assignment: anAssignment({ lent: true, startsAt: days(-5), endsAt: days(9), reminded: 2 }) });
    const moved = rowOf(followException({ ...facts, clashes: [] }, hours(-1), at()), 'assignment');
    expect(moved).toMatchObject({ reminded: 0, remindAt: days(16) });
  });

  test.each<{ name: string; over?: Date; noted: Date | null; clashes: readonly Clash[]; want: string }>([
    { name: 'ends it with the exception', noted: null, clashes: [lends(-1)], want: 'ends' },
    { name: 'is over whatever is renewed after it', noted: null, clashes: [lends(20)], want: 'ends' },
    { name: 'is over whatever is noted after it', noted: hours(-1), clashes: [lends(20)], want: 'ends' },
    { name: 'moves with what was renewed in time', noted: hours(-3), clashes: [lends(20)], want: 'moves' },
    {
      name: 'has come where the exception was shortened and is over',
      over: days(9),
      noted: hours(-3),
      clashes: [aClash({ exception: anException({ until: hours(-2) }) })],
      want: 'ends',
    },
    {
      name: 'has come where that was reported before anybody followed',
      over: days(9),
      noted: hours(-3),
      clashes: [aClash({ exception: anException({ state: 'over', until: hours(-2) }) })],
      want: 'ends',
    },
  ])('$name', ({ over = hours(-2), noted, clashes, want }) => {
    const facts = held({ assignment: anAssignment({ lent: true, startsAt: days(-5), endsAt: over }), clashes });
    const { state, endReason, endsAt } = rowOf(followException(facts, noted, at()), 'assignment');
    expect([state, endReason, endsAt]).toEqual(
      want === 'ends' ? ['removing', 'endReached', over] : ['delivered', null, days(20)],
    );
  });

  test('is not changed by a reason that is over', () => {
    const facts = held({});
    const [reason] = facts.justifications;
    const over = aJustification({ id: 'over' as JustificationId, until: days(-1) });
    const change = endOver({ ...facts, justifications: [over, ...(reason ? [reason] : [])] }, at());
    expect(rowsOf(change, 'assignment')).toEqual([]);
    expect(rowsOf(change, 'justification')).toMatchObject([{ id: 'over' }]);
  });
});
