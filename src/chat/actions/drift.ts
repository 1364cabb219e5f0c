// What was changed outside of Usher: those in charge look at it, and say whether Usher may change very much at once.
import { z } from 'zod';
import { DomainError } from '../../domain/errors';
import type { ResourceId } from '../../domain/model';
import { answer } from '../../operations/drift';
import type { StoredReply } from '../../operations/ports';
import { nameAndSet, oneOf } from '../names';
import type { Answer, Context, Verb } from '../verb';
import { read, uuid } from '../verb';

const byId = z.object({ resource: uuid });
const asked = z.object({ resource: uuid, set: z.string().regex(/^[0-9a-f]{8}$/) });

function look(data: unknown): Answer {
  const found = read(byId, data);
  if (!found) throw new DomainError('not-found', { what: 'card' });
  return { view: 'driftDetails', params: { resource: found.resource }, place: 'new' };
}

async function give(context: Context, accept: boolean, data: unknown): Promise<Answer> {
  const found = read(asked, data);
  if (!found) throw new DomainError('not-found', { what: 'card' });
  const { resource, set } = found;
  const stored: StoredReply = { view: 'drift', params: { resource } };
  await answer(context.desk, context.by, { resource: resource as ResourceId, set, accept }, () => stored);
  return { view: 'drift', params: stored.params, place: 'replace' };
}

/** The last word names what was shown, as the card types it; without it, or with an old one, the card says how it is now. */
async function typed(context: Context, accept: boolean | null, rest: string): Promise<Answer> {
  const all = await context.desk.views.differing(context.who.person.id);
  // A name may end like a set does.
  const whole = rest.trim();
  const { name, set } = all.some((one) => isNamed(one, whole)) ? { name: whole, set: null } : nameAndSet(whole);
  const shown = all.find((one) => one.set !== null && one.set === set && isNamed(one, name));
  const found = shown ?? (await oneOf(all, name));
  if (!found) throw new DomainError('not-found', { what: 'differences' });
  if (accept === null || set === null) return look({ resource: found.id });
  return give(context, accept, { resource: found.id, set });
}

const isNamed = (one: { readonly name: string }, name: string): boolean =>
  one.name.toLowerCase() === name.toLowerCase();

const fresh = (data: unknown): Answer | null => {
  const found = read(byId, data);
  return found ? { view: 'drift', params: { resource: found.resource }, place: 'replace' } : null;
};

export const driftVerbs = {
  'drift.show': {
    kind: 'reads',
    opens: false,
    press: (_context, data) => Promise.resolve(look(data)),
    typed: [
      {
        words: 'changes',
        run: (context, rest) => typed(context, null, rest),
        help: { usage: 'changes <resource>', line: 'help.changes', only: 'keepers' },
      },
    ],
  },
  'drift.accept': {
    kind: 'writes',
    opens: false,
    press: (context, data) => give(context, true, data),
    fresh,
    typed: [{ words: 'accept changes', run: (context, rest) => typed(context, true, rest) }],
  },
  'drift.decline': {
    kind: 'writes',
    opens: false,
    press: (context, data) => give(context, false, data),
    fresh,
    typed: [{ words: 'decline changes', run: (context, rest) => typed(context, false, rest) }],
  },
} as const satisfies Record<string, Verb>;
