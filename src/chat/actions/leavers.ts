// What owners do when so many left the scope of a package that nobody loses it without their word (rule 3.15).
import { z } from 'zod';
import { DomainError } from '../../domain/errors';
import type { PackageId } from '../../domain/model';
import { confirm, leaversOf } from '../../operations/scope';
import { assigns } from '../../operations/assignments';
import { isPackageName, nameAndSet, oneOf, packageOf } from '../names';
import type { Answer, Context, Verb } from '../verb';
import { read, uuid } from '../verb';

const byId = z.object({ package: uuid });
const asked = z.object({ package: uuid, set: z.string().regex(/^[0-9a-f]{8}$/) });

async function agree(context: Context, pkg: PackageId, set: string): Promise<Answer> {
  const answer = { view: 'leavers', params: { package: pkg } } as const;
  await confirm(context.desk, context.by, { package: pkg, set }, () => answer);
  return { ...answer, place: 'replace' };
}

/** The last word names what was shown, as the card types it; without it, or with an old one, the card says how it is now. */
async function typed(context: Context, said: string): Promise<Answer> {
  const rest = said.replace(/^from(?: |$)/i, '');
  if (rest === '') {
    const waiting = await oneOf(await context.desk.views.askedLeavers(context.who.person.id), '');
    if (!waiting) throw new DomainError('not-found', { what: 'leavers' });
    return { view: 'leavers', params: { package: waiting.id }, place: 'new' };
  }
  const me = context.who.person.id;
  if (!(await assigns(context.desk, me))) throw new DomainError('forbidden', {});
  // A name may end like a set does.
  const isName = await isPackageName(context, rest, me, true);
  const { name, set } = isName ? { name: rest, set: null } : nameAndSet(rest);
  const { id } = await packageOf(context, name, me, true);
  if (set === null) return { view: 'leavers', params: { package: id }, place: 'new' };
  const now = await leaversOf(context.desk, me, id);
  return now.set === set || now.set === null
    ? agree(context, id, set)
    : { view: 'leavers', params: { package: id, say: 'movedOn' }, place: 'new' };
}

export const leaverVerbs = {
  'package.removeLeavers': {
    kind: 'writes',
    opens: false,
    press: (context, data) => {
      const found = read(asked, data);
      if (!found) throw new DomainError('not-found', { what: 'package' });
      return agree(context, found.package as PackageId, found.set);
    },
    fresh(data) {
      const found = read(byId, data);
      return found ? { view: 'leavers', params: { package: found.package }, place: 'replace' } : null;
    },
    typed: [
      {
        words: 'remove leavers',
        run: typed,
        help: { usage: 'remove leavers from <package>', line: 'help.removeLeavers', only: 'owners' },
      },
    ],
  },
} as const satisfies Record<string, Verb>;
