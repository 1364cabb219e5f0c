// The whole table of rights, role by act, in both catalogs: the one where the role is held and another one.
import type { Act, Holder } from '../../src/domain/permissions';
import { can, holderMay, permissions } from '../../src/domain/permissions';
import type { Roles } from '../../src/domain/facts';

const HOLDERS = [
  'administrator',
  'partnerAdministrator',
  'auditor',
  'catalogCreator',
  'catalogOwner',
  'catalogReader',
  'packageManager',
  'assignmentManager',
  'operator',
] as const satisfies readonly Holder[];

// One column per holder, in the order above; x may.
const TABLE: Readonly<Record<Act, string>> = {
  'settings.change': 'x.......x',
  'configuration.plan': 'x.......x',
  'configuration.apply': 'x.......x',
  'configuration.export': 'x.x.....x',
  'jobs.run': '........x',
  'roles.appoint': 'x........',
  'audit.read': 'x.x......',
  'reports.readAll': 'x.x......',
  'partners.manage': 'xx.......',
  'catalog.create': 'x..x.....',
  'catalog.read': 'x.x.xxxx.',
  'catalog.change': 'x...x....',
  'catalog.appoint': 'x...x....',
  'resource.add': 'x...x....',
  'resource.remove': 'x...x....',
  'package.change': 'x...x.x..',
  'package.share': 'x...x.x..',
  'policy.change': 'x...x.x..',
  'policy.changeAutomatic': 'x...x....',
  'incompatibility.change': 'x...x.x..',
  'assignment.read': 'x.x.x.xx.',
  'assignment.give': 'x...x.xx.',
  'assignment.remove': 'x...x.xx.',
  'assignment.reprocess': 'x...x.xx.',
  'request.read': 'x.x.x.xx.',
  'request.cancel': 'x...x.xx.',
  'review.manage': 'x...x.x..',
  'review.read': 'x.x.x.x..',
  'report.read': 'x.x.x.x..',
};

const acts = Object.keys(TABLE) as Act[];
const nobody: Roles = { administrator: false, auditor: false, onCatalog: [] };

test('every act has its row', () => {
  expect(acts.sort()).toEqual(Object.keys(permissions).sort());
});

describe.each(HOLDERS.map((holder, column) => ({ holder, column })))('$holder', ({ holder, column }) => {
  test.each(acts)('%s as the table says', (act) => {
    expect(holderMay(holder, act)).toBe(TABLE[act][column] === 'x');
  });
});

describe('roles held on the catalog in question', () => {
  test.each([
    { name: 'an administrator', roles: { ...nobody, administrator: true }, column: 0 },
    { name: 'an auditor', roles: { ...nobody, auditor: true }, column: 2 },
    { name: 'a catalog owner', roles: { ...nobody, onCatalog: ['catalogOwner'] as const }, column: 4 },
    { name: 'a catalog reader', roles: { ...nobody, onCatalog: ['catalogReader'] as const }, column: 5 },
    { name: 'a package manager', roles: { ...nobody, onCatalog: ['packageManager'] as const }, column: 6 },
    { name: 'an assignment manager', roles: { ...nobody, onCatalog: ['assignmentManager'] as const }, column: 7 },
  ])('$name may what the table says', ({ roles, column }) => {
    expect(acts.filter((act) => can(roles, act))).toEqual(acts.filter((act) => TABLE[act][column] === 'x'));
  });

  test('somebody without a role here, an owner elsewhere included, may nothing', () => {
    expect(acts.filter((act) => can(nobody, act))).toEqual([]);
  });

  test('two roles add up', () => {
    const roles: Roles = { ...nobody, onCatalog: ['catalogReader', 'assignmentManager'] };
    expect([can(roles, 'catalog.read'), can(roles, 'assignment.give'), can(roles, 'policy.change')]).toEqual([
      true,
      true,
      false,
    ]);
  });
});
