// Handing one's approvals to somebody else for a while, and answering such an offer.
import { z } from 'zod';
import { DomainError } from '../../domain/errors';
import type { CatalogId, Delegation, DelegationId, PackageId, PersonId } from '../../domain/model';
import { dateIn } from '../../domain/time';
import { answer, delegationsOf, end, propose } from '../../operations/delegations';
import type { Offer } from '../../operations/delegations';
import type { StoredReply } from '../../operations/ports';
import { DAY_TYPED, dayTyped } from '../days';
import { anybodyNamed, closest, firstThatFits, oneOf, splits } from '../names';
import { plain } from '../text';
import { bareName } from '../typed';
import type { Answer, Context, FormInput, Verb } from '../verb';
import { read, uuid } from '../verb';
import { label, say } from '../words';
import { idOf, DAY } from './request-form';
import { list } from './requests';

const byId = z.object({ delegation: uuid });
const scope = z.string().regex(/^(?:package|catalog):[0-9a-f-]{36}$/);

/** Names that are looked among for what is nearly one. */
const MOST_SCOPES = 200;
const MOST_NAMES = 200;

function delegationIn(data: unknown): DelegationId {
  const found = read(byId, data);
  if (!found) throw new DomainError('not-found', { what: 'card' });
  return found.delegation as DelegationId;
}

const shown = (delegation: DelegationId, place: Answer['place']): Answer => ({
  view: 'delegationNews',
  params: { delegation },
  place,
});
const stored = (delegation: DelegationId): StoredReply => ({ view: 'delegationNews', params: { delegation } });
const fresh = (data: unknown): Answer => shown(delegationIn(data), 'replace');

async function offer(context: Context, input: Offer): Promise<Answer> {
  return shown(await propose(context.desk, context.by, input, stored), 'replace');
}

/** The form, filled in as far as something was said. */
async function open(context: Context, filled: Readonly<Record<string, string>>): Promise<Answer> {
  const me = context.who.person.id;
  // Whoever decides nothing fills in no form.
  if (!(await context.desk.views.decides(me))) throw new DomainError('nothing-to-delegate', {});
  const draft = await context.desk.drafts.create(me, 'delegation.propose', 'fill', filled);
  return { view: 'form', params: { draft: draft.id }, place: 'form' };
}

function dayIn(values: FormInput['values'], name: string): string | null {
  const typed = (values[name] ?? '').trim();
  if (typed === '') return null;
  if (!DAY.test(typed)) throw new DomainError('not-a-date', { typed: typed.slice(0, 40) }, name);
  return typed;
}

async function send(context: Context, { values, draft }: FormInput): Promise<Answer> {
  const last = dayIn(values, 'until');
  if (last === null) throw new DomainError('not-a-date', { typed: '' }, 'until');
  const chosen = values['scope'] ?? '';
  if (chosen !== '' && !scope.safeParse(chosen).success)
    throw new DomainError('not-found', { what: 'delegable' }, 'scope');
  return offer(context, {
    delegate: idOf(values, 'delegate') as PersonId,
    first: dayIn(values, 'from'),
    last,
    ...scopeOf(chosen),
    draft,
  });
}

function scopeOf(chosen: string): Pick<Offer, 'package' | 'catalog'> {
  const [kind, id = ''] = chosen.split(':');
  return {
    package: kind === 'package' ? (id as PackageId) : null,
    catalog: kind === 'catalog' ? (id as CatalogId) : null,
  };
}

/** What was typed, taken apart: the days where something reads as such, and what is left of it. */
interface Said {
  readonly who: string;
  readonly from: string | null;
  readonly until: string | null;
  /** Words where a day belongs that are none. */
  readonly unsure: boolean;
}

const FROM = new RegExp(`\\s(?:from|starting)\\s(${DAY_TYPED})(?=$|[\\s.,;!])`, 'i');
const UNTIL = new RegExp(`\\s(?:until|till|to|through)\\s(${DAY_TYPED})(?=$|[\\s.,;!])`, 'i');

function said(rest: string): Said {
  const from = FROM.exec(` ${rest}`)?.[1] ?? null;
  const until = UNTIL.exec(` ${rest}`)?.[1] ?? null;
  const left = ` ${rest}`.replace(FROM, '').replace(UNTIL, '').trim();
  const who = left.replace(/^(?:(?:my )?approvals(?:\s|$))?(?:to(?:\s|$))?/i, '').trim();
  const [named = who] = who.split(/\s(?:from|until|till|starting)(?=\s|$)/i);
  return { who: named, from, until, unsure: named !== who };
}

/** Whether a form answers: something is missing, or cannot be read. */
const isHalf = (rest: string): boolean => {
  const { who, until, unsure } = said(rest);
  return who === '' || until === null || unsure || /(?:^|\s)for$/i.test(who);
};

async function typed(context: Context, rest: string): Promise<Answer> {
  const me = context.who.person;
  if (!(await context.desk.views.decides(me.id))) throw new DomainError('nothing-to-delegate', {});
  const { who, from, until } = said(rest);
  const today = dateIn(await context.desk.views.now(), me.timeZone);
  const days = {
    ...(from === null ? {} : { from: dayTyped(from, today) }),
    ...(until === null ? {} : { until: dayTyped(until, today) }),
  };
  const named = who.replace(/(?:^|\s)for$/i, '');
  const found = named === '' ? null : await whoAndWhat(context, named);
  if (isHalf(rest) || found === null)
    return open(context, { ...days, ...(found ? { delegate: found.delegate, scope: found.scope } : {}) });
  return offer(context, {
    delegate: found.delegate,
    first: days.from ?? null,
    last: days.until ?? '',
    ...scopeOf(found.scope),
    draft: null,
  });
}

/** "Ben for Payroll": a person, and a package or catalog where one is named. */
function whoAndWhat(context: Context, named: string): Promise<{ delegate: PersonId; scope: string }> {
  const whole = async () => ({ delegate: (await anybodyNamed(context, named)).id, scope: '' });
  const split = splits(named, 'for').map(([who, what]) => async () => ({
    delegate: (await anybodyNamed(context, who)).id,
    scope: await scopeNamed(context, what),
  }));
  return firstThatFits([...split, whole]);
}

async function scopeNamed(context: Context, what: string): Promise<string> {
  const me = context.who.person.id;
  const bare = bareName(what).replace(/^(?:the )?(?:package|catalog) /i, '');
  const few = await context.desk.views.delegable(me, { text: bare, limit: MOST_SCOPES });
  const rows = few.length > 0 ? few : await context.desk.views.delegable(me, { limit: MOST_SCOPES });
  if (few.length === 0 && closest(bare, rows, ({ name }) => name).length === 0)
    throw new DomainError('not-found', { what: 'delegable' });
  const found = await oneOf(
    rows.map((row) => ({
      ...row,
      detail: row.kind === 'catalog' ? plain(label('delegation.isCatalog'), null) : row.detail,
    })),
    bare,
  );
  if (!found) throw new DomainError('not-found', { what: 'delegable' });
  return `${found.kind}:${found.id}`;
}

const lasts = ({ firstDay: from, lastDay: until }: Delegation): string =>
  plain(say('delegation.lasts', { from, until }), null);

/** The one that is meant, by the name of the other; without a name the only one there is. */
async function meant(context: Context, rest: string, fits: 'answer' | 'end'): Promise<DelegationId> {
  const me = context.who.person.id;
  const { rows: found } = await delegationsOf(context.desk, context.by, { limit: MOST_NAMES, after: null });
  const rows = found
    .filter(({ state, facts }) => fits === 'end' || (state === 'proposed' && facts.delegate.id === me))
    .map(({ facts: { delegation, delegator, delegate, scope: what } }) => ({
      id: delegation.id,
      name: (delegator.id === me ? delegate : delegator).name,
      detail: [lasts(delegation), ...(what ? [what.name] : [])].join(', '),
    }));
  const one = await oneOf(rows, bareName(rest.replace(/^(?:of|from|to)(?:\s|$)/i, '')));
  if (!one) throw new DomainError('not-found', { what: 'delegation' });
  return one.id;
}

interface Acting {
  readonly words: string;
  /** Among which it is meant: offers that wait for the person's answer, or all. */
  readonly fits: 'answer' | 'end';
  readonly run: typeof end;
}

const acting = ({ words, fits, run }: Acting) => {
  const done = async (context: Context, id: DelegationId, place: Answer['place']): Promise<Answer> =>
    shown(await run(context.desk, context.by, id, stored), place);
  return {
    kind: 'writes',
    opens: false,
    press: (context: Context, data: unknown) => done(context, delegationIn(data), 'replace'),
    fresh,
    typed: [
      { words, run: async (context: Context, rest: string) => done(context, await meant(context, rest, fits), 'new') },
    ],
  } as const satisfies Verb;
};

const mine = (): Promise<Answer> => Promise.resolve(list('delegations', {}));

export const delegationVerbs = {
  'delegation.propose': {
    kind: 'writes',
    opens: true,
    press: (context) => open(context, {}),
    submit: send,
    typed: [
      {
        words: 'delegate approvals',
        opens: isHalf,
        run: typed,
        help: { usage: 'delegate approvals to <person> until <date>', line: 'help.delegate', only: 'deciders' },
      },
      { words: 'delegate', opens: isHalf, run: typed },
    ],
  },
  'delegation.accept': acting({ words: 'accept delegation', fits: 'answer', run: answer(true) }),
  'delegation.decline': acting({ words: 'decline delegation', fits: 'answer', run: answer(false) }),
  'delegation.end': acting({ words: 'remove delegation', fits: 'end', run: end }),
  'delegation.show': {
    kind: 'reads',
    opens: false,
    press: (_context, data) => Promise.resolve(shown(delegationIn(data), 'new')),
  },
  'delegations.list': {
    kind: 'reads',
    opens: false,
    press: (_context, data) => Promise.resolve(list('delegations', data)),
    typed: [
      { words: 'delegations', run: mine, help: { usage: 'delegations', line: 'help.delegations', only: 'deciders' } },
      { words: 'my delegations', run: mine },
    ],
  },
} as const satisfies Record<string, Verb>;
