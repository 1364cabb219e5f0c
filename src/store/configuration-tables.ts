// Tables of configuration that nothing on a hot path maps, in the form of tables.ts.
import type { Incompatibility, PolicyVersion } from '../domain/model';
import type { GroupConfig, OrganizationConfig, PersonConfig, RoleConfig } from '../operations/ports';
import type { Column, PgType, Table } from './tables';
import { governed, people } from './tables';

const column = (type: PgType, name: string, personal = false): Column => ({
  column: name,
  type,
  personal,
  given: false,
});
const uuid = (name: string): Column => column('uuid', name);
const text = (name: string): Column => column('text', name);
const version = column('integer', 'version');

export const peopleWithProperties: Table<PersonConfig> = {
  table: people.table,
  columns: {
    ...people.columns,
    properties: column('jsonb', 'properties', true),
    deletedAt: { ...column('timestamptz', 'deleted_at'), given: true },
    formerKey: { ...column('text', 'former_key'), given: true },
  },
};

/** Members and nested groups are rows of their own. */
export const groups: Table<Omit<GroupConfig, 'people' | 'groups'>> = {
  table: 'groups',
  columns: { id: uuid('id'), directoryKey: text('directory_key'), name: text('name'), state: text('state'), version },
};

export const partners: Table<Omit<OrganizationConfig, 'sources'>> = {
  table: 'organizations',
  columns: { id: uuid('id'), name: text('name'), description: text('description'), state: text('state'), version },
};

export const roles: Table<RoleConfig> = {
  table: 'administrative_roles',
  columns: {
    id: uuid('id'),
    role: text('role'),
    person: uuid('person_id'),
    group: uuid('group_id'),
    catalog: uuid('catalog_id'),
    origin: text('origin'),
    state: text('state'),
    version,
  },
};

export interface PolicyRow {
  readonly id: string;
  readonly package: string;
  readonly incompatibility: string | null;
  readonly name: string;
  readonly state: string;
  readonly current: string;
  readonly version: number;
}
export const policies: Table<PolicyRow> = {
  table: 'policies',
  columns: {
    id: uuid('id'),
    package: uuid('package_id'),
    incompatibility: uuid('incompatibility_id'),
    name: text('name'),
    state: text('state'),
    current: uuid('current_version_id'),
    version,
  },
};

/** A policy version without its stages, subjects and questions, flat as in its table. */
export interface PolicyVersionRow extends Pick<
  PolicyVersion,
  | 'id'
  | 'policy'
  | 'name'
  | 'number'
  | 'mode'
  | 'customPeriod'
  | 'reasonRequired'
  | 'selfRequest'
  | 'onBehalf'
  | 'selfRemove'
  | 'endWhenOutOfScope'
  | 'samePersonInStages'
> {
  readonly expiration: string;
  readonly days: number | null;
  readonly hours: number | null;
  readonly day: string | null;
  readonly extensionAllowed: boolean;
  readonly extensionApproval: boolean;
  readonly maxExtensions: number | null;
  readonly extensionsUnlimited: boolean;
  readonly maxTotalDays: number | null;
}
export const policyVersions: Table<PolicyVersionRow> = {
  table: 'policy_versions',
  columns: {
    id: uuid('id'),
    policy: uuid('policy_id'),
    name: text('name'),
    number: column('integer', 'number'),
    mode: text('mode'),
    expiration: text('expiration'),
    days: column('integer', 'expiration_days'),
    hours: column('integer', 'expiration_hours'),
    day: column('date', 'expiration_on'),
    customPeriod: column('boolean', 'custom_period'),
    reasonRequired: column('boolean', 'reason_required'),
    selfRequest: column('boolean', 'self_request'),
    onBehalf: column('boolean', 'on_behalf'),
    selfRemove: column('boolean', 'self_remove'),
    extensionAllowed: column('boolean', 'extension_allowed'),
    extensionApproval: column('boolean', 'extension_approval'),
    maxExtensions: column('integer', 'max_extensions'),
    extensionsUnlimited: column('boolean', 'extensions_unlimited'),
    maxTotalDays: column('integer', 'max_total_days'),
    endWhenOutOfScope: column('boolean', 'end_when_out_of_scope'),
    samePersonInStages: column('boolean', 'same_person_in_stages'),
  },
};

export const incompatibilities: Table<Incompatibility> = {
  table: 'incompatibilities',
  columns: {
    id: uuid('id'),
    package: uuid('package_id'),
    otherPackage: uuid('other_package_id'),
    otherGroup: uuid('other_group_id'),
    mutual: column('boolean', 'mutual'),
    otherList: text('other_list'),
    state: text('state'),
    version,
  },
};

export const exceptions = governed.exception;
