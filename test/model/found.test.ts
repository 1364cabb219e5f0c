// What the model found, told as short stories so that no change of its commands can lose them. Each failed before its fault was mended.
import { Do, Edited, Fail, Ill, Repair, Resume, Sweep, Wait, Work } from './commands';
import { OWNER } from './model';
import { PEOPLE } from './organization';
import { Compare, Outside, Taken } from './outside';
import { finish, freshRun } from './run';
import type { Run, Step } from './step';
import { openWorld } from './world';
import type { ModelWorld } from './world';

let world: ModelWorld;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const HOUR = 3_600_000;

/** Lives a story, and what follows once all is well, with the checks of any other life. */
async function live(steps: readonly Step[], speaks = false): Promise<Run> {
  const run = freshRun(false);
  await world.begin(speaks);
  for (const step of steps) {
    expect(step.check(run)).toBe(true);
    await step.run(run, world);
  }
  await finish(run, world, speaks);
  return run;
}

const asks = (target: number, pack: number, start: 200 | null = null): Step =>
  new Do({ kind: 'ask', target, pack, by: 'self', lent: null, policy: null, hours: null, start, reason: true }, null);

test('a worker that stood still while access ended takes back what it gives too late', async () => {
  // The step of the worker that calls the system, and the ones around it.
  for (let at = 1; at <= 12; at += 1)
    await live([
      asks(1, 2),
      new Work({ rounds: 1, crash: 'pause', at }),
      new Wait(9 * HOUR),
      new Sweep(['end-access']),
      new Work({ rounds: 3, crash: 'no', at: 0 }),
    ]);
});

test('a person who leaves while a worker settles that nothing was ever given is looked at again', async () => {
  // What they may have had before is theirs while they stay, and is taken from a leaver: the answer of the worker is void.
  for (let at = 1; at <= 12; at += 1)
    await live([
      asks(1, 2),
      new Wait(9 * HOUR),
      new Sweep(['end-access']),
      new Work({ rounds: 1, crash: 'pause', at }),
      new Edited({ kind: 'person', who: 1 }),
      new Resume(),
    ]);
});

test('a worker that gives too late to a leaver who had the role before gives nothing that stays', async () => {
  // Once it was taken from the leaver, what they had before says nothing about what is there now.
  for (let at = 1; at <= 12; at += 1)
    await live([
      new Outside(1, 'printer'),
      asks(1, 3),
      new Work({ rounds: 1, crash: 'pause', at }),
      new Edited({ kind: 'person', who: 1 }),
      new Sweep(['end-for-leavers']),
      new Wait(HOUR),
      new Work({ rounds: 3, crash: 'no', at: 0 }),
      new Resume(),
    ]);
});

test('access that ends before what its package lost is taken is ending until that is gone', async () => {
  const reader = new Edited({ kind: 'roles', pack: 2, role: 0, waits: false });
  const follow = new Sweep(['update-holders']);
  // Another package gives the role that this one still has, so nothing else has to be taken. The role may come back meanwhile.
  for (const [meanwhile, state] of [
    [[], 'removing'],
    [[reader, follow], 'removing'],
    [[reader, follow, new Work({ rounds: 3, crash: 'no', at: 0 }), reader, follow], 'removing'],
    [[new Work({ rounds: 3, crash: 'no', at: 0 })], 'removed'],
  ] as const) {
    const story = [asks(1, 6), asks(1, 2), new Work({ rounds: 9, crash: 'no', at: 0 }), reader, follow, ...meanwhile];
    const run = freshRun(false);
    await world.begin(false);
    for (const step of [...story, new Wait(9 * HOUR), new Sweep(['end-access'])]) await step.run(run, world);
    expect(run.o.assignments.map((one) => one.state)).toEqual(['delivered', state]);
    await finish(run, world, false);
  }
});

// Not found by the model, but by breaking what guards them: nothing else noticed.
test('what somebody had before and lost outside is given back once the system has said twice that it is gone', async () => {
  await live([new Outside(1, 'printer'), asks(1, 3), new Work({ rounds: 5, crash: 'no', at: 0 }), new Taken(0)]);
});

test('what somebody else asked for a person who leaves is taken back', async () => {
  const run = await live([
    new Do(
      {
        kind: 'ask',
        target: 0,
        pack: 1,
        by: 'manager',
        lent: null,
        policy: null,
        hours: null,
        start: null,
        reason: true,
      },
      null,
    ),
    new Edited({ kind: 'person', who: 0 }),
    new Sweep(['cancel-for-leavers']),
  ]);
  expect(run.o.requests).toMatchObject([{ requestor: 'max', state: 'canceled', detail: 'targetDisabled' }]);
});

test('a request is decided by the terms that it was made under', async () => {
  const decides = (which: number): Step =>
    new Do({ kind: 'decide', byCard: true, old: false, asked: true, which, who: 0, approve: true, reason: true }, null);
  const run = await live([
    asks(1, 0),
    new Edited({ kind: 'terms', pack: 0, which: 0, variant: 5 }),
    new Wait(HOUR),
    decides(0),
  ]);
  expect(run.o.requests).toMatchObject([{ state: 'delivered', stage: 1 }]);
  expect(run.o.assignments).toMatchObject([{ endsAt: Number(run.o.assignments[0]?.startsAt) + 30 * 24 * HOUR }]);
});

test('a worker that comes too late to say that a message was refused ends its round in peace', async () => {
  for (const at of [9, 15])
    await live(
      [
        asks(1, 2),
        new Ill(['refused', 'refused']),
        new Work({ rounds: 2, crash: 'pause', at }),
        new Wait(HOUR),
        new Work({ rounds: 3, crash: 'no', at: 0 }),
        new Resume(),
      ],
      true,
    );
});

test('what a person had before Usher, and somebody took outside, is a gift once it is given back', async () => {
  const work = new Work({ rounds: 3, crash: 'no', at: 0 });
  const { o } = await live([
    new Outside(1, 'auditor'),
    asks(1, 2),
    work,
    new Taken(0),
    new Compare(),
    work,
    new Wait(HOUR / 10),
    work,
    new Wait(9 * HOUR),
    new Sweep(['end-access']),
    work,
  ]);
  expect(o.grants['tom auditor']).toEqual({ state: 'taken', baseline: false });
});

test('so is it where somebody took it while a worker stood still, whatever that one gives too late', async () => {
  for (const at of [8, 9, 10])
    await live([
      new Outside(1, 'auditor'),
      asks(1, 2),
      new Work({ rounds: 1, crash: 'pause', at }),
      new Taken(0),
      new Wait(HOUR / 10),
      new Work({ rounds: 3, crash: 'no', at: 0 }),
      new Resume(),
    ]);
});

test('so is it where it is made so again before any comparison has seen that it is gone', async () => {
  const work = new Work({ rounds: 3, crash: 'no', at: 0 });
  const { o } = await live([
    new Outside(1, 'auditor'),
    asks(1, 2),
    work,
    new Taken(0),
    new Repair('reprocess', 0, PEOPLE.indexOf(OWNER), false),
    work,
    new Wait(HOUR / 10),
    work,
    new Wait(9 * HOUR),
    new Sweep(['end-access']),
    work,
  ]);
  expect(o.grants['tom auditor']).toEqual({ state: 'taken', baseline: false });
});

test('what has a role in common with what is made so again is not delivered either until that is there', async () => {
  const work = new Work({ rounds: 3, crash: 'no', at: 0 });
  await live([asks(1, 6), asks(1, 2), work, new Repair('reprocess', 1, PEOPLE.indexOf(OWNER), false)]);
});

test('what a system gives when nobody waits for its answer any more is looked at once more', async () => {
  const work = new Work({ rounds: 3, crash: 'no', at: 0 });
  const { o } = await live([
    asks(1, 2),
    new Fail('auditor', 'hangs'),
    new Work({ rounds: 1, crash: 'no', at: 0 }),
    new Fail('auditor', null),
    new Wait(9 * HOUR),
    new Sweep(['end-access']),
    work,
    new Resume(),
  ]);
  expect(o.grants['tom auditor']?.state).toBe('taken');
});

// A fault of the model itself: it waited for ever for a worker that nobody would have had go on.
test('a worker whose work is over does not stand still in what a system does so late', async () => {
  for (let at = 16; at <= 40; at += 1)
    await live([
      asks(1, 2),
      new Fail('auditor', 'hangs'),
      new Work({ rounds: 1, crash: 'pause', at }),
      new Fail('auditor', null),
      new Resume(),
    ]);
});

const offers = (who: number, to: number): Step =>
  new Do({ kind: 'offer', asked: null, who, to, what: null, first: null, last: 14 }, null);
const accepts = new Do({ kind: 'answer', which: 1, who: null, accepts: true }, null);
const approves = (which: number): Step =>
  new Do({ kind: 'decide', byCard: true, old: false, asked: true, which, who: 0, approve: true, reason: true }, null);
const [ANA, BEN, MAX] = [PEOPLE.indexOf('ana'), PEOPLE.indexOf('ben'), PEOPLE.indexOf('max')];

test('whoever decides for somebody else hands that on to nobody', async () => {
  const { o } = await live([
    offers(ANA, PEOPLE.indexOf(OWNER)),
    accepts,
    offers(PEOPLE.indexOf(OWNER), MAX),
    accepts,
    asks(1, 0),
  ]);
  expect(o.requests[0]?.tasks.map((one) => [one.person, one.for])).toEqual([
    ['ana', null],
    [OWNER, 'ana'],
  ]);
});

test('a delegate decides until it is ended, and not after', async () => {
  const ends = new Do({ kind: 'takeBack', which: 2, who: null }, null);
  const { o } = await live([
    offers(ANA, BEN),
    accepts,
    asks(1, 0),
    asks(0, 0),
    approves(1),
    ends,
    // The task is still open: nobody has looked who may decide.
    approves(1),
  ]);
  expect(o.requests.map(({ decisions }) => decisions)).toMatchObject([[{ person: 'ben', for: 'ana' }], []]);
});

test('a delegate who was released before a request was over learns nothing of that, but where it was at the same instant', async () => {
  const tom = PEOPLE.indexOf('tom');
  const decides = new Do(
    { kind: 'decide', byCard: false, old: false, asked: false, which: 0, who: tom, approve: true, reason: true },
    null,
  );
  const told = async (...sweeps: readonly Sweep[]) => {
    const { story } = await live([
      offers(ANA, tom),
      accepts,
      asks(PEOPLE.indexOf('max'), 0),
      new Wait(20 * 24 * HOUR),
      ...sweeps,
      decides,
    ]);
    return story.filter((line) => line.startsWith('tom decides'));
  };
  const [reroute, expire] = ['reroute-approvals', 'expire-stages'] as const;
  expect(await told(new Sweep([reroute]), new Sweep([expire]))).toEqual([expect.stringContaining('not-an-approver')]);
  expect(await told(new Sweep([reroute, expire]))).toEqual([expect.stringContaining('already-decided')]);
});

test('a role that came before the only decision is decided on once, by whoever was shown it', async () => {
  const adds = new Edited({ kind: 'roles', pack: 0, role: 3, waits: true });
  const old = new Do(
    { kind: 'decide', byCard: true, old: true, asked: true, which: 0, who: 0, approve: true, reason: true },
    null,
  );
  const { o } = await live([asks(1, 0), adds, old, approves(0)]);
  expect(o.requests).toMatchObject([{ detail: null, decisions: [{ saw: o.packages['reader']?.roles }] }]);
});

test('a role that came after the decision is decided on before the start comes', async () => {
  const adds = new Edited({ kind: 'roles', pack: 0, role: 3, waits: true });
  const { o } = await live([asks(1, 0, 200), approves(0), adds, new Sweep(['update-holders']), approves(0)]);
  expect(o.requests).toMatchObject([{ detail: 'contentChanged' }, { state: 'scheduled' }]);
});

test('what is held by an exception ends with it', async () => {
  const { o } = await live([
    asks(1, 6),
    new Do({ kind: 'askException', needed: true, which: 1, target: 1, by: 'self', days: 0, reason: true }, null),
    approves(0),
    asks(1, 3),
    new Wait(25 * HOUR),
    new Sweep(['end-access', 'report-exceptions']),
  ]);
  expect(o.assignments[1]).toMatchObject({ package: 'vault', endsAt: o.exceptions[0]?.until, endReason: 'endReached' });
});

describe('the end that an exception has cut', () => {
  const DAY = 24 * HOUR;
  const excepts = (which: number, days: 1 | 4): Step =>
    new Do({ kind: 'askException', needed: true, which, target: 1, by: 'self', days, reason: true }, null);
  const follows = new Sweep(['follow-exceptions']);
  const lent = (first: number, second: number) => [asks(1, first), excepts(0, 1), approves(0), asks(1, second)];
  const renewed = (which: number): Step[] => [new Wait(DAY), excepts(which, 4), approves(0)];
  const whole = ({ o }: Run) => o.assignments[1]?.endsAt === o.assignments[1]?.reasons[0]?.until;

  test.each<{ name: string; then: readonly Step[]; want: boolean }>([
    { name: 'stays as it is', then: [new Wait(HOUR), follows], want: false },
    { name: 'is given back by a new one', then: renewed(0), want: true },
    { name: 'by one that is asked for the other side', then: [...renewed(1), follows], want: true },
    { name: 'by one that came in time', then: [...renewed(1), new Wait(DAY), follows], want: true },
    { name: 'not after it', then: [new Wait(3 * DAY), follows], want: false },
  ])('$name', async ({ then, want }) => {
    const run = await live([...lent(3, 6), ...then]);
    expect([run.o.assignments[1]?.package, whole(run)]).toEqual(['team', want]);
  });

  test('is given back once the other side is gone', async () => {
    const gone = [new Do({ kind: 'giveUp', which: 2, who: null }, null), new Work({ rounds: 9, crash: 'no', at: 0 })];
    const run = await live([...lent(6, 3), ...gone, follows]);
    expect(run.o.assignments).toMatchObject([{ endReason: 'gaveUp' }, { package: 'vault', endsAt: null }]);
  });
});

test('whoever leaves the scope of a policy loses what it alone gave', async () => {
  const leaves = new Edited({ kind: 'group', group: 'staff', who: 1 });
  const { o } = await live([asks(1, 6), leaves, new Sweep(['end-out-of-scope'])]);
  expect(o.assignments).toMatchObject([{ endReason: 'outOfScope' }]);
});

test('what is extended while other access tries a role of it again waits for that as well', async () => {
  const extend = new Do({ kind: 'extend', which: 1, who: null, reason: true }, null);
  const { o } = await live([
    asks(1, 6),
    new Fail('auditor', 'failed'),
    new Work({ rounds: 3, crash: 'no', at: 0 }),
    new Wait(40 * HOUR),
    asks(1, 2),
    extend,
  ]);
  expect(o.requests).toMatchObject([{}, {}, { type: 'userExtend', state: 'delivered' }]);
});

test('what has fewer people than its stages require together is refused at once', async () => {
  // Of those who approve Max and the administrator are left: one for the first step, and two for the second one.
  const leave = ['ana', 'ben', 'cas', OWNER].map(
    (key) => new Edited({ kind: 'person', who: PEOPLE.indexOf(key as 'ana') }),
  );
  const { o } = await live([...leave, asks(0, 1)]);
  expect(o.requests).toEqual([]);
});
