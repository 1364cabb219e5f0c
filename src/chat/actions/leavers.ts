// What owners do when so many left the scope of a package that nobody loses it without their word (rule 3.15).
import { z } from 'zod';
import { DomainError } from '../../domain/errors';
import type { PackageId } from '../../domain/model';
import { confirm } from '../../operations/scope';
import { oneOf, packageOf } from '../names';
import type { Answer, Context, Verb } from '../verb';
import { read, uuid } from '../verb';

const LAST = 8.64e15;
const asked = z.object({ package: uuid, asked: z.number().int().min(0).max(LAST) });

async function agree(context: Context, pkg: PackageId, until: Date): Promise<Answer> {
  const answer = { view: 'leavers', params: { package: pkg } } as const;
  await confirm(context.desk, context.by, { package: pkg, asked: until }, () => answer);
  return { ...answer, place: 'replace' };
}

/** The last word names what was shown, as the card types it; without it the card says how it is now. */
async function typed(context: Context, said: string): Promise<Answer> {
  const rest = said.replace(/^from(?: |$)/i, '');
  if (rest === '') {
    const waiting = await oneOf(await context.desk.views.askedLeavers(context.who.person.id), '');
    if (!waiting) throw new DomainError('not-found', { what: 'leavers' });
    return { view: 'leavers', params: { package: waiting.id }, place: 'new' };
  }
  const [, name = rest, shown = null] = /^(.+?)\s+(\d{13})$/.exec(rest) ?? [];
  const { id } = await packageOf(context, name, context.who.person.id, true);
  return shown === null
    ? { view: 'leavers', params: { package: id }, place: 'new' }
    : agree(context, id, new Date(Number(shown)));
}

export const leaverVerbs = {
  'package.removeLeavers': {
    kind: 'writes',
    opens: false,
    press: (context, data) => {
      const found = read(asked, data);
      if (!found) throw new DomainError('not-found', { what: 'package' });
      return agree(context, found.package as PackageId, new Date(found.asked));
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
