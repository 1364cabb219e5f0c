// Asking, assigning, extending, taking back, starting: what is written and what is refused (rules 3.1-3.5, 3.8, 3.9, 3.22).
import { offerDirect, submitDirect } from '../../src/domain/direct';
import { noChange } from '../../src/domain/events';
import type { AssignmentFacts, RequestFacts, SubmitFacts } from '../../src/domain/facts';
import type { SubmitInput } from '../../src/domain/request';
import {
  cancel,
  cancelForGone,
  closeForPolicy,
  couldAsk,
  mayAskAnew,
  offer,
  reopen,
  startDue,
  submit,
  submitExtension,
  wishAgain,
} from '../../src/domain/request';
import {
  aCatalog,
  aConflict,
  aContent,
  aDecision,
  aGrant,
  aJustification,
  aPackage,
  aPerson,
  aPolicy,
  aRef,
  aRequest,
  aStage,
  anAssignment,
  askedIn,
  assignmentFacts,
  at,
  dataOf,
  days,
  directFacts,
  eventsOf,
  hours,
  idOf,
  inScope,
  justified,
  NOON,
  requestFacts,
  rowOf,
  rowsOf,
  submitFacts,
  versionId,
  who,
} from '../support/builders';
import { faultOf, sound } from '../support/sound';

const wish: SubmitInput = {
  policyVersion: null,
  period: { startsAt: null, endsAt: null, hours: null },
  zone: 'Europe/Berlin',
  reason: null,
  answers: {},
};
const oneStage = { policy: aPolicy({ stages: [aStage()] }), candidates: who(1, 'primary', 'Ana', 'Ben', 'Tara') };
const questions = [
  { id: 'why', text: 'Why?', required: true, type: 'text', choices: [] },
  { id: 'more', text: 'Tell more', required: false, type: 'longText', choices: [] },
  { id: 'region', text: 'Region', required: false, type: 'choice', choices: ['EU', 'US'] },
] as const;

describe('asking where nobody need approve', () => {
  const { request, change } = submit(submitFacts({ content: aContent(2) }), wish, at());

  test('the request is approved by its policy and being delivered', () => {
    expect(rowOf(sound(change), 'request')).toEqual(request);
    expect(request).toMatchObject({
      state: 'delivering',
      detail: 'approvedByPolicy',
      approvedAt: NOON,
      startsAt: NOON,
      endsAt: days(30),
    });
  });
  test('one assignment with one justification and all roles of the package comes of it', () => {
    const assignment = rowOf(change, 'assignment');
    expect(assignment).toMatchObject({
      state: 'delivering',
      startsAt: NOON,
      endsAt: days(30),
      remindAt: days(16),
      reminded: 0,
    });
    expect(rowOf(change, 'justification')).toMatchObject({
      kind: 'request',
      request: request.id,
      assignment: assignment.id,
      until: days(30),
    });
    expect(rowsOf(change, 'grant').map((grant) => [grant.role, grant.state])).toEqual([
      ['role-1', 'placing'],
      ['role-2', 'placing'],
    ]);
    expect(change.links.map((link) => link.assignment)).toEqual([assignment.id, assignment.id]);
  });
  test('everything is told in order', () => {
    expect(eventsOf(change)).toEqual([
      'request.submitted',
      'request.approved',
      'assignment.justified',
      'assignment.delivering',
      'grant.wanted',
      'grant.wanted',
    ]);
    expect(dataOf(change, 'request.submitted')).toEqual({
      type: 'userAdd',
      notify: true,
      onBehalf: false,
      bySystem: false,
    });
    expect(dataOf(change, 'request.approved')).toEqual({
      scheduled: false,
      waits: false,
      onBehalf: false,
      byPolicy: true,
    });
  });
});

describe('asking where somebody must approve', () => {
  const { request, change } = submit(submitFacts(oneStage), { ...wish, reason: '  I sell. ' }, at());

  test('the first stage opens and nothing is given yet', () => {
    expect(sound(change).rows.map((row) => row.noun)).toEqual(['request', 'stage', 'task', 'task']);
    expect(request).toMatchObject({
      state: 'pendingApproval',
      stage: 1,
      reason: 'I sell.',
      approvedAt: null,
      number: 0,
    });
  });
  test('approvers are asked, the requestor not', () => {
    expect(askedIn(change)).toEqual(['ana', 'ben']);
    expect(dataOf(change, 'approver.asked')).toEqual({ capacity: 'primary', forwarded: false });
  });
  test('the clock runs: half of the time to the reminder, the whole to the end', () => {
    expect(rowOf(change, 'stage')).toMatchObject({
      state: 'inProgress',
      openedAt: NOON,
      decideBy: days(14),
      remindAt: days(7),
      escalateAt: null,
    });
  });
  test('the reason is a remark and not in the data', () => {
    const submitted = change.events[0];
    expect(submitted?.remark).toBe('I sell.');
    expect(JSON.stringify(submitted?.data)).not.toContain('sell');
  });
  test('later stages wait', () => {
    const policy = aPolicy({ stages: [aStage(1), aStage(2)] });
    const candidates = [...who(1, 'primary', 'Ana'), ...who(2, 'primary', 'Ben')];
    const two = submit(submitFacts({ policy, candidates }), wish, at()).change;
    expect(rowsOf(sound(two), 'stage').map((stage) => stage.state)).toEqual(['inProgress', 'waiting']);
    expect(askedIn(two)).toEqual(['ana']);
  });
  test.each([
    {
      name: 'alternates and time',
      stage: {
        alternates: [{ kind: 'person', person: idOf('Alf') }] as const,
        escalateAfter: { kind: 'hours', hours: 48 } as const,
      },
      want: days(2),
    },
    { name: 'no alternates', stage: { escalateAfter: { kind: 'hours' as const, hours: 48 } }, want: null },
    {
      name: 'only after the end',
      stage: {
        alternates: [{ kind: 'person', person: idOf('Alf') }] as const,
        escalateAfter: { kind: 'hours', hours: 336 } as const,
      },
      want: null,
    },
  ])('escalation with $name', ({ stage, want }) => {
    const policy = aPolicy({ stages: [aStage(1, stage)] });
    expect(rowOf(submit(submitFacts({ ...oneStage, policy }), wish, at()).change, 'stage').escalateAt).toEqual(want);
  });
  test('stand-ins are asked when the only approver asks, and that is told', () => {
    const facts = submitFacts({ ...oneStage, candidates: who(1, 'primary', 'Tara'), owners: [aRef('Olga')] });
    const standing = submit(facts, wish, at()).change;
    expect(askedIn(standing)).toEqual(['olga']);
    expect(dataOf(standing, 'stage.opened')).toMatchObject({ standIns: true });
  });
});

describe('asking for later, less and more', () => {
  test('a later start is scheduled and places nothing yet', () => {
    const { request, change } = submit(
      submitFacts(),
      { ...wish, period: { ...wish.period, startsAt: days(10) } },
      at(),
    );
    expect(request).toMatchObject({ state: 'scheduled', startsAt: days(10), endsAt: days(40) });
    expect(rowOf(sound(change), 'assignment').state).toBe('scheduled');
    expect(rowsOf(change, 'grant')).toEqual([]);
    expect(dataOf(change, 'request.approved')).toMatchObject({ scheduled: true });
  });
  test('more than the maximum is clamped, and that is told', () => {
    const { request, clamped } = submit(submitFacts(), { ...wish, period: { ...wish.period, hours: 9999 } }, at());
    expect([request.endsAt, clamped]).toEqual([days(30), 'maximum']);
  });
  test('a package without roles is delivered at once', () => {
    const { request, change } = submit(submitFacts({ content: aContent(0) }), wish, at());
    expect([request.state, request.completedAt, rowOf(sound(change), 'assignment').state]).toEqual([
      'delivered',
      NOON,
      'delivered',
    ]);
    expect(eventsOf(change)).toEqual([
      'request.submitted',
      'request.approved',
      'assignment.justified',
      'assignment.delivered',
      'request.delivered',
    ]);
  });
  test('a zone that nobody knows counts as the target’s', () => {
    expect(submit(submitFacts(), { ...wish, zone: 'India Standard Time' }, at()).request.zone).toBe('Europe/Berlin');
  });
  test('answers are trimmed, and those to no question dropped', () => {
    const answers = { why: ' because ', more: '  ', region: 'EU', other: 'x' };
    const { request } = submit(submitFacts({ policy: aPolicy({ questions }) }), { ...wish, answers }, at());
    expect(request.answers).toEqual({ why: 'because', region: 'EU' });
  });
  test('a role that somebody holds by another package is placed once', () => {
    const held = justified(aGrant(1), 'assignment-9');
    const { change } = submit(submitFacts({ grants: [held] }), wish, at());
    expect(rowsOf(sound(change), 'grant')).toEqual([]);
    expect([change.links.length, eventsOf(change).at(-1)]).toEqual([1, 'grant.wanted']);
  });
  test.each([
    { state: 'taking', wantBaseline: true },
    { state: 'takeFailed', wantBaseline: true },
    { state: 'placeFailed', wantBaseline: true },
    { state: 'taken', wantBaseline: null },
  ] as const)(
    'a grant that is $state is turned round; its baseline is read anew only when it was taken wholly',
    ({ state, wantBaseline }) => {
      const old = { grant: aGrant(1, { state, baseline: true, error: 'x' }), justifiedBy: [], lostBy: [] };
      const { change } = submit(submitFacts({ grants: [old] }), wish, at());
      expect(rowOf(sound(change), 'grant')).toMatchObject({ state: 'placing', baseline: wantBaseline, error: null });
    },
  );
});

describe('asking for a direct report', () => {
  const mona = { requestor: aPerson('Mona'), managesTarget: true };
  test('both are in the request, and it says so', () => {
    const { request, change } = submit(submitFacts({ ...mona, ...oneStage }), wish, at());
    expect([request.requestor, request.target, request.type]).toEqual([idOf('Mona'), idOf('Tara'), 'userAdd']);
    expect(dataOf(sound(change), 'request.submitted')).toMatchObject({ onBehalf: true });
  });
  test('a manager who is the approver is not asked', () => {
    const facts = submitFacts({ ...mona, ...oneStage, candidates: who(1, 'primary', 'Mona', 'Ana') });
    expect(askedIn(submit(facts, wish, at()).change)).toEqual(['ana']);
  });
});

describe('what is refused when asking', () => {
  test.each([
    ['whoever may not ask for it is sent to its owners', 'Olga', {}],
    ['an owner is not sent to themselves', 'Tara', { owner: true }],
  ])('where the strictest policy is for others: %s', (_, owner, more) => {
    const forOthers = aPolicy({
      id: versionId('s.1'),
      targets: [{ kind: 'person', person: idOf('Tara') }],
      selfRequest: false,
    });
    const policies = [aPolicy(), forOthers].map((one) => inScope(one));
    const facts = submitFacts({ policies, owners: [{ id: idOf(owner), name: owner }] });
    const fault = faultOf(() => offer(facts));
    expect([fault.code, fault.data]).toEqual(['not-in-scope', { package: facts.package.name, target: null, ...more }]);
  });
  const withQuestions = { policy: aPolicy({ questions }) };
  test.each<{
    name: string;
    give?: Partial<SubmitFacts> & { policy?: ReturnType<typeof aPolicy> };
    input?: Partial<SubmitInput>;
    wantFault: string;
    field?: string;
  }>([
    { name: 'for somebody whom one does not manage', give: { requestor: aPerson('Zoe') }, wantFault: 'not-for-others' },
    {
      name: 'for a report, where the policy is for oneself',
      give: { requestor: aPerson('Mona'), managesTarget: true, policy: aPolicy({ onBehalf: false }) },
      wantFault: 'not-for-others',
    },
    {
      name: 'by a disabled manager',
      give: { requestor: aPerson('Mona', { state: 'disabled' }), managesTarget: true },
      wantFault: 'person-disabled',
    },
    { name: 'what one may not see', give: { policies: [] }, wantFault: 'not-found' },
    { name: 'what one has asked for', give: { open: aRequest() }, wantFault: 'already-requested' },
    { name: 'what one holds', give: { live: anAssignment() }, wantFault: 'already-held' },
    {
      name: 'what one had when one left',
      give: { live: anAssignment(), leaving: true },
      wantFault: 'still-ending',
    },
    { name: 'in conflict', give: { conflicts: [aConflict()] }, wantFault: 'incompatible' },
    {
      name: 'for oneself, where the policy is for others',
      give: { policy: aPolicy({ selfRequest: false }) },
      wantFault: 'not-found',
    },
    {
      name: 'by a policy of another package',
      input: { policyVersion: versionId('x.1') },
      wantFault: 'policy-not-offered',
    },
    {
      name: 'without a reason',
      give: { policy: aPolicy({ reasonRequired: true }) },
      input: { reason: '  ' },
      wantFault: 'reason-required',
      field: 'reason',
    },
    {
      name: 'with a reason of 2001 characters',
      input: { reason: 'x'.repeat(2001) },
      wantFault: 'text-too-long',
      field: 'reason',
    },
    {
      name: 'without a required answer',
      give: withQuestions,
      input: { answers: { region: 'EU' } },
      wantFault: 'answer-required',
      field: 'answer.why',
    },
    {
      name: 'with an answer of 501 characters',
      give: withQuestions,
      input: { answers: { why: 'x'.repeat(501) } },
      wantFault: 'text-too-long',
      field: 'answer.why',
    },
    {
      name: 'with a long answer of 2001 characters',
      give: withQuestions,
      input: { answers: { why: 'x', more: 'x'.repeat(2001) } },
      wantFault: 'text-too-long',
      field: 'answer.more',
    },
    {
      name: 'with a choice that is not offered',
      give: withQuestions,
      input: { answers: { why: 'x', region: 'Mars' } },
      wantFault: 'answer-not-offered',
      field: 'answer.region',
    },
    {
      name: 'with a period, where the policy sets it',
      give: { policy: aPolicy({ customPeriod: false }) },
      input: { period: { startsAt: null, endsAt: null, hours: 4 } },
      wantFault: 'period-not-allowed',
    },
    {
      name: 'for the past',
      input: { period: { startsAt: days(-2), endsAt: null, hours: null } },
      wantFault: 'start-in-past',
      field: 'startsAt',
    },
    {
      name: 'for next year',
      input: { period: { startsAt: days(181), endsAt: null, hours: null } },
      wantFault: 'start-too-late',
      field: 'startsAt',
    },
    {
      name: 'to end before it starts',
      input: { period: { startsAt: days(5), endsAt: days(2), hours: null } },
      wantFault: 'end-before-start',
      field: 'endsAt',
    },
    {
      name: 'where nobody may approve',
      give: { ...oneStage, candidates: who(1, 'primary', 'Tara') },
      wantFault: 'no-approvers',
    },
    {
      name: 'where too few may approve a later stage',
      give: {
        policy: aPolicy({ stages: [aStage(1), aStage(2, { approvalsRequired: 2 })] }),
        candidates: [...who(1, 'primary', 'Ana'), ...who(2, 'primary', 'Ben')],
      },
      wantFault: 'no-approvers',
    },
    {
      name: 'where one person is all there is for two stages',
      give: {
        policy: aPolicy({ stages: [aStage(1), aStage(2)] }),
        candidates: [...who(1, 'primary', 'Ana'), ...who(2, 'primary', 'Ana')],
      },
      wantFault: 'no-approvers',
    },
  ])('$name: $wantFault', ({ give, input, wantFault, field }) => {
    const fault = faultOf(() => submit(submitFacts(give), { ...wish, ...input }, at()));
    expect([fault.code, fault.field]).toEqual([wantFault, field ?? fault.field]);
  });

  test('2000 characters of reason and 500 of answer are not too many', () => {
    const input = { ...wish, reason: 'x'.repeat(2000), answers: { why: 'x'.repeat(500), more: 'x'.repeat(2000) } };
    expect(submit(submitFacts(withQuestions), input, at()).request.state).toBe('delivering');
  });
  test.each([
    { name: 'who may know it hears why not', may: true, want: 'not-for-others' },
    { name: 'for everybody else it does not exist', may: false, want: 'not-found' },
  ])('for somebody whom one does not manage: $name', ({ may, want }) => {
    const facts = submitFacts({ requestor: aPerson('Zoe'), requestorMaySee: may });
    expect(faultOf(() => offer(facts)).code).toBe(want);
  });
  test('what is held is refused with its end, what is asked for with its number', () => {
    expect(faultOf(() => offer(submitFacts({ live: anAssignment() }))).data).toMatchObject({ endsAt: days(20) });
    expect(faultOf(() => offer(submitFacts({ open: aRequest() }))).data).toMatchObject({ number: 1042 });
  });
  test('who manages nobody learns nothing: the answer is the same for what the other may and may not see', () => {
    const zoe = { requestor: aPerson('Zoe') };
    const [seen, unseen] = [submitFacts(zoe), submitFacts({ ...zoe, policies: [] })].map((facts) =>
      faultOf(() => offer(facts)),
    );
    expect(seen).toEqual(unseen);
  });
  test('the form offers what the submit accepts', () => {
    expect(offer(submitFacts()).map((policy) => policy.id)).toEqual(['policy-1.1']);
  });
});

describe('asking anew is offered where it would not be refused', () => {
  const others = aPolicy({ selfRequest: false, onBehalf: true });
  const wider = aPolicy({ id: versionId('policy-2.1'), targets: [{ kind: 'anyone' }] });
  test.each<{ name: string; give: Partial<SubmitFacts>; want: [could: boolean, may: boolean] }>([
    { name: 'in scope', give: {}, want: [true, true] },
    { name: 'held', give: { live: anAssignment() }, want: [true, false] },
    { name: 'asked for', give: { open: aRequest() }, want: [true, false] },
    { name: 'held, out of scope by now', give: { live: anAssignment(), policies: [] }, want: [false, false] },
    { name: 'out of scope', give: { policies: [inScope(aPolicy(), { inScope: false })] }, want: [false, false] },
    { name: 'a disabled policy', give: { policies: [inScope(aPolicy(), { enabled: false })] }, want: [false, false] },
    { name: 'only for others', give: { policies: [inScope(others)] }, want: [false, false] },
    { name: 'a wider policy beside', give: { policies: [inScope(others), inScope(wider)] }, want: [false, false] },
    { name: 'only given', give: { policies: [inScope(aPolicy({ mode: 'direct' }))] }, want: [false, false] },
    { name: 'a conflict', give: { conflicts: [aConflict()] }, want: [false, false] },
    { name: 'a closed catalog', give: { catalog: aCatalog({ state: 'unpublished' }) }, want: [false, false] },
    { name: 'a package that is gone', give: { package: aPackage({ state: 'deleted' }) }, want: [false, false] },
    { name: 'a person who left', give: { target: aPerson('Tara', { state: 'disabled' }) }, want: [false, false] },
    {
      name: 'an outsider of a catalog for members',
      give: { target: aPerson('Tara', { kind: 'guest' }), catalog: aCatalog({ externallyVisible: false }) },
      want: [false, false],
    },
  ])('$name', ({ give, want }) => {
    const facts = submitFacts(give);
    expect([couldAsk(facts), mayAskAnew(facts)]).toEqual(want);
    const offered = (): unknown => offer(facts);
    if (want[1]) expect(offered()).not.toEqual([]);
    else expect(offered).toThrow();
  });

  test.each([
    { give: aRequest({ state: 'expired' }), ended: false, want: 'askAgain' },
    { give: aRequest({ state: 'denied' }), ended: false, want: 'askAgain' },
    { give: aRequest({ state: 'canceled' }), ended: false, want: 'askAgain' },
    { give: aRequest({ state: 'canceled', detail: 'contentChanged' }), ended: false, want: null },
    { give: aRequest({ state: 'delivered' }), ended: false, want: null },
    { give: aRequest({ state: 'delivered' }), ended: true, want: 'askAgain' },
    { give: aRequest(), ended: false, want: null },
    { give: aRequest({ state: 'expired', type: 'userExtend' }), ended: true, want: 'askAnew' },
    { give: aRequest({ state: 'expired', type: 'adminAdd' }), ended: false, want: null },
    { give: aRequest({ state: 'removed', type: 'userRemove' }), ended: true, want: null },
  ])('of $give.type, $give.state, access over: $ended', ({ give, ended, want }) => {
    expect(wishAgain(give, ended)).toBe(want);
  });
});

describe('direct assignment', () => {
  const direct = aPolicy({ mode: 'direct', targets: [] });
  test('by a policy for that, without stages: at once', () => {
    const { request, change } = submitDirect(directFacts({ policy: direct }), wish, at());
    expect(request).toMatchObject({ type: 'adminAdd', state: 'delivering', requestor: idOf('Olga') });
    expect(rowOf(sound(change), 'justification').kind).toBe('direct');
    expect(dataOf(change, 'request.submitted')).toEqual({
      type: 'adminAdd',
      notify: true,
      onBehalf: true,
      bySystem: false,
    });
  });
  test('by a policy with a stage: approval, though an owner assigns', () => {
    const { request, change } = submitDirect(directFacts(oneStage), wish, at());
    expect(request.state).toBe('pendingApproval');
    expect(rowsOf(sound(change), 'assignment')).toEqual([]);
  });
  test('the owner who assigns is not asked to approve', () => {
    const facts = directFacts({ ...oneStage, candidates: who(1, 'primary', 'Olga', 'Ana') });
    expect(askedIn(submitDirect(facts, wish, at()).change)).toEqual(['ana']);
  });
  test('a longer one is one more justification of what is held', () => {
    const facts = directFacts({ policy: direct, live: anAssignment(), justifications: [aJustification()] });
    const { request, change } = submitDirect(facts, wish, at());
    expect(request).toMatchObject({ state: 'delivered', assignment: 'assignment-1' });
    expect(rowOf(sound(change), 'assignment')).toMatchObject({
      id: 'assignment-1',
      state: 'delivered',
      endsAt: days(30),
      reminded: 0,
    });
    expect(rowOf(change, 'justification')).toMatchObject({ kind: 'direct', until: days(30) });
    expect(dataOf(change, 'assignment.extended')).toEqual({ n: 0, endsAt: days(30).toISOString() });
  });
  test('and where that could not be given, it is tried again with what is asked now', () => {
    const live = anAssignment({ state: 'deliveryFailed' });
    const grants = [justified(aGrant(1, { state: 'placeFailed' }))];
    const facts = directFacts({ policy: direct, live, justifications: [aJustification()], grants });
    const { request, change } = submitDirect(facts, wish, at());
    expect(request).toMatchObject({ state: 'delivering', completedAt: null });
    expect(rowOf(sound(change), 'assignment')).toMatchObject({ state: 'delivering', endsAt: days(30) });
    expect(rowOf(change, 'grant').state).toBe('placing');
    expect(eventsOf(change)).not.toContain('request.delivered');
  });
  test('questions are for the one who asks', () => {
    expect(
      submitDirect(directFacts({ policy: aPolicy({ mode: 'direct', questions }) }), wish, at()).request.state,
    ).toBe('delivering');
  });

  test.each<{ name: string; give: Partial<SubmitFacts>; wantFault: string }>([
    { name: 'without the right', give: { mayAssign: false }, wantFault: 'forbidden' },
    { name: 'to oneself', give: { requestor: aPerson() }, wantFault: 'self-assignment' },
    {
      name: 'by a disabled owner',
      give: { requestor: aPerson('Olga', { state: 'disabled' }) },
      wantFault: 'person-disabled',
    },
    {
      name: 'to somebody out of scope',
      give: { policies: [inScope(aPolicy(), { inScope: false })] },
      wantFault: 'not-in-scope',
    },
    { name: 'in conflict', give: { conflicts: [aConflict()] }, wantFault: 'incompatible' },
    { name: 'to a disabled person', give: { target: aPerson('Tara', { state: 'disabled' }) }, wantFault: 'not-found' },
    { name: 'of what was asked for', give: { open: aRequest() }, wantFault: 'already-requested' },
    {
      name: 'of what the person had when they left',
      give: { live: anAssignment(), leaving: true },
      wantFault: 'still-ending',
    },
    { name: 'of what is held without end', give: { live: anAssignment({ endsAt: null }) }, wantFault: 'already-held' },
    {
      name: 'of what is held for longer',
      give: { live: anAssignment({ endsAt: days(31) }) },
      wantFault: 'already-held',
    },
    {
      name: 'of a closed catalog',
      give: { catalog: { ...directFacts().catalog, state: 'unpublished' } },
      wantFault: 'catalog-closed',
    },
  ])('$name: $wantFault', ({ give, wantFault }) => {
    expect(faultOf(() => submitDirect(directFacts(give), wish, at())).code).toBe(wantFault);
  });
  test.each<{ name: string; give: Partial<SubmitFacts>; data: object }>([
    { name: 'held without end', give: { live: anAssignment({ endsAt: null }) }, data: { endsAt: null } },
    {
      name: 'on its way',
      give: { live: anAssignment({ state: 'scheduled', startsAt: days(1) }) },
      data: { from: days(1) },
    },
    {
      name: 'held for longer, where nobody chooses dates',
      give: {
        ...oneStage,
        policies: [inScope(aPolicy({ stages: [aStage()], customPeriod: false }))],
        live: anAssignment({ endsAt: days(31) }),
      },
      data: { endsAt: days(31) },
    },
    {
      name: 'held until the end that the policy fixes',
      give: {
        policies: [inScope(aPolicy({ stages: [aStage()], expiration: { kind: 'date', day: '2026-02-01' } }))],
        live: anAssignment({ endsAt: days(31) }),
      },
      data: { endsAt: days(31) },
    },
    {
      name: 'held for longer than any start that may be chosen gives',
      give: { live: anAssignment({ endsAt: days(300) }) },
      data: { endsAt: days(300) },
    },
  ])('of what is $name: the form says so, before anybody approves', ({ give, data }) => {
    const fault = faultOf(() => offerDirect(directFacts({ ...oneStage, ...give }), NOON));
    expect([fault.code, fault.data]).toEqual(['already-held', expect.objectContaining({ ...data, target: 'Tara' })]);
  });
  test('that adds nothing is refused before anybody approves, and one that starts later is not', () => {
    const facts = directFacts({ ...oneStage, live: anAssignment({ endsAt: days(31) }) });
    expect(offerDirect(facts, NOON)).toHaveLength(1);
    expect(faultOf(() => submitDirect(facts, wish, at())).data).toEqual({
      package: facts.package.name,
      endsAt: days(31),
      target: 'Tara',
      choose: true,
    });
    const later = { ...wish, period: { startsAt: days(7), endsAt: null, hours: null } };
    expect(submitDirect(facts, later, at()).request.state).toBe('pendingApproval');
  });
  test('that would leave a gap is refused', () => {
    const facts = directFacts({ live: anAssignment({ endsAt: days(5) }) });
    const later = { ...wish, period: { startsAt: days(6), endsAt: null, hours: null } };
    expect(faultOf(() => submitDirect(facts, later, at())).code).toBe('already-held');
  });
  test('the form offers policies for direct assignment beside the strictest others', () => {
    const policies = [
      direct,
      aPolicy({ id: versionId('b.1') }),
      aPolicy({ id: versionId('c.1'), targets: [{ kind: 'anyone' }] }),
    ];
    expect(
      offerDirect(directFacts({ policies: policies.map((one) => inScope(one)) }), NOON).map((one) => one.id),
    ).toEqual(['policy-1.1', 'b.1']);
    expect(faultOf(() => offerDirect(directFacts({ mayAssign: false }), NOON)).code).toBe('forbidden');
  });
  test.each([
    { name: 'changes its policies', mayChange: true, next: 'change' },
    { name: 'may only assign it', mayChange: false, next: 'owners' },
  ])('by a policy whose last day is over: who $name hears what they can do', ({ mayChange, next }) => {
    const policy = aPolicy({ expiration: { kind: 'date', day: '2026-01-14' } });
    const facts = { mayChange, policies: [{ ...inScope(policy), over: true }] };
    const data = { package: expect.any(String) as string, day: '2026-01-14', next };
    expect(faultOf(() => offerDirect(directFacts(facts), NOON)).data).toEqual(data);
    expect(faultOf(() => offer(submitFacts(facts))).data).toEqual(data);
  });
});

describe('an extension', () => {
  const soon = (fields: Parameters<typeof assignmentFacts>[0] = {}): AssignmentFacts =>
    assignmentFacts({
      assignment: anAssignment({ startsAt: days(-25), endsAt: days(5), remindAt: days(4), reminded: 1 }),
      ...fields,
    });
  const approved = aPolicy({
    stages: [aStage()],
    extension: { allowed: true, approval: true, maxExtensions: null, maxTotalDays: null },
  });

  test('without approval moves the end at once', () => {
    const { request, change } = submitExtension(soon(), { requestor: idOf('Tara'), reason: null }, at());
    expect(request).toMatchObject({
      type: 'userExtend',
      state: 'delivered',
      assignment: 'assignment-1',
      endsAt: days(35),
      completedAt: NOON,
    });
    expect(rowOf(sound(change), 'assignment')).toMatchObject({ endsAt: days(35), reminded: 0, remindAt: days(21) });
    expect(rowOf(change, 'justification')).toMatchObject({ until: days(35), extensions: 1 });
    expect(eventsOf(change)).toEqual([
      'request.submitted',
      'request.approved',
      'assignment.extended',
      'request.delivered',
    ]);
    expect(dataOf(change, 'assignment.extended')).toEqual({ n: 1, endsAt: days(35).toISOString() });
  });
  test('with approval asks, and remembers until when', () => {
    const facts = soon({ policy: approved, candidates: who(1, 'primary', 'Ana') });
    const { request, change } = submitExtension(facts, { requestor: idOf('Tara'), reason: null }, at());
    expect(request).toMatchObject({
      state: 'pendingApproval',
      period: { endsAt: days(35) },
      assignment: 'assignment-1',
    });
    expect([askedIn(sound(change)), rowsOf(change, 'assignment')]).toEqual([['ana'], []]);
  });
  test('that needs no approval asks nobody, though first asking does', () => {
    const policy = aPolicy({ stages: [aStage()] });
    expect(submitExtension(soon({ policy }), { requestor: idOf('Tara'), reason: null }, at()).request.state).toBe(
      'delivered',
    );
  });

  test.each<{ name: string; give: AssignmentFacts; requestor?: string; wantFault: string }>([
    { name: 'by somebody else', give: soon(), requestor: 'Zoe', wantFault: 'not-found' },
    {
      name: 'while one is asked for',
      give: soon({ open: aRequest({ type: 'userExtend' }) }),
      wantFault: 'already-requested',
    },
    { name: 'of what one had when one left', give: soon({ leaving: true }), wantFault: 'still-ending' },
    {
      name: 'out of scope',
      give: soon({ policies: [inScope(aPolicy(), { inScope: false })] }),
      wantFault: 'not-in-scope',
    },
    { name: 'in conflict', give: soon({ conflicts: [aConflict()] }), wantFault: 'incompatible' },
    {
      name: 'without the reason that the policy wants',
      give: soon({ policy: aPolicy({ reasonRequired: true }) }),
      wantFault: 'reason-required',
    },
    { name: 'too early', give: assignmentFacts(), wantFault: 'extension-too-early' },
  ])('$name: $wantFault', ({ give, requestor, wantFault }) => {
    expect(
      faultOf(() => submitExtension(give, { requestor: idOf(requestor ?? 'Tara'), reason: null }, at())).code,
    ).toBe(wantFault);
  });
});

const scheduled = (fields: Partial<RequestFacts> = {}): RequestFacts =>
  requestFacts({
    request: aRequest({ state: 'scheduled', assignment: anAssignment().id }),
    assignment: anAssignment({ state: 'scheduled', startsAt: hours(0), endsAt: days(30) }),
    live: anAssignment({ state: 'scheduled', startsAt: hours(0), endsAt: days(30) }),
    justifications: [aJustification({ startsAt: hours(0), until: days(30) })],
    ...fields,
  });

describe('taking a request back', () => {
  test.each([
    { name: 'the requestor', by: { person: idOf('Tara'), owner: false }, want: ['canceledByRequestor', true] },
    { name: 'an owner', by: { person: idOf('Olga'), owner: true }, want: ['canceledByOwner', false] },
    {
      name: 'an owner who is the requestor',
      by: { person: idOf('Tara'), owner: true },
      want: ['canceledByRequestor', true],
    },
    { name: 'the system', by: 'system' as const, want: ['targetDisabled', false] },
  ])('$name', ({ by, want }) => {
    const change = sound(cancel(requestFacts(), by, at()));
    expect(rowOf(change, 'request')).toMatchObject({ state: 'canceled', detail: want[0], completedAt: NOON });
    expect(dataOf(change, 'request.canceled')).toEqual({
      type: 'userAdd',
      byRequestor: want[1],
      detail: want[0],
      onBehalf: false,
      tellTarget: false,
    });
    expect([rowOf(change, 'stage').state, rowsOf(change, 'task').map((task) => task.state)]).toEqual([
      'canceled',
      ['closed', 'closed'],
    ]);
  });
  test('the target of somebody else’s request may, and the requestor is told', () => {
    const facts = requestFacts({ request: aRequest({ requestor: idOf('Mona') }) });
    expect(dataOf(cancel(facts, { person: idOf('Tara'), owner: false }, at()), 'request.canceled')).toMatchObject({
      byRequestor: false,
      onBehalf: true,
    });
  });
  test('what is scheduled ends with it, and nobody is told twice', () => {
    const change = sound(cancel(scheduled(), { person: idOf('Tara'), owner: false }, at()));
    expect(rowOf(change, 'assignment')).toMatchObject({
      state: 'removed',
      endReason: 'canceled',
      endedAt: NOON,
      remindAt: null,
    });
    expect(rowOf(change, 'justification').endedAt).toEqual(NOON);
    expect(dataOf(change, 'assignment.ending')).toEqual({ reason: 'canceled', tell: false });
  });
  test('a stranger does not learn that it exists', () => {
    expect(faultOf(() => cancel(requestFacts(), { person: idOf('Zoe'), owner: false }, at())).code).toBe('not-found');
  });
  test('by somebody else is no way to end access that waits for its start: that needs a reason', () => {
    const act = () => cancel(scheduled(), { person: idOf('Olga'), owner: true }, at());
    expect(faultOf(act).code).toBe('removal-reason-required');
  });
  test.each([
    { name: 'an owner', by: { person: idOf('Olga'), owner: true }, want: true },
    { name: 'the manager who asked', by: { person: idOf('Mona'), owner: false }, want: true },
    { name: 'the person it is for', by: { person: idOf('Tara'), owner: false }, want: false },
    {
      name: 'the system, since the manager left',
      by: 'system' as const,
      detail: 'requestorDisabled' as const,
      want: true,
    },
    { name: 'the system, since they left', by: 'system' as const, want: false },
  ])('of what a manager asked for, by $name, is told to whom it was for: $want', ({ by, detail, want }) => {
    const facts = requestFacts({ request: aRequest({ requestor: idOf('Mona') }) });
    expect(dataOf(cancel(facts, by, at(), detail), 'request.canceled')).toMatchObject({ tellTarget: want });
  });
});

describe('when somebody left', () => {
  const gone = { state: 'disabled' } as const;
  const tara = { ...aRef('Tara'), ...gone };
  const cases: { name: string; give: RequestFacts; left?: 'target' | 'requestor'; want: string | null }[] = [
    { name: 'the target, who is back', give: requestFacts(), left: 'target', want: 'targetDisabled' },
    { name: 'the target of what is scheduled, who is back', give: scheduled(), left: 'target', want: 'targetDisabled' },
    {
      name: 'who asked for somebody, and is back',
      give: requestFacts({ requestor: { ...tara, state: 'enabled' } }),
      left: 'requestor',
      want: 'requestorDisabled',
    },
    { name: 'who asked and is back, once it is decided', give: scheduled(), left: 'requestor', want: null },
    { name: 'the target', give: requestFacts({ target: { ...aPerson(), ...gone } }), want: 'targetDisabled' },
    {
      name: 'the target of what is decided and scheduled',
      give: scheduled({ target: { ...aPerson(), ...gone } }),
      want: 'targetDisabled',
    },
    { name: 'who asked for somebody', give: requestFacts({ requestor: tara }), want: 'requestorDisabled' },
    { name: 'who asked, once it is decided', give: scheduled({ requestor: tara }), want: null },
    { name: 'nobody while it was open', give: requestFacts(), want: null },
    {
      name: 'the target of what ended meanwhile',
      give: requestFacts({ request: aRequest({ state: 'denied' }), target: { ...aPerson(), ...gone } }),
      want: null,
    },
  ];
  test.each(cases)('$name', ({ give, left = null, want }) => {
    const change = sound(cancelForGone({ ...give, left }, at()));
    if (want === null) expect(eventsOf(change)).toEqual([]);
    else expect(rowOf(change, 'request')).toMatchObject({ state: 'canceled', detail: want });
  });
});

describe('what waits for its start while its package gains a role', () => {
  // Days ahead.
  const planned = (fields: Partial<RequestFacts> = {}) => {
    const later = anAssignment({ state: 'scheduled', startsAt: days(5), endsAt: days(30) });
    const asked = { startsAt: days(5), endsAt: null, hours: null };
    const request = aRequest({ state: 'scheduled', assignment: later.id, startsAt: days(5), period: asked });
    const decided = { content: aContent(2), asked: aContent(1), decisions: [aDecision('Ana')] };
    return scheduled({ request, assignment: later, live: later, ...decided, ...fields });
  };
  test('the same is asked again for the same day, and what was planned ends', () => {
    const change = sound(reopen(planned(), at()));
    expect(rowsOf(change, 'request')).toMatchObject([
      { id: 'request-1', state: 'canceled', detail: 'contentChanged' },
      { state: 'pendingApproval', replaces: 'request-1', period: { startsAt: days(5) }, startsAt: null },
    ]);
    expect(rowOf(change, 'assignment')).toMatchObject({ state: 'removed', endReason: 'canceled' });
  });
  test.each<{ name: string; give: Partial<RequestFacts>; want: object | null }>([
    { name: 'nobody decided', give: { decisions: [] }, want: null },
    { name: 'roles were only taken out', give: { content: aContent(0) }, want: null },
    { name: 'it is open no more', give: { request: aRequest({ state: 'canceled' }) }, want: null },
    { name: 'it began', give: { assignment: anAssignment({ state: 'delivering' }) }, want: null },
    {
      name: 'the target left',
      give: { target: aPerson('Tara', { state: 'disabled' }) },
      want: { state: 'canceled', detail: 'targetDisabled' },
    },
  ])('where $name', ({ give, want }) => {
    const change = sound(reopen(planned(give), at()));
    if (want === null) expect(change.rows).toEqual([]);
    else expect(rowsOf(change, 'request')).toMatchObject([want]);
  });
  test('where nobody is left to decide it is denied', () => {
    const change = sound(reopen(planned({ candidates: [] }), at()));
    expect(rowsOf(change, 'request')).toMatchObject([{ id: 'request-1', state: 'denied' }]);
    expect(rowOf(change, 'assignment')).toMatchObject({ state: 'removed', endReason: 'gateClosed' });
  });
});

describe('the start of what was scheduled', () => {
  test('its roles are wanted, as the package holds them now', () => {
    const change = sound(startDue(scheduled({ content: aContent(3) }), at()));
    expect([rowOf(change, 'request').state, rowOf(change, 'assignment').state, rowsOf(change, 'grant').length]).toEqual(
      ['delivering', 'delivering', 3],
    );
  });
  test('a role that nobody decided on is asked for again before it starts, and what was planned ends', () => {
    const facts = scheduled({ content: aContent(2), asked: aContent(1), decisions: [aDecision('Ana')] });
    const change = sound(startDue(facts, at()));
    expect(rowsOf(change, 'request')).toMatchObject([
      { id: 'request-1', state: 'canceled', detail: 'contentChanged' },
      { state: 'pendingApproval', replaces: 'request-1', assignment: null, approvedAt: null, startsAt: null },
    ]);
    expect(rowOf(change, 'assignment')).toMatchObject({ state: 'removed', endReason: 'canceled' });
    expect(rowsOf(change, 'grant')).toEqual([]);
  });
  test('where nobody decides, what the package holds now is given', () => {
    const change = sound(startDue(scheduled({ content: aContent(2), asked: aContent(1) }), at()));
    expect([rowOf(change, 'request').state, rowsOf(change, 'grant').length]).toEqual(['delivering', 2]);
  });
  test('a package without roles is delivered', () => {
    const change = sound(startDue(scheduled({ content: aContent(0) }), at()));
    expect([rowOf(change, 'request').state, rowOf(change, 'assignment').state]).toEqual(['delivered', 'delivered']);
  });
  test('nothing happens a moment before', () => {
    expect(startDue(scheduled(), at(new Date(NOON.getTime() - 1))).rows).toEqual([]);
  });
  test.each<{ name: string; give: Partial<RequestFacts>; want: [string, string, string] }>([
    { name: 'in conflict now', give: { conflicts: [aConflict()] }, want: ['gateClosed', 'incompatible', 'gateClosed'] },
    {
      name: 'out of scope now',
      give: { policies: [inScope(aPolicy(), { inScope: false })] },
      want: ['gateClosed', 'not-in-scope', 'gateClosed'],
    },
    {
      name: 'catalog closed now',
      give: { catalog: { ...requestFacts().catalog, state: 'unpublished' } },
      want: ['gateClosed', 'catalog-closed', 'gateClosed'],
    },
    {
      name: 'its policy in use no more',
      give: { policies: [inScope(aPolicy(), { enabled: false })] },
      want: ['gateClosed', 'not-in-scope', 'gateClosed'],
    },
  ])('$name: denied, and it ends before it began', ({ give, want }) => {
    const change = sound(startDue(scheduled(give), at()));
    expect(rowOf(change, 'request')).toMatchObject({ state: 'denied', detail: want[0] });
    expect(dataOf(change, 'request.denied')).toEqual({
      detail: want[0],
      type: 'userAdd',
      onBehalf: false,
      gate: want[1],
    });
    expect(rowOf(change, 'assignment')).toMatchObject({ state: 'removed', endReason: want[2] });
  });
  test.each<{ name: string; give: Partial<RequestFacts> }>([
    { name: 'is disabled now', give: { target: aPerson('Tara', { state: 'disabled' }) } },
    { name: 'was disabled meanwhile, and is back', give: { left: 'target' } },
  ])('where the target $name: canceled, and it ends before it began', ({ give }) => {
    const change = sound(startDue(scheduled(give), at()));
    expect(rowOf(change, 'request')).toMatchObject({ state: 'canceled', detail: 'targetDisabled' });
    expect(rowOf(change, 'assignment')).toMatchObject({ state: 'removed', endReason: 'targetDisabled' });
    expect(rowsOf(change, 'grant')).toEqual([]);
  });
  test('where its policy is in use no more it is closed before that start has come, and no other is', () => {
    const before = at(new Date(NOON.getTime() - 1));
    const facts = scheduled({ policies: [inScope(aPolicy(), { enabled: false })] });
    const change = sound(closeForPolicy(facts, before));
    expect(rowOf(change, 'request')).toMatchObject({ state: 'denied', refusal: { data: { ended: true } } });
    expect(rowOf(change, 'assignment')).toMatchObject({ state: 'removed', endReason: 'gateClosed' });
    expect(closeForPolicy(scheduled(), before)).toBe(noChange);
    const begun = aRequest({ ...facts.request, state: 'delivering' });
    expect(closeForPolicy({ ...facts, request: begun }, before)).toBe(noChange);
  });
  test('goes on where who asked for it was disabled after it was decided', () => {
    const change = sound(startDue(scheduled({ left: 'requestor' }), at()));
    expect(rowOf(change, 'request').state).toBe('delivering');
  });
  test('a start found only after the end gives nothing', () => {
    expect(rowOf(sound(startDue(scheduled(), at(days(31)))), 'request').state).toBe('denied');
  });
});
