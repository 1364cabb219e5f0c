// What people do by hand where Usher cannot: the list of it, and Done with a note.
import { z } from 'zod';
import { DomainError } from '../../domain/errors';
import { finish } from '../../operations/placements';
import { taskNumbered, taskToDo } from '../../operations/tasks';
import type { DraftId } from '../../domain/model';
import type { StoredReply } from '../../operations/ports';
import { numberTyped } from '../typed';
import type { Answer, Context, Verb } from '../verb';
import { read, uuid } from '../verb';
import { idOf, reasonOf } from './request-form';
import { list } from './requests';

/** `list`: the page of the list that was pressed. */
const byTask = z.object({ task: uuid, list: z.string().max(1500).optional() });

/** The task itself; in the list that it was done in, what is left of that. */
function shown(task: string, page: string | undefined, say: string | null = null): Pick<Answer, 'view' | 'params'> {
  const said = say === null ? {} : { say };
  return page === undefined
    ? { view: 'manualTask', params: { manualTask: task, ...said } }
    : { view: 'taskList', params: { page, ...said } };
}

/** Opens the form that asks for the note; whoever is too late hears it now and not after typing. */
async function open(context: Context, task: string, filled: Readonly<Record<string, string>>): Promise<Answer> {
  const me = context.who.person.id;
  await taskToDo(context.desk, me, task);
  const draft = await context.desk.drafts.create(me, 'task.done', 'fill', { task, ...filled });
  return { view: 'form', params: { draft: draft.id }, place: 'form' };
}

interface Report {
  readonly task: string;
  readonly note: string | null;
  readonly draft: DraftId | null;
  readonly list?: string | undefined;
}

async function report(context: Context, { task, note, draft, list: page }: Report): Promise<Answer> {
  const answer = shown(task, page, 'taskDone');
  await finish(context.desk, context.by, { task, note, draft }, (): StoredReply => answer);
  return { ...answer, place: 'replace' };
}

/** A number, and the note after "because"; anything else is shown in the form as the note, as with a decision. */
function typedReport(rest: string) {
  const { number, said, isBare } = numberTyped(rest, 't');
  const note = /^because\s+(\S.*)$/is.exec(said)?.[1] ?? null;
  return { number, note, unsure: note === null && !isBare && /[\p{L}\p{N}]/u.test(said) ? said : null };
}

const lists = (): Promise<Answer> => Promise.resolve(list('taskList', {}));
const numbered = (context: Context, number: number): Promise<string> =>
  taskNumbered(context.desk, context.who.person.id, number);

export const taskVerbs = {
  'tasks.list': {
    kind: 'reads',
    opens: false,
    press: (_context, data) => Promise.resolve(list('taskList', data)),
    typed: [
      { words: 'tasks', run: lists, help: { usage: 'tasks', line: 'help.tasks', only: 'keepers' } },
      { words: 'my tasks', run: lists },
    ],
  },
  'task.show': {
    kind: 'reads',
    opens: false,
    press: () => Promise.reject(new DomainError('not-found', { what: 'card' })),
    typed: [
      {
        words: 't-',
        run: async (context, rest) => {
          const { number } = numberTyped(rest, 't');
          if (number === null) throw new DomainError('unknown-command', { typed: `t-${rest}`, near: null });
          return { ...shown(await numbered(context, number), undefined), place: 'new' };
        },
      },
    ],
  },
  'task.done': {
    kind: 'writes',
    opens: true,
    press: async (context, data) => {
      const found = read(byTask, data);
      if (!found) throw new DomainError('not-found', { what: 'card' });
      return open(context, found.task, found.list === undefined ? {} : { list: found.list });
    },
    submit: (context, { values, draft }) =>
      report(context, { task: idOf(values, 'task'), note: reasonOf(values), draft, list: values['list'] }),
    fresh: (data) => {
      const found = read(byTask, data);
      return found ? { ...shown(found.task, found.list), place: 'replace' } : null;
    },
    typed: [
      {
        words: 'done',
        opens: (rest) => typedReport(rest).number !== null && typedReport(rest).note === null,
        run: async (context, rest) => {
          const { number, note, unsure } = typedReport(rest);
          if (number === null) return lists();
          const task = await numbered(context, number);
          return note === null
            ? open(context, task, unsure === null ? {} : { reason: unsure })
            : report(context, { task, note, draft: null });
        },
        help: { usage: 'done T-17 because …', line: 'help.done', first: true, only: 'doers' },
      },
    ],
  },
} as const satisfies Record<string, Verb>;
