// Policy versions as values: the SQL that reads one with its stages, subjects and questions, and how the rows become a
// PolicyVersion. Also the question whether a person is in its scope. Writing them: configuration.ts.
import type {
  Expiration,
  PolicyVersion,
  Question,
  Span,
  StagePlan,
  SubjectSet,
  WorkingCalendar,
} from '../domain/model';
import type { Row } from './query';

type Plain = Omit<PolicyVersion, 'targets' | 'stages' | 'calendar' | 'expiration' | 'questions' | 'extension'>;

/** JSON of the policy version `v` of the policy `p`; `policyVersionOf` reads it. */
export const POLICY_VERSION = `(
  to_jsonb(v) || jsonb_build_object(
    'package_id', p.package_id,
    'subjects', (select coalesce(jsonb_agg(to_jsonb(s) order by s.purpose, s.n, s.position), '[]')
      from policy_subjects s where s.policy_version_id = v.id),
    'stages', (select coalesce(jsonb_agg(to_jsonb(s) order by s.n), '[]')
      from policy_stages s where s.policy_version_id = v.id),
    'calendar', (select to_jsonb(c) from policy_calendars c where c.policy_version_id = v.id),
    'questions', (select coalesce(jsonb_agg(to_jsonb(s) order by s.position), '[]')
      from policy_questions s where s.policy_version_id = v.id)))`;

/** The kinds of subjects that name nobody and mean `target` all the same. */
export const WIDE_KINDS = `array_remove(array['allMembersAndGuests', 'anyone', case target.kind when 'member' then 'allMembers' end,
  case when target.kind = 'guest' and target.organization_state = 'configured' then 'allConfiguredOrganizations' end], null)`;

/** How wide the targets of the policy version `v` are: the numbers of `domain/subjects.ts#widthOfPolicy`. */
export const WIDTH = `(select max(case s.kind when 'allMembers' then 2 when 'allMembersAndGuests' then 3
    when 'allConfiguredOrganizations' then 4 when 'anyone' then 5 else 1 end)
  from policy_subjects s where s.policy_version_id = v.id and s.purpose = 'target')`;

/**
 * Whether the person is in the group, itself or by one in it: looked up for each group that the person is in, of which there are few.
 * Left to itself the planner reads all that is in the group, however large it is, each time.
 */
export const IS_MEMBER = (group: string, person: string): string => `exists (select from group_people own
  cross join lateral (select from group_ancestors up where up.group_id = own.group_id and up.ancestor_id = ${group} offset 0) within
  where own.person_id = ${person})`;

/**
 * Whether `target` (a row of people with `organization_state`) is meant by a subject row `s` of a policy's targets. The
 * same words as rule 3.3, from narrow to wide.
 */
export const MEANS_TARGET = `(case s.kind
  when 'person' then s.person_id = target.id
  when 'group' then ${IS_MEMBER('s.group_id', 'target.id')}
  when 'organization' then s.organization_id = target.organization_id and target.organization_state <> 'deleted'
  else s.kind = any (${WIDE_KINDS}) end)`;

/** A person with the state of their organization, to be used as `target`. `id` is an SQL expression. */
export function targetRow(id: string): string {
  return `select people.*, organizations.state as organization_state
    from people left join organizations on organizations.id = people.organization_id where people.id = ${id}`;
}

/** The value of a `POLICY_VERSION`. */
export function policyVersionOf(given: unknown): PolicyVersion {
  const row = given as Row;
  const subjects = row['subjects'] as readonly Row[];
  const plain: Plain = {
    id: row['id'] as Plain['id'],
    policy: row['policy_id'] as Plain['policy'],
    package: row['package_id'] as Plain['package'],
    name: row['name'] as string,
    number: row['number'] as number,
    mode: row['mode'] as Plain['mode'],
    customPeriod: row['custom_period'] as boolean,
    reasonRequired: row['reason_required'] as boolean,
    selfRequest: row['self_request'] as boolean,
    onBehalf: row['on_behalf'] as boolean,
    selfRemove: row['self_remove'] as boolean,
    endWhenOutOfScope: row['end_when_out_of_scope'] as boolean,
    samePersonInStages: row['same_person_in_stages'] as boolean,
  };
  return {
    ...plain,
    targets: subjectsFor(subjects, 'target', 0),
    stages: (row['stages'] as readonly Row[]).map((stage) => stageOf(stage, subjects)),
    calendar: calendarOf(row['calendar'] as Row | null),
    expiration: expirationOf(row),
    questions: (row['questions'] as readonly Row[]).map(questionOf),
    extension: {
      allowed: row['extension_allowed'] as boolean,
      approval: row['extension_approval'] as boolean,
      maxExtensions: row['extensions_unlimited'] === true ? 'unlimited' : (row['max_extensions'] as number | null),
      maxTotalDays: row['max_total_days'] as number | null,
    },
  };
}

function stageOf(row: Row, subjects: readonly Row[]): StagePlan {
  const n = row['n'] as number;
  return {
    n,
    primaries: subjectsFor(subjects, 'primary', n),
    alternates: subjectsFor(subjects, 'alternate', n),
    fallbacks: subjectsFor(subjects, 'fallback', n),
    approvalsRequired: row['approvals_required'] as number,
    decideWithin: spanOf(row['decide_within_days'], row['decide_within_hours']) as Span,
    escalateAfter: spanOf(row['escalate_after_days'], row['escalate_after_hours']),
    approverReasonRequired: row['approver_reason_required'] as boolean,
  };
}

function spanOf(days: unknown, hours: unknown): Span | null {
  if (typeof days === 'number') return { kind: 'days', days };
  return typeof hours === 'number' ? { kind: 'hours', hours } : null;
}

function calendarOf(row: Row | null): WorkingCalendar | null {
  return (
    row && {
      zone: row['zone'] as string,
      days: row['days'] as readonly number[],
      from: row['from_minute'] as number,
      until: row['until_minute'] as number,
      holidays: row['holidays'] as readonly string[],
    }
  );
}

function subjectsFor(subjects: readonly Row[], purpose: string, n: number): readonly SubjectSet[] {
  return subjects.filter((row) => row['purpose'] === purpose && row['n'] === n).map(subjectOf);
}

function subjectOf(row: Row): SubjectSet {
  const kind = row['kind'] as SubjectSet['kind'];
  switch (kind) {
    case 'person':
      return { kind, person: row['person_id'] as Extract<SubjectSet, { kind: 'person' }>['person'] };
    case 'group':
      return { kind, group: row['group_id'] as Extract<SubjectSet, { kind: 'group' }>['group'] };
    case 'manager':
      return { kind, level: row['manager_level'] as number };
    case 'organization':
      return {
        kind,
        organization: row['organization_id'] as Extract<SubjectSet, { kind: 'organization' }>['organization'],
      };
    case 'allMembers':
    case 'allMembersAndGuests':
    case 'allConfiguredOrganizations':
    case 'anyone':
      return { kind };
  }
}

function expirationOf(row: Row): Expiration {
  const kind = row['expiration'] as Expiration['kind'];
  switch (kind) {
    case 'never':
      return { kind };
    case 'days':
      return { kind, days: row['expiration_days'] as number };
    case 'hours':
      return { kind, hours: row['expiration_hours'] as number };
    case 'date':
      return { kind, day: row['expiration_on'] as string };
  }
}

function questionOf(row: Row): Question {
  return {
    id: row['id'] as string,
    text: row['text'] as string,
    required: row['required'] as boolean,
    type: row['type'] as Question['type'],
    choices: row['choices'] as readonly string[],
  };
}
