// What owners do when a role could not be given: have it tried again, by the button of the message or by names.
import { z } from 'zod';
import { DomainError } from '../../domain/errors';
import type { AssignmentId } from '../../domain/model';
import { heldOf } from '../../operations/assignments';
import { reprocess } from '../../operations/placements';
import type { StoredReply } from '../../operations/ports';
import type { Answer, Context, Verb } from '../verb';
import { read, uuid } from '../verb';
import { pairBeside, pairChosen } from './pairs';

const byId = z.object({ assignment: uuid });

async function again(context: Context, assignment: AssignmentId): Promise<Answer> {
  const answer: StoredReply = { view: 'deliveryFailed', params: { assignment } };
  await reprocess(context.desk, context.by, assignment, () => answer);
  return { view: 'deliveryFailed', params: answer.params, place: 'replace' };
}

const ofPair = async (context: Context, pair: Parameters<typeof heldOf>[2]): Promise<Answer> =>
  again(context, await heldOf(context.desk, context.who.person.id, pair));

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
    submit: (context, input) => ofPair(context, pairChosen(input)),
    typed: [
      {
        words: 'reprocess',
        // More words may name both.
        opens: (rest) => !rest.includes(' '),
        run: (context, rest) => pairBeside(context, rest, (pair) => ofPair(context, pair)),
        help: { usage: 'reprocess <person> <package>', line: 'help.reprocess', only: 'owners' },
      },
    ],
  },
} as const satisfies Record<string, Verb>;
