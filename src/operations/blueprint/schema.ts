// The format of configuration as code, noun by noun. Only shapes: whether a name exists is the plan's question, and what becomes of
// a field that is not written as well: what is known keeps it ("kept" in draft.ts), what is new gets the plan's default. Where nothing
// can be kept, inside a list or a group of fields that is written whole, the default stands here.
import { z } from 'zod';
import { CONNECTORS } from '../../domain/model';
import { checkCalendar, checkConflict, checkExceptionPolicy, checkPerson, checkPolicy, checkStage } from './checks';
import { date, expires, locale, mail, name, oneOrMore, prose, span, subject, timeOfDay, zone } from './values';

const flag = z.boolean();
const gone = z.literal('deleted').optional();
const people = oneOrMore(subject('person', 'group')).optional();
const approvers = oneOrMore(subject('person', 'group', 'manager'));
const platform = z.enum(['slack', 'teams', 'web']);
const required = z.enum(['required', 'optional']);

const identity = { platform, tenant: name(), user: name() };

const person = {
  key: name(),
  name: name(),
  email: mail.nullish(),
  /** Default: guest when an organization is named, else member. */
  kind: z.enum(['member', 'guest']).optional(),
  /** Not written: a new person is enabled, a known one stays as is. */
  enabled: flag.optional(),
  /** Beside it the line only says who is meant. */
  state: gone,
  manager: name().nullish(),
  organization: name().nullish(),
  /** Default: the organization's. */
  timeZone: zone.nullish(),
  locale: locale.nullish(),
  department: name().nullish(),
  jobTitle: name().nullish(),
  country: name(100).nullish(),
  properties: z
    .record(name(100), z.union([z.string(), z.number(), z.boolean()], 'must be text, a number, true or false'))
    .optional(),
  identities: z.array(z.strictObject(identity)).optional(),
};

const group = {
  key: name().optional(),
  name: name(),
  people: z.array(name()).optional(),
  groups: z.array(name()).optional(),
  state: gone,
};

const organization = { name: name(), timeZone: zone };

const partner = {
  name: name(),
  formerly: name().optional(),
  description: prose().optional(),
  state: z.enum(['proposed', 'configured', 'deleted']).optional(),
  tenants: z.array(name()).optional(),
  workspaces: z.array(name()).optional(),
  domains: z.array(name()).optional(),
};

const installation = {
  platform,
  tenant: name(),
  name: prose(200).optional(),
  authoritativeDomains: z.array(name()).optional(),
  guestsAllowed: flag.optional(),
};

const part = { name: name(), originId: name().optional() };
const parts = z.array(
  z.preprocess((given) => (typeof given === 'string' ? { name: given } : given), z.strictObject(part)),
);

const way = z.enum(['report', 'repair', 'accept']);
const drift = { missing: way.optional(), extra: way.optional() };

const resource = {
  name: name(),
  formerly: name().optional(),
  description: prose().optional(),
  connector: z.enum(CONNECTORS),
  /** Default: the name. */
  originId: name().optional(),
  owners: people,
  roles: parts.optional(),
  scopes: parts.optional(),
  /** What becomes of access that was changed outside (rule 3.12). */
  drift: z.strictObject(drift).optional(),
  state: gone,
};

const stage = {
  approvers,
  alternates: approvers.default([]),
  fallbacks: approvers.default([]),
  approvalsRequired: z.int().min(1).max(50).default(1),
  decideWithin: span.default({ kind: 'days', days: 14 }),
  escalateAfter: span.optional(),
  approverReason: required.default('optional'),
};

export const WEEKDAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const;

/** Part of the policy that names it: in a file, `calendar: &office` here and `calendar: *office` there are the same one. */
const calendar = {
  zone,
  days: z.array(z.enum(WEEKDAYS)).default(['monday', 'tuesday', 'wednesday', 'thursday', 'friday']),
  from: timeOfDay,
  until: timeOfDay,
  holidays: z.array(date).max(1000).default([]),
};

const question = {
  /** Key of the answer. Default: made from the text. */
  id: name(60).optional(),
  text: name(300),
  required: flag.default(false),
  long: flag.default(false),
  choices: z.array(name(75)).min(1).max(100).optional(),
};

const extension = {
  allowed: flag.default(true),
  /** Default: as for asking. */
  approval: flag.optional(),
  /** Default: once without approval, without limit with it (rule 3.9). */
  max: z
    .union([z.int().min(0).max(1000), z.literal('unlimited')], 'must be a number from 0 to 1000, or unlimited')
    .optional(),
  maxTotalDays: z.int().min(1).max(36_600).optional(),
};

const policy = {
  name: name(),
  formerly: name().optional(),
  /** Not written: a new policy is enabled, a known one stays as is. */
  enabled: flag.optional(),
  mode: z.enum(['request', 'direct']).optional(),
  who: oneOrMore(
    subject(
      'person',
      'group',
      'organization',
      'allMembers',
      'allMembersAndGuests',
      'allConfiguredOrganizations',
      'anyone',
    ),
  ).optional(),
  approval: z.array(z.strictObject(stage).superRefine(checkStage)).max(10).optional(),
  /** Without one all time counts. */
  calendar: z.strictObject(calendar).superRefine(checkCalendar).nullish(),
  expires,
  customPeriod: flag.optional(),
  reason: required.optional(),
  questions: z.array(z.strictObject(question)).max(20).optional(),
  selfRequest: flag.optional(),
  onBehalf: flag.optional(),
  selfRemove: flag.optional(),
  extension: z
    .preprocess((given) => (typeof given === 'boolean' ? { allowed: given } : given), z.strictObject(extension))
    .optional(),
  endWhenOutOfScope: flag.optional(),
  samePersonInStages: flag.optional(),
  state: gone,
};

/** Who approves exceptions to an incompatibility, and for how long they may be. */
const exceptionPolicy = {
  approval: policy.approval.unwrap().min(1),
  calendar: policy.calendar,
  /** In whole days: an exception ends with one. */
  expires,
  questions: policy.questions,
  samePersonInStages: flag.optional(),
};

const exception = { person: name(), owner: name(), until: date, reason: name(1000) };
/** `from`: the package in which the incompatibility is written, unless the other one is named. */
const removal = { person: name(), from: name().optional(), reason: name(1000) };

const conflict = {
  package: name().optional(),
  group: name().optional(),
  mutual: flag.optional(),
  /** Not written: as it was. Written empty: nobody asks. */
  exceptionPolicy: z.strictObject(exceptionPolicy).superRefine(checkExceptionPolicy).nullish(),
  exceptions: z.array(z.strictObject(exception)).optional(),
  removals: z.array(z.strictObject(removal)).default([]),
};

const pack = {
  name: name(),
  formerly: name().optional(),
  description: prose().optional(),
  hidden: flag.optional(),
  sensitive: flag.optional(),
  baseline: z.enum(['keep', 'absorb']).optional(),
  /** `Resource / Role`, `Resource / Role / Scope`, or the resource alone where it has one role. */
  roles: z.array(name(600)).optional(),
  policies: z.array(z.strictObject(policy).superRefine(checkPolicy)).optional(),
  incompatibleWith: z
    .array(
      z.preprocess(
        (given) => (typeof given === 'string' ? { package: given } : given),
        z.strictObject(conflict).superRefine(checkConflict),
      ),
    )
    .optional(),
  state: gone,
};

const catalog = {
  name: name(),
  formerly: name().optional(),
  description: prose().optional(),
  published: flag.optional(),
  /** Whether people of other organizations may see and ask for its packages at all. */
  external: flag.optional(),
  owners: people,
  readers: people,
  packageManagers: people,
  assignmentManagers: people,
  resources: z.array(z.strictObject(resource)).optional(),
  packages: z.array(z.strictObject(pack)).optional(),
  state: gone,
};

const file = {
  organization: z.strictObject(organization).optional(),
  people: z.array(z.strictObject(person).superRefine(checkPerson)).optional(),
  groups: z.array(z.strictObject(group)).optional(),
  organizations: z.array(z.strictObject(partner)).optional(),
  installations: z.array(z.strictObject(installation)).optional(),
  administrators: people,
  partnerAdministrators: people,
  auditors: people,
  catalogCreators: people,
  catalogs: z.array(z.strictObject(catalog)).optional(),
};

/** One file. Several files given together are one blueprint. */
export const fileSchema = z.strictObject(file);

export type FileText = z.output<typeof fileSchema>;
export type PersonText = NonNullable<FileText['people']>[number];
export type GroupText = NonNullable<FileText['groups']>[number];
export type PartnerText = NonNullable<FileText['organizations']>[number];
export type InstallationText = NonNullable<FileText['installations']>[number];
export type CatalogText = NonNullable<FileText['catalogs']>[number];
export type ResourceText = NonNullable<CatalogText['resources']>[number];
export type PackageText = NonNullable<CatalogText['packages']>[number];
export type ConflictText = NonNullable<PackageText['incompatibleWith']>[number];
export type ExceptionPolicyText = NonNullable<ConflictText['exceptionPolicy']>;
export type PolicyText = NonNullable<PackageText['policies']>[number];
export type CalendarText = NonNullable<PolicyText['calendar']>;
export type ExtensionText = NonNullable<PolicyText['extension']>;
export type StageText = NonNullable<PolicyText['approval']>[number];

/** What stands at a path (list positions left out): how it is called, and which fields it may have. */
export const nouns: Readonly<Record<string, { readonly noun: string; readonly fields: readonly string[] }>> = {
  '': { noun: 'file', fields: Object.keys(file) },
  organization: { noun: 'organization', fields: Object.keys(organization) },
  people: { noun: 'person', fields: Object.keys(person) },
  'people.identities': { noun: 'identity', fields: Object.keys(identity) },
  groups: { noun: 'group', fields: Object.keys(group) },
  organizations: { noun: 'partner organization', fields: Object.keys(partner) },
  installations: { noun: 'installation', fields: Object.keys(installation) },
  catalogs: { noun: 'catalog', fields: Object.keys(catalog) },
  'catalogs.resources': { noun: 'resource', fields: Object.keys(resource) },
  'catalogs.resources.roles': { noun: 'role', fields: Object.keys(part) },
  'catalogs.resources.scopes': { noun: 'scope', fields: Object.keys(part) },
  'catalogs.resources.drift': { noun: 'drift', fields: Object.keys(drift) },
  'catalogs.packages': { noun: 'package', fields: Object.keys(pack) },
  'catalogs.packages.incompatibleWith': { noun: 'incompatibility', fields: Object.keys(conflict) },
  'catalogs.packages.incompatibleWith.exceptions': { noun: 'exception', fields: Object.keys(exception) },
  'catalogs.packages.incompatibleWith.removals': { noun: 'removal', fields: Object.keys(removal) },
  'catalogs.packages.incompatibleWith.exceptionPolicy': {
    noun: 'exception policy',
    fields: Object.keys(exceptionPolicy),
  },
  'catalogs.packages.incompatibleWith.exceptionPolicy.approval': {
    noun: 'approval stage',
    fields: Object.keys(stage),
  },
  'catalogs.packages.incompatibleWith.exceptionPolicy.calendar': { noun: 'calendar', fields: Object.keys(calendar) },
  'catalogs.packages.incompatibleWith.exceptionPolicy.questions': { noun: 'question', fields: Object.keys(question) },
  'catalogs.packages.policies': { noun: 'policy', fields: Object.keys(policy) },
  'catalogs.packages.policies.approval': { noun: 'approval stage', fields: Object.keys(stage) },
  'catalogs.packages.policies.calendar': { noun: 'calendar', fields: Object.keys(calendar) },
  'catalogs.packages.policies.questions': { noun: 'question', fields: Object.keys(question) },
  'catalogs.packages.policies.extension': { noun: 'extension', fields: Object.keys(extension) },
};
