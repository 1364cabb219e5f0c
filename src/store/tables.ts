// The one mapping between nouns and rows: noun -> table, field -> column with its type, and which columns are personal.
// The types make sure that every field of a noun has a column. What is read and written with it: loads.ts, save.ts.
import type { GovernedNouns } from '../domain/events';
import type { Catalog, Package, PackageVersion, Person, Resource, ResourceRole, ResourceScope } from '../domain/model';
import type { Table } from './columns';
import { boolean, column, instant, integer, json, personal, text, uuid } from './columns';

export { columnsOf, fieldsOf, fromRow, fromRows, instantOf, toInstant, toRow } from './columns';
export type { Column, Columns, PgType, Table } from './columns';

/** Tables of the nouns that the rules change. */
export const governed: { readonly [N in keyof GovernedNouns]: Table<GovernedNouns[N]> } = {
  request: {
    table: 'requests',
    columns: {
      id: uuid('id'),
      number: { ...column('bigint', 'number'), given: true },
      type: text('type'),
      state: text('state'),
      detail: text('detail'),
      requestor: uuid('requestor_id'),
      target: uuid('target_id'),
      package: uuid('package_id'),
      packageVersion: uuid('package_version_id'),
      policyVersion: uuid('policy_version_id'),
      assignment: uuid('assignment_id'),
      period: {
        startsAt: instant('asked_starts_at'),
        endsAt: instant('asked_ends_at'),
        hours: integer('asked_hours'),
      },
      zone: text('zone'),
      reason: personal(text('reason')),
      answers: personal(json('answers')),
      stage: integer('stage'),
      createdAt: instant('created_at'),
      approvedAt: instant('approved_at'),
      startsAt: instant('starts_at'),
      endsAt: instant('ends_at'),
      completedAt: instant('completed_at'),
      replaces: uuid('replaces_id'),
      refusal: personal(json('refusal')),
      version: integer('version'),
    },
  },
  stage: {
    table: 'approval_stages',
    columns: {
      id: uuid('id'),
      request: uuid('request_id'),
      n: integer('n'),
      state: text('state'),
      approvalsRequired: integer('approvals_required'),
      openedAt: instant('opened_at'),
      decideBy: instant('decide_by'),
      escalateAt: instant('escalate_at'),
      escalatedAt: instant('escalated_at'),
      remindAt: instant('remind_at'),
      closedAt: instant('closed_at'),
      version: integer('version'),
    },
  },
  task: {
    table: 'approval_tasks',
    columns: {
      id: uuid('id'),
      request: uuid('request_id'),
      n: integer('n'),
      person: uuid('person_id'),
      capacity: text('capacity'),
      because: json('because'),
      for: uuid('for_id'),
      state: text('state'),
      openedAt: instant('opened_at'),
      closedAt: instant('closed_at'),
      version: integer('version'),
    },
  },
  decision: {
    table: 'decisions',
    columns: {
      id: uuid('id'),
      request: uuid('request_id'),
      n: integer('n'),
      person: uuid('person_id'),
      for: uuid('for_id'),
      decision: text('decision'),
      reason: personal(text('reason')),
      at: instant('at'),
      shown: personal(json('shown')),
    },
  },
  delegation: {
    table: 'delegations',
    columns: {
      id: uuid('id'),
      delegator: uuid('delegator_id'),
      delegate: uuid('delegate_id'),
      firstDay: column('date', 'first_day'),
      lastDay: column('date', 'last_day'),
      from: instant('from_at'),
      until: instant('until_at'),
      package: uuid('package_id'),
      catalog: uuid('catalog_id'),
      state: text('state'),
      endedBy: uuid('ended_by'),
      dueAt: instant('due_at'),
      answerDueAt: instant('answer_due_at'),
      touchedAt: instant('touched_at'),
      version: integer('version'),
    },
  },
  assignment: {
    table: 'assignments',
    columns: {
      id: uuid('id'),
      target: uuid('target_id'),
      package: uuid('package_id'),
      state: text('state'),
      startsAt: instant('starts_at'),
      since: instant('since'),
      endsAt: instant('ends_at'),
      lent: boolean('lent'),
      endedAt: instant('ended_at'),
      endReason: text('end_reason'),
      remindAt: instant('remind_at'),
      reminded: integer('reminded'),
      version: integer('version'),
    },
  },
  justification: {
    table: 'justifications',
    columns: {
      id: uuid('id'),
      assignment: uuid('assignment_id'),
      kind: text('kind'),
      request: uuid('request_id'),
      policyVersion: uuid('policy_version_id'),
      startsAt: instant('starts_at'),
      until: instant('until'),
      freeUntil: instant('free_until'),
      endedAt: instant('ended_at'),
      periodAt: instant('period_at'),
      extensions: integer('extensions'),
      version: integer('version'),
    },
  },
  grant: {
    table: 'grants',
    columns: {
      id: uuid('id'),
      person: uuid('person_id'),
      role: uuid('role_id'),
      scope: uuid('scope_id'),
      state: text('state'),
      baseline: boolean('baseline'),
      externalId: text('external_id'),
      error: text('error'),
      placedAt: instant('placed_at'),
      takenAt: instant('taken_at'),
      goneAt: instant('gone_at'),
      version: integer('version'),
    },
  },
  manualTask: {
    table: 'manual_tasks',
    columns: {
      id: uuid('id'),
      number: { ...column('bigint', 'number'), given: true },
      grant: uuid('grant_id'),
      want: boolean('want'),
      state: text('state'),
      openedAt: instant('opened_at'),
      remindAt: instant('remind_at'),
      escalatedAt: instant('escalated_at'),
      doneAt: instant('done_at'),
      doneBy: uuid('done_by'),
      note: personal(text('note')),
      version: integer('version'),
    },
  },
  exception: {
    table: 'incompatibility_exceptions',
    columns: {
      id: uuid('id'),
      incompatibility: uuid('incompatibility_id'),
      person: uuid('person_id'),
      owner: uuid('owner_id'),
      request: uuid('request_id'),
      day: column('date', 'last_day'),
      until: instant('until_at'),
      reason: personal(text('reason')),
      remindAt: instant('remind_at'),
      touchedAt: instant('touched_at'),
      state: text('state'),
      version: integer('version'),
    },
  },
};

export const people: Table<Person> = {
  table: 'people',
  columns: {
    id: uuid('id'),
    directoryKey: text('directory_key'),
    name: personal(text('name')),
    email: personal(text('email')),
    kind: text('kind'),
    state: text('state'),
    manager: uuid('manager_id'),
    organization: uuid('organization_id'),
    timeZone: text('time_zone'),
    locale: text('locale'),
    department: personal(text('department')),
    jobTitle: personal(text('job_title')),
    country: personal(text('country')),
    version: integer('version'),
  },
};

export const catalogs: Table<Catalog> = {
  table: 'catalogs',
  columns: {
    id: uuid('id'),
    name: text('name'),
    description: text('description'),
    state: text('state'),
    externallyVisible: boolean('externally_visible'),
    version: integer('version'),
  },
};

export const resources: Table<Resource> = {
  table: 'resources',
  columns: {
    id: uuid('id'),
    catalog: uuid('catalog_id'),
    name: text('name'),
    description: text('description'),
    connector: text('connector'),
    originId: text('origin_id'),
    driftMissing: text('drift_missing'),
    driftExtra: text('drift_extra'),
    state: text('state'),
    version: integer('version'),
  },
};

export const resourceRoles: Table<ResourceRole> = {
  table: 'resource_roles',
  columns: {
    id: uuid('id'),
    resource: uuid('resource_id'),
    name: text('name'),
    originId: text('origin_id'),
    version: integer('version'),
  },
};

export const resourceScopes: Table<ResourceScope> = {
  table: 'resource_scopes',
  columns: {
    id: uuid('id'),
    resource: uuid('resource_id'),
    name: text('name'),
    originId: text('origin_id'),
    root: boolean('root'),
    version: integer('version'),
  },
};

export const packages: Table<Package> = {
  table: 'packages',
  columns: {
    id: uuid('id'),
    catalog: uuid('catalog_id'),
    name: text('name'),
    description: text('description'),
    hidden: boolean('hidden'),
    sensitive: boolean('sensitive'),
    state: text('state'),
    baseline: text('baseline'),
    current: uuid('current_version_id'),
    version: integer('version'),
  },
};

/** `roles` is a column that the query makes: `[{ role, scope }]` of package_grants. */
export const packageVersions: Table<PackageVersion> = {
  table: 'package_versions',
  columns: {
    id: uuid('id'),
    package: uuid('package_id'),
    number: integer('number'),
    roles: json('roles'),
  },
};
