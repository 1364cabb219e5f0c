// Policies of one package: versions are immutable, so a changed policy is the same policy with a new version.
import type {
  CatalogId,
  GroupId,
  OrganizationId,
  PackageId,
  PersonId,
  PolicyId,
  PolicyMode,
  PolicyVersion,
  PolicyVersionId,
  Span,
  StagePlan,
  SubjectSet,
  WorkingCalendar,
} from '../../domain/model';
import { isOver } from '../../domain/period';
import { hoursOf } from '../../domain/time';
import type { PolicyConfig } from '../ports';
import { misfits, questionKey, tooManyQuestions } from './checks';
import { at, canonical, eventOf, fold, kept, match, refuse, settle, whereIs, type Draft, type Entry } from './draft';
import { listed } from './catalogs';
import type { People } from './people';
import type { Place } from './read';
import { changedLines, summary } from './policy-words';
import { WEEKDAYS, type CalendarText, type ExtensionText, type PolicyText, type StageText } from './schema';
import type { SubjectText } from './values';

export interface PoliciesOf {
  readonly label: string;
  readonly place: Place;
  readonly id: PackageId;
  readonly catalog: CatalogId;
  /** Whose exceptions it decides. */
  readonly incompatibility?: string;
}

/** As written; how exceptions are asked for is written with their incompatibility. */
export type PolicyWish = Omit<PolicyText, 'mode'> & { readonly mode?: PolicyMode | undefined };

/** `written`: undefined where no list of policies is. */
export function settlePolicies(
  draft: Draft,
  found: People,
  of: PoliciesOf,
  written: readonly PolicyText[] | undefined,
): void {
  const stored = draft.known.policies.filter((one) => one.package === of.id && one.incompatibility === null);
  const entries = match(draft, 'policy', listed(of.place, 'policies', written), {
    label: ({ name }) => name,
    stored: ({ name, formerly }) =>
      stored.find((one) => fold(one.name) === fold(name)) ??
      stored.find((one) => formerly !== undefined && fold(one.name) === fold(formerly)),
  });
  for (const entry of entries) settlePolicy(draft, found, of, entry);
  if (written === undefined) return;
  const listedIds = new Set(entries.map(({ id }) => id));
  const place = at(of.place, 'policies');
  const why = `the list at ${whereIs(draft, place)} does not hold it`;
  for (const one of stored.filter(({ id }) => !listedIds.has(id))) {
    draft.places.set(one.id, place);
    endPolicy(draft, of, one, why);
  }
}

/** A policy that its list does not hold any more gives nothing anew: open requests by it are closed (rule 3.2), access goes on. */
export function endPolicy(
  draft: Draft,
  of: Pick<PoliciesOf, 'id' | 'catalog' | 'label'>,
  before: PolicyConfig,
  why: string,
): void {
  if (before.state !== 'enabled') return;
  const state = [{ field: 'state', detail: 'state: enabled → disabled' }];
  settle(draft, 'policy', {
    before,
    after: { ...before, state: 'disabled', version: before.version + 1 },
    word: 'policy',
    label: `${of.label} / ${before.name}`,
    action: 'delete',
    details: [...state.map(({ detail }) => detail), why],
    events: [
      eventOf('policy.changed', { kind: 'policy', id: before.id }, { package: of.id, catalog: of.catalog }, state),
    ],
  });
}

export function settlePolicy(
  draft: Draft,
  found: People,
  of: PoliciesOf,
  { text, place, before, id }: Entry<PolicyWish, PolicyConfig>,
): void {
  const gone = text.state === 'deleted';
  if (gone && !before) {
    draft.unchanged += 1;
    return;
  }
  const wanted = gone && before ? before.content : contentOf(draft, found, of, { text, place, before, id });
  const same = before !== null && canonical(comparable(before.content)) === canonical(comparable(wanted));
  const content = same ? before.content : wanted;
  const after: PolicyConfig = {
    id: id as PolicyId,
    package: of.id,
    incompatibility: of.incompatibility ?? null,
    name: text.name,
    state: gone
      ? 'deleted'
      : text.enabled === undefined
        ? (before?.state ?? 'enabled')
        : text.enabled
          ? 'enabled'
          : 'disabled',
    current: content.id,
    content,
    version: (before?.version ?? 0) + 1,
  };
  if (!gone) refuseMisfits(draft, place, { label: `${of.label} / ${text.name}`, who: text.who, before, after });
  if (text.enabled === undefined && before?.state === 'disabled' && !gone)
    draft.lines.push({
      id,
      action: 'note',
      noun: 'policy',
      label: `${of.label} / ${text.name}`,
      details: ['stays disabled; "enabled: true" would change that'],
    });
  const moved = before !== null && before.state !== after.state;
  if (same && !moved) {
    draft.unchanged += 1;
    return;
  }
  const subject = { kind: 'policy', id } as const;
  const refs = { package: of.id, catalog: of.catalog };
  const state = moved ? [{ field: 'state', detail: `state: ${before.state} → ${after.state}` }] : [];
  settle(draft, 'policy', {
    before,
    after,
    word: 'policy',
    label: `${of.label} / ${text.name}`,
    action: !before ? 'create' : gone ? 'delete' : 'change',
    details: [
      ...state.map(({ detail }) => detail),
      ...(before && !same
        ? [...changedLines(draft, before.content, content), `becomes version ${content.number}`]
        : []),
      ...(before ? [] : [summary(draft, content)]),
    ],
    events: [
      ...(before ? [] : [eventOf('policy.created', subject, refs, [])]),
      ...(moved ? [eventOf('policy.changed', subject, refs, state)] : []),
      ...(same
        ? []
        : [
            {
              type: 'policy.versioned' as const,
              subject,
              refs,
              data: { number: content.number, stages: content.stages.length },
            },
          ]),
    ],
  });
}

function contentOf(
  draft: Draft,
  found: People,
  of: PoliciesOf,
  { text, place, before, id }: Entry<PolicyWish, PolicyConfig>,
): PolicyVersion {
  const was = before?.content;
  const mode = kept(text.mode, was?.mode, 'request');
  const stages =
    text.approval?.map((stage, n) => stageOf(found, at(place, 'approval', n), stage, n + 1)) ?? was?.stages ?? [];
  return {
    id: draft.newId() as PolicyVersionId,
    policy: id as PolicyId,
    package: of.id,
    name: text.name,
    number: (was?.number ?? 0) + 1,
    mode,
    targets: kept(text.who && subjects(found, at(place, 'who'), text.who), was?.targets, []),
    stages,
    calendar: kept(text.calendar && calendarOf(text.calendar), was?.calendar, null),
    expiration: text.expires,
    customPeriod: kept(text.customPeriod, was?.customPeriod, true),
    reasonRequired: kept(text.reason && text.reason === 'required', was?.reasonRequired, true),
    questions: kept(text.questions?.map(questionOf), was?.questions, []),
    selfRequest: kept(text.selfRequest, was?.selfRequest, true),
    onBehalf: kept(text.onBehalf, was?.onBehalf, false),
    selfRemove: kept(text.selfRemove, was?.selfRemove, true),
    extension: extensionOf(text.extension, { mode, hasStages: stages.length > 0 }, was),
    endWhenOutOfScope: kept(text.endWhenOutOfScope, was?.endWhenOutOfScope, false),
    samePersonInStages: kept(text.samePersonInStages, was?.samePersonInStages, false),
  };
}

function questionOf(question: NonNullable<PolicyText['questions']>[number]): PolicyVersion['questions'][number] {
  return {
    id: questionKey(question),
    text: question.text,
    required: question.required,
    type: question.choices ? 'choice' : question.long ? 'longText' : 'text',
    choices: question.choices ?? [],
  };
}

/**
 * Written it is whole, with no number where none is written: once, or without limit where somebody approves (rule 3.9). Not written it
 * stays, and only whether it needs approval follows the policy, where it did before. What those in charge give nobody makes longer by
 * themselves, unless that is written (rule 3.22): also where the policy was one to ask by until now, and where it has the default of
 * earlier releases, which nobody wrote.
 */
function extensionOf(
  text: ExtensionText | undefined,
  { mode, hasStages }: { readonly mode: PolicyMode; readonly hasStages: boolean },
  was: PolicyVersion | undefined,
): PolicyVersion['extension'] {
  const isNew = !was || (was.mode === 'direct') !== (mode === 'direct') || (mode === 'direct' && isFormerDefault(was));
  if (text || isNew) {
    return {
      allowed: text?.allowed ?? mode !== 'direct',
      approval: text?.approval ?? hasStages,
      maxExtensions: text?.max ?? null,
      maxTotalDays: text?.maxTotalDays ?? null,
    };
  }
  const { extension, stages } = was;
  const approval = extension.approval === stages.length > 0 ? hasStages : extension.approval && hasStages;
  return { ...extension, approval };
}

function isFormerDefault({ extension, stages }: PolicyVersion): boolean {
  const { allowed, approval, maxExtensions, maxTotalDays } = extension;
  return allowed && approval === stages.length > 0 && maxExtensions === null && maxTotalDays === null;
}

/**
 * What does not fit together, where it is written or would have to be. Questions that were taken before this release counted them go
 * on, with a note, and so does a last day that went by since: a file that worked must not fail as a whole for what it does not change.
 */
function refuseMisfits(
  draft: Draft,
  place: Place,
  policy: {
    readonly label: string;
    readonly who: PolicyWish['who'];
    readonly before: PolicyConfig | null;
    readonly after: PolicyConfig;
  },
): void {
  const { content, id } = policy.after;
  // Of somebody who was not found it is said already.
  if (content.mode === 'request' && (policy.who ?? content.targets).length === 0)
    refuse(draft, at(place, 'who'), 'This policy lets nobody ask. Add "who", for example allMembers.');
  for (const { path, message } of misfits(content)) refuse(draft, at(place, ...path), message);
  const was = policy.before?.content;
  const wrong = (field: 'questions' | 'expiration', where: Place, problem: string, note: string): void => {
    if (canonical(content[field]) !== canonical(was?.[field])) refuse(draft, where, problem);
    else draft.lines.push({ id, action: 'note', noun: 'policy', label: policy.label, details: [note] });
  };
  const tooMany = tooManyQuestions(content.questions);
  if (tooMany !== null) wrong('questions', at(place, 'questions'), tooMany, tooMany);
  const { expiration } = content;
  if (expiration.kind === 'date' && policy.after.state === 'enabled' && isOver(content, LAST_ZONE, draft.now))
    wrong(
      'expiration',
      at(place, 'expires'),
      `"${expiration.day}" is over: nobody would get anything by this policy. Write a later day, or a length like 90 days.`,
      `its last day, ${expiration.day}, is over: nobody gets anything by it`,
    );
}

/** Where a day ends last: what is over there is over for everybody. */
const LAST_ZONE = 'Etc/GMT+12';

function stageOf(found: People, place: Place, text: StageText, n: number): StagePlan {
  return {
    n,
    primaries: subjects(found, at(place, 'approvers'), text.approvers),
    alternates: subjects(found, at(place, 'alternates'), text.alternates),
    fallbacks: subjects(found, at(place, 'fallbacks'), text.fallbacks),
    approvalsRequired: text.approvalsRequired,
    decideWithin: text.decideWithin,
    escalateAfter: text.escalateAfter ?? null,
    approverReasonRequired: text.approverReason === 'required',
  };
}

/** In one order and each once, so that the same calendar written otherwise is no change. */
function calendarOf({ zone, days, from, until, holidays }: CalendarText): WorkingCalendar {
  const numbers = WEEKDAYS.flatMap((day, n) => (days.includes(day) ? [n + 1] : []));
  return { zone, days: numbers, from, until, holidays: [...new Set(holidays)].sort() };
}

function subjects(found: People, place: Place, list: readonly SubjectText[]): SubjectSet[] {
  return list.flatMap((one, n) => {
    const set = subjectOf(found, at(place, n), one);
    return set ? [set] : [];
  });
}

function subjectOf(found: People, place: Place, one: SubjectText): SubjectSet | null {
  switch (one.kind) {
    case 'person': {
      const person = found.people.find(place, one.name);
      return person === null ? null : { kind: 'person', person: person as PersonId };
    }
    case 'group': {
      const group = found.groups.find(place, one.name);
      return group === null ? null : { kind: 'group', group: group as GroupId };
    }
    case 'organization': {
      const organization = found.partners.find(place, one.name);
      return organization === null ? null : { kind: 'organization', organization: organization as OrganizationId };
    }
    case 'manager':
    case 'allMembers':
    case 'allMembersAndGuests':
    case 'allConfiguredOrganizations':
    case 'anyone':
      return one;
  }
}

/** Content without what every version has of its own. The order of people in a list means nothing. */
function comparable({ targets, stages, questions, ...rest }: PolicyVersion): object {
  // Without a calendar a day is 24 hours, however it was written.
  const long = (span: Span | null) => (rest.calendar || !span ? span : hoursOf(span));
  const sorted = (sets: readonly SubjectSet[]): string[] => sets.map(canonical);
  return {
    ...rest,
    id: null,
    number: null,
    // As text, because the order of choices is what people see.
    questions: questions.map((question) => ({ ...question, choices: JSON.stringify(question.choices) })),
    targets: sorted(targets),
    stages: stages.map(({ primaries, alternates, fallbacks, ...stage }) => ({
      ...stage,
      primaries: sorted(primaries),
      alternates: sorted(alternates),
      fallbacks: sorted(fallbacks),
      decideWithin: long(stage.decideWithin),
      escalateAfter: long(stage.escalateAfter),
    })),
  };
}
