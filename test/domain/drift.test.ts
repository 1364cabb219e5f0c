// What a difference between a system and Usher is, when many of them stop at the brake, and what a repair changes.
import { answer, differenceOf, judge, mayAnswer, repair } from '../../src/domain/drift';
import { noChange } from '../../src/domain/events';
import type { Compared, DriftAsked, DriftFacts, Finding, Pair } from '../../src/domain/drift';
import type { Assignment, FindingId, Grant, PersonId, Resource } from '../../src/domain/model';
import { aGrant, anAssignment, aPerson, at, NOON, placeFacts } from '../support/builders';
import { faultOf } from '../support/sound';

type PairGrant = Pair['grants'][number];
const own = (fields: Partial<PairGrant> = {}): PairGrant => ({
  own: true,
  state: 'placed',
  baseline: false,
  wanted: true,
  absorbed: false,
  busy: false,
  ...fields,
});
const taken = (fields: Partial<PairGrant> = {}): PairGrant => own({ state: 'taken', wanted: false, ...fields });
const STATES: readonly Grant['state'][] = [
  'unknown',
  'placing',
  'placed',
  'placeFailed',
  'taking',
  'taken',
  'takeFailed',
];

describe('a role that the system does not have', () => {
  const absent = (grants: readonly PairGrant[], person: Pair['person'] = 'enabled') =>
    differenceOf({ present: false, person, grants });
  test.each([
    { name: 'was placed and is wanted', grants: [own()], want: 'missing' },
    { name: 'was the person’s own before', grants: [own({ baseline: true })], want: 'missing' },
    { name: 'was never given', grants: [], want: null },
    { name: 'is not wanted any more', grants: [own({ wanted: false })], want: null },
    { name: 'is being worked on', grants: [own({ busy: true })], want: null },
    { name: 'stands in another catalog only', grants: [own({ own: false })], want: null },
  ])('and $name: $want', ({ grants, want }) => {
    expect(absent(grants)).toBe(want);
  });
  test('is missing in no other state', () => {
    expect(STATES.filter((state) => absent([own({ state })]) !== null)).toEqual(['placed']);
  });
  test.each(['disabled', 'deleted', null] as const)('of somebody %s is not missing', (person) => {
    expect(absent([own()], person)).toBeNull();
  });
});

describe('a role that the system has', () => {
  const present = (grants: readonly PairGrant[], person: Pair['person'] = 'enabled') =>
    differenceOf({ present: true, person, grants });
  test.each([
    { name: 'was never given', grants: [], person: 'enabled', want: 'extra' },
    { name: 'belongs to nobody known', grants: [], person: null, want: 'extra' },
    { name: 'was taken', grants: [taken()], person: 'enabled', want: 'extra' },
    { name: 'was never given, and settled so', grants: [taken({ baseline: null })], person: 'enabled', want: 'extra' },
    { name: 'was there before', grants: [taken({ baseline: true })], person: 'enabled', want: null },
    { name: 'was there before, of a leaver', grants: [taken({ baseline: true })], person: 'disabled', want: 'extra' },
    {
      name: 'was there before and taken over',
      grants: [taken({ baseline: true, absorbed: true })],
      person: 'enabled',
      want: 'extra',
    },
    { name: 'is looked at again', grants: [taken({ busy: true })], person: 'enabled', want: null },
    { name: 'is explained elsewhere', grants: [taken(), own({ own: false })], person: 'enabled', want: null },
    {
      name: 'was there before, as another catalog knows',
      grants: [taken(), taken({ own: false, baseline: true })],
      person: 'enabled',
      want: null,
    },
  ] as const)('and $name: $want', ({ grants, person, want }) => {
    expect(present(grants, person)).toBe(want);
  });
  test('is extra in no other state', () => {
    expect(STATES.filter((state) => present([own({ state, wanted: false })]) !== null)).toEqual(['taken']);
  });
});

const resource = (fields: Partial<Resource> = {}): Resource => ({ ...placeFacts().resource, ...fields });
const compared = (fields: Partial<Compared> = {}): Compared => ({
  resource: resource({ driftExtra: 'repair' }),
  opened: { missing: 0, extra: 0, unknown: 0 },
  closed: 0,
  back: 0,
  wasUnread: false,
  people: { missing: 0, extra: 0 },
  holders: 100,
  given: 100,
  accepted: { missing: false, extra: false },
  declined: { missing: 'none', extra: 'none' },
  failedBefore: false,
  moved: false,
  heldBefore: { missing: null, extra: null },
  unanswered: { missing: 0, extra: 0 },
  ...fields,
});

describe('the brake', () => {
  const missing = (n: number) => ({ missing: n, extra: 0 });
  const extra = (n: number) => ({ missing: 0, extra: n });
  test.each([
    { name: '20 of 100 are few', give: { people: extra(20) }, want: { missing: null, extra: null } },
    { name: '21 of 100 are many', give: { people: extra(21) }, want: { missing: null, extra: 'tooMany' } },
    { name: '21 of 420 are 5 %', give: { people: extra(21), holders: 420 }, want: { missing: null, extra: null } },
    {
      name: '21 of 419 are more',
      give: { people: extra(21), holders: 419 },
      want: { missing: null, extra: 'tooMany' },
    },
    { name: '5 of 5 are all', give: { people: extra(5), holders: 5 }, want: { missing: null, extra: 'tooMany' } },
    { name: '4 of 4 are few', give: { people: extra(4), holders: 4 }, want: { missing: null, extra: null } },
    { name: 'many come back after a good read', give: { people: missing(90) }, want: { missing: null, extra: null } },
    {
      name: 'many do not after a failed one',
      give: { people: missing(21), failedBefore: true },
      want: { missing: 'afterFailure', extra: null },
    },
    {
      name: 'nor after an empty one',
      give: { people: missing(21), holders: 0 },
      want: { missing: 'emptyRead', extra: null },
    },
    {
      name: 'nor where more come back than have access now',
      give: { people: missing(51), holders: 50 },
      want: { missing: 'tooMany', extra: null },
    },
    {
      name: 'as many as have access come back',
      give: { people: missing(50), holders: 50 },
      want: { missing: null, extra: null },
    },
    {
      name: 'what was accepted is done',
      give: { people: { missing: 51, extra: 40 }, holders: 50, accepted: { missing: true, extra: true } },
      want: { missing: null, extra: null },
    },
    {
      name: 'and nothing else',
      give: { people: { missing: 51, extra: 40 }, holders: 50, accepted: { missing: true, extra: false } },
      want: { missing: null, extra: 'tooMany' },
    },
    {
      name: 'few come back after an empty one',
      give: { people: missing(20), holders: 0 },
      want: { missing: null, extra: null },
    },
    {
      name: 'a resource that only reports has nothing to stop',
      give: { people: { missing: 90, extra: 90 }, holders: 0, resource: resource({ driftMissing: 'report' }) },
      want: { missing: null, extra: null },
    },
  ] as const)('$name', ({ give, want }) => {
    const judgement = judge(compared(give));
    expect(judgement.held).toEqual(want);
    for (const kind of ['missing', 'extra'] as const)
      if (want[kind] !== null) expect(judgement.repairs).not.toContain(kind);
  });
  test.each([
    {
      name: 'stays as it is where fewer are left than the brake stops for',
      give: { people: extra(20), declined: { missing: 'none', extra: 'all' } },
      want: { held: { missing: null, extra: 'tooMany' }, events: [] },
    },
    {
      name: 'stays as it is where more have access than before',
      give: { people: extra(21), holders: 420, declined: { missing: 'none', extra: 'all' } },
      want: { held: { missing: null, extra: 'tooMany' }, events: [] },
    },
    {
      name: 'stays as it is after a good read',
      give: {
        people: missing(40),
        declined: { missing: 'all', extra: 'none' },
        heldBefore: { missing: 'afterFailure', extra: null },
      },
      want: { held: { missing: 'afterFailure', extra: null }, events: [] },
    },
    {
      name: 'is not asked about again for another reason',
      give: {
        people: missing(40),
        holders: 30,
        declined: { missing: 'all', extra: 'none' },
        heldBefore: { missing: 'afterFailure', extra: null },
      },
      want: { held: { missing: 'afterFailure', extra: null }, events: [] },
    },
    {
      name: 'does not hold a single one back that is found beside it',
      give: {
        people: extra(20),
        opened: { missing: 0, extra: 1, unknown: 0 },
        declined: { missing: 'none', extra: 'some' },
      },
      want: { held: { missing: null, extra: 'tooMany' }, events: ['resource.driftFound'] },
    },
    {
      name: 'is asked about again with what makes it many once more',
      give: { people: extra(21), declined: { missing: 'none', extra: 'some' } },
      want: { held: { missing: null, extra: 'tooMany' }, repairs: ['missing'], events: [] },
    },
    {
      name: 'is no matter of a resource that only reports',
      give: { people: extra(21), resource: resource(), declined: { missing: 'none', extra: 'all' } },
      want: { held: { missing: null, extra: null }, repairs: ['missing'], events: ['resource.driftChanged'] },
    },
  ] as const)('what was declined $name', ({ give, want }) => {
    const heldBefore = { missing: null, extra: give.people.extra > 0 ? ('tooMany' as const) : null };
    const { held, repairs, events } = judge(compared({ heldBefore, ...give }));
    expect({ held, repairs, events: events.map(({ type }) => type) }).toEqual({
      repairs: ['missing', 'extra'],
      ...want,
    });
  });
  test.each([
    {
      name: 'fewer than all of five are left',
      kind: 'extra',
      was: 'tooMany',
      of: 4,
      give: { people: extra(4), holders: 4 },
    },
    { name: '20 are left', kind: 'extra', was: 'tooMany', of: 20, give: { people: extra(20), holders: 400 } },
    {
      name: 'others are found beside one who is left',
      kind: 'extra',
      was: 'tooMany',
      of: 1,
      give: { people: extra(3), opened: { missing: 0, extra: 2, unknown: 0 } },
    },
    {
      name: 'some have access again',
      kind: 'missing',
      was: 'tooMany',
      of: 50,
      give: { people: missing(50), holders: 51 },
    },
    { name: 'the system has somebody again', kind: 'missing', was: 'emptyRead', of: 2, give: { people: missing(2) } },
  ] as const)('what nobody answered stays as it is where $name', ({ kind, was, of, give }) => {
    const heldBefore = { missing: null, extra: null, [kind]: was };
    const { held, repairs } = judge(
      compared({ heldBefore, unanswered: { missing: 0, extra: 0, [kind]: of }, ...give }),
    );
    expect([held[kind], repairs.includes(kind)]).toEqual([was, false]);
    expect(judge(compared({ heldBefore, ...give })).repairs).toContain(kind);
  });
  test.each([
    { name: 'nobody of it is left', was: { missing: null, extra: 'tooMany' }, of: extra(0), give: {} },
    {
      name: 'nobody of it is left, and another is found',
      was: { missing: null, extra: 'tooMany' },
      of: extra(0),
      give: { people: extra(1), opened: { missing: 0, extra: 1, unknown: 0 } },
    },
    {
      name: 'it is of another kind than what is left',
      was: { missing: 'emptyRead', extra: null },
      of: extra(1),
      give: { people: { missing: 1, extra: 1 } },
    },
    {
      name: 'it was only the read',
      was: { missing: 'afterFailure', extra: null },
      of: missing(40),
      give: { people: missing(40) },
    },
    {
      name: 'the resource only reports by now',
      was: { missing: null, extra: 'tooMany' },
      of: extra(4),
      give: { people: extra(4), resource: resource() },
    },
    {
      name: 'what is left was accepted',
      was: { missing: null, extra: 'tooMany' },
      of: extra(4),
      give: { people: extra(4), accepted: { missing: false, extra: true } },
    },
  ] as const)('what nobody answered is over where $name', ({ was, of, give }) => {
    const { held } = judge(compared({ heldBefore: was, unanswered: of, ...give }));
    expect(held).toEqual({ missing: null, extra: null });
  });
  test('says which kinds are repaired', () => {
    expect(judge(compared()).repairs).toEqual(['missing', 'extra']);
    expect(judge(compared({ resource: resource() })).repairs).toEqual(['missing']);
    expect(judge(compared({ resource: resource({ driftMissing: 'accept' }) })).repairs).toEqual([]);
  });
});

describe('owners', () => {
  const types = (fields: Partial<Compared>): string[] => judge(compared(fields)).events.map(({ type }) => type);
  test.each([
    { name: 'hear nothing where nothing changed', give: { people: { missing: 3, extra: 3 } }, want: [] },
    {
      name: 'hear of what is new',
      give: { opened: { missing: 0, extra: 1, unknown: 0 } },
      want: ['resource.driftFound'],
    },
    { name: 'see what is gone', give: { closed: 1 }, want: ['resource.driftChanged'] },
    { name: 'hear when it stops', give: { people: { missing: 0, extra: 60 } }, want: ['resource.driftFound'] },
    {
      name: 'do not hear again while it stands',
      give: { people: { missing: 0, extra: 60 }, heldBefore: { missing: null, extra: 'tooMany' } },
      want: [],
    },
    { name: 'see who left or is back', give: { moved: true }, want: ['resource.driftChanged'] },
    {
      name: 'see that it goes on',
      give: { heldBefore: { missing: 'afterFailure', extra: null } },
      want: ['resource.driftChanged'],
    },
  ] as const)('$name', ({ give, want }) => {
    expect(types(give)).toEqual(want);
  });
});

describe('an answer', () => {
  const ana = 'ana' as PersonId;
  const ben = 'ben' as PersonId;
  const declined = { accepted: false, person: ben, by: 'Ben' };
  const asked = (fields: Partial<DriftAsked> = {}): DriftAsked => ({
    resource: resource(),
    keepers: [ana],
    held: { missing: null, extra: 'tooMany' },
    missing: { people: 3 },
    extra: { people: 40 },
    concerned: [],
    set: 'a1',
    asked: 'a1',
    answer: null,
    ...fields,
  });
  test.each([
    { name: 'accepts', accept: true, want: 'resource.driftAccepted' },
    { name: 'declines', accept: false, want: 'resource.driftDeclined' },
  ])('$name what was shown, with its numbers', ({ accept, want }) => {
    const [event, ...more] = answer(asked(), ana, { set: 'a1', accept });
    expect(event).toMatchObject({ type: want, data: { set: 'a1', missing: 0, extra: 40 } });
    expect(more).toEqual([]);
  });
  test.each([
    { name: 'from somebody else', give: { keepers: [] }, want: 'forbidden' },
    { name: 'from one who would lose by it', give: { keepers: [ana, ben], concerned: [ana] }, want: 'drift-concerned' },
    { name: 'to what was shown before', give: { set: 'b2', asked: 'b2' }, want: 'drift-moved-on' },
    { name: 'to what is asked no more', give: { set: null, asked: null }, want: 'drift-moved-on' },
    {
      name: 'after it was accepted',
      give: { answer: { accepted: true, person: ben, by: 'Ben' } },
      want: 'drift-answered',
    },
    { name: 'after it was declined unseen', give: { set: 'd4', answer: declined }, want: 'drift-answered' },
  ] as const)('$name is refused', ({ give, want }) => {
    expect(faultOf(() => answer(asked(give), ana, { set: 'a1', accept: true })).code).toBe(want);
  });
  test('that was given already names who gave it, and not to themselves', () => {
    const by = (person: PersonId) =>
      faultOf(() => answer(asked({ keepers: [ana, ben], answer: declined }), person, { set: 'a1', accept: false }))
        .data;
    expect([by(ana), by(ben)]).toEqual([
      { resource: resource().name, accepted: false, by: 'Ben' },
      { resource: resource().name, accepted: false, by: null },
    ]);
  });
  test('from whoever would lose by it is only that they do, and only where nobody else is in charge', () => {
    const all = asked({ keepers: [ana, ben], concerned: [ana, ben] });
    const give = (accept: boolean) => () => answer(all, ana, { set: 'a1', accept });
    expect(mayAnswer(all, ana)).toEqual({ accept: true, decline: false });
    expect(give(true)()).toMatchObject([{ type: 'resource.driftAccepted', data: { concerned: true } }]);
    expect(faultOf(give(false)).code).toBe('drift-concerned');
    expect(answer(asked(), ana, { set: 'a1', accept: true })[0]?.data).not.toHaveProperty('concerned');
  });
  test('may be taken back by accepting what was declined, and not the other way round', () => {
    const again = asked({ set: 'd4', answer: declined });
    const give = (accept: boolean) => () => answer(again, ana, { set: 'd4', accept });
    expect(give(true)()).toMatchObject([{ type: 'resource.driftAccepted' }]);
    expect(faultOf(give(false)).code).toBe('drift-answered');
    expect(mayAnswer(again, ana)).toEqual({ accept: true, decline: false });
    expect(mayAnswer(asked(), ana)).toEqual({ accept: true, decline: true });
    const none = { accept: false, decline: false };
    for (const give of [
      { keepers: [ana, ben], concerned: [ana] },
      { keepers: [] },
      { set: null },
      { answer: { accepted: true, person: ben, by: 'Ben' } },
    ])
      expect(mayAnswer(asked(give), ana)).toEqual(none);
  });
});

describe('a repair', () => {
  const finding = (fields: Partial<Finding> = {}): Finding => ({
    id: 'finding-1' as FindingId,
    resource: resource().id,
    kind: 'missing',
    person: 'tara' as PersonId,
    role: aGrant(1).role,
    scope: aGrant(1).scope,
    grantVersion: 1,
    declined: false,
    closedAt: null,
    ...fields,
  });
  function facts(
    fields: Omit<Partial<DriftFacts>, 'finding' | 'place'> & {
      finding?: Partial<Finding>;
      grant?: Partial<Grant>;
      assignment?: Partial<Assignment>;
      wanted?: boolean;
      overrideBaseline?: boolean;
    } = {},
  ): DriftFacts {
    const grant = aGrant(1, { state: 'placed', baseline: false, version: 1, ...fields.grant });
    const assignment = anAssignment({ state: 'delivered', ...fields.assignment });
    return {
      finding: finding(fields.finding),
      person: fields.person ?? aPerson(),
      resource: fields.resource ?? resource(),
      elsewhere: fields.elsewhere ?? false,
      place: placeFacts({
        grant,
        wanted: fields.wanted ?? true,
        overrideBaseline: fields.overrideBaseline ?? false,
        assignments: [{ assignment, requests: [], grants: [grant] }],
      }),
    };
  }
  const done = (given: DriftFacts) => repair(given, false, at()).events.map(({ type }) => type);

  test('of a missing role wants it again, and its access is being delivered', () => {
    const change = repair(facts(), false, at());
    expect(change.events.map(({ type }) => type)).toEqual([
      'grant.driftFound',
      'grant.wanted',
      'assignment.delivering',
    ]);
    expect(change.rows.map(({ noun, after }) => [noun, 'state' in after ? after.state : null])).toEqual([
      ['grant', 'placing'],
      ['assignment', 'delivering'],
    ]);
    // Nothing of it tells what the person had before.
    expect(change.rows[0]?.after).toMatchObject({ baseline: false, placedAt: facts().place?.grant.placedAt });
  });
  test.each([true, false, null])(
    'of a missing role leaves to the placing what the person had before: %s',
    (baseline) => {
      expect(repair(facts({ grant: { baseline } }), false, at()).rows[0]?.after).toMatchObject({
        state: 'placing',
        baseline,
      });
    },
  );
  test.each([
    { name: 'has it after all', present: true },
    { name: 'cannot be asked', present: null },
  ])('of a missing role does nothing where the person $name', ({ present }) => {
    expect(repair(facts({ grant: { baseline: true } }), present, at())).toEqual(noChange);
  });
  test('leaves access that is being delivered as it is', () => {
    expect(done(facts({ assignment: { state: 'delivering' } }))).toEqual(['grant.driftFound', 'grant.wanted']);
  });
  test.each([
    { name: 'the grant changed since', give: { finding: { grantVersion: 2 } } },
    { name: 'it was declined', give: { finding: { declined: true } } },
    { name: 'the difference is closed', give: { finding: { closedAt: NOON } } },
    { name: 'the person left', give: { person: aPerson('Tara', { state: 'disabled' }) } },
    { name: 'nothing wants it', give: { wanted: false } },
    { name: 'it is not placed', give: { grant: { state: 'placeFailed' } } },
    { name: 'the resource reports', give: { resource: resource({ driftMissing: 'report' }) } },
    { name: 'the resource accepts', give: { resource: resource({ driftMissing: 'accept' }) } },
  ] as const)('of a missing role does nothing where $name', ({ give }) => {
    expect(done(facts(give))).toEqual([]);
  });

  const extra = { kind: 'extra', grantVersion: 1 } as const;
  const lets = resource({ driftExtra: 'repair' });
  const had = { state: 'taken', baseline: null } as const;
  test('of an extra role takes it away, and it is no baseline', () => {
    const change = repair(facts({ finding: extra, resource: lets, grant: had, wanted: false }), null, at());
    expect(change.events.map(({ type }) => type)).toEqual(['grant.driftFound', 'grant.unwanted']);
    expect(change.rows[0]?.after).toMatchObject({ state: 'taking', baseline: false });
  });
  test('of a role that Usher never gave makes a grant that is only to be taken', () => {
    const never: DriftFacts = {
      ...facts({ finding: { ...extra, grantVersion: null }, resource: lets }),
      place: null,
    };
    const change = repair(never, null, at());
    expect(change.rows).toMatchObject([
      { noun: 'grant', before: null, after: { state: 'taking', baseline: false, placedAt: null, version: 1 } },
    ]);
    expect(change.links).toEqual([]);
    expect(done({ ...never, elsewhere: true })).toEqual([]);
  });
  test.each([
    { name: 'it was there before', give: { grant: { state: 'taken', baseline: true } } },
    { name: 'it is wanted', give: { wanted: true } },
    { name: 'it is being given', give: { grant: { state: 'placing' } } },
    { name: 'the grant changed since', give: { finding: { ...extra, grantVersion: 7 } } },
    { name: 'it was declined', give: { finding: { ...extra, declined: true } } },
    { name: 'there was no grant then', give: { finding: { ...extra, grantVersion: null } } },
    { name: 'another catalog explains it', give: { elsewhere: true } },
    { name: 'the resource reports', give: { resource: resource() } },
  ] as const)('of an extra role does nothing where $name', ({ give }) => {
    expect(done(facts({ finding: extra, resource: lets, grant: had, wanted: false, ...give }))).toEqual([]);
  });
  test('of a leaver’s role takes what was there before', () => {
    const leaver = { person: aPerson('Tara', { state: 'disabled' }), overrideBaseline: true };
    const given = {
      finding: extra,
      resource: lets,
      grant: { state: 'taken', baseline: true },
      wanted: false,
      ...leaver,
    };
    expect(done(facts(given as never))).toEqual(['grant.driftFound', 'grant.unwanted']);
  });
});
