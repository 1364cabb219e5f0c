// What the cards of a request say, as few words as tell it.
import { approvalCard } from '../../src/chat/present/approvals';
import { requestCard } from '../../src/chat/present/requests';
import { plain } from '../../src/chat/text';
import type { PolicyVersion, Request } from '../../src/domain/model';
import type { RequestView } from '../../src/operations/requests';
import type { TimelineRow } from '../../src/operations/ports';
import {
  aDecision,
  aPolicy,
  aRef,
  aRequest,
  aStage,
  days,
  idOf,
  NOON,
  requestFacts,
  runningStage,
} from '../support/builders';

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

describe('what happened to a request', () => {
  const event = (at: string, type: TimelineRow['type'], fields: Partial<TimelineRow> = {}): TimelineRow => ({
    id: 1,
    at: new Date(at),
    type,
    actor: null,
    person: null,
    stage: 1,
    data: {},
    ...fields,
  });
  const approved = { actor: aRef('Ana'), data: { decision: 'approve' } };
  const timeline = [
    event('2026-01-15T22:10:00Z', 'request.submitted', { actor: aRef('Tara') }),
    event('2026-01-15T22:10:00Z', 'approver.asked', { person: aRef('Ana') }),
    event('2026-01-15T23:30:00Z', 'decision.recorded', approved),
    event('2026-01-15T23:30:00Z', 'request.approved'),
    event('2026-01-15T23:31:00Z', 'request.delivered'),
  ];
  const happened = (facts: Parameters<typeof requestFacts>[0], zone: string): string[] =>
    requestCard(
      {
        ...seen(requestFacts({ request: aRequest({ state: 'delivered' }), decisions: [aDecision('Ana')], ...facts })),
        timeline,
      },
      zone,
    ).timeline.flatMap(({ day, lines }) =>
      [day, ...lines.map(({ text }) => text)].map((text) => plain(text, { zone, locale: 'en' })),
    );
  const stage = (n: number, approvalsRequired = 1) => runningStage(n, { state: 'approved', approvalsRequired });

  test('is a line each below its day in the reader’s zone, and one approval is one line', () => {
    const facts = { stages: [stage(1)] };
    expect(happened(facts, 'Europe/Berlin')).toEqual([
      'Thu 15 Jan 2026 CET',
      '23:10 Tara asked',
      '23:10 Ana was asked',
      'Fri 16 Jan 2026 CET',
      '00:30 Ana approved',
      '00:31 Set up completely',
    ]);
    expect(happened(facts, 'UTC').filter((line) => line.endsWith('UTC'))).toEqual(['Thu 15 Jan 2026 UTC']);
  });

  test.each([
    ['one of several approvals', { stages: [stage(1, 2)] }],
    ['one of several steps', { stages: [stage(1), stage(2)] }],
  ])('says that it was approved where the last line is %s', (_what, facts) => {
    expect(happened(facts, 'UTC')).toContain('23:30 Approved');
  });
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
  for (const { answers } of [approvalCard(view), requestCard(view, 'UTC')])
    expect(answers.map(({ title, value }) => `${plain(title, null)} ${plain(value, null)}`)).toEqual([
      'Which site? No answer',
      'Which team? Blue',
    ]);
});
