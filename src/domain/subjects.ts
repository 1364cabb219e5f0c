// Subject sets: how wide they are. Who is in one is found by the store, in SQL, because that is asked of everybody at once.
import type { Person, PolicyVersion, SubjectSet } from './model';

/** Width of a set by the categories of rule 3.3: 1 is the strictest. */
export function widthOf(set: SubjectSet): 1 | 2 | 3 | 4 | 5 {
  switch (set.kind) {
    case 'person':
    case 'group':
    case 'manager':
    case 'organization':
      return 1;
    case 'allMembers':
      return 2;
    case 'allMembersAndGuests':
      return 3;
    case 'allConfiguredOrganizations':
      return 4;
    case 'anyone':
      return 5;
    default:
      return never(set);
  }
}

/** A policy is as wide as its widest set: a narrow set beside a wide one makes nobody's way stricter. */
export function widthOfPolicy(policy: Pick<PolicyVersion, 'targets'>): number {
  return Math.max(1, ...policy.targets.map(widthOf));
}

/** People of other organizations; everything external hangs on this one question. */
export function isOutsider(person: Pick<Person, 'kind'>): boolean {
  return person.kind === 'guest';
}

function never(set: never): never {
  throw new Error(`unknown subject set ${JSON.stringify(set)}`);
}
