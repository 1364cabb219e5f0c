// The form for a package and a person, whoever fills it in and whatever is asked for: opening it, and reading what was typed.
import { DomainError, isRefusal } from '../../domain/errors';
import type { AskedPeriod, PackageId, PersonId, PolicyVersionId } from '../../domain/model';
import { askedPeriod } from '../../domain/policy';
import { exceptionFor } from '../../operations/exceptions';
import { formFor } from '../../operations/requests';
import { needsChoice } from '../present/forms';
import { isInvisible } from '../spans';
import type { Answer, Context, FormInput } from '../verb';
import { uuid } from '../verb';

export const DAY = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/;
const MAX_ANSWER = 2000;
/** The end of a day is the beginning of the next, and years have four digits. Whoever writes 9999 means for ever. */
const LAST_DAY = '9998-12-31';

interface PackageAndPerson {
  readonly package: PackageId;
  readonly target: PersonId;
}

const FORM_VERBS = {
  ask: { choose: 'request.choose', fill: 'request.submit' },
  assign: { choose: 'assignment.choose', fill: 'assignment.assign' },
} as const;

/**
 * Opens the form for a package and a person, after the same gates as the submit. Where the kinds of access that are offered ask
 * for different things, choosing one comes first. `more`: what is filled in already. Where only what the person has stands against
 * it, and an exception may be asked for, the form for that opens in its place.
 */
export async function openForm(
  context: Context,
  input: PackageAndPerson,
  mode: 'ask' | 'assign',
  more: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  try {
    const { offered, only } = await formFor(context.desk, context.who.person.id, input, mode);
    const { policy, ...others } = more;
    // What is not offered any more is not sent along by a form that does not ask for it.
    const known = offered.some((one) => one.id === policy) ? more : others;
    // What is sent is what is shown, also where there is nothing to choose.
    const filled = only === null ? known : { ...known, policy: only.id };
    return await openStep(context, FORM_VERBS[mode][needsChoice(offered) ? 'choose' : 'fill'], { ...filled, ...input });
  } catch (error) {
    if (isRefusal(error) && error.is('incompatible') && error.data.ask) return openException(context, input);
    throw error;
  }
}

/** Opens the form for an exception, by the policy that decides it now. */
export async function openException(
  context: Context,
  input: PackageAndPerson,
  more: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const { policy } = await exceptionFor(context.desk, context.who.person.id, input);
  return openStep(context, 'exception.submit', { ...more, ...input, policy: policy.id });
}

async function openStep(context: Context, verb: string, input: Readonly<Record<string, string>>): Promise<Answer> {
  const draft = await context.desk.drafts.create(context.who.person.id, verb, 'fill', input);
  return { view: 'form', params: { draft: draft.id }, place: 'form' };
}

/**
 * Sends a form. Where what is offered is another thing by now than what it showed, the form of today opens in its place, with what was
 * typed.
 */
export function sendOrReopen(
  context: Context,
  { values }: FormInput,
  mode: 'ask' | 'assign' | 'exception',
  send: () => Promise<Answer>,
): Promise<Answer> {
  return orReopen(send, () => {
    const input = { package: idOf(values, 'package') as PackageId, target: idOf(values, 'target') as PersonId };
    return mode === 'exception' ? openException(context, input, values) : openForm(context, input, mode, values);
  });
}

/** The same for any form: `reopen` opens the one of today. */
export async function orReopen(send: () => Promise<Answer>, reopen: () => Promise<Answer>): Promise<Answer> {
  try {
    return await send();
  } catch (error) {
    if (!isRefusal(error) || error.code !== 'policy-not-offered') throw error;
    const { params, ...answer } = await reopen();
    return { ...answer, params: { ...params, say: 'offerChanged' } };
  }
}

/** The kind of access is chosen: its own form follows. The draft of the choice stays, so that one can go back to it. */
export async function choosePolicy(
  context: Context,
  values: FormInput['values'],
  mode: 'ask' | 'assign',
): Promise<Answer> {
  const input = { package: idOf(values, 'package') as PackageId, target: idOf(values, 'target') as PersonId };
  const { facts, offered } = await formFor(context.desk, context.who.person.id, input, mode);
  const policy = policyOf(values);
  if (!offered.some((one) => one.id === policy))
    throw new DomainError('policy-not-offered', { package: facts.package.name }, 'policy');
  return openStep(context, FORM_VERBS[mode].fill, { ...values, ...input });
}

/** Dates are days; an end means the end of that day where the person who gets the access lives (rule 3.24). */
export function periodOf(values: Readonly<Record<string, string>>, zone: string): AskedPeriod {
  const day = (name: string): string | null => {
    const typed = (values[name] ?? '').trim();
    if (typed === '') return null;
    if (
      !DAY.test(typed) ||
      Number.isNaN(Date.parse(`${typed}T00:00:00Z`)) ||
      new Date(`${typed}T00:00:00Z`).toISOString().slice(0, 10) !== typed
    ) {
      throw new DomainError('not-a-date', { typed: typed.slice(0, 40) }, name);
    }
    return typed > LAST_DAY ? LAST_DAY : typed;
  };
  return askedPeriod({ startDate: day('start'), endDate: day('end'), hours: null }, zone);
}

/** Answers by question id. Longer ones than any form allows come from no form of ours. */
export function answersOf(values: Readonly<Record<string, string>>): Record<string, string> {
  const answers: Record<string, string> = {};
  for (const [key, value] of Object.entries(values)) {
    if (!key.startsWith('answer.')) continue;
    if (value.length > MAX_ANSWER) throw new DomainError('text-too-long', { field: 'answer', max: MAX_ANSWER }, key);
    answers[key.slice('answer.'.length)] = isInvisible(value) ? '' : value;
  }
  return answers;
}

export function idOf(values: Readonly<Record<string, string>>, name: string): string {
  const found = uuid.safeParse(values[name]);
  if (!found.success) throw new DomainError('draft-gone', {});
  return found.data;
}

export function policyOf(values: Readonly<Record<string, string>>): PolicyVersionId | null {
  const found = uuid.safeParse(values['policy']);
  return found.success ? (found.data as PolicyVersionId) : null;
}

export function reasonOf(values: Readonly<Record<string, string>>): string | null {
  const reason = (values['reason'] ?? '').trim();
  // Nobody could read it, so it is none.
  return isInvisible(reason) ? null : reason;
}
