// THE verb table. One entry = button, form, typed command and help line, on every platform.
import { z } from 'zod';
import { DomainError } from '../domain/errors';
import { accessVerbs } from './actions/access';
import { approvalVerbs } from './actions/approvals';
import { delegationVerbs } from './actions/delegations';
import { driftVerbs } from './actions/drift';
import { exceptionVerbs } from './actions/exceptions';
import { leaverVerbs } from './actions/leavers';
import { listingVerbs } from './actions/listing';
import { noticeVerbs } from './actions/notices';
import { ownerVerbs } from './actions/owners';
import { reprocessVerbs } from './actions/reprocess';
import { requestVerbs } from './actions/requests';
import { shareVerbs } from './actions/share';
import { taskVerbs } from './actions/tasks';
import type { Answer, Verb } from './verb';
import { read, TYPED, uuid } from './verb';

const help: Answer = { view: 'help', params: {}, place: 'new' };
const allHelp: Answer = { view: 'help', params: { all: true }, place: 'new' };
const welcome: Answer = { view: 'welcome', params: {}, place: 'new' };

const generalVerbs = {
  'help.show': {
    kind: 'reads',
    opens: false,
    press: () => Promise.resolve(help),
    typed: [
      { words: 'help', run: () => Promise.resolve(help) },
      { words: 'hi', run: () => Promise.resolve(help) },
      ...['hello', 'hey', 'good morning', 'good afternoon', 'good evening'].map((words) => ({
        words,
        run: () => Promise.resolve(help),
      })),
    ],
  },
  'help.all': {
    kind: 'reads',
    opens: false,
    press: () => Promise.resolve({ ...allHelp, place: 'replace' }),
    typed: [
      { words: 'help all', run: () => Promise.resolve(allHelp), help: { usage: 'help all', line: 'help.help' } },
      ...['all commands', 'commands'].map((words) => ({ words, run: () => Promise.resolve(allHelp) })),
    ],
  },
  /** Nobody who thanks wants to know what was perhaps meant. */
  'help.welcome': {
    kind: 'reads',
    opens: false,
    press: () => Promise.resolve(welcome),
    typed: ['thanks', 'thank you', 'thx'].map((words) => ({ words, run: () => Promise.resolve(welcome) })),
  },
  /** A suggestion, tapped. The door takes it for the text that it carries; what comes here carries none. */
  [TYPED]: {
    kind: 'reads',
    opens: false,
    press: () => Promise.reject(new DomainError('not-found', { what: 'card' })),
  },
  /** Goes on with a half-filled form where no form could be opened at once (Continue). */
  'draft.open': {
    kind: 'reads',
    opens: true,
    press: (_context, data) => {
      const found = read(z.object({ draft: uuid }), data);
      if (!found) throw new DomainError('draft-gone', {});
      return Promise.resolve({ view: 'form', params: { draft: found.draft }, place: 'form' });
    },
  },
} as const satisfies Record<string, Verb>;

const table = {
  ...requestVerbs,
  ...listingVerbs,
  ...exceptionVerbs,
  ...shareVerbs,
  ...accessVerbs,
  ...approvalVerbs,
  ...delegationVerbs,
  ...ownerVerbs,
  ...taskVerbs,
  ...leaverVerbs,
  ...reprocessVerbs,
  ...driftVerbs,
  ...noticeVerbs,
  ...generalVerbs,
};

/** Every verb by name. */
export const verbs: Readonly<Record<string, Verb>> = table;
export type VerbName = keyof typeof table;

/** The entry of a verb; unknown ones come from cards of other versions, or from nobody of ours. */
export function verb(name: string): Verb | null {
  return Object.hasOwn(verbs, name) ? (verbs[name] ?? null) : null;
}
