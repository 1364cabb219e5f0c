// What people and jobs do, each twice: to the model and to Usher. A wish is drawn blindly; `bind` finds in the model whom and what it
// means now, so that most of them make sense and some do not.
import fc from '../support/fast-check';
import type { AssignmentId, PackageId, PolicyVersionId, RequestId } from '../../src/domain/model';
import { decide } from '../../src/operations/approvals';
import { giveUp, remove } from '../../src/operations/assignments';
import { finish, reprocess } from '../../src/operations/placements';
import type { By, Desk } from '../../src/operations/ports';
import { assign, cancel, extend, submit } from '../../src/operations/requests';
import { at, mostly, mostlyNot, name, person, pick, reply } from './act';
import type { Act } from './act';
import { boundException, excepting, lent } from './excepting';
import { boundHanding, handing } from './handing';
import type { Key, Organization } from './model';
import * as Model from './model';
import { ADMINISTRATOR, OWNER } from './model';
import { PEOPLE, zoneOf } from './organization';
import type { ModelWorld, Shift } from './world';

const PACKS = 7;

const wishes = {
  ask: fc.record({
    kind: fc.constant('ask' as const),
    target: person,
    pack: fc.nat(PACKS - 1),
    /** Something that an exception lets somebody hold. */
    lent: fc.oneof({ weight: 1, arbitrary: fc.constant(null) }, { weight: 3, arbitrary: pick }),
    by: fc.oneof(
      { weight: 6, arbitrary: fc.constant('self' as const) },
      { weight: 2, arbitrary: fc.constant('manager' as const) },
      { weight: 1, arbitrary: person },
    ),
    policy: mostlyNot(3, fc.nat(2)),
    hours: mostlyNot(4, fc.constantFrom(1, 8, 100, 3_000)),
    start: mostlyNot(5, fc.constantFrom(2, 24, 200)),
    reason: mostly,
  }),
  assign: fc.record({
    kind: fc.constant('assign' as const),
    actor: fc.oneof(
      { weight: 5, arbitrary: fc.constantFrom(OWNER, ADMINISTRATOR) },
      { weight: 1, arbitrary: fc.constantFrom(...PEOPLE) },
    ),
    target: person,
    pack: fc.nat(PACKS - 1),
    /** Something that somebody holds already. */
    held: mostlyNot(1, pick),
    policy: mostlyNot(3, fc.nat(2)),
    hours: mostlyNot(4, fc.constantFrom(5, 500)),
    start: mostlyNot(4, fc.constantFrom(3, 100)),
    reason: mostly,
  }),
  decide: fc.record({
    kind: fc.constant('decide' as const),
    /** One of those who are asked, or anybody. */
    asked: fc.integer({ min: 0, max: 4 }).map((n) => n > 0),
    which: pick,
    who: person,
    approve: fc.integer({ min: 0, max: 3 }).map((n) => n > 0),
    /** By a card as it is now, or by the number. */
    byCard: mostly,
    /** By one that was not drawn again since it was asked for. */
    old: mostly.map((is) => !is),
    reason: mostly,
  }),
  cancel: fc.record({
    kind: fc.constant('cancel' as const),
    which: pick,
    who: fc.oneof({ weight: 2, arbitrary: fc.constant('own' as const) }, { weight: 1, arbitrary: person }),
  }),
  extend: fc.record({
    kind: fc.constant('extend' as const),
    which: pick,
    who: mostlyNot(8, person),
    reason: mostly,
  }),
  giveUp: fc.record({ kind: fc.constant('giveUp' as const), which: pick, who: mostlyNot(8, person) }),
  remove: fc.record({
    kind: fc.constant('remove' as const),
    which: pick,
    who: fc.oneof({ weight: 4, arbitrary: fc.constant(6) }, { weight: 1, arbitrary: person }),
    reason: mostly,
  }),
};

export const wish = fc.oneof(
  { weight: 13, arbitrary: wishes.ask },
  { weight: 5, arbitrary: wishes.assign },
  { weight: 18, arbitrary: wishes.decide },
  { weight: 2, arbitrary: wishes.cancel },
  { weight: 8, arbitrary: wishes.extend },
  { weight: 2, arbitrary: wishes.giveUp },
  { weight: 2, arbitrary: wishes.remove },
  { weight: 7, arbitrary: excepting },
  { weight: 6, arbitrary: handing.offer },
  { weight: 12, arbitrary: handing.answer },
  { weight: 2, arbitrary: handing.takeBack },
);
export type AWish = typeof wish extends fc.Arbitrary<infer T> ? T : never;

const held = (o: Organization): Model.Assignment[] => o.assignments.filter(({ state }) => Model.LIVE.includes(state));
const working = (o: Organization, key: Key): boolean => o.people[key]?.enabled === true;

/** What the wish means now; null where it means nothing. Who left cannot act: the door of the conversation sees to that. */
export function bind(o: Organization, given: AWish): Act | null {
  const act = bound(o, given);
  // Asking and deciding look at it themselves.
  const looks = given.kind === 'ask' || given.kind === 'askException' || given.kind === 'decide';
  return act && !looks && !working(o, act.actor) ? null : act;
}

function bound(o: Organization, given: AWish): Act | null {
  const body = JSON.stringify(given);
  switch (given.kind) {
    case 'askException':
      return boundException(o, given);
    case 'offer':
    case 'answer':
    case 'takeBack':
      return boundHanding(o, given);
    case 'ask':
    case 'assign': {
      const lasting = held(o).filter(({ state, endsAt }) => state !== 'scheduled' && endsAt !== null);
      const again = given.kind === 'assign' && given.held !== null ? at(lasting, given.held) : undefined;
      const beside = given.kind === 'ask' && given.lent !== null ? at(lent(o), given.lent) : undefined;
      const target = again?.target ?? beside?.target ?? name(given.target);
      const pack = again?.package ?? beside?.pack ?? at(Object.keys(o.packages), given.pack) ?? '';
      const by = given.kind === 'assign' ? given.actor : given.by;
      const actor =
        by === 'self' ? target : by === 'manager' ? o.people[target]?.manager : typeof by === 'number' ? name(by) : by;
      if (!actor) return null;
      const policies = o.packages[pack]?.policies ?? [];
      const policy = given.policy === null ? null : (at(policies, given.policy)?.name ?? null);
      const wanted: Model.Wish = {
        actor,
        target,
        package: pack,
        policy,
        hours: given.hours,
        startIn: given.start === null ? null : given.start * 3_600_000,
        reason: given.reason,
      };
      const run = given.kind === 'ask' ? submit : assign;
      return {
        words: `${actor} ${given.kind === 'ask' ? 'asks for' : 'gives'} ${pack} ${actor === target ? '' : `for ${target} `}${JSON.stringify({ ...wanted, actor: undefined, target: undefined, package: undefined })}`,
        actor,
        target,
        body,
        real: async (world, desk, by) =>
          run(
            desk,
            by,
            {
              target: world.person(target),
              package: world.package(pack) as PackageId,
              policyVersion: policy === null ? null : ((await world.versionOf(pack, policy)) as PolicyVersionId),
              period: {
                startsAt: wanted.startIn === null ? null : new Date(o.now + wanted.startIn),
                endsAt: null,
                hours: wanted.hours,
              },
              zone: zoneOf(target),
              reason: wanted.reason ? 'because' : null,
              answers: {},
              draft: null,
            },
            reply,
          ),
        model: (one) => (given.kind === 'ask' ? Model.ask : Model.assign)(one, wanted),
      };
    }
    case 'decide': {
      const waiting = o.requests.filter(({ state }) => state === 'pendingApproval');
      const inTime = waiting.filter(({ stages }) =>
        stages.some((s) => s.state === 'inProgress' && Number(s.decideBy) > o.now),
      );
      const asked = (inTime.length > 0 ? inTime : waiting).flatMap((request) =>
        request.tasks
          .filter(({ state }) => state === 'open')
          .map((task) => ({ key: request.key, person: task.person })),
      );
      const one = given.asked
        ? at(asked, given.which)
        : { key: at(o.requests, given.which)?.key ?? '', person: name(given.who) };
      if (!one || one.key === '') return null;
      const decision = given.approve ? 'approve' : 'deny';
      const reason = given.reason ? 'I say so' : null;
      const shown = given.byCard ? Model.shownTo(o, one.key, one.person, given.old) : null;
      const voice = shown?.voice ?? null;
      return {
        words: `${one.person} decides ${one.key}: ${decision}${given.byCard ? (given.old ? ', by an old card' : '') : ', by its number'}${given.reason ? '' : ', without a reason'}`,
        actor: one.person,
        target: one.key.split('/')[0] ?? '',
        body,
        real: async (world, desk, by) =>
          decide(
            desk,
            by,
            {
              request: world.request(one.key) as RequestId,
              decision,
              reason,
              shown: {
                surface: 'model',
                exception: true,
                ...(voice !== null && { for: world.person(voice) }),
                ...(given.byCard && { packageVersion: await world.contentOf(one.key, given.old) }),
              },
              seen: given.byCard ? world.version(one.key) : null,
              draft: null,
            },
            reply,
          ),
        model: (org) => Model.decide(org, one.key, one.person, decision, given.reason, shown),
      };
    }
    case 'cancel': {
      const open = o.requests.filter(({ state }) => Model.OPEN.includes(state));
      const request = at(given.which % 5 === 0 ? o.requests : open, given.which);
      if (!request) return null;
      const actor = given.who === 'own' ? (request.requestor ?? request.target) : name(given.who);
      return {
        words: `${actor} cancels ${request.key}`,
        actor,
        target: request.target,
        body,
        real: (world, desk, by) => cancel(desk, by, world.request(request.key) as RequestId, reply),
        model: (org) => Model.cancel(org, request.key, actor),
      };
    }
    case 'extend':
    case 'giveUp':
    case 'remove': {
      const ending = held(o).filter((one) => given.kind === 'extend' && Model.extensionOpens(one) <= o.now);
      const likely = ending.length > 0 ? ending : held(o);
      const assignment = at(given.which % 8 === 0 ? o.assignments : likely, given.which);
      if (!assignment) return null;
      const { key, target } = assignment;
      const actor = given.who === null ? target : name(given.who);
      const reason = given.kind === 'giveUp' || given.reason;
      const input = (world: ModelWorld) => ({
        assignment: world.assignment(key) as AssignmentId,
        reason: reason ? 'because' : null,
        draft: null,
      });
      const words = { extend: 'extends', giveUp: 'gives up', remove: 'removes' }[given.kind];
      const run = { extend, giveUp, remove }[given.kind];
      return {
        words: `${actor} ${words} ${key}${reason ? '' : ', without a reason'}`,
        actor,
        target,
        body,
        real: (world, desk, by) => run(desk, by, input(world), reply),
        model: (org) => {
          if (given.kind === 'extend') return Model.extend(org, key, actor, reason);
          return given.kind === 'giveUp' ? Model.giveUp(org, key, actor) : Model.remove(org, key, actor, reason);
        },
      };
    }
  }
}

/** What an owner can do about what could not be placed by itself; how far that goes is taken over, not foretold. */
export const repairs = {
  finish: (task: string, note: string | null) => (desk: Desk, by: By) =>
    finish(desk, by, { task, note, draft: null }, reply),
  reprocess: (id: string) => (desk: Desk, by: By) => reprocess(desk, by, id as AssignmentId, reply),
};

export const shift: fc.Arbitrary<Shift> = fc.record({
  rounds: fc.integer({ min: 1, max: 4 }),
  crash: fc.oneof(
    { weight: 5, arbitrary: fc.constant('no' as const) },
    { weight: 2, arbitrary: fc.constantFrom('before' as const, 'after' as const) },
    { weight: 1, arbitrary: fc.constant('pause' as const) },
  ),
  at: fc.integer({ min: 1, max: 25 }),
});
