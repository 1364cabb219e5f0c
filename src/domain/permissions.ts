// Who may do what by a role of Usher: one table. Rights that come from being asked, meant or a manager are rules elsewhere.
import type { Roles } from './facts';
import type { RoleName } from './model';

/** Roles, and the operator at the command line. */
export type Holder = RoleName | 'operator';

const managers = ['administrator', 'catalogOwner', 'packageManager'] as const;
const assigners = [...managers, 'assignmentManager'] as const;
const readers = [...assigners, 'catalogReader', 'auditor'] as const;

/**
 * Act -> roles that may. Catalog roles count for the catalog they are held on: the caller asks for the roles there.
 * Nobody decides requests by a role: rule 3.5 routes that.
 */
export const permissions = {
  'settings.change': ['administrator', 'operator'],
  'configuration.plan': ['administrator', 'operator'],
  'configuration.apply': ['administrator', 'operator'],
  'configuration.export': ['administrator', 'auditor', 'operator'],
  'jobs.run': ['operator'],
  'roles.appoint': ['administrator'],
  'audit.read': ['administrator', 'auditor'],
  'reports.readAll': ['administrator', 'auditor'],
  'partners.manage': ['administrator', 'partnerAdministrator'],
  'catalog.create': ['administrator', 'catalogCreator'],
  'catalog.read': readers,
  'catalog.change': ['administrator', 'catalogOwner'],
  'catalog.appoint': ['administrator', 'catalogOwner'],
  /** Owners add only what they own as well; administrators any. */
  'resource.add': ['administrator', 'catalogOwner'],
  'resource.remove': ['administrator', 'catalogOwner'],
  'package.change': managers,
  'package.share': managers,
  'policy.change': managers,
  /** Owners only inside the rule scope that an administrator gave them. */
  'policy.changeAutomatic': ['administrator', 'catalogOwner'],
  'incompatibility.change': managers,
  'assignment.read': [...assigners, 'auditor'],
  'assignment.give': assigners,
  'assignment.remove': assigners,
  'assignment.reprocess': assigners,
  'request.read': [...assigners, 'auditor'],
  'request.cancel': assigners,
  'review.manage': managers,
  'review.read': [...managers, 'auditor'],
  'report.read': [...managers, 'auditor'],
} as const satisfies Record<string, readonly Holder[]>;

export type Act = keyof typeof permissions;

/** Whether somebody with these roles (on the catalog in question) may do it. */
export function can(roles: Roles, act: Act): boolean {
  const held: Holder[] = [...roles.onCatalog];
  if (roles.administrator) held.push('administrator');
  if (roles.auditor) held.push('auditor');
  return held.some((holder) => holderMay(holder, act));
}

/** Whether one role, or the operator, may do it. */
export function holderMay(holder: Holder, act: Act): boolean {
  const allowed: readonly Holder[] = permissions[act];
  return allowed.includes(holder);
}
