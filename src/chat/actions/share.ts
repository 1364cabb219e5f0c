// Telling others of a package: a link that opens its form.
import { z } from 'zod';
import { DomainError } from '../../domain/errors';
import { isLinkCode } from '../../domain/link';
import type { PackageId } from '../../domain/model';
import { share } from '../../operations/packages';
import { MOST_LINKS } from '../links';
import { packageToShare } from '../names';
import type { Answer, Context, Verb } from '../verb';
import { PREVIEW, read, uuid } from '../verb';
import { named } from './requests';

const byId = z.object({ package: uuid });
/** Codes of links, with commas between them. */
const posted = z.object({
  codes: z.string().refine((codes) => {
    const all = codes.split(',');
    return all.length <= MOST_LINKS && all.every(isLinkCode);
  }),
  apart: z.boolean(),
});

async function shown(context: Context, data: unknown, place: Answer['place'], field?: string): Promise<Answer> {
  const found = read(byId, data);
  if (!found) throw new DomainError('not-found', { what: 'package' }, field);
  await share(context.desk, context.who.person.id, found.package as PackageId);
  return { view: 'share', params: { package: found.package }, place };
}

export const shareVerbs = {
  'package.share': {
    kind: 'reads',
    opens: false,
    press: (context, data) => shown(context, data, 'new'),
    typed: [
      {
        words: 'share',
        opens: (rest) => !named(rest),
        run: async (context, rest) =>
          named(rest)
            ? shown(context, { package: (await packageToShare(context, rest)).id }, 'new')
            : { view: 'find', params: { mode: 'share' }, place: 'form' },
        help: { usage: 'share <package>', line: 'help.share' },
      },
    ],
  },
  [PREVIEW]: {
    kind: 'reads',
    opens: false,
    press: (_context, data) => {
      const found = read(posted, data);
      if (!found) throw new DomainError('not-found', { what: 'card' });
      return Promise.resolve({ view: 'preview', params: { ...found }, place: 'new' });
    },
  },
  /** The form that asks which one, sent. */
  'share.fill': {
    kind: 'reads',
    opens: false,
    press: () => Promise.reject(new DomainError('draft-gone', {})),
    submit: (context, { values }) => shown(context, values, 'replace', 'package'),
  },
} as const satisfies Record<string, Verb>;
