// Search as you type: up to 15 choices on every platform (Teams shows no more), and a word to type on. Lists only what the
// person may ask for, for whom the form says; the chosen id is checked again at the submit.
import type { PersonId } from '../domain/model';
import { assigns } from '../operations/assignments';
import type { Desk } from '../operations/ports';
import type { Text } from './card';
import type { Act, Reply } from './inbound';
import { scopeChoice } from './present/delegations';
import { user } from './spans';
import { plain } from './text';
import { uuid } from './verb';
import type { Who } from './who';
import { label, say } from './words';

/** Data.Query shows 15 whatever is asked for (AdaptiveCards#7686). */
const CHOICES = 15;
const TITLE = 75;
const QUERY = 100;

interface Found {
  readonly value: string;
  readonly title: string;
  /** What the person should know before choosing it. */
  readonly mark?: Text | null;
}

type Find = (
  desk: Desk,
  who: Who,
  query: string,
  values: Readonly<Record<string, string>>,
) => Promise<readonly Found[]>;

const searches: Readonly<Record<string, Find>> = {
  packages: async (desk, who, query, { target: named }) => {
    const me = who.person.id;
    const target = named ? await askedFor(desk, me, named) : me;
    if (target === null) return [];
    const isOther = target !== me;
    const held = label(isOther ? 'find.heldByOther' : 'find.held');
    return (await desk.views.searchPackages(target, query, CHOICES + 1, null, isOther)).rows.map((row) => ({
      value: row.id,
      title: row.name,
      mark: row.held ? held : row.pending ? label('find.pending') : null,
    }));
  },
  manageable: async (desk, who, query) =>
    (await desk.views.manageablePackages(who.person.id, query, CHOICES + 1)).map(asFound),
  sharable: async (desk, who, query) =>
    (await desk.views.sharablePackages(who.person.id, query, CHOICES + 1)).map(asFound),
  reports: async (desk, who, query) =>
    (await desk.views.searchPeople(query, CHOICES + 1, who.person.id)).map((row) => ({
      value: row.id,
      title: named(row),
    })),
  delegates: async (desk, who, query) => {
    if (!(await desk.views.decides(who.person.id))) return [];
    const found = await desk.views.searchPeople(query, CHOICES + 2, null);
    return found.filter(({ id }) => id !== who.person.id).map((row) => ({ value: row.id, title: named(row) }));
  },
  delegable: async (desk, who, query) =>
    (await desk.views.delegable(who.person.id, { text: query, limit: CHOICES + 1 })).map(scopeChoice),
  people: async (desk, who, query) => {
    if (!(await assigns(desk, who.person.id))) return [];
    return (await desk.views.searchPeople(query, CHOICES + 1, null)).map((row) => ({
      value: row.id,
      title: named(row),
    }));
  },
};

function asFound({ id, name }: { readonly id: string; readonly name: string }): Found {
  return { value: id, title: name };
}

function named(row: { readonly name: string; readonly detail: string }): string {
  return row.detail === '' ? row.name : `${row.name} (${row.detail})`;
}

/** Whom the person asks for: themselves, or somebody who reports to them. The form says who, and grants nothing. */
async function askedFor(desk: Desk, me: PersonId, named: string): Promise<PersonId | null> {
  const { data: id } = uuid.safeParse(named);
  if (id === undefined || id === me) return id === undefined ? null : me;
  const person = await desk.views.person(id as PersonId);
  return person?.manager === me && person.state === 'enabled' ? person.id : null;
}

/** Answers one keystroke. An unknown search finds nothing. */
export async function search(desk: Desk, who: Who, act: Extract<Act, { kind: 'search' }>): Promise<Reply> {
  const find = Object.hasOwn(searches, act.search) ? searches[act.search] : undefined;
  const found = find ? await find(desk, who, act.query.trim().slice(0, QUERY), act.values ?? {}) : [];
  const more =
    found.length > CHOICES ? say('find.more', { count: CHOICES }) : found.length === 0 ? label('find.none') : null;
  return {
    kind: 'choices',
    choices: found.slice(0, CHOICES).map(({ title, value, mark = null }) => ({
      // A long name gives way: what is had already must not be cut off.
      title: mark === null ? [user(title, TITLE)] : [user(title, TITLE - plain(mark, null).length), ...mark],
      value,
    })),
    more,
  };
}
