// What owners do when a role could not be given: have it tried again, by the button of the message or by names.
import { z } from 'zod';
import { DomainError, isRefusal } from '../../domain/errors';
import type { AssignmentId } from '../../domain/model';
import { reprocess } from '../../operations/placements';
import type { StoredReply } from '../../operations/ports';
import { MOST_READINGS, packageOf, personNamed } from '../names';
import type { Answer, Context, Verb } from '../verb';
import { read, uuid } from '../verb';

const byId = z.object({ assignment: uuid });

async function again(context: Context, assignment: AssignmentId): Promise<Answer> {
  const answer: StoredReply = { view: 'deliveryFailed', params: { assignment } };
  await reprocess(context.desk, context.by, assignment, () => answer);
  return { view: 'deliveryFailed', params: answer.params, place: 'replace' };
}

/** What the person holds of the package; names may be half typed, so every place between two words is tried as the border. */
async function heldNamed(context: Context, typed: string): Promise<AssignmentId> {
  const words = typed.trim().split(/\s+/);
  let refusal: DomainError | null = null;
  const borders = words.length > MOST_READINGS ? 0 : words.length;
  for (let border = 1; border < borders; border += 1) {
    try {
      const target = await personNamed(context, words.slice(0, border).join(' '), null);
      const pkg = await packageOf(context, words.slice(border).join(' '), target.id, true);
      const held = await context.desk.views.liveAssignment(target.id, pkg.id);
      if (!held) throw new DomainError('not-held', { package: pkg.name, target: target.name });
      return held;
    } catch (error) {
      // Who may not look people up may not at the next border either.
      if (!isRefusal(error) || error.code === 'forbidden') throw error;
      // What came nearest to a name is what helps.
      if (refusal === null || (refusal.code === 'not-found' && error.code !== 'not-found')) refusal = error;
    }
  }
  throw (
    refusal ??
    new DomainError('unknown-command', { typed: `reprocess ${typed}`.trim(), near: 'reprocess <person> <package>' })
  );
}

export const reprocessVerbs = {
  'assignment.reprocess': {
    kind: 'writes',
    opens: false,
    press: (context, data) => {
      const found = read(byId, data);
      if (!found) throw new DomainError('not-found', { what: 'assignment' });
      return again(context, found.assignment as AssignmentId);
    },
    fresh: (data) => {
      const found = read(byId, data);
      return found ? { view: 'deliveryFailed', params: { assignment: found.assignment }, place: 'replace' } : null;
    },
    typed: [
      {
        words: 'reprocess',
        run: async (context, rest) => again(context, await heldNamed(context, rest)),
        help: { usage: 'reprocess <person> <package>', line: 'help.reprocess', only: 'owners' },
      },
    ],
  },
} as const satisfies Record<string, Verb>;
