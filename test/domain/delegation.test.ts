// Handing approvals on: what may be offered, answered and ended, and what time does to it (rule 3.4).
import { answer, end, follow, propose, stateNow } from '../../src/domain/delegation';
import type { DelegationFacts, Link, ProposeFacts } from '../../src/domain/delegation';
import type { CatalogId, Delegation, DelegationId, PackageId } from '../../src/domain/model';
import { aPerson, aRef, at, dataOf, days, eventsOf, hours, idOf, rowOf } from '../support/builders';
import { faultOf } from '../support/sound';

const [ana, ben] = [idOf('Ana'), idOf('Ben')];
const facts = (fields: Partial<ProposeFacts> = {}): ProposeFacts => ({
  delegator: aPerson('Ana'),
  delegate: aPerson('Ben'),
  scope: { package: null, catalog: null },
  decides: true,
  links: [],
  ...fields,
});
const scope = (pkg: string | null, catalog: string | null): ProposeFacts['scope'] => ({
  package: pkg as PackageId | null,
  catalog: catalog as CatalogId | null,
});
/** From today for ten days. */
const link = (delegator: string, delegate: string, fields: Partial<Link> = {}): Link => ({
  delegator: idOf(delegator),
  delegate: idOf(delegate),
  from: days(0),
  until: days(10),
  ...scope(null, null),
  ...fields,
});
// It is 15 January at noon in Berlin.
const week = { first: null, last: '2026-01-22' };

describe('an offer', () => {
  test.each<{
    name: string;
    days?: { first: string | null; last: string };
    give?: Partial<ProposeFacts>;
    now?: Date;
    want: unknown;
  }>([
    {
      name: 'from today',
      want: {
        firstDay: '2026-01-15',
        from: new Date('2026-01-14T23:00Z'),
        dueAt: new Date('2026-01-22T23:00Z'),
        answerDueAt: hours(4),
      },
    },
    {
      name: 'of the last minutes of a day for the next one: its answer is due as it begins',
      give: { delegator: aPerson('Ana', { timeZone: 'Asia/Jakarta' }) },
      now: new Date('2026-01-15T16:30Z'),
      days: { first: '2026-01-16', last: '2026-01-22' },
      want: { from: new Date('2026-01-15T17:00Z'), answerDueAt: new Date('2026-01-15T17:00Z') },
    },
    {
      name: 'of the last hours of its only day: its answer is due before it is over',
      now: new Date('2026-01-15T21:00Z'),
      days: { first: null, last: '2026-01-15' },
      want: { dueAt: new Date('2026-01-15T23:00Z'), answerDueAt: new Date('2026-01-15T22:59:59.999Z') },
    },
    {
      name: 'the days are those of the delegator',
      give: { delegator: aPerson('Ana', { timeZone: 'Pacific/Auckland' }) },
      days: { first: null, last: '2026-01-16' },
      want: { firstDay: '2026-01-16', lastDay: '2026-01-16', until: new Date('2026-01-16T11:00Z') },
    },
    { name: 'of a package alone', give: { scope: scope('p', 'c') }, want: { package: 'p', catalog: null } },
    { name: 'of a catalog', give: { scope: scope(null, 'c') }, want: { package: null, catalog: 'c' } },
    { name: 'of a year', days: { first: null, last: '2027-01-16' }, want: { state: 'proposed' } },
  ])('$name', ({ give, days: chosen = week, now, want }) => {
    const { change } = propose(facts(give), chosen, at(now));
    expect(rowOf(change, 'delegation')).toMatchObject(want as object);
    expect(change.events).toMatchObject([{ type: 'delegation.proposed', refs: { person: ben } }]);
  });

  test.each<{
    name: string;
    days?: { first: string | null; last: string };
    give?: Partial<ProposeFacts>;
    want: string;
  }>([
    { name: 'to oneself', give: { delegate: aPerson('Ana') }, want: 'delegation-to-self' },
    { name: 'by whoever decides nothing', give: { decides: false }, want: 'nothing-to-delegate' },
    { name: 'to somebody who left', give: { delegate: aPerson('Ben', { state: 'disabled' }) }, want: 'not-found' },
    { name: 'from a day that is over', days: { first: '2026-01-14', last: '2026-01-22' }, want: 'delegation-past' },
    { name: 'until before it begins', days: { first: '2026-01-20', last: '2026-01-19' }, want: 'end-before-start' },
    { name: 'for longer than a year', days: { first: null, last: '2027-01-17' }, want: 'delegation-too-long' },
    {
      name: 'of the same once more',
      give: { links: [link('Ana', 'Ben', scope('p', 'c'))] },
      want: 'delegation-exists',
    },
  ])('not $name', ({ give, days: chosen = week, want }) => {
    expect(faultOf(() => propose(facts(give), chosen, at()))).toMatchObject({ code: want });
  });

  test.each<{ name: string; links: Link[]; scope?: ProposeFacts['scope']; loop: boolean }>([
    { name: 'the other way round', links: [link('Ben', 'Ana')], loop: true },
    { name: 'through others', links: [link('Ben', 'Cleo'), link('Cleo', 'Dan'), link('Dan', 'Ana')], loop: true },
    { name: 'not where it leads elsewhere', links: [link('Ben', 'Cleo'), link('Cleo', 'Dan')], loop: false },
    { name: 'not where others go in a circle', links: [link('Ben', 'Cleo'), link('Cleo', 'Ben')], loop: false },
    { name: 'not at another time', links: [link('Ben', 'Ana', { from: days(8), until: days(20) })], loop: false },
    {
      name: 'not where those in between do not meet',
      links: [link('Ben', 'Cleo', { until: days(2) }), link('Cleo', 'Ana', { from: days(2) })],
      loop: false,
    },
    { name: 'a package of all', links: [link('Ben', 'Ana', scope('p', 'c'))], loop: true },
    {
      name: 'a package of its catalog',
      scope: scope('p', 'c'),
      links: [link('Ben', 'Ana', scope(null, 'c'))],
      loop: true,
    },
    {
      name: 'a catalog and one of its packages',
      scope: scope(null, 'c'),
      links: [link('Ben', 'Ana', scope('p', 'c'))],
      loop: true,
    },
    { name: 'the same package', scope: scope('p', 'c'), links: [link('Ben', 'Ana', scope('p', 'c'))], loop: true },
    { name: 'not another package', scope: scope('p', 'c'), links: [link('Ben', 'Ana', scope('q', 'c'))], loop: false },
    {
      name: 'not another catalog',
      scope: scope(null, 'c'),
      links: [link('Ben', 'Ana', scope(null, 'd'))],
      loop: false,
    },
    {
      name: 'not a package of another catalog',
      scope: scope(null, 'c'),
      links: [link('Ben', 'Ana', scope('q', 'd'))],
      loop: false,
    },
    {
      name: 'not where those in between are for different packages',
      links: [link('Ben', 'Cleo', scope('p', 'c')), link('Cleo', 'Ana', scope('q', 'c'))],
      loop: false,
    },
  ])('a loop: $name', ({ links, scope: of = scope(null, null), loop }) => {
    const offer = () => propose(facts({ links, scope: of }), week, at());
    if (loop) expect(faultOf(offer)).toMatchObject({ code: 'delegation-loop' });
    else expect(eventsOf(offer().change)).toEqual(['delegation.proposed']);
  });

  test.each<{ name: string; fields: (n: number) => Partial<Link> }>([
    { name: 'all for the same', fields: () => ({}) },
    { name: 'each for days of its own', fields: (n) => ({ from: days(n / 100), until: days(10 - n / 100) }) },
    { name: 'many for something of its own', fields: (n) => (n % 3 === 0 ? {} : scope(`p${n}`, 'c')) },
  ])('of thirty who all hand on to all after them, in few steps: $name', ({ fields }) => {
    const people = ['Ben', ...Array.from({ length: 29 }, (_, n) => `Person ${n}`)];
    const all = people.flatMap((from, n) => people.slice(n + 1).map((to) => [from, to] as const));
    let steps = 0;
    const counted = (one: Link): Link =>
      new Proxy(one, {
        get(target, key) {
          steps += 1;
          // The ways are 2 to the power of 28: whoever walks them all would never be here again.
          if (steps > 3_000_000) throw new Error('walks too far');
          return target[key as keyof Link];
        },
      });
    const links = all.map(([from, to], n) => counted(link(from, to, fields(n))));
    expect(eventsOf(propose(facts({ links }), week, at()).change)).toEqual(['delegation.proposed']);
    const back = [...links, link('Person 28', 'Ana')];
    expect(faultOf(() => propose(facts({ links: back }), week, at()))).toMatchObject({ code: 'delegation-loop' });
  });
});

const one = (fields: Partial<Delegation> = {}): Delegation => ({
  id: 'delegation-1' as DelegationId,
  delegator: ana,
  delegate: ben,
  firstDay: '2026-01-15',
  lastDay: '2026-01-22',
  from: days(-0.5),
  until: days(7),
  ...scope(null, null),
  state: 'proposed',
  endedBy: null,
  dueAt: days(7),
  answerDueAt: null,
  touchedAt: null,
  version: 1,
  ...fields,
});
const given = (fields: Partial<Delegation> = {}, gone: 'Ana' | 'Ben' | null = null): DelegationFacts => ({
  delegation: one(fields),
  delegator: { ...aRef('Ana'), state: gone === 'Ana' ? 'disabled' : 'enabled' },
  delegate: { ...aRef('Ben'), state: gone === 'Ben' ? 'disabled' : 'enabled' },
  scope: null,
  unanswered: false,
});
const later = { from: days(2), dueAt: days(7) };
const accepted = { state: 'accepted' } as const;

describe('what becomes of it', () => {
  test.each<{ name: string; change: () => ReturnType<typeof answer>; row: object; event: object }>([
    {
      name: 'accepted: it waits for its end',
      change: () => answer(given(), ben, true, at()),
      row: { state: 'accepted', dueAt: days(7) },
      event: { type: 'delegation.accepted', refs: { person: ana } },
    },
    {
      name: 'accepted before it begins: it waits for that',
      change: () => answer(given(later), ben, true, at()),
      row: { state: 'accepted', dueAt: days(2) },
      event: { type: 'delegation.accepted' },
    },
    {
      name: 'declined',
      change: () => answer(given(), ben, false, at()),
      row: { state: 'declined', dueAt: null },
      event: { type: 'delegation.declined', refs: { person: ana } },
    },
    {
      name: 'ended by the delegator: the delegate hears it',
      change: () => end(given(accepted), ana, at()),
      row: { state: 'ended', endedBy: ana, dueAt: null },
      event: { type: 'delegation.ended', refs: { person: ben }, data: { tell: true } },
    },
    {
      name: 'ended by the delegate: the delegator hears it',
      change: () => end(given(accepted), ben, at()),
      row: { state: 'ended', endedBy: ben },
      event: { type: 'delegation.ended', refs: { person: ana }, data: { tell: true } },
    },
    {
      name: 'taken back before it was answered: the card says so',
      change: () => end(given(), ana, at()),
      row: { state: 'ended' },
      event: { type: 'delegation.ended', data: { tell: false } },
    },
    {
      name: 'begins',
      change: () => follow(given({ ...accepted, from: days(0), dueAt: days(0) }), at()),
      row: { state: 'accepted', dueAt: days(7) },
      event: { type: 'delegation.started' },
    },
    {
      name: 'is over, without noise',
      change: () => follow(given(accepted), at(days(7))),
      row: { state: 'ended', endedBy: null, dueAt: null },
      event: { type: 'delegation.ended', data: { tell: false } },
    },
    {
      name: 'begins without an answer: the delegator hears it',
      change: () => follow(given({ from: days(0), answerDueAt: days(0) }), at()),
      row: { state: 'proposed', dueAt: days(7), answerDueAt: null },
      event: { type: 'delegation.unanswered', refs: { person: ana } },
    },
    {
      name: 'is over without an answer before that was said',
      change: () => follow(given({ answerDueAt: days(2) }), at(days(8))),
      row: { state: 'ended' },
      event: { type: 'delegation.ended', refs: { person: ana }, data: { tell: true } },
    },
    {
      name: 'is over without an answer',
      change: () => follow(given(), at(days(8))),
      row: { state: 'ended' },
      event: { type: 'delegation.ended', data: { tell: false } },
    },
    {
      name: 'was over before anybody looked whether it had begun',
      change: () => follow(given({ ...accepted, from: days(2), dueAt: days(2) }), at(days(7))),
      row: { state: 'ended' },
      event: { type: 'delegation.ended' },
    },
    {
      name: 'the delegate left: the delegator hears it, also of an offer',
      change: () => follow(given({ touchedAt: days(0) }, 'Ben'), at()),
      row: { state: 'ended', touchedAt: null },
      event: { refs: { person: ana }, data: { tell: true } },
    },
    {
      name: 'the delegator left: the delegate hears it',
      change: () => follow(given({ ...accepted, touchedAt: days(0) }, 'Ana'), at()),
      row: { state: 'ended' },
      event: { refs: { person: ben }, data: { tell: true } },
    },
    {
      name: 'the delegator left before it was answered: nothing is said',
      change: () => follow(given({ touchedAt: days(0) }, 'Ana'), at()),
      row: { state: 'ended' },
      event: { data: { tell: false } },
    },
    {
      name: 'one of them was away for a moment',
      change: () => follow(given({ ...accepted, touchedAt: days(0) }), at()),
      row: { state: 'ended' },
      event: { type: 'delegation.ended' },
    },
  ])('$name', ({ change, row, event }) => {
    const made = change();
    expect(rowOf(made, 'delegation')).toMatchObject(row);
    expect(made.events).toMatchObject([event]);
  });

  test('nothing, before it is due', () => {
    for (const fields of [
      {},
      { answerDueAt: days(1) },
      accepted,
      { state: 'declined', dueAt: null },
      { state: 'ended', dueAt: null },
    ] as const)
      expect(follow(given(fields), at()).rows).toEqual([]);
  });

  test.each([
    ['accepted twice', accepted, null, 'accepted'],
    ['of what was declined', { state: 'declined' }, null, 'declined'],
    ['of what was taken back', { state: 'ended' }, null, 'ended'],
    ['of what is over and was not followed yet', { until: days(0) }, null, 'ended'],
    ['of what is over because one of them left', {}, 'Ana', 'ended'],
    ['of what is over because one of them was away', { touchedAt: days(0) }, null, 'ended'],
  ] as const)('a late answer %s is told so', (_name, fields, gone, state) => {
    expect(faultOf(() => answer(given(fields, gone), ben, true, at()))).toMatchObject({
      code: 'delegation-answered',
      data: { state },
    });
    expect(stateNow(given(fields, gone), at())).toBe(state);
  });

  test('only the delegate answers, and only the two of them end it', () => {
    expect(faultOf(() => answer(given(), ana, true, at()))).toMatchObject({ code: 'not-found' });
    expect(faultOf(() => end(given(accepted), idOf('Cleo'), at()))).toMatchObject({ code: 'not-found' });
    expect(faultOf(() => end(given({ state: 'declined' }), ana, at()))).toMatchObject({ code: 'delegation-answered' });
    expect(dataOf(end(given(accepted), ana, at()), 'delegation.ended')).toEqual({ tell: true });
  });
});
