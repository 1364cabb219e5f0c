// Configuration as code: read the files, show the difference and whom it concerns, write it down. One transaction, audited,
// and applying the same files again changes nothing. Nothing is deleted because a file does not mention it.
import { DomainError } from '../domain/errors';
import { removeByFile } from './assignments';
import { can, holderMay, type Act } from '../domain/permissions';
import { affectedBy, draftPlan, finishPlan, type Plan, type PlanOptions } from './blueprint/plan';
import type { Draft } from './blueprint/draft';
import { newcomers } from './blueprint/incompatibilities';
import type { Blueprint } from './blueprint/read';
import type { By, Desk, Tx } from './ports';

export { parseBlueprint, problemText, type Blueprint, type Problem } from './blueprint/read';
export type { Plan, PlanOptions } from './blueprint/plan';
export { planText, problemsText } from './blueprint/text';

/** What applying the files would do. */
export function plan(desk: Desk, by: By, blueprint: Blueprint, options: PlanOptions = {}): Promise<Plan> {
  return desk.store.write(by, async (tx) => {
    await allow(tx, by, 'configuration.plan');
    return (await compare(tx, blueprint, options, () => Promise.resolve())).plan;
  });
}

/** Writes the files down, all or nothing. With problems in the plan nothing is written. */
export function apply(desk: Desk, by: By, blueprint: Blueprint, options: PlanOptions = {}): Promise<Plan> {
  return desk.store.write(by, async (tx) => {
    await allow(tx, by, 'configuration.apply');
    await tx.holdConfiguration();
    const { draft, plan: found } = await compare(tx, blueprint, options, (it) =>
      tx.holdChanged(it.changes, [...it.removals.map(({ person }) => person), ...newcomers(it)]),
    );
    if (found.problems.length > 0) return found;
    if (draft.changes.length + found.removals.length === 0) return { ...found, applied: true };
    await tx.saveConfiguration(draft.changes);
    for (const { assignment, reason } of found.removals) await removeByFile(tx, assignment, reason);
    const { created, changed, deleted } = found.counts;
    await tx.record([
      {
        type: 'settings.applied',
        subject: { kind: 'settings', id: 'blueprint' },
        refs: {},
        data: {
          created,
          changed,
          deleted,
          files: blueprint.files.length,
          digest: blueprint.digest,
          confirmed: found.brake !== null,
        },
      },
    ]);
    return { ...found, applied: true };
  });
}

/** `hold` comes before the counting: what a plan refuses because of people must still be so when it is saved. */
async function compare(
  tx: Tx,
  blueprint: Blueprint,
  options: PlanOptions,
  hold: (draft: Draft) => Promise<void>,
): Promise<{ draft: Draft; plan: Plan }> {
  const draft = draftPlan(
    await tx.configuration(),
    blueprint,
    { newId: () => tx.newId(), now: await tx.clock() },
    options,
  );
  await hold(draft);
  const affected = await tx.affected(affectedBy(draft));
  return { draft, plan: finishPlan(draft, affected, options) };
}

/** An operator at the command line, or an administrator; never a job. */
async function allow(tx: Tx, by: By, act: Act): Promise<void> {
  await tx.clock();
  const { actor } = by;
  const allowed =
    actor.kind === 'operator'
      ? holderMay('operator', act)
      : actor.kind === 'person' && can(await tx.roles(actor.id, null), act);
  if (!allowed) throw new DomainError('forbidden', {});
}
