// What the messages about access say once it is over, and of access that never began.
import { accessNotice } from '../../src/chat/present/access-notices';
import { plain } from '../../src/chat/text';
import type { Assignment } from '../../src/domain/model';
import { anAssignment, assignmentFacts, assignmentView, days, hours } from '../support/builders';

type Said = [own: boolean, what: 'access' | 'accessEnded', by: string | null];

test.each<[string, Assignment['endReason'], Said, string, string]>([
  ['said before', 'removedByOwner', [true, 'access', null], 'ended on', 'Your access to CRM will not begin'],
  ['of nobody’s', 'removedByOwner', [true, 'accessEnded', null], 'has ended', 'Your access to CRM will not begin'],
  ['of an end', 'endReached', [true, 'accessEnded', null], 'has ended', 'Your access to CRM will not begin'],
  [
    'of who left its scope',
    'outOfScope',
    [true, 'accessEnded', null],
    'has ended: you are no longer among',
    'Your access to CRM will not begin: you are no longer among those it is for',
  ],
  ['of who gave it up', 'gaveUp', [true, 'accessEnded', null], 'You gave up CRM', 'You gave up CRM'],
  [
    'of an owner’s',
    'removedByOwner',
    [true, 'accessEnded', 'Olga'],
    'Olga removed your access to CRM',
    'Olga took back your access to CRM before it began',
  ],
  ['to an owner', 'removedByOwner', [false, 'access', null], 'Tara no longer has CRM', 'CRM will not begin for Tara'],
])('%s says that access ended only where it began', (_, endReason, [own, what, by], ended, never) => {
  expect(title(hours(-2), endReason, own, what, by)).toContain(ended);
  expect(title(days(2), endReason, own, what, by)).toBe(never);
});

test.each(['gateClosed', 'canceled'] as const)('what did not start on its day (%s) never began either', (endReason) => {
  expect(title(hours(-2), endReason, true, 'access', null)).toBe('Your access to CRM will not begin');
});

function title(startsAt: Date, endReason: Assignment['endReason'], ...[own, what, by]: Said): string {
  const facts = assignmentFacts({ assignment: anAssignment({ state: 'removed', endReason, startsAt }) });
  const pkg = { ...facts.package, name: 'CRM' };
  const view = assignmentView({ ...facts, package: pkg }, { own, owner: !own, mayRemove: false });
  const remover = by === null ? null : { name: by, reason: null };
  return plain(accessNotice(view, what, remover, { names: [], total: 0 }).title, null);
}
