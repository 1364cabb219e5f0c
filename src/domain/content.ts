// What deciders saw of a package (rules 3.8, 3.27): nobody gives a role that they were not shown. Roles taken out meanwhile need no
// new look.
import type { DecideInput } from './decision';
import { DomainError } from './errors';
import type { RequestFacts } from './facts';
import type { PackageVersion } from './model';

type Roles = Pick<PackageVersion, 'roles'>;

const NOTHING: Roles = { roles: [] };

/** Whether the package holds a role now that somebody who decided this was not shown. */
export function gainedRoles(facts: RequestFacts): boolean {
  return facts.decisions.some(({ shown }) => gained(facts.content, contentNamed(facts, shown) ?? NOTHING).length > 0);
}

/** The roles that the package gained since this was asked for, by name. */
export function gainedSinceAsked(facts: RequestFacts): readonly string[] {
  return namesOf(facts, gained(facts.content, facts.asked));
}

/**
 * What the decider was shown of the package; null: nothing that it ever held. Throws where it has roles that they were not shown and
 * would give: a denial gives none, nor does an exception.
 *
 * Who decides by a number presses nothing that says what they saw. What was asked for counts as seen, and what it holds now where they
 * say its number as well.
 */
export function contentSeen(
  facts: RequestFacts,
  { decision, seen = null, shown, content = null }: Pick<DecideInput, 'decision' | 'seen' | 'shown' | 'content'>,
): PackageVersion | null {
  const { request } = facts;
  if (request.type === 'exception') return facts.asked;
  const isTyped = seen === null;
  const isNamed = isTyped && content === facts.content.number;
  const known = isNamed ? facts.content : contentNamed(facts, isTyped ? {} : shown);
  const added = gained(facts.content, known ?? NOTHING);
  if (decision === 'approve' && (known === null || added.length > 0)) {
    const { name } = facts.package;
    throw new DomainError('roles-added', { number: request.number, package: name, added: namesOf(facts, added) });
  }
  // Whoever typed has seen at least what is left of what was asked for.
  return isTyped ? facts.content : known;
}

/**
 * The content that is named by what somebody was shown. A release before this one drew cards that named none: there it is what was asked
 * for. Null: no content of this package, or one that is still to come.
 */
function contentNamed({ asked, content, seen }: RequestFacts, shown: DecideInput['shown']): PackageVersion | null {
  const id = shown['packageVersion'] ?? asked.id;
  const isOurs = (one: PackageVersion) => one.package === content.package && one.number <= content.number;
  return [asked, content, ...seen].find((one) => one.id === id && isOurs(one)) ?? null;
}

function gained({ roles }: Roles, then: Roles): Roles['roles'] {
  return roles.filter((now) => !then.roles.some((one) => one.role === now.role && one.scope === now.scope));
}

function namesOf(facts: RequestFacts, roles: Roles['roles']): readonly string[] {
  const named = facts.roles.filter((one) => roles.some(({ role, scope }) => one.role === role && one.scope === scope));
  return named.map(({ name }) => name);
}
