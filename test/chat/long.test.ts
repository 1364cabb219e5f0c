// Long names and many of them: what is read on a phone stays whole and says how many are left.
import { misfit as slackMisfit, toMessage } from '../../src/channels/slack/blocks';
import { misfit as teamsMisfit, toTeams } from '../../src/channels/teams/card';
import { toPage } from '../../src/channels/web/card';
import { accessNotice } from '../../src/chat/present/access-notices';
import { manualTask, ownerNotice } from '../../src/chat/present/notices';
import { drift } from '../../src/chat/present/drift';
import { leavers } from '../../src/chat/present/leavers';
import { loadCards } from '../../src/chat/cards';
import { approvalCard, reminderCard } from '../../src/chat/present/approvals';
import { approvalList } from '../../src/chat/present/lists';
import { requestCard, timelineList } from '../../src/chat/present/requests';
import { bind } from '../../src/chat/render';
import { plain } from '../../src/chat/text';
import { say } from '../../src/chat/words';
import type { CatalogId, PackageId, PolicyVersion, RequestId } from '../../src/domain/model';
import type { AssignmentView } from '../../src/operations/assignments';
import type { ApprovalRow, DriftView, TimelineRow } from '../../src/operations/ports';
import type { RequestView } from '../../src/operations/requests';
import {
  aContent,
  aManualTask,
  aPolicy,
  aRef,
  aRequest,
  aStage,
  assignmentFacts,
  assignmentView,
  anAssignment,
  HOUR,
  idOf,
  named,
  NOON,
  placeFacts,
  requestFacts,
} from '../support/builders';

const PERSON = 'Maximilian-Alexander von Hohenstein-Wittgenstein zu Berleburg';
const ROLE = 'Consolidation reporting reader (all company codes of the group)';
const lines = ({
  title,
  lines: said,
}: {
  readonly title: Parameters<typeof plain>[0];
  readonly lines: readonly { readonly text: Parameters<typeof plain>[0] }[];
}) => [title, ...said.map(({ text }) => text)].map((text) => plain(text, null));
const seen = (fields: Parameters<typeof anAssignment>[0] = {}): AssignmentView =>
  assignmentView(assignmentFacts({ assignment: anAssignment(fields) }));

test('a package that changed names a few roles in a sentence, and more or longer ones in a line each', () => {
  const gives = (names: readonly string[], total = names.length) =>
    lines(accessNotice(seen(), 'accessChanged', null, { names, total })).slice(1, -1);
  expect(gives(['Ledger: Reader', 'Vault: Key holder'])).toEqual([
    'It gives you now: Ledger: Reader and Vault: Key holder.',
  ]);
  expect(gives([`SAP production landscape: ${ROLE}`])).toEqual([
    'It gives you now:',
    `SAP production landscape: ${ROLE}`,
  ]);
  const ten = Array.from({ length: 10 }, (_, n) => `Role ${n}`);
  expect(gives(ten, 300)).toEqual(['It gives you now:', ...ten, 'And 290 others.']);
  expect(gives([])).toEqual(['It gives you nothing any more.']);
});

test('owners read some of the roles that are missing, and how many more there are', () => {
  const problems = Array.from({ length: 40 }, (_, n) =>
    say('notice.roleProblem', { resource: 'Ledger', role: `R${n}`, code: 'x' }),
  );
  const said = lines(ownerNotice(seen({ state: 'deliveryFailed' }), 'deliveryFailed', problems, true));
  expect(said).toHaveLength(2 + 8 + 1);
  expect(said.at(-1)).toBe('And 32 others.');
});

const list = { people: 300, fresh: 300, first: [{ name: PERSON, role: ROLE }] };
const none = { people: 0, fresh: 0, first: [] };
function differences(fields: Partial<DriftView>): DriftView {
  return {
    resource: placeFacts().resource,
    keepers: [],
    concerned: [],
    others: [],
    held: { extra: null, missing: null },
    missing: none,
    extra: none,
    left: none,
    ours: none,
    unknown: 0,
    kept: { people: 0, readAt: null },
    set: null,
    asked: null,
    answer: null,
    ...fields,
  };
}

test('a person and a role that are cut leave no bracket open', () => {
  const [, first = ''] = lines(drift(differences({ extra: list }), idOf('Olga'), false));
  expect(first).toContain(
    'Maximilian-Alexander von Hohenstein-Wittgenstein… (Consolidation reporting reader (all com…) and 299 others.',
  );
});

test('of people who left some are named, each once, and the details name more', () => {
  const left = { people: 4, fresh: 4, first: ['Ana', 'Ben', 'Cas'].map((name) => ({ name, role: 'Reader' })) };
  const card = (isDetailed: boolean) => drift(differences({ left }), idOf('Olga'), isDetailed);
  expect(lines(card(false))[1]).toBe('Ana (Reader), Ben (Reader), Cas (Reader) and 1 other.');
  expect(lines(card(true)).slice(1, 5)).toEqual(['Ana (Reader)', 'Ben (Reader)', 'Cas (Reader)', 'And 1 other.']);
  expect([card(false).details, card(true).details]).toEqual([true, false]);
});

test('leavers are spoken of as what is asked, and what comes of it', () => {
  const said = (asked: number, ended: number) =>
    lines(
      leavers({
        package: { id: 'p' as PackageId, name: 'Payroll' },
        catalog: 'c' as CatalogId,
        asked: { people: asked, first: ['Ana', 'Ben', 'Cas'].slice(0, asked) },
        set: null,
        ended: { people: ended, first: ['Dan'].slice(0, ended) },
        holders: 312,
      }),
    );
  expect(said(300, 0)[0]).toBe('Shall 300 people lose Payroll?');
  expect(said(300, 0)[1]).toContain('Ana, Ben, Cas and 297 others');
  expect(said(0, 1)).toEqual([
    '1 person loses Payroll',
    '1 person is no longer among those it is for, so the access ends: Dan.',
    'If that is not as it should be, correct the people, the group or the policy. Then they can ask again.',
  ]);
  // What to do where it is wrong is said once.
  expect(said(7, 1).at(-1)).toContain('the access ends: Dan.');
  expect(said(0, 0)).toEqual(['Nobody has to lose Payroll', 'Everybody who has it is among those it is for.']);
});

test('a task says what is to do once, and its note as a note', () => {
  const facts = (task: Parameters<typeof aManualTask>[0]) => ({
    ...placeFacts(),
    task: aManualTask(task),
    owners: [],
    keepers: [],
    told: [],
  });
  const said = (task: Parameters<typeof aManualTask>[0]) =>
    manualTask(facts(task), 'Olga').facts.map(({ title, value }) => [plain(title, null), plain(value, null)]);
  expect(said({})).toEqual([['Task', 'T-17']]);
  expect(said({ state: 'done', doneAt: NOON, note: 'Badge 7', number: null })).toEqual([['Note', 'Badge 7']]);
});

/** As Ana reads it, who decides. */
function asked(text: string, questions = 0, timeline: readonly TimelineRow[] = []): RequestView {
  const ids = Array.from({ length: questions }, (_, n) => `q${n}`);
  const question = (id: string): PolicyVersion['questions'][number] => ({
    id,
    text: `${id} ${text}`,
    type: 'longText',
    required: true,
    choices: [],
  });
  const policy = aPolicy({ stages: [aStage()], questions: ids.map(question) });
  const answers = Object.fromEntries(ids.map((id) => [id, text]));
  return {
    facts: requestFacts({ policy, request: aRequest({ reason: text, answers }) }),
    timeline,
    unreached: [],
    hands: [],
    holds: { names: [text.slice(0, 150)], total: 9 },
    organization: text.slice(0, 150),
    next: null,
    now: NOON,
    viewer: {
      person: idOf('Ana'),
      own: false,
      approver: true,
      released: false,
      withdrawn: false,
      owner: true,
      mayCancel: true,
    },
  };
}
/** Of the long ones among them: how many letters, and what follows these. */
const written = (facts: readonly { readonly value: Parameters<typeof plain>[0] }[]) =>
  facts
    .map(({ value }) => plain(value, null))
    .filter((value) => value.length > 200)
    .map((value) => value.replace(/^x+/, (all) => String(all.length)));

test('a reason and answers are cut on the card that asks, and whole on the card of the request', () => {
  const view = asked('x'.repeat(2000), 2);
  const whole = requestCard(view, 'UTC');
  expect(written([...whole.facts, ...whole.answers])).toEqual(['2000', '2000', '2000']);
  const brief = approvalCard(view);
  expect(written([...brief.facts, ...brief.answers])).toEqual(['999…', '999…', '999…']);
});

test.each([
  ['Latin letters', 'x'],
  ['three bytes a letter', '語'],
  ['markup', '*_'],
  ['faces', '👩‍👩‍👧‍👦'],
])('twenty long answers in %s are cut alike, and their card is one that platforms take', (_name, letter) => {
  const text = letter.repeat(2000).slice(0, 2000);
  const event: TimelineRow = {
    id: 1,
    at: NOON,
    type: 'approver.released',
    actor: null,
    person: aRef(text.slice(0, 200)),
    stage: 1,
    data: {},
  };
  const roles = named(aContent(40)).map((one) => ({ ...one, name: text.slice(0, 200) }));
  const plainly = asked(text, 20, Array<TimelineRow>(30).fill(event));
  const view = { ...plainly, facts: { ...plainly.facts, roles } };
  const who = { person: { id: idOf('Ana') }, zone: 'Europe/Berlin', locale: 'en' } as Parameters<typeof bind>[2];
  const book = loadCards('cards');
  const id = '0190a000-0000-7000-8000-000000000000' as Parameters<typeof bind>[3];
  for (const drawn of [
    { card: 'request', data: requestCard(view, 'UTC') },
    { card: 'approval', data: approvalCard(view) },
    { card: 'approval', data: reminderCard(view) },
  ] as const) {
    const card = bind(book, drawn, who, id);
    expect([teamsMisfit(card), slackMisfit(card)]).toEqual([null, null]);
    const lengths = new Set(drawn.data.answers.map(({ value }) => plain(value, null).length));
    expect(Math.min(...lengths)).toBeGreaterThan(20);
  }
});

describe('a page of approvals', () => {
  const book = loadCards('cards');
  const who = { person: { id: idOf('Ana') }, zone: 'Europe/Berlin', locale: 'en' } as Parameters<typeof bind>[2];
  const numbers = Array.from({ length: 8 }, (_, n) => 1041 + n);
  /** Eight rows with these reasons in turn; `name`: of whoever asks, of whom it is for, and of the package. */
  function page(reasons: readonly string[], name: string, shown: string | null) {
    const views = numbers.map((number, n): [RequestId, RequestView] => {
      const view = asked(reasons[n % reasons.length] ?? '');
      const request = { ...view.facts.request, id: idOf(`request ${number}`) as string as RequestId, number };
      return [request.id, { ...view, organization: null, facts: { ...view.facts, request } }];
    });
    const rows = views.map(([id, { facts }]): ApprovalRow => ({
      ...facts.request,
      id,
      packageName: name,
      target: { ...aRef('Tara'), name },
      requestor: { ...aRef('Rita'), name },
      endedAt: null,
      decideBy: NOON,
      for: name,
    }));
    return approvalList({ rows, previous: shown, next: 'x'.repeat(96) }, new Map(views), shown);
  }
  const all = (said: string) => numbers.filter((number) => said.includes(`“R-${number}”`));

  test.each(['я', '語', '&', '\\', '{', '👩‍👩‍👧‍👦'])(
    'has all of its rows in Teams and its plain form, in Slack and on the page, also in %s',
    (letter) => {
      for (const name of ['Ledger reader', letter.repeat(200)])
        for (const lengths of [[110], [5, 60, 240, 480]]) {
          const reasons = lengths.map((length) => letter.repeat(Math.ceil(length / letter.length)));
          const data = page(reasons, name, 'x'.repeat(96));
          const card = bind(book, { card: 'approval-list', data }, who, null);
          const teams = toTeams(card);
          const said = teams['fallbackText'] as string;
          expect(all(said)).toEqual(numbers);
          for (const drawn of [{ ...teams, fallbackText: '' }, toMessage(card).blocks, toPage(card)]) {
            const json = JSON.stringify(drawn);
            expect(data.rows.filter(({ request }) => !json.includes(request))).toEqual([]);
            expect(json).not.toContain('not fit here');
          }
          expect([teamsMisfit(card), slackMisfit(card), said.split('\n').includes('…')]).toEqual([null, null, false]);
        }
    },
  );

  test('has the buttons of each row where they say no more than people mostly do', () => {
    const { rows } = page(['Month end of the group, as agreed with Finance. '.repeat(2)], 'Ledger reader', null);
    expect(rows.map(({ decides }) => decides !== null)).toEqual(numbers.map(() => true));
  });
});

/** What a card says that happened, without when. */
const happened = ({ timeline }: ReturnType<typeof requestCard>): string[] =>
  timeline.flatMap((day) => day.lines.map(({ text }) => plain(text, null).replace(/^\d\d:\d\d /, '')));

test('a long timeline says how it began, how much is not shown, and how it goes on', () => {
  const events = (count: number): TimelineRow[] =>
    Array.from({ length: count }, (_, n) => ({
      id: n,
      at: new Date(NOON.getTime() + n * HOUR),
      type: n === 0 ? 'request.submitted' : 'approver.released',
      actor: n === 0 ? aRef('Tara') : null,
      person: n === 0 ? null : aRef(`Person ${n}`),
      stage: 1,
      data: {},
    }));
  const told = (count: number) => happened(requestCard(asked('x', 0, events(count)), 'UTC'));
  expect(told(11)).toHaveLength(11);
  expect(told(11)[1]).toContain('Person 1 ');
  const long = told(30);
  expect(long.slice(0, 3)).toEqual(['Tara asked', '20 more lines', 'Person 21 no longer decides this']);
  expect(long.at(-1)).toBe('Person 29 no longer decides this');
  expect(long).toHaveLength(11);
});

test('a long timeline loses reminders and who was asked before it loses who decided, and leads to all of it', () => {
  const at = (n: number) => new Date(NOON.getTime() + n * HOUR);
  const event = (n: number, type: TimelineRow['type'], who: string, data: TimelineRow['data'] = {}): TimelineRow => ({
    id: n,
    at: at(n),
    type,
    actor: aRef(who),
    person: aRef(who),
    stage: 1,
    data,
  });
  const steps = (count: number) =>
    Array.from({ length: count }, (_, n) => [
      event(4 * n + 1, 'approver.asked', `Ann ${n}`),
      event(4 * n + 2, 'approver.released', `Other ${n}`),
      event(4 * n + 3, 'decision.recorded', `Ann ${n}`, { decision: 'approve' }),
      event(4 * n + 4, 'stage.opened', 'Nobody', { standIns: true }),
    ]).flat();
  const view = (count: number) => asked('x', 0, [event(0, 'request.submitted', 'Tara'), ...steps(count)]);
  const card = requestCard(view(4), 'UTC');
  expect(card.moreTimeline).toBe(true);
  const told = happened(card);
  for (const n of [0, 1, 2, 3]) {
    expect(told).toContain(`Ann ${n} approved`);
    expect(told.join()).not.toContain(`Other ${n}`);
  }
  expect(told.slice(0, 2)).toEqual(['Tara asked', '7 more lines']);
  expect(told).toHaveLength(11);
  expect(requestCard(view(2), 'UTC').moreTimeline).toBe(false);
  const all = [0, 20, 40].flatMap((from) => lines(timelineList(view(10), 'UTC', from)).slice(1));
  expect(all.filter((line) => /^\d\d:\d\d /.test(line))).toHaveLength(41);
  for (const said of ['Ann 0 approved', 'Other 0 no longer', 'Ann 0 was asked']) expect(all.join()).toContain(said);
  expect(
    [0, 20, 40].map((from) => [timelineList(view(10), 'UTC', from).previous, timelineList(view(10), 'UTC', from).next]),
  ).toEqual([
    [null, '20'],
    ['0', '40'],
    ['20', null],
  ]);
});
