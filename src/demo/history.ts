// Three months of Woodgrove, made by the same operations as everything else, with a clock that is moved back first and
// forward as the story goes. Nothing is inserted: what people see later really was asked, decided, placed and taken.
import { draw } from '../chat/views';
import { DomainError } from '../domain/errors';
import type { PackageId, Person, PersonId, PolicyVersionId, RequestId } from '../domain/model';
import { decide } from '../operations/approvals';
import { giveUp, remove } from '../operations/assignments';
import { answer, propose } from '../operations/delegations';
import { finish } from '../operations/placements';
import type { By, Desk } from '../operations/ports';
import { assign, cancel, extend, formFor, submit } from '../operations/requests';
import { dateIn, nextDate } from '../domain/time';
import { stories, type Act, type Moment } from './stories';

/** What the player needs of the house. Workers must not run by themselves meanwhile. */
export interface HistoryParts {
  readonly desk: Desk;
  /** Puts the database's clock this many milliseconds ahead of the real one (back: negative). */
  readonly setClock: (offsetMs: number) => Promise<void>;
  /** Does all outgoing work: roles, and messages where they are `spoken`; of old ones nobody is told. */
  readonly work: (spoken: boolean) => Promise<void>;
  /** Does what is due: ends, reminders, escalations. */
  readonly sweep: () => Promise<void>;
  /** An open manual task made for this request, by the name of the resource's scope where there are several. */
  readonly openTask: (request: RequestId, scope: string | null) => Promise<string | null>;
  /** Everybody reads what they were told so far. */
  readonly readAll: () => Promise<void>;
}

/** Messages are sent from here on. */
const SPOKEN_DAYS = 7;
/** Between two sweeps before that. */
const SWEEP_DAYS = 3;
/** What was told before that is read; the rest is what the page shows as new. */
const UNREAD_DAYS = 2;

/** Plays the whole history and leaves the clock where it really is. Returns how many acts that took. */
export async function makeHistory(parts: HistoryParts): Promise<number> {
  const hands = handsOf(parts.desk, parts.openTask);
  const started = Date.now();
  const moments = stories
    .flatMap((story) => {
      const memory: Memory = { request: null };
      return story.map((moment) => ({ at: instantOf(moment, started), act: moment.act, memory }));
    })
    .sort((a, b) => a.at - b.at);

  let today = '';
  let read = false;
  let swept = 0;
  for (const { at, act, memory } of moments) {
    const spoken = at > started - SPOKEN_DAYS * DAY;
    const day = new Date(at).toISOString().slice(0, 10);
    // Messages and due work once a day: several changes of one day are one message then, as after a night's sleep.
    const morning = day !== today;
    if (morning) await parts.work(spoken);
    if (!read && at > started - UNREAD_DAYS * DAY) {
      await parts.readAll();
      read = true;
    }
    // The real clock runs on while we play; only the distance to it is moved.
    await parts.setClock(at - Date.now());
    // What was due long ago may be a few days late; from where messages are sent it is done every morning.
    const due = spoken || NEEDS_DELIVERY.has(act.kind) || at > swept + SWEEP_DAYS * DAY;
    if (morning && today !== '' && due) {
      await parts.sweep();
      swept = at;
    }
    // These act on what was delivered.
    if (NEEDS_DELIVERY.has(act.kind)) await parts.work(spoken);
    await hands.play(act, memory, at);
    today = day;
  }
  await parts.work(true);
  await parts.setClock(0);
  await parts.sweep();
  await parts.work(true);
  return moments.length;
}

const NEEDS_DELIVERY: ReadonlySet<Act['kind']> = new Set(['extend', 'giveUp', 'remove', 'done']);

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** Days ago at a time of day in UTC; or, on the last day, minutes ago, so that it is never in the future. */
function instantOf({ days, time }: Moment, now: number): number {
  if (typeof time === 'number') return now - time * MINUTE;
  const [hours = 0, minutes = 0] = time.split(':').map(Number);
  const midnight = new Date(now - days * DAY).setUTCHours(0, 0, 0, 0);
  return midnight + (hours * 60 + minutes) * MINUTE;
}

/** What the acts of one story know of each other. */
interface Memory {
  request: RequestId | null;
}

interface Hands {
  play(act: Act, memory: Memory, at: number): Promise<void>;
}

function handsOf(desk: Desk, openTask: HistoryParts['openTask']): Hands {
  const people = new Map<string, Person>();
  const person = async (key: string): Promise<Person> => {
    const known = people.get(key) ?? (await desk.views.peopleByKey(key))[0];
    if (!known) throw new Error(`the demo has no person ${key}`);
    people.set(key, known);
    return known;
  };
  const packageOf = async (target: PersonId, name: string): Promise<PackageId> => {
    const found =
      (await desk.views.packagesNamed(target, name))[0] ?? (await desk.views.manageablePackages(target, name, 1))[0];
    if (!found) throw new Error(`the demo has no package ${name} for ${target}`);
    return found.id;
  };
  const held = async (who: PersonId, name: string) => {
    const id = await desk.views.liveAssignment(who, await packageOf(who, name));
    if (!id) throw new Error(`${who} does not hold ${name}`);
    return id;
  };
  const request = ({ request: id }: Memory): RequestId => {
    if (id === null) throw new Error('nothing was asked in this story yet');
    return id;
  };

  /** Only where several policies are offered has one to be chosen. */
  const policyNamed = async (
    requestor: PersonId,
    pair: { readonly target: PersonId; readonly package: PackageId },
    name: string,
    mode: 'ask' | 'assign',
  ): Promise<PolicyVersionId> => {
    const { offered } = await formFor(desk, requestor, pair, mode);
    const policy = offered.find((one) => one.name === name);
    if (!policy) throw new Error(`no policy ${name} is offered, only ${offered.map((one) => one.name).join(', ')}`);
    return policy.id;
  };

  async function ask(act: Extract<Act, { kind: 'ask' | 'assign' }>, memory: Memory, at: number): Promise<void> {
    const requestor = await person(act.who);
    const target = act.for === undefined ? requestor : await person(act.for);
    const direct = act.kind === 'assign';
    // Whoever assigns looks the package up as its manager; whoever asks, as the one who gets it.
    const pair = { target: target.id, package: await packageOf(direct ? requestor.id : target.id, act.package) };
    const policy = act.policy === undefined ? null : await policyNamed(requestor.id, pair, act.policy, act.kind);
    const asked = await (direct ? assign : submit)(desk, by(requestor), {
      ...pair,
      policyVersion: policy,
      period: {
        startsAt: act.startsIn === undefined ? null : new Date(at + act.startsIn * DAY),
        endsAt: null,
        hours: null,
      },
      zone: requestor.timeZone,
      reason: act.reason,
      answers: act.answers ?? {},
      draft: null,
    });
    memory.request = asked.request;
  }

  /** With what the page keeps of it (chat/handle.ts): what the card showed, and that whoever wrote why they approve knew who reads it. */
  async function decideShown(
    act: Extract<Act, { kind: 'approve' | 'deny' }>,
    who: Person,
    id: RequestId,
  ): Promise<void> {
    const reader = { person: who, zone: who.timeZone, locale: 'en' };
    const { card, data } = await draw('approval', { desk, who: reader, by: by(who), params: { request: id } });
    if (card !== 'approval' || !data.open) throw new Error(`${who.name} is not asked`);
    const { version, content, for: other } = data;
    await decide(desk, by(who), {
      request: id,
      decision: act.kind,
      reason: act.reason ?? null,
      shown: {
        surface: 'web',
        platform: 'web',
        // Drawn for this alone: of what is long ago there is no message.
        card: null,
        version,
        view: 'approval',
        hash: null,
        data,
        ...(other === null ? {} : { for: other }),
        ...(content === null ? {} : { packageVersion: content }),
        ...(act.kind === 'approve' && act.reason !== undefined ? { readers: true } : {}),
      },
      seen: version,
      draft: null,
    });
  }

  return {
    async play(act, memory, at) {
      try {
        const who = await person(act.who);
        switch (act.kind) {
          case 'ask':
          case 'assign':
            await ask(act, memory, at);
            return;
          case 'approve':
          case 'deny':
            await decideShown(act, who, request(memory));
            return;
          case 'cancel':
            await cancel(desk, by(who), request(memory));
            return;
          case 'extend': {
            const assignment = await held(who.id, act.package);
            memory.request = await extend(desk, by(who), { assignment, reason: act.reason, draft: null });
            return;
          }
          case 'giveUp':
            await giveUp(desk, by(who), { assignment: await held(who.id, act.package), reason: null, draft: null });
            return;
          case 'remove': {
            const target = await person(act.from);
            const assignment = await desk.views.liveAssignment(target.id, await packageOf(who.id, act.package));
            if (!assignment) throw new Error(`${act.from} does not hold ${act.package}`);
            await remove(desk, by(who), { assignment, reason: act.reason, draft: null });
            return;
          }
          case 'delegate': {
            const delegate = (await person(act.to)).id;
            const last = nextDate(dateIn(new Date(at), who.timeZone), act.days);
            const everything = { package: null, catalog: null, first: null, draft: null };
            const offered = await propose(desk, by(who), { ...everything, delegate, last });
            await answer(true)(desk, by(await person(act.to)), offered);
            return;
          }
          case 'done': {
            const task = await openTask(request(memory), act.scope ?? null);
            if (task === null) throw new Error('no manual task is open in this story');
            await finish(desk, by(who), { task, note: act.note, draft: null });
          }
        }
      } catch (error) {
        // The story is wrong then, not the program: say which step.
        const why = error instanceof DomainError ? `${error.code} ${JSON.stringify(error.data)}` : String(error);
        throw new Error(`demo history: ${JSON.stringify(act)}: ${why}`, { cause: error });
      }
    },
  };
}

const by = (person: Person): By => ({ actor: { kind: 'person', id: person.id }, via: 'web' });
