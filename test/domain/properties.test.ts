// What holds whatever happens: random policies, people and acts over whole lives of requests, and random grants.
import fc from '../support/fast-check';
import { end, endOutOfScope, endOver, followException } from '../../src/domain/assignment';
import type { Change } from '../../src/domain/events';
import { noChange, together } from '../../src/domain/events';
import { DomainError } from '../../src/domain/errors';
import type { Candidate, RequestFacts } from '../../src/domain/facts';
import type { AskedPeriod, AssignmentId, Expiration, JustificationId } from '../../src/domain/model';
import { period } from '../../src/domain/period';
import {
  cancel,
  decide,
  escalate,
  expireStage,
  remindStage,
  reroute,
  startDue,
  submit,
} from '../../src/domain/request';
import { resolveStage } from '../../src/domain/approval';
import { addDays, dateIn, endOfDay, startOfDay } from '../../src/domain/time';
import {
  aClash,
  aGrant,
  aJustification,
  aPerson,
  aPolicy,
  aRef,
  aStage,
  afterwards,
  anAssignment,
  anException,
  assignmentFacts,
  at,
  DAY,
  days,
  factsOf,
  HOUR,
  hours,
  idOf,
  justified,
  NOON,
  rowsOf,
  submitFacts,
  versionId,
  who,
} from '../support/builders';
import { attempt, sound } from '../support/sound';

const NAMES = ['Ana', 'Ben', 'Cleo', 'Dan', 'Eve', 'Tara', 'Mona'];
const names = fc.subarray(NAMES);
const ZONES = [
  'Europe/Berlin',
  'America/New_York',
  'America/Santiago',
  'Africa/Cairo',
  'Australia/Lord_Howe',
  'Asia/Kolkata',
  'Pacific/Apia',
];

const stagePeople = fc.record({
  primary: names,
  fallback: names,
  alternate: names,
  required: fc.integer({ min: 1, max: 3 }),
  escalates: fc.boolean(),
});
const candidatesOf = (stages: readonly { primary: string[]; fallback: string[]; alternate: string[] }[]): Candidate[] =>
  stages.flatMap((stage, i) => [
    ...who(i + 1, 'primary', ...stage.primary),
    ...who(i + 1, 'fallback', ...stage.fallback),
    ...who(i + 1, 'alternate', ...stage.alternate),
  ]);

const act = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('decide' as const),
      who: fc.constantFrom(...NAMES, 'Olga', 'Adam'),
      approve: fc.boolean(),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('wait' as const), hours: fc.integer({ min: 0, max: 100 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('people' as const),
      stages: fc.array(stagePeople, { minLength: 3, maxLength: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('disable' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cancel' as const) }) },
);
type Act = typeof act extends fc.Arbitrary<infer T> ? T : never;

const life = fc.record({
  stages: fc.array(stagePeople, { minLength: 0, maxLength: 3 }),
  samePerson: fc.boolean(),
  onBehalf: fc.boolean(),
  startsIn: fc.option(fc.integer({ min: 0, max: 20 })),
  hours: fc.option(fc.integer({ min: 1, max: 2000 })),
  acts: fc.array(act, { maxLength: 25 }),
});
type Life = typeof life extends fc.Arbitrary<infer T> ? T : never;

interface Lived {
  readonly facts: RequestFacts;
  readonly changes: readonly Change[];
}

/** Lives a request through; every change must be one that the database would take. Null when it was refused at once. */
function live(given: Life): Lived | null {
  const policy = aPolicy({
    samePersonInStages: given.samePerson,
    stages: given.stages.map((stage, i) =>
      aStage(i + 1, {
        approvalsRequired: stage.required,
        decideWithin: { kind: 'days', days: 10 },
        escalateAfter: stage.escalates ? { kind: 'hours', hours: 48 } : null,
        alternates: [{ kind: 'person', person: idOf('Alf') }],
      }),
    ),
  });
  const facts = submitFacts({
    policy,
    candidates: candidatesOf(given.stages),
    requestor: aPerson(given.onBehalf ? 'Mona' : 'Tara'),
    managesTarget: given.onBehalf,
    owners: ['Olga', 'Mona', 'Tara'].map(aRef),
    administrators: ['Adam', 'Tara'].map(aRef),
  });
  let now = NOON;
  const startsAt = given.startsIn === null ? null : new Date(NOON.getTime() + given.startsIn * DAY);
  const wish = {
    policyVersion: null,
    period: { startsAt, endsAt: null, hours: given.hours },
    zone: 'UTC',
    reason: null,
    answers: {},
  };
  let lived: Lived;
  try {
    const { request, change } = submit(facts, wish, at(now));
    lived = { facts: factsOf(facts, request, sound(change)), changes: [change] };
  } catch (refusal) {
    if (refusal instanceof DomainError && refusal.code === 'no-approvers') return null;
    throw refusal;
  }
  for (const one of given.acts) {
    if (one.kind === 'wait') now = new Date(now.getTime() + one.hours * HOUR);
    if (one.kind === 'people') lived = { ...lived, facts: { ...lived.facts, candidates: candidatesOf(one.stages) } };
    if (one.kind === 'disable')
      lived = { ...lived, facts: { ...lived.facts, target: aPerson('Tara', { state: 'disabled' }) } };
    for (const rule of rulesFor(one)) {
      const change = sound(attempt(() => rule(lived.facts, now)));
      lived = { facts: afterwards(lived.facts, change), changes: [...lived.changes, change] };
    }
  }
  return lived;
}

type Rule = (facts: RequestFacts, now: Date) => Change;
const JOBS: readonly Rule[] = [expireStage, escalate, remindStage, reroute, startDue].map(
  (job): Rule =>
    (facts, now) =>
      job(facts, at(now)),
);

function rulesFor(one: Act): readonly Rule[] {
  switch (one.kind) {
    case 'decide': {
      const decision = { decision: one.approve ? 'approve' : 'deny', reason: 'because', shown: {} } as const;
      return [(facts, now) => decide(facts, idOf(one.who), decision, at(now))];
    }
    case 'cancel':
      return [(facts, now) => cancel(facts, { person: idOf('Tara'), owner: false }, at(now))];
    case 'wait':
    case 'people':
    case 'disable':
      return JOBS;
  }
}

const RUNS = { numRuns: 400 };

describe('whatever is done to a request', () => {
  const always = (holds: (lived: Lived, given: Life) => void) => {
    fc.assert(
      fc.property(life, (given) => {
        const lived = live(given);
        if (lived) holds(lived, given);
      }),
      RUNS,
    );
  };

  test('neither requestor nor target is ever asked or decides', () => {
    always(({ facts }) => {
      const involved = [facts.request.requestor, facts.request.target];
      for (const task of facts.tasks) expect(involved).not.toContain(task.person);
      for (const decision of facts.decisions) expect(involved).not.toContain(decision.person);
    });
  });

  test('access is given only when every stage has its approvals, by different people, and no denial', () => {
    always(({ facts }, given) => {
      if (facts.request.approvedAt === null) return;
      expect(facts.decisions.every((one) => one.decision === 'approve')).toBe(true);
      given.stages.forEach((stage, i) => {
        const deciders = facts.decisions.filter((one) => one.n === i + 1).map((one) => one.person);
        expect(new Set(deciders).size).toBe(stage.required);
      });
      const people = facts.decisions.map((one) => one.person);
      if (!given.samePerson) expect(new Set(people).size).toBe(people.length);
    });
  });

  test('nothing is given without approval, and at most one assignment ever', () => {
    always(({ facts, changes }) => {
      const assignments = new Set(changes.flatMap((change) => rowsOf(change, 'assignment')).map((one) => one.id));
      expect(assignments.size).toBe(facts.request.approvedAt === null ? 0 : 1);
    });
  });

  test('a stage is running exactly while the request waits for approval, and has somebody to decide it', () => {
    always(({ facts }) => {
      const running = facts.stages.filter((one) => one.state === 'inProgress');
      expect(running.length).toBe(facts.request.state === 'pendingApproval' ? 1 : 0);
      const open = facts.tasks.filter((one) => one.state === 'open');
      expect(open.every((task) => running.some((stage) => stage.n === task.n))).toBe(true);
      if (running.length > 0) expect(open.length).toBeGreaterThan(0);
    });
  });

  test('versions rise by one and what is over stays over', () => {
    always(({ changes }) => {
      const versions = new Map<string, number>();
      let over = false;
      for (const { rows } of changes) {
        for (const { noun, before, after } of rows) {
          if (noun === 'decision' || !('version' in after)) continue;
          const key = `${noun} ${after.id}`;
          expect(before === null ? undefined : before.version).toBe(versions.get(key));
          versions.set(key, after.version);
        }
        const request = rows.find((row) => row.noun === 'request');
        expect(over && request !== undefined).toBe(false);
        over ||=
          request !== undefined &&
          ['denied', 'expired', 'canceled'].includes((request.after as { state: string }).state);
      }
    });
  });

  test('the end is never later than the policy allows', () => {
    always(({ facts }) => {
      const { startsAt, endsAt } = facts.request;
      if (!startsAt || !endsAt) return;
      expect(endsAt.getTime()).toBeLessThanOrEqual(addDays(startsAt, 30, 'Europe/Berlin').getTime());
      expect(endsAt > startsAt).toBe(true);
      expect(startsAt.getTime()).toBeGreaterThanOrEqual(facts.request.approvedAt?.getTime() ?? Infinity);
    });
  });

  test('every change of the request or of access is told', () => {
    always(({ changes }) => {
      for (const change of changes) {
        for (const row of change.rows) {
          if (row.noun !== 'request' && row.noun !== 'assignment') continue;
          expect(change.events.some((event) => event.refs[row.noun] === row.after.id)).toBe(true);
        }
      }
    });
  });
});

test('a stage never asks somebody excluded or twice, and says truly whether they are enough', () => {
  fc.assert(
    fc.property(stagePeople, names, (stage, excluded) => {
      const facts = {
        candidates: candidatesOf([stage]),
        owners: [aRef('Olga'), aRef('Ana')],
        administrators: [aRef('Adam')],
      };
      const plan = aStage(1, { approvalsRequired: stage.required });
      const { asked, alternates, enough } = resolveStage(plan, facts, excluded.map(idOf), versionId('policy-1.1'));
      const people = [...asked, ...alternates].map((one) => one.person);
      expect(new Set(people).size).toBe(people.length);
      expect(people.filter((person) => excluded.map(idOf).includes(person))).toEqual([]);
      expect(enough).toBe(asked.length >= stage.required);
    }),
    RUNS,
  );
});

describe('periods', () => {
  const instant = fc.date({ min: new Date('2010-01-01'), max: new Date('2035-01-01'), noInvalidDate: true });
  const zone = fc.constantFrom(...ZONES);
  const expiration: fc.Arbitrary<Expiration> = fc.oneof(
    fc.constant({ kind: 'never' } as const),
    fc.record({ kind: fc.constant('days' as const), days: fc.integer({ min: 1, max: 3660 }) }),
    fc.record({ kind: fc.constant('hours' as const), hours: fc.integer({ min: 1, max: 87840 }) }),
    fc.record({ kind: fc.constant('date' as const), day: instant.map((at) => at.toISOString().slice(0, 10)) }),
  );
  const asked: fc.Arbitrary<AskedPeriod> = fc.record({
    startsAt: fc.option(instant),
    endsAt: fc.option(instant),
    hours: fc.constant(null),
  });

  test('never start before the approval, never outlast the policy, and say when they are shortened', () => {
    fc.assert(
      fc.property(expiration, asked, instant, zone, (rule, wanted, now, where) => {
        const policy = aPolicy({ expiration: rule });
        let most;
        let given;
        try {
          most = period(policy, { ...wanted, endsAt: null }, now, where);
          given = period(policy, wanted, now, where);
        } catch (refusal) {
          expect(refusal).toBeInstanceOf(DomainError);
          return;
        }
        expect(given.startsAt >= now).toBe(true);
        if (most.endsAt) expect(given.endsAt !== null && given.endsAt <= most.endsAt).toBe(true);
        if (given.clamped !== null) expect(given.endsAt).toEqual(most.endsAt);
      }),
      RUNS,
    );
  });

  test('a day starts and ends around each of its instants, in every zone', () => {
    fc.assert(
      fc.property(instant, zone, (moment, where) => {
        const date = dateIn(moment, where);
        expect(startOfDay(date, where) <= moment && moment < endOfDay(date, where)).toBe(true);
        expect(dateIn(new Date(endOfDay(date, where).getTime() - 1), where)).toBe(date);
      }),
      { numRuns: 1000 },
    );
  });
});

test('access that ends takes exactly the roles that nothing else justifies', () => {
  const grants = fc.uniqueArray(
    fc.record({
      n: fc.integer({ min: 1, max: 9 }),
      by: fc.subarray(['assignment-1', 'assignment-2', 'assignment-3'], { minLength: 1 }),
    }),
    { selector: (one) => one.n },
  );
  fc.assert(
    fc.property(grants, (given) => {
      const facts = assignmentFacts({
        assignment: anAssignment(),
        grants: given.map((one) => justified(aGrant(one.n), ...one.by)),
      });
      const change = sound(
        end(facts, { reason: 'outOfScope', type: 'systemRemove', requestor: null, note: null }, at()),
      );
      const taken = rowsOf(change, 'grant').map((grant) => String(grant.id));
      const alone = given
        .filter((one) => one.by.join() === ('assignment-1' as AssignmentId))
        .map((one) => `grant-${one.n}`);
      expect(taken.sort()).toEqual(alone.sort());
      expect(rowsOf(change, 'assignment')[0]?.state).toBe(alone.length > 0 ? 'removing' : 'removed');
    }),
    RUNS,
  );
});

test('an end moves, and a reason is over, by a request about the access alone', () => {
  const until = fc.option(fc.integer({ min: -5, max: 40 }));
  const reason = fc.record({ until, freeUntil: fc.option(fc.integer({ min: 1, max: 40 })) });
  const exception = fc.integer({ min: -1, max: 40 });
  const given = fc.record({ reasons: fc.array(reason, { minLength: 1, maxLength: 4 }), lent: fc.boolean(), exception });
  const day = (n: number | null) => (n === null ? null : days(n));
  fc.assert(
    fc.property(given, until, ({ reasons, lent, exception: lasts }, endsAt) => {
      const facts = assignmentFacts({
        assignment: anAssignment({ lent, startsAt: days(-9), endsAt: day(endsAt) }),
        justifications: reasons.map((one, n) =>
          aJustification({
            id: `justification-${n}` as JustificationId,
            until: day(one.until),
            freeUntil: lent ? day(one.freeUntil) : null,
          }),
        ),
        clashes: lent ? [aClash({ exception: anException({ until: days(lasts) }) })] : [],
      });
      const left = facts.justifications.slice(1).map(({ id }) => id);
      for (const change of [
        endOver(facts, at()),
        endOutOfScope(facts, left, at()),
        followException(facts, hours(-1), at()),
      ]) {
        const [access] = rowsOf(sound(change), 'assignment');
        const changed = access !== undefined || rowsOf(change, 'justification').length > 0;
        const [request, ...more] = rowsOf(change, 'request');
        expect([request?.assignment, more]).toEqual([changed ? facts.assignment.id : undefined, []]);
        if (request?.type === 'systemUpdate')
          expect(request.endsAt).toEqual(access ? access.endsAt : facts.assignment.endsAt);
        else if (request) expect(access?.endedAt).toEqual(NOON);
        expect(change.events.filter(({ refs }) => refs.request !== request?.id)).toEqual([]);
      }
    }),
    RUNS,
  );
});

test('changes put together are one change per row, from the first before to the last after', () => {
  const first = end(
    assignmentFacts(),
    { reason: 'endReached', type: 'systemRemove', requestor: null, note: null },
    at(),
  );
  expect(sound(together(first, noChange))).toEqual(together(first));
});
