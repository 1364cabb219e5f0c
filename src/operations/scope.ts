// People who left the scope of a policy that ends access then (rule 3.16): the acts around what the job finds.
import * as Rules from '../domain/assignment';
import { DomainError } from '../domain/errors';
import type { AssignmentId, PackageId, PersonId } from '../domain/model';
import { can } from '../domain/permissions';
import { confirmedLeavers, judgeLeavers, outOfScope } from '../domain/scope';
import type { Answering } from './act';
import { act, moment, personOf } from './act';
import { dropExtension } from './assignments';
import type { By, Desk, LeaversView } from './ports';

/**
 * Looks at those who left the scopes of a package's policies. Where they are many, owners are asked and nothing ends (rule 3.15). Returns
 * what is to end.
 */
export function judge(desk: Desk, by: By, pkg: PackageId): Promise<readonly AssignmentId[]> {
  return act(desk, by, async (tx) => {
    await tx.clock();
    const leavers = await tx.leavers(pkg);
    if (leavers === null) return [];
    const { found, change } = judgeLeavers(leavers);
    await tx.leaversJudged(leavers, found);
    if (change.events.length > 0) await tx.record(change.events);
    return found === 'ending' ? [...leavers.ending, ...leavers.found] : leavers.ending;
  });
}

/** Ends what only policies gave whose scope the holder has left. Looks once more, with the person locked. */
export function endOutOfScope(desk: Desk, by: By, id: AssignmentId): Promise<void> {
  return act(desk, by, async (tx) => {
    const facts = await tx.forAssignment(id);
    const change = Rules.endOutOfScope(facts, outOfScope(await tx.scopesOf(id)), moment(tx));
    await tx.save(change);
    await tx.leaverSettled(id);
    const ends = change.rows.some(({ noun, after }) => noun === 'assignment' && after.endedAt !== null);
    if (ends) await dropExtension(tx, facts, 'outOfScope');
  });
}

/** Somebody in charge agrees that the access of those ends whom the card named, and of nobody else. `set`: names them. */
export function confirm(
  desk: Desk,
  by: By,
  input: { readonly package: PackageId; readonly set: string },
  answering?: Answering<number>,
): Promise<number> {
  const person = personOf(by);
  return act(
    desk,
    by,
    async (tx) => {
      const pkg = await tx.leaversConfirmed(input.package, input.set);
      if (pkg === null || !can(await tx.roles(person, pkg.catalog), 'assignment.remove'))
        throw new DomainError('not-found', { what: 'package' });
      await tx.record(confirmedLeavers(pkg, person).events);
      return pkg.people;
    },
    answering,
  );
}

/** Who left the scope of a package's policies, for those in charge of it. */
export async function leaversOf(desk: Desk, viewer: PersonId, pkg: PackageId): Promise<LeaversView> {
  const view = await desk.views.leavers(pkg);
  if (view === null || !can(await desk.views.roles(viewer, view.catalog), 'assignment.remove'))
    throw new DomainError('not-found', { what: 'card' });
  return view;
}
