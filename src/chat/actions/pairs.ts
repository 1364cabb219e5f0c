// A person and a package by their typed names, for those who assign: both of them, or a form with the one that was named.
import { DomainError, isRefusal } from '../../domain/errors';
import type { PackageId, PersonId } from '../../domain/model';
import { firstThatFits, MOST_READINGS, packageOf, personNamed, splits } from '../names';
import type { Answer, Context, FormInput } from '../verb';
import { uuid } from '../verb';

type Mode = 'assign' | 'remove' | 'reprocess';

interface Pair {
  readonly target: PersonId;
  readonly package: PackageId;
}

/** What stands between the names; `reprocess` has nothing there. */
const BETWEEN = { assign: 'to', remove: 'from' } as const;

/** `assign <person> to <package>`: `whole` answers for both, the form for whatever was left out. */
export async function pairTyped(
  context: Context,
  mode: keyof typeof BETWEEN,
  rest: string,
  whole: (pair: Pair) => Promise<Answer>,
): Promise<Answer> {
  const readings = splits(rest, BETWEEN[mode]);
  if (readings.length === 0) return halfForm(context, mode, rest);
  return whole(
    await firstThatFits(
      readings.map(
        ([who, name]) =>
          () =>
            pairOf(context, who, name),
      ),
    ),
  );
}

/** `reprocess <person> <package>`: names may be half typed, so every place between two words is tried as the border. */
export async function pairBeside(
  context: Context,
  rest: string,
  whole: (pair: Pair) => Promise<Answer>,
): Promise<Answer> {
  const words = rest.split(' ');
  if (words.length > MOST_READINGS) return halfForm(context, 'reprocess', '');
  let refusal: DomainError | null = null;
  for (let border = 1; border < words.length; border += 1) {
    const pair = await known(pairOf(context, words.slice(0, border).join(' '), words.slice(border).join(' ')));
    if (!(pair instanceof DomainError)) return whole(pair);
    // What came nearest to a name is what helps.
    if (refusal === null || (refusal.code === 'not-found' && pair.code !== 'not-found')) refusal = pair;
  }
  const half = await known(halfForm(context, 'reprocess', rest));
  if (!(half instanceof DomainError)) return half;
  throw refusal ?? half;
}

/** The form sent: what was chosen in it. */
export function pairChosen({ values }: FormInput): Pair {
  const target = uuid.safeParse(values['target']);
  if (!target.success) throw new DomainError('not-found', { what: 'person' }, 'target');
  const pkg = uuid.safeParse(values['package']);
  if (!pkg.success) throw new DomainError('not-found', { what: 'package' }, 'package');
  return { package: pkg.data as PackageId, target: target.data as PersonId };
}

/** Among all people, and the packages that the person may assign. */
async function pairOf(context: Context, who: string, name: string): Promise<Pair> {
  const target = (await personNamed(context, who, null)).id;
  return { target, package: (await packageOf(context, name, target, true)).id };
}

/** The form with what was named: the person before the word, the package after it, or either where there is no word. */
async function halfForm(context: Context, mode: Mode, rest: string): Promise<Answer> {
  const find = (named: Answer['params']): Answer => ({ view: 'find', params: { mode, ...named }, place: 'form' });
  const withPerson = async (who: string): Promise<Answer> => {
    const target = await personNamed(context, who, null);
    return find({ target: target.id, targetName: target.name });
  };
  const withPackage = async (name: string): Promise<Answer> => {
    const pkg = await packageOf(context, name, context.who.person.id, true);
    return find({ package: pkg.id, packageName: pkg.name });
  };
  const word = mode === 'reprocess' ? null : BETWEEN[mode];
  if (rest === '' || rest.toLowerCase() === word) return find({});
  if (word !== null) {
    const lower = rest.toLowerCase();
    if (lower.startsWith(`${word} `)) return withPackage(rest.slice(word.length).trim());
    if (lower.endsWith(` ${word}`)) return withPerson(rest.slice(0, -word.length).trim());
  }
  return firstThatFits([() => withPerson(rest), () => withPackage(rest)]);
}

/** What comes of it, or the refusal; but who may not look people up at all may not by other words either. */
async function known<T>(found: Promise<T>): Promise<T | DomainError> {
  try {
    return await found;
  } catch (error) {
    if (!isRefusal(error) || error.code === 'forbidden') throw error;
    return error;
  }
}
