// Asking for an exception: to have a package for a while beside something with which it does not go together.
import { DomainError } from '../../domain/errors';
import { askException } from '../../operations/requests';
import { isPackageName, packageOf } from '../names';
import type { Answer, Context, Verb } from '../verb';
import { openException, sendOrReopen } from './request-form';
import { chosen, chosenIn, pairNamed, send } from './requests';

const find: Answer = { view: 'find', params: { mode: 'exception' }, place: 'form' };

/** `ask exception <package>`, `ask exception <package> for <person>`. */
async function typedException(context: Context, rest: string): Promise<Answer> {
  const bare = rest.replace(/^(?:for|to)(?=\s|$)/i, '').trim();
  if (bare === '') return find;
  const me = context.who.person.id;
  for (const whole of new Set([rest, bare]))
    if (await isPackageName(context, whole, me)) {
      const { id } = await packageOf(context, whole, me, false);
      return openException(context, { package: id, target: me });
    }
  return openException(context, await pairNamed(context, bare));
}

export const exceptionVerbs = {
  'exception.fill': {
    kind: 'reads',
    opens: true,
    press: (context, data) => openException(context, chosen(context, data)),
    submit: (context, input) => openException(context, chosenIn(context, input)),
    typed: ['ask exception', 'ask for an exception'].map((words, n) => ({
      words,
      opens: () => true,
      run: typedException,
      ...(n === 0 ? { help: { usage: 'ask exception <package>', line: 'help.exception' } } : {}),
    })),
  },
  'exception.submit': {
    kind: 'writes',
    opens: false,
    press: () => Promise.reject(new DomainError('draft-gone', {})),
    submit: (context, input) => sendOrReopen(context, input, 'exception', () => send(context, input, askException)),
  },
} as const satisfies Record<string, Verb>;
