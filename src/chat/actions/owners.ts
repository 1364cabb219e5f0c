// What owners do: direct assignment and its removal.
import { z } from 'zod';
import { DomainError } from '../../domain/errors';
import type { AssignmentId, PackageId, PersonId } from '../../domain/model';
import { heldOf, remove } from '../../operations/assignments';
import { assign } from '../../operations/requests';
import type { StoredReply } from '../../operations/ports';
import type { Answer, Context, FormInput, Verb } from '../verb';
import { read, uuid } from '../verb';
import { pairChosen, pairTyped } from './pairs';
import { answersOf, choosePolicy, idOf, openForm, periodOf, policyOf, reasonOf, sendOrReopen } from './request-form';
import { openRemoval } from './requests';

const pair = z.object({ package: uuid, target: uuid });

async function send(context: Context, { values, draft }: FormInput): Promise<Answer> {
  const target = idOf(values, 'target') as PersonId;
  const person = await context.desk.views.person(target);
  if (!person) throw new DomainError('not-found', { what: 'person' });
  const stored = (asked: { request: string }): StoredReply => ({
    view: 'request',
    params: { request: asked.request, say: 'assigned' },
  });
  const asked = await assign(
    context.desk,
    context.by,
    {
      target,
      package: idOf(values, 'package') as PackageId,
      policyVersion: policyOf(values),
      period: periodOf(values, person.timeZone),
      zone: person.timeZone,
      reason: reasonOf(values),
      answers: answersOf(values),
      draft,
    },
    stored,
  );
  return { view: 'request', params: stored(asked).params, place: 'replace' };
}

const removalOf = async (context: Context, pair: Parameters<typeof heldOf>[2]): Promise<Answer> =>
  openRemoval(context, await heldOf(context.desk, context.who.person.id, pair));

export const ownerVerbs = {
  'assignment.start': {
    kind: 'reads',
    opens: true,
    press: () => Promise.resolve({ view: 'find', params: { mode: 'assign' }, place: 'form' }),
    typed: [
      {
        words: 'assign',
        opens: () => true,
        run: (context, rest) => pairTyped(context, 'assign', rest, (pair) => openForm(context, pair, 'assign')),
        help: { usage: 'assign <person> to <package>', line: 'help.assign', first: true, only: 'owners' },
      },
    ],
  },
  'assignment.fill': {
    kind: 'reads',
    opens: true,
    press: async (context, data) => {
      const found = read(pair, data);
      if (!found) throw new DomainError('not-found', { what: 'package' });
      return openForm(context, { package: found.package as PackageId, target: found.target as PersonId }, 'assign');
    },
    submit: (context, input) => openForm(context, pairChosen(input), 'assign'),
  },
  'assignment.choose': {
    kind: 'reads',
    opens: true,
    press: () => Promise.reject(new DomainError('draft-gone', {})),
    submit: (context, { values }) => choosePolicy(context, values, 'assign'),
  },
  'assignment.assign': {
    kind: 'writes',
    opens: false,
    press: () => Promise.reject(new DomainError('draft-gone', {})),
    submit: (context, input) => sendOrReopen(context, input, 'assign', () => send(context, input)),
  },
  /** The form that asks whose access to what is to be removed, sent; the next one asks why. */
  'removal.fill': {
    kind: 'reads',
    opens: true,
    press: () => Promise.reject(new DomainError('draft-gone', {})),
    submit: (context, input) => removalOf(context, pairChosen(input)),
  },
  'assignment.remove': {
    kind: 'writes',
    opens: true,
    press: (context, data) => {
      const found = read(z.object({ assignment: uuid }), data);
      if (!found) throw new DomainError('not-found', { what: 'assignment' });
      return openRemoval(context, found.assignment as AssignmentId);
    },
    submit: async (context, { values, draft }) => {
      const assignment = idOf(values, 'assignment') as AssignmentId;
      const { request } = values;
      // Whoever asked for it looks at what they asked for; the assignment itself is not theirs to see.
      const view = request === undefined ? 'accessEnded' : 'request';
      const params = request === undefined ? { assignment, say: 'removed' } : { request, say: 'canceled' };
      await remove(context.desk, context.by, { assignment, reason: reasonOf(values), draft }, () => ({ view, params }));
      return { view, params, place: 'replace' };
    },
    typed: [
      {
        words: 'remove',
        opens: () => true,
        run: (context, rest) => pairTyped(context, 'remove', rest, (pair) => removalOf(context, pair)),
        help: { usage: 'remove <person> from <package>', line: 'help.remove', only: 'owners' },
      },
    ],
  },
} as const satisfies Record<string, Verb>;
