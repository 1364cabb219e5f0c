// What stands between a person and a package (rules 3.2, 3.3).
import type { Answer, Key, Organization, Policy, Terms } from './book';
import { packageOf, termsOf, works } from './book';
import { against, counts, exceptionOf, has } from './exceptions';

export function inScope(o: Organization, terms: Terms, target: Key): boolean {
  if (terms.who === null) return terms.mode === 'direct';
  return terms.who === 'all' || (o.groups[terms.who.slice(1)] ?? []).includes(target);
}

/** The gates that no exception opens and no policy. */
export function shut(o: Organization, target: Key, byOther: boolean): Answer | null {
  if (!works(o, target)) return byOther ? 'not-found' : 'person-disabled';
  return o.published ? null : 'catalog-closed';
}

/** The gate that is closed, in the order of rule 3.2. `open`: whether this policy, with these terms, would do. */
export function closed(
  o: Organization,
  target: Key,
  pack: Key,
  byOther: boolean,
  open: (policy: Policy, terms: Terms) => boolean,
): Answer | null {
  const gate = shut(o, target, byOther);
  if (gate !== null) return gate;
  const conflicts = against(o, pack).filter(({ other }) => has(o, target, other));
  if (conflicts.some(({ pair }) => !counts(o, exceptionOf(o, target, pair)))) return 'incompatible';
  return packageOf(o, pack).policies.some((one) => one.enabled && open(one, termsOf(o, one.current)))
    ? null
    : 'not-in-scope';
}

/** The gates for something that names its policy. Only enabled ones; the scope is that of the terms that it keeps. */
export function closedFor(o: Organization, target: Key, pack: Key, name: string, terms: number): Answer | null {
  return closed(o, target, pack, false, (policy) => policy.name === name && inScope(o, termsOf(o, terms), target));
}

/** Policies of the strictest kind that has the person in its scope (rule 3.3). */
export function strictest(o: Organization, target: Key, pack: Key): Policy[] {
  const fit = packageOf(o, pack).policies.filter((one) => {
    const terms = termsOf(o, one.current);
    return one.enabled && terms.mode === 'request' && inScope(o, terms, target);
  });
  const named = fit.filter((one) => termsOf(o, one.current).who !== 'all');
  return named.length > 0 ? named : fit;
}
