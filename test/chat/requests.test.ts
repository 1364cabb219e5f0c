// What the cards of a request say, as few words as tell it.
import { approvalCard } from '../../src/chat/present/approvals';
import { requestCard } from '../../src/chat/present/requests';
import { plain } from '../../src/chat/text';
import type { PolicyVersion, Request } from '../../src/domain/model';
import type { RequestView } from '../../src/operations/requests';
import { aDecision, aPolicy, aRequest, aStage, days, idOf, NOON, requestFacts } from '../support/builders';

/** As Ana reads it, who decides. */
function seen(facts: RequestView['facts']): RequestView {
  return {
    facts,
    timeline: [],
    unreached: [],
    hands: [],
    holds: null,
    organization: null,
    next: null,
    now: NOON,
    viewer: {
      person: idOf('Ana'),
      own: false,
      approver: true,
      released: false,
      withdrawn: false,
      owner: false,
      mayCancel: false,
    },
  };
}

test.each<[Partial<Request>, string]>([
  [{ state: 'delivering' }, 'You approved this. It is being set up.'],
  [{ state: 'scheduled', startsAt: days(3) }, 'You approved this. It starts Sun 18 Jan 2026, 12:00 CET.'],
  [{ state: 'delivered' }, 'You approved this. Access given'],
])('whoever approved reads that once, and what came of it: %j', (fields, said) => {
  const facts = requestFacts({ request: aRequest(fields), decisions: [aDecision('Ana')] });
  expect(plain(approvalCard(seen(facts)).state, { zone: 'Europe/Berlin', locale: 'en' })).toBe(said);
});

test('a question that nobody had to answer, and nobody did, is on no card', () => {
  const question = (id: string, required: boolean): PolicyVersion['questions'][number] => ({
    id,
    text: `Which ${id}?`,
    type: 'text',
    required,
    choices: [],
  });
  const questions = [question('country', false), question('site', true), question('team', false)];
  const policy = aPolicy({ stages: [aStage()], questions });
  const view = seen(requestFacts({ policy, request: aRequest({ answers: { country: '', team: 'Blue' } }) }));
  for (const { answers } of [approvalCard(view), requestCard(view)])
    expect(answers.map(({ title, value }) => `${plain(title, null)} ${plain(value, null)}`)).toEqual([
      'Which site? No answer',
      'Which team? Blue',
    ]);
});
