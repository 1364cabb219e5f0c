// The commands: an act alone, an act again, two acts at once, time, jobs, workers that live or die, systems that fail, and the
// organization as it is edited. After each the answer and everything that is written is compared with the model.
import fc from '../support/fast-check';
import { isRefusal } from '../../src/domain/errors';
import type { By, Desk } from '../../src/operations/ports';
import { RepeatedDelivery } from '../../src/operations/ports';
import { mostlyNot } from './act';
import type { Act } from './act';
import { bind, repairs, shift, wish } from './acts';
import type { AWish } from './acts';
import type { Illness } from './chat';
import type { Answer, Key, Organization } from './model';
import { ADMINISTRATOR, jobs as modelJobs, LIVE, OPEN, OWNER, reprocess } from './model';
import { edits, isDeleted, PEOPLE, VARIANTS } from './organization';
import { Compare, Outside, SYSTEMS, Taken, unseen } from './outside';
import { agree, Command, takeNotes, TICK } from './step';
import type { Run, Step } from './step';
import { absorb, lines } from './observe';
import { cut, holding, PowerCut } from './world';
import type { ModelWorld, Shift } from './world';

/** The answer of Usher in the model's words. What is no refusal is a fault. */
async function answerOf(act: Promise<unknown>): Promise<Answer> {
  try {
    await act;
    return 'ok';
  } catch (error) {
    if (error instanceof RepeatedDelivery) return `again ${JSON.stringify(error.reply?.params)}`;
    if (error instanceof PowerCut) return 'power cut';
    if (isRefusal(error)) return error.code;
    throw error;
  }
}

const AGAIN = `again ${JSON.stringify({ answer: 'ok' })}`;

/** The act in the model, as a click that may have been seen before. */
function clicked(o: Organization, act: Act, key: string | null): Answer {
  const before = key === null ? undefined : o.deliveries[key];
  if (before) return before.body === act.body ? AGAIN : 'same-key-other-body';
  const answer = act.model(o);
  if (key !== null && answer === 'ok') o.deliveries[key] = { body: act.body, answer };
  return answer;
}

function clicking(real: ModelWorld, act: Act, key: string | null, desk: Desk = real.desk): Promise<Answer> {
  return answerOf(act.real(real, desk, real.by(act.actor, key === null ? undefined : { key, body: act.body })));
}

/** Somebody does something; sometimes by a click that is delivered again later. */
export class Do extends Command {
  constructor(
    readonly wish: AWish,
    readonly click: number | null,
  ) {
    super();
  }
  check(run: Readonly<Run>): boolean {
    return bind(run.o, this.wish) !== null;
  }
  async act(run: Run, real: ModelWorld): Promise<void> {
    const act = bind(run.o, this.wish);
    if (!act) return;
    const key = this.click === null ? null : `click-${this.click}`;
    const foretold = clicked(run.o, act, key);
    run.story.push(`${act.words}: ${foretold}`);
    expect(await clicking(real, act, key)).toBe(foretold);
    await agree(run, real, false);
  }
  toString(): string {
    return `Do(${JSON.stringify(this.wish)}${this.click === null ? '' : `, click ${this.click}`})`;
  }
}

/** The same delivery comes again, at once and once more, or with another body. */
export class Again extends Command {
  constructor(
    readonly wish: AWish,
    readonly click: number,
    readonly other: boolean,
  ) {
    super();
  }
  check(run: Readonly<Run>): boolean {
    return bind(run.o, this.wish) !== null && run.o.deliveries[`click-${this.click}`] === undefined;
  }
  async act(run: Run, real: ModelWorld): Promise<void> {
    const act = bind(run.o, this.wish);
    if (!act) return;
    const key = `click-${this.click}`;
    const foretold = clicked(run.o, act, key);
    const second: Act = this.other ? { ...act, body: `${act.body} and more` } : act;
    const then = clicked(run.o, second, key);
    run.story.push(`${act.words}, delivered twice: ${foretold}, ${then}`);
    // What was refused left nothing, so the second is the first again; only then may they come at once in any order.
    if (this.other || foretold !== 'ok') {
      expect([await clicking(real, act, key), await clicking(real, second, key)]).toEqual([foretold, then]);
    } else {
      const both = await Promise.all([clicking(real, act, key), clicking(real, second, key)]);
      expect(both.toSorted()).toEqual([foretold, then].toSorted());
    }
    await agree(run, real, false);
  }
  toString(): string {
    return `Again(${JSON.stringify(this.wish)}, click ${this.click}${this.other ? ', other body' : ''})`;
  }
}

/** The power goes before the commit: nothing happened (I34). */
export class Cut extends Command {
  constructor(readonly wish: AWish) {
    super();
  }
  check(run: Readonly<Run>): boolean {
    return bind(run.o, this.wish) !== null;
  }
  async act(run: Run, real: ModelWorld): Promise<void> {
    const act = bind(run.o, this.wish);
    if (!act) return;
    const foretold = act.model(structuredClone(run.o));
    run.story.push(`${act.words}, and the power goes`);
    expect(await clicking(real, act, null, cut(real.desk))).toBe(foretold === 'ok' ? 'power cut' : foretold);
    await agree(run, real, false);
  }
  toString(): string {
    return `Cut(${JSON.stringify(this.wish)})`;
  }
}

type Other = AWish | { readonly kind: 'job'; readonly job: string } | { readonly kind: 'work'; readonly shift: Shift };

/** One side of a race: what it does, and its ways through the model, one thing after the other. */
interface Side {
  readonly words: string;
  readonly run: (real: ModelWorld, desk: Desk) => Promise<Answer>;
  readonly model: (o: Organization, busy: readonly Key[]) => Generator<void, Answer>;
  /** Whose rows it locks: of whom it is about, and of whoever asks for them. */
  readonly locks: readonly Key[];
}

function sideOf(o: Organization, other: Other): Side | null {
  if (other.kind === 'job')
    return {
      words: other.job,
      run: (real) => answerOf(real.job(other.job)),
      *model(one, busy) {
        yield* modelJobs[other.job]?.(one, busy) ?? [];
        return 'ok';
      },
      locks: [],
    };
  if (other.kind === 'work')
    return {
      words: `work ${JSON.stringify(other.shift)}`,
      run: (real) => answerOf(real.work(other.shift)),
      *model() {
        return 'ok';
      },
      locks: [],
    };
  const act = bind(o, other);
  if (!act) return null;
  const asks = other.kind === 'ask' || other.kind === 'assign' || other.kind === 'askException';
  return {
    words: act.words,
    locks: asks && act.actor !== act.target ? [act.target, act.actor] : [act.target],
    run: (real, desk) => clicking(real, act, null, desk),
    *model(one) {
      return act.model(one);
    },
  };
}

/** The longest that the held one waits for the other, which may be waiting for its lock. */
const HOLD_MS = 4;

/**
 * Two at once: the second begins while the first is in the middle of its transaction. What comes out must be what comes out of one
 * after the other, in either order, or of an act between two things of a job.
 */
export class Race extends Command {
  constructor(
    readonly one: AWish,
    readonly other: Other,
    readonly steps: number,
  ) {
    super();
  }
  check(run: Readonly<Run>): boolean {
    return bind(run.o, this.one) !== null && sideOf(run.o, this.other) !== null;
  }
  async act(run: Run, real: ModelWorld): Promise<void> {
    const [a, b] = [sideOf(run.o, this.one), sideOf(run.o, this.other)];
    if (!a || !b) return;
    let go: () => void = () => undefined;
    let reached: () => void = () => undefined;
    const gone = new Promise<void>((resolve) => (go = resolve));
    const held = new Promise<void>((resolve) => (reached = resolve));
    const first = a.run(real, holding(real.desk, this.steps, reached, gone));
    // A refusal may end it before it comes so far.
    await Promise.race([held, first]);
    const second = b.run(real, real.desk);
    await Promise.race([second, new Promise((resolve) => setTimeout(resolve, HOLD_MS))]);
    go();
    const answers = await Promise.all([first, second]);
    const seen = await real.observe(TICK);
    const worked = this.other.kind === 'work';
    const outcomes = someOf(a.locks)
      .flatMap((busy) => orders(run.o, a, b, busy))
      .map((way) => {
        if (worked) absorb(way.o, seen, run.lost);
        return { ...way, told: [...way.answers, ...lines(way.o)] };
      });
    const found = [...answers, ...lines(seen)];
    const match = outcomes.find(({ told }) => JSON.stringify(told) === JSON.stringify(found));
    run.story.push(`at once: ${a.words} | ${b.words}: ${answers.join(', ')}`);
    if (!match) expect(found).toEqual(outcomes[0]?.told);
    else run.o = match.o;
    takeNotes(run.o, seen);
    run.o.now += TICK;
  }
  toString(): string {
    return `Race(${JSON.stringify(this.one)}, ${JSON.stringify(this.other)}, after ${this.steps})`;
  }
}

/** None of them, any of them, all of them. */
function someOf(keys: readonly Key[]): readonly (readonly Key[])[] {
  return keys.reduce<readonly (readonly Key[])[]>((all, key) => [...all, ...all.map((some) => [...some, key])], [[]]);
}

/** The act, and before and after it as much of the other as it may be; without what concerns those who are `busy`. */
function orders(
  o: Organization,
  a: Side,
  b: Side,
  busy: readonly Key[],
): { o: Organization; answers: [Answer, Answer] }[] {
  const ways: { o: Organization; answers: [Answer, Answer] }[] = [];
  for (let before = 0; ; before += 1) {
    const copy = structuredClone(o);
    const other = b.model(copy, busy);
    let step = { done: false } as IteratorResult<void, Answer>;
    for (let n = 0; n < before && !step.done; n += 1) step = other.next();
    const whole = step.done;
    const mine = a.model(copy, []).next().value ?? 'ok';
    while (!step.done) step = other.next();
    ways.push({ o: copy, answers: [mine, step.value] });
    if (whole) return ways;
  }
}

export class Wait extends Command {
  constructor(readonly ms: number) {
    super();
  }
  check(): boolean {
    return true;
  }
  async act(run: Run, real: ModelWorld): Promise<void> {
    run.story.push(`${this.ms / 3_600_000} hours go by`);
    await real.wait(this.ms);
    run.o.now += this.ms;
  }
  toString(): string {
    return `Wait(${this.ms / 3_600_000} h)`;
  }
}

/** Every instant at which something becomes due, from now on. */
function instants({ now, requests, assignments, delegations, exceptions }: Organization): number[] {
  const stages = requests.flatMap((one) => (one.state === 'pendingApproval' ? one.stages : []));
  const all = [
    ...stages.flatMap(({ decideBy, escalateAt, remindAt }) => [decideBy, escalateAt, remindAt]),
    ...assignments.flatMap(({ state, startsAt, endsAt, remindAt }) =>
      LIVE.includes(state) ? [startsAt, endsAt, remindAt] : [],
    ),
    ...delegations.flatMap(({ dueAt, from, until }) => (dueAt === null ? [] : [dueAt, from, until])),
    ...exceptions.flatMap(({ remindAt, until }) => [remindAt, until]),
  ];
  return all.filter((at): at is number => at !== null && at > now);
}

/** Until the very instant at which something becomes due, or just before it. */
export class Until extends Command {
  constructor(
    readonly which: number,
    readonly early: boolean,
  ) {
    super();
  }
  check(run: Readonly<Run>): boolean {
    return instants(run.o).length > 0;
  }
  act(run: Run, real: ModelWorld): Promise<void> {
    const all = instants(run.o);
    const at = all[this.which % all.length] ?? run.o.now;
    return new Wait(Math.max(0, at - run.o.now - (this.early ? TICK : 0))).act(run, real);
  }
  toString(): string {
    return `Until(${this.which}${this.early ? ', just before' : ''})`;
  }
}

export const JOBS = Object.keys(modelJobs);
export const HAND = 'remind-task-owners';

/** One job, or all of them in an order. */
export class Sweep extends Command {
  constructor(readonly names: readonly string[]) {
    super();
  }
  check(): boolean {
    return true;
  }
  async act(run: Run, real: ModelWorld): Promise<void> {
    run.story.push(this.toString());
    for (const name of this.names) {
      const job = modelJobs[name]?.(run.o);
      while (job && job.next().done === false);
      await real.job(name);
    }
    // A removal that people did not do in a day is an alarm.
    await agree(run, real, this.names.includes(HAND));
  }
  toString(): string {
    return `Sweep(${this.names.join()})`;
  }
}

export class Work extends Command {
  constructor(readonly shift: Shift) {
    super();
  }
  check(): boolean {
    return true;
  }
  async act(run: Run, real: ModelWorld): Promise<void> {
    run.story.push(this.toString());
    await real.work(this.shift);
    await agree(run, real, true);
  }
  toString(): string {
    return `Work(${JSON.stringify(this.shift)})`;
  }
}

/** Two workers share what is to be done. */
export class Shifts extends Command {
  constructor(
    readonly one: Shift,
    readonly other: Shift,
  ) {
    super();
  }
  check(): boolean {
    return true;
  }
  async act(run: Run, real: ModelWorld): Promise<void> {
    run.story.push(this.toString());
    await Promise.all([real.work(this.one), real.work(this.other)]);
    await agree(run, real, true);
  }
  toString(): string {
    return `Shifts(${JSON.stringify(this.one)}, ${JSON.stringify(this.other)})`;
  }
}

/** Workers that stood still since whenever go on, and systems that hung do what they were told. */
export class Resume extends Command {
  check(): boolean {
    return true;
  }
  async act(run: Run, real: ModelWorld): Promise<void> {
    const changed = await real.resume();
    run.story.push(`Resume() ${changed.join()}`);
    await agree(run, real, true);
    if (changed.length > 0) expect(await unseen(run, real, changed)).toEqual([]);
  }
  toString(): string {
    return 'Resume()';
  }
}

export class Fail extends Command {
  constructor(
    readonly system: (typeof SYSTEMS)[number],
    readonly mode: 'later' | 'failed' | 'hangs' | null,
  ) {
    super();
  }
  check(): boolean {
    return true;
  }
  async act(run: Run, real: ModelWorld): Promise<void> {
    run.story.push(this.toString());
    const { mode, system } = this;
    if (mode === 'hangs') real.late.systems.add(system);
    else real.late.systems.delete(system);
    await real.localRoles.tell(system, mode === null || mode === 'hangs' ? null : { mode, code: 'out_of_order' });
  }
  toString(): string {
    return `Fail(${this.system}, ${this.mode ?? 'well again'})`;
  }
}

export class Ill extends Command {
  constructor(readonly illnesses: readonly Illness[]) {
    super();
  }
  check(): boolean {
    return true;
  }
  act(run: Run, real: ModelWorld): Promise<void> {
    run.story.push(this.toString());
    if (this.illnesses.length === 0) real.chat.heal();
    else real.chat.fall(...this.illnesses);
    return Promise.resolve();
  }
  toString(): string {
    return `Ill(${this.illnesses.join()})`;
  }
}

/** A manual task is reported, or an owner has failed roles tried again: by anybody. */
export class Repair extends Command {
  constructor(
    readonly what: 'finish' | 'reprocess',
    readonly which: number,
    readonly who: number,
    readonly note: boolean,
  ) {
    super();
  }
  check(run: Readonly<Run>): boolean {
    return run.o.people[PEOPLE[this.who] ?? '']?.enabled === true;
  }
  async act(run: Run, real: ModelWorld): Promise<void> {
    const actor = PEOPLE[this.who] ?? '';
    let foretold: Answer;
    let repair: (desk: Desk, by: By) => Promise<unknown>;
    if (this.what === 'finish') {
      const tasks = real.manualTasks();
      const task = tasks[this.which % Math.max(1, tasks.length)];
      if (!task) return;
      const keepers = ['cas', OWNER].filter((one) => run.o.people[one]?.enabled && one !== task.person);
      const may = keepers.length === 0 || task.escalated ? [...keepers, ADMINISTRATOR] : keepers;
      const allowed = may.includes(actor) && actor !== task.person;
      foretold = !allowed ? 'not-your-task' : this.note ? 'ok' : 'task-note-required';
      repair = repairs.finish(task.id, this.note ? 'done' : null);
    } else {
      const all = run.o.assignments;
      const one = all[this.which % Math.max(1, all.length)];
      if (!one) return;
      foretold = reprocess(run.o, one.key, actor);
      repair = repairs.reprocess(real.assignment(one.key));
    }
    run.story.push(`${actor} ${this.toString()}: ${foretold}`);
    expect(await answerOf(repair(real.desk, real.by(actor)))).toBe(foretold);
    await agree(run, real, true);
  }
  toString(): string {
    return `Repair(${this.what}, ${this.which}, ${PEOPLE[this.who] ?? ''})`;
  }
}

type Edit =
  /** Whoever left comes back, else the catalog opens, else a policy is enabled: so that not everything ends after a while. */
  | { readonly kind: 'back' }
  | { readonly kind: 'person'; readonly who: number; readonly deletes?: boolean }
  | { readonly kind: 'manager'; readonly who: number; readonly manager: number | null }
  | { readonly kind: 'group'; readonly group: 'approvers' | 'staff'; readonly who: number }
  | { readonly kind: 'catalog' }
  | { readonly kind: 'toggle'; readonly pack: number; readonly which: number }
  | { readonly kind: 'terms'; readonly pack: number; readonly which: number; readonly variant: number }
  /** `waits`: of a package that somebody waits for. */
  | { readonly kind: 'roles'; readonly pack: number; readonly role: number; readonly waits: boolean };

/** The organization is edited by a blueprint. */
export class Edited extends Command {
  constructor(readonly edit: Edit) {
    super();
  }
  check({ o }: Readonly<Run>): boolean {
    const isNamed = !PEOPLE.some((key) => isDeleted(o, key));
    if (this.edit.kind === 'back') return !o.published || gone(o) !== undefined || (isNamed && off(o) !== undefined);
    // The only administrator stays: files that take the last one are refused.
    if (this.edit.kind === 'person') {
      const who = PEOPLE[this.edit.who] ?? '';
      return who !== ADMINISTRATOR && (o.people[who]?.enabled === true || comesBack(o, who));
    }
    // All others write lists in which somebody who is deleted stands.
    if (this.edit.kind !== 'catalog' && !isNamed) return false;
    return this.edit.kind !== 'manager' || this.edit.who !== this.edit.manager;
  }
  async act(run: Run, real: ModelWorld): Promise<void> {
    const text = change(run.o, this.edit);
    for (const key of PEOPLE) if (!run.o.people[key]?.enabled) run.left.add(key);
    run.story.push(this.toString());
    await real.configure(text);
    await agree(run, real, false);
  }
  toString(): string {
    return `Edited(${JSON.stringify(this.edit)})`;
  }
}

const gone = (o: Organization): Key | undefined => PEOPLE.find((key) => !o.people[key]?.enabled && comesBack(o, key));
/** Whoever is deleted can be restored for 30 days; a minute before is soon enough. */
const comesBack = (o: Organization, key: Key): boolean =>
  o.now - (o.people[key]?.deletedAt ?? o.now) < 30 * 24 * HOUR - 60_000;
const off = (o: Organization) =>
  Object.entries(o.packages)
    .flatMap(([pack, { policies }]) => policies.map((one) => ({ pack, one })))
    .find(({ one }) => !one.enabled);

function leave(o: Organization, key: Key): void {
  for (const one of o.delegations)
    if ((one.delegator === key || one.delegate === key) && one.dueAt !== null) one.left = true;
  for (const held of o.assignments) if (held.target === key) held.left = true;
  for (const one of o.requests) {
    if (one.target === key && OPEN.includes(one.state)) one.left = 'target';
    else if (one.requestor === key && one.state === 'pendingApproval') one.left ??= 'requestor';
  }
}

function change(o: Organization, edit: Edit): string {
  const key = (n: number): Key => PEOPLE[n] ?? '';
  const pack = (n: number): Key => Object.keys(o.packages)[n % Object.keys(o.packages).length] ?? '';
  switch (edit.kind) {
    case 'back': {
      const who = gone(o);
      const one = who === undefined ? undefined : o.people[who];
      if (who !== undefined && one) {
        one.enabled = true;
        delete one.deletedAt;
        return edits.person(o, who);
      }
      const policy = PEOPLE.some((key) => isDeleted(o, key)) ? undefined : off(o);
      if (o.published && policy) {
        policy.one.enabled = true;
        return edits.package(o, policy.pack);
      }
      o.published = true;
      return edits.catalog(o);
    }
    case 'person': {
      const one = o.people[key(edit.who)];
      if (one) one.enabled = !one.enabled;
      if (one) delete one.deletedAt;
      // The catalog names its owner in every file.
      if (one && !one.enabled && edit.deletes && key(edit.who) !== OWNER) one.deletedAt = o.now;
      if (!one?.enabled) leave(o, key(edit.who));
      return edits.person(o, key(edit.who));
    }
    case 'manager': {
      const one = o.people[key(edit.who)];
      if (one) one.manager = edit.manager === null ? null : key(edit.manager);
      return edits.person(o, key(edit.who));
    }
    case 'group': {
      const members = o.groups[edit.group] ?? [];
      const who = key(edit.who);
      o.groups[edit.group] = members.includes(who) ? members.filter((one) => one !== who) : [...members, who];
      return edits.group(o, edit.group);
    }
    case 'catalog':
      o.published = !o.published;
      return edits.catalog(o);
    case 'toggle': {
      const policies = o.packages[pack(edit.pack)]?.policies ?? [];
      const policy = policies[edit.which % policies.length];
      if (policy) policy.enabled = !policy.enabled;
      return edits.package(o, pack(edit.pack));
    }
    case 'terms': {
      const policies = o.packages[pack(edit.pack)]?.policies ?? [];
      const policy = policies[edit.which % policies.length];
      const wanted = VARIANTS[edit.variant % VARIANTS.length];
      if (policy && wanted && JSON.stringify(o.terms[policy.current]) !== JSON.stringify(wanted))
        policy.current = o.terms.push(wanted) - 1;
      return edits.package(o, pack(edit.pack));
    }
    case 'roles': {
      const waiting = o.requests.filter(({ state }) => state === 'pendingApproval' || state === 'scheduled');
      const key = (edit.waits ? waiting[edit.pack % waiting.length]?.package : undefined) ?? pack(edit.pack);
      const one = o.packages[key];
      const role = SYSTEMS[edit.role % SYSTEMS.length] ?? 'reader';
      if (one) {
        const has = one.roles.includes(role);
        if (!has) one.roles = [...one.roles, role];
        else if (one.roles.length > 1) one.roles = one.roles.filter((each) => each !== role);
      }
      return edits.package(o, key);
    }
  }
}

const nat = fc.nat(1_000);
const who = fc.nat(PEOPLE.length - 1);
const HOUR = 3_600_000;
const job = fc.constantFrom(...JOBS);

const edit: fc.Arbitrary<Edit> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('back' as const) }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('person' as const), who, deletes: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('manager' as const), who, manager: fc.option(who) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('group' as const),
      group: fc.constantFrom('approvers' as const, 'staff' as const),
      who,
    }),
  },
  // Who was staff from the beginning leaves that, or comes back.
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('group' as const),
      group: fc.constant('staff' as const),
      who: fc.constantFrom(0, 1),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('catalog' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('toggle' as const), pack: nat, which: nat }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('terms' as const), pack: nat, which: nat, variant: nat }) },
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('roles' as const), pack: nat, role: nat, waits: fc.boolean() }),
  },
);

const of = <T>(weight: number, arbitrary: fc.Arbitrary<T>, make: (value: T) => Step) => ({
  weight,
  arbitrary: arbitrary.map(make),
});

/** Every command by how often it comes. */
export const command: fc.Arbitrary<Step> = fc.oneof(
  of(46, fc.tuple(wish, mostlyNot(3, fc.nat(60))), ([w, click]) => new Do(w, click)),
  of(2, fc.tuple(wish, fc.nat(200), fc.boolean()), ([w, click, other]) => new Again(w, 100 + click, other)),
  of(2, wish, (w) => new Cut(w)),
  of(
    9,
    fc.tuple(
      wish,
      fc.oneof(
        { weight: 5, arbitrary: wish },
        { weight: 2, arbitrary: job.map((name) => ({ kind: 'job' as const, job: name })) },
        {
          weight: 1,
          arbitrary: shift.filter((one) => one.crash === 'no').map((one) => ({ kind: 'work' as const, shift: one })),
        },
      ),
      fc.integer({ min: 1, max: 3 }),
    ),
    ([a, b, steps]) => new Race(a, b, steps),
  ),
  of(
    5,
    fc.constantFrom(
      10_000,
      120_000,
      HOUR,
      5 * HOUR,
      24 * HOUR,
      24 * HOUR,
      50 * HOUR,
      73 * HOUR,
      8 * 24 * HOUR,
      25 * 24 * HOUR,
    ),
    (ms) => new Wait(ms),
  ),
  of(8, fc.tuple(nat, fc.boolean()), (a) => new Until(...a)),
  of(6, job, (name) => new Sweep([name])),
  of(4, fc.shuffledSubarray([...JOBS, HAND], { minLength: JOBS.length + 1 }), (names) => new Sweep(names)),
  of(8, shift, (one) => new Work(one)),
  of(1, fc.tuple(shift, shift), (a) => new Shifts(...a)),
  of(1, fc.constant(null), () => new Resume()),
  of(
    3,
    fc.tuple(
      fc.constantFrom(...SYSTEMS),
      fc.constantFrom('later' as const, 'failed' as const, 'hangs' as const, null, null, null),
    ),
    ([s, m]) => new Fail(s, m),
  ),
  of(
    2,
    fc.tuple(fc.constantFrom('finish' as const, 'reprocess' as const), nat, who, fc.boolean()),
    (a) => new Repair(...a),
  ),
  of(2, fc.tuple(who, fc.constantFrom(...SYSTEMS)), (a) => new Outside(...a)),
  of(4, nat, (which) => new Taken(which)),
  of(4, fc.constant(null), () => new Compare()),
  of(6, edit, (one) => new Edited(one)),
  of(
    2,
    fc.array(fc.constantFrom<Illness>('later', 'busy', 'lost', 'refused', 'gone'), { maxLength: 3 }),
    (all) => new Ill(all),
  ),
);
