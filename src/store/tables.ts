// The one mapping between nouns and rows: noun -> table, field -> column with its type, and which columns are personal.
// The types make sure that every field of a noun has a column. What is read and written with it: loads.ts, save.ts.
import type { GovernedNouns } from '../domain/events';
import type {
  AskedPeriod,
  Catalog,
  Package,
  PackageVersion,
  Person,
  Resource,
  ResourceRole,
  ResourceScope,
} from '../domain/model';
import type { Row } from './query';

export type PgType = 'uuid' | 'text' | 'integer' | 'bigint' | 'boolean' | 'timestamptz' | 'jsonb';

export interface Column {
  readonly column: string;
  readonly type: PgType;
  /** Free text, or what tells about a person: never in the audit trail itself, only as an erasable remark. */
  readonly personal: boolean;
  /** The database gives the value; never written. */
  readonly given: boolean;
}

export type Columns<T> = { readonly [K in keyof T]-?: T[K] extends AskedPeriod ? Columns<T[K]> : Column };

export interface Table<T> {
  readonly table: string;
  readonly columns: Columns<T>;
}

interface Field extends Column {
  readonly path: readonly string[];
}

const column = (type: PgType, name: string): Column => ({ column: name, type, personal: false, given: false });
const uuid = (name: string): Column => column('uuid', name);
const text = (name: string): Column => column('text', name);
const integer = (name: string): Column => column('integer', name);
const boolean = (name: string): Column => column('boolean', name);
const instant = (name: string): Column => column('timestamptz', name);
const json = (name: string): Column => column('jsonb', name);
const personal = (given: Column): Column => ({ ...given, personal: true });

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
      decision: text('decision'),
      reason: personal(text('reason')),
      at: instant('at'),
      shown: personal(json('shown')),
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
      endsAt: instant('ends_at'),
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
      endedAt: instant('ended_at'),
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
      version: integer('version'),
    },
  },
  manualTask: {
    table: 'manual_tasks',
    columns: {
      id: uuid('id'),
      grant: uuid('grant_id'),
      want: boolean('want'),
      state: text('state'),
      openedAt: instant('opened_at'),
      doneAt: instant('done_at'),
      doneBy: uuid('done_by'),
      note: personal(text('note')),
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

function isColumn(value: object): value is Column {
  return 'column' in value;
}

const fieldsByTable = new Map<string, readonly Field[]>();

/** Columns of a table in order, each with the path of its field. */
export function fieldsOf<T>(table: Table<T>): readonly Field[] {
  const known = fieldsByTable.get(table.table);
  if (known) return known;
  const walk = (columns: object, path: readonly string[]): Field[] =>
    Object.entries(columns).flatMap(([key, value]: [string, object]) =>
      isColumn(value) ? [{ ...value, path: [...path, key] }] : walk(value, [...path, key]),
    );
  const fields = walk(table.columns, []);
  fieldsByTable.set(table.table, fields);
  return fields;
}

/** A noun as a row, without what the database gives: instants as ISO text, fit for JSON. */
export function toRow<T extends object>(table: Table<T>, value: T): Row {
  const row: Record<string, unknown> = {};
  for (const field of fieldsOf(table)) {
    if (field.given) continue;
    let found: unknown = value;
    for (const key of field.path) found = Reflect.get(found as object, key);
    row[field.column] = found instanceof Date ? found.toISOString() : found;
  }
  return row;
}

/** A row (of a query or of to_jsonb) as a noun. */
export function fromRow<T>(table: Table<T>, given: unknown): T {
  const row = given as Row;
  const noun: Record<string, unknown> = {};
  for (const field of fieldsOf(table)) {
    let at = noun;
    for (const key of field.path.slice(0, -1)) at = (at[key] ??= {}) as Record<string, unknown>;
    const last = field.path.at(-1) ?? field.column;
    const value = row[field.column] ?? null;
    at[last] = field.type === 'timestamptz' ? toInstant(value) : field.type === 'bigint' ? Number(value) : value;
  }
  return noun as T;
}

/** A list of rows as nouns; JSON aggregates of nothing are null. */
export function fromRows<T>(table: Table<T>, rows: unknown): readonly T[] {
  return ((rows ?? []) as readonly unknown[]).map((row) => fromRow(table, row));
}

/** An instant of a row: text inside JSON, a Date outside. */
export function toInstant(value: unknown): Date | null {
  if (value === null || value === undefined) return null;
  return value instanceof Date ? value : new Date(value as string);
}

/** An instant that is always there. */
export function instantOf(value: unknown): Date {
  const found = toInstant(value);
  if (found === null) throw new Error('an instant is missing');
  return found;
}
