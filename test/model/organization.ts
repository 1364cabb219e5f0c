// The organization of the model: eight people, two groups, one catalog with packages of every kind, as the model's value and as the
// blueprint that makes the real one equal. What is edited later is written down again by the same functions.
import type { Key, Organization, Package, Stage, Terms, Who } from './model';
import { ADMINISTRATOR, CATALOG, OWNER } from './model';

export const START = Date.UTC(2026, 2, 2, 9);

export const PEOPLE = ['tara', 'tom', 'max', 'ana', 'ben', 'cas', OWNER, ADMINISTRATOR] as const;
/** Who lives elsewhere than in UTC, and how many hours their clock is before that one. */
const AWAY: Readonly<Record<Key, readonly [zone: string, hours: number]>> = {
  tara: ['America/Phoenix', -7],
  tom: ['Asia/Kolkata', 5.5],
  ana: ['Asia/Kolkata', 5.5],
  cas: ['Pacific/Kiritimati', 14],
};
export const zoneOf = (key: Key): string => AWAY[key]?.[0] ?? 'UTC';
export const GROUPS = ['approvers', 'staff'] as const;
const LOCAL = ['reader', 'writer', 'auditor', 'printer'];
export const MANUAL = 'vault';

const stage = (approvers: readonly Who[], more: Partial<Stage> = {}): Stage => ({
  approvers,
  alternates: [],
  fallbacks: [],
  required: 1,
  within: 72,
  escalate: null,
  reason: false,
  ...more,
});

const terms = (more: Partial<Terms> = {}): Terms => ({
  mode: 'request',
  who: 'all',
  stages: [],
  expires: 30 * 24,
  custom: true,
  reason: false,
  self: true,
  onBehalf: false,
  selfRemove: true,
  extend: true,
  extendApproval: (more.stages ?? []).length > 0,
  extendMax: null,
  extendTotal: null,
  samePerson: false,
  endsWithScope: false,
  ...more,
});

const TWO_STAGES = [
  stage(['manager'], { within: 48, escalate: 24, alternates: ['cas'] }),
  stage(['@approvers'], { within: 120, required: 2 }),
];

/** What policies may be changed to, beside those at the start. */
export const VARIANTS: readonly Terms[] = [
  terms(),
  terms({ expires: 8, selfRemove: false, extendMax: 'unlimited' }),
  terms({ expires: null, reason: true }),
  terms({ stages: [stage(['ana'])], expires: 5 * 24, extendMax: 2, extendTotal: 12 * 24 }),
  terms({
    stages: [stage(['manager', 'ben'], { fallbacks: ['cas'], required: 2 })],
    who: '@staff',
    onBehalf: true,
    endsWithScope: true,
  }),
  terms({ stages: TWO_STAGES, extendApproval: false, extendMax: 1 }),
  terms({ stages: [stage(['@approvers']), stage(['@approvers'], { reason: true })], samePerson: true, custom: false }),
  terms({ stages: [stage(['@staff'], { fallbacks: ['ben'], within: 24 })], extend: false }),
  terms({ who: '@staff', expires: 20 * 24, endsWithScope: true }),
  terms({ mode: 'direct', who: null, reason: true }),
  terms({ mode: 'direct', who: '@staff', stages: [stage(['cas'], { escalate: 30, alternates: ['tom', 'ana'] })] }),
];

interface Shelf {
  readonly roles: readonly string[];
  readonly against?: readonly Key[];
  readonly exceptions?: Terms;
  readonly policies: Readonly<Record<string, Terms>>;
}

const SHELF: Readonly<Record<Key, Shelf>> = {
  reader: { roles: ['reader'], policies: { Staff: terms({ stages: [stage(['ana'])], reason: true }) } },
  writer: {
    roles: ['writer', 'reader'],
    against: ['auditor'],
    exceptions: terms({ stages: [stage(['ben'])], expires: 3 * 24 }),
    policies: { Staff: terms({ stages: TWO_STAGES, onBehalf: true, expires: 60 * 24, extendApproval: false }) },
  },
  auditor: { roles: ['auditor', 'reader'], policies: { Staff: terms({ expires: 8, onBehalf: true }) } },
  vault: {
    roles: ['vault', 'printer'],
    against: ['team'],
    exceptions: terms({ stages: [stage(['cas', 'manager'], { fallbacks: ['@approvers'] })], expires: 10 * 24 }),
    policies: { Staff: terms({ expires: null }) },
  },
  given: { roles: ['writer'], policies: { Direct: terms({ mode: 'direct', who: null }) } },
  either: {
    roles: ['printer'],
    policies: {
      Short: terms({ stages: [stage(['ana', 'cas'], { required: 2, reason: true })], expires: 10 * 24, extendMax: 2 }),
      Long: terms({ stages: [stage(['ben'], { fallbacks: ['@staff'] })], expires: 40 * 24, selfRemove: false }),
    },
  },
  team: {
    roles: ['auditor', 'printer'],
    policies: {
      Team: terms({ who: '@staff', expires: 3 * 24, endsWithScope: true }),
      Others: terms({
        stages: [stage(['@approvers']), stage(['@approvers'])],
        samePerson: true,
        extendTotal: 50 * 24,
      }),
    },
  },
};

/** The organization as it begins. */
export function beginning(): Organization {
  const all: Terms[] = [];
  const packages: Record<Key, Package> = {};
  for (const [key, { roles, against = [], exceptions, policies }] of Object.entries(SHELF)) {
    packages[key] = {
      roles: [...roles],
      against,
      exceptions: exceptions ? all.push(exceptions) - 1 : null,
      policies: Object.entries(policies).map(([name, one]) => ({ name, enabled: true, current: all.push(one) - 1 })),
    };
  }
  const managers: Readonly<Record<Key, Key>> = { tara: 'max', tom: 'max', max: ADMINISTRATOR, cas: 'tara' };
  const people = Object.fromEntries(
    PEOPLE.map((key) => [
      key,
      { enabled: true, manager: managers[key] ?? null, ahead: (AWAY[key]?.[1] ?? 0) * 3_600_000 },
    ]),
  );
  return {
    now: START,
    people,
    groups: { approvers: ['ana', 'ben', 'max'], staff: ['tom', 'tara'] },
    published: true,
    packages,
    terms: all,
    requests: [],
    assignments: [],
    delegations: [],
    exceptions: [],
    grants: {},
    deliveries: {},
  };
}

function person(o: Organization, key: Key) {
  const one = o.people[key];
  if (one?.deletedAt !== undefined) return { key, name: key, state: 'deleted' };
  const manager = one?.manager ?? null;
  return {
    key,
    name: key,
    email: `${key}@woodgrove.example`,
    timeZone: zoneOf(key),
    enabled: one?.enabled,
    // Nobody who is deleted can be named; what is not written stays.
    ...(manager !== null && isDeleted(o, manager) ? {} : { manager }),
  };
}

/** Whether no file can name the person. */
export const isDeleted = (o: Organization, key: Key): boolean => o.people[key]?.deletedAt !== undefined;

const group = (o: Organization, name: Key) => ({ name, people: o.groups[name] });

const subject = (who: Who): unknown => (who.startsWith('@') ? { group: who.slice(1) } : who);

const approval = (plan: Stage) => ({
  approvers: plan.approvers.map(subject),
  alternates: plan.alternates.map(subject),
  fallbacks: plan.fallbacks.map(subject),
  approvalsRequired: plan.required,
  decideWithin: `${plan.within} hours`,
  ...(plan.escalate === null ? {} : { escalateAfter: `${plan.escalate} hours` }),
  approverReason: plan.reason ? 'required' : 'optional',
});

function policy(o: Organization, { name, enabled, current }: Package['policies'][number]) {
  const one = o.terms[current];
  if (!one) throw new Error('no such terms');
  return {
    name,
    enabled,
    mode: one.mode,
    who: one.who === null ? [] : one.who === 'all' ? ['allMembers'] : [subject(one.who)],
    approval: one.stages.map(approval),
    expires: one.expires === null ? 'never' : `${one.expires} hours`,
    customPeriod: one.custom,
    reason: one.reason ? 'required' : 'optional',
    selfRequest: one.self,
    onBehalf: one.onBehalf,
    selfRemove: one.selfRemove,
    extension: {
      allowed: one.extend,
      approval: one.extendApproval,
      ...(one.extendMax === null ? {} : { max: one.extendMax }),
      ...(one.extendTotal === null ? {} : { maxTotalDays: one.extendTotal / 24 }),
    },
    samePersonInStages: one.samePerson,
    endWhenOutOfScope: one.endsWithScope,
  };
}

function pack(o: Organization, name: Key) {
  const one = o.packages[name];
  if (!one) throw new Error('no such package');
  const exceptions = one.exceptions === null ? null : o.terms[one.exceptions];
  return {
    name,
    roles: one.roles.map((role) => `${role} / use`),
    policies: one.policies.map((each) => policy(o, each)),
    incompatibleWith: one.against.map((other) => ({
      package: other,
      mutual: true,
      ...(exceptions && {
        exceptionPolicy: {
          approval: exceptions.stages.map(approval),
          expires: `${Number(exceptions.expires) / 24} days`,
        },
      }),
    })),
  };
}

const catalog = (o: Organization) => ({ name: CATALOG, published: o.published, owners: OWNER });

/** The whole organization as a blueprint (JSON is YAML as well). */
export function blueprintOf(o: Organization): string {
  const resource = (name: string) => ({
    name,
    connector: name === MANUAL ? 'manual' : 'local',
    owners: ['cas', OWNER],
    roles: ['use'],
  });
  return JSON.stringify({
    organization: { name: 'Woodgrove', timeZone: 'UTC' },
    people: PEOPLE.map((key) => ({
      ...person(o, key),
      identities: [{ platform: 'web', tenant: 'demo', user: key }],
    })),
    groups: GROUPS.map((name) => group(o, name)),
    installations: [{ platform: 'web', tenant: 'demo', guestsAllowed: true }],
    administrators: ADMINISTRATOR,
    catalogs: [
      {
        ...catalog(o),
        resources: [...LOCAL, MANUAL].map(resource),
        packages: Object.keys(o.packages).map((name) => pack(o, name)),
      },
    ],
  });
}

/** As much of it as was edited. */
export const edits = {
  person: (o: Organization, key: Key): string => JSON.stringify({ people: [person(o, key)] }),
  group: (o: Organization, name: Key): string => JSON.stringify({ groups: [group(o, name)] }),
  catalog: (o: Organization): string => JSON.stringify({ catalogs: [catalog(o)] }),
  package: (o: Organization, name: Key): string =>
    JSON.stringify({ catalogs: [{ ...catalog(o), packages: [pack(o, name)] }] }),
};
