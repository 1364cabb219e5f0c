// What a client could send if somebody wrote it by hand: wrong types, huge and broken texts, ids of others. Every one is answered
// in words, changes nothing that its sender may not change, and is never a mistake of ours.
import fc from '../support/fast-check';
import { verbs } from '../../src/chat/actions';
import { NASTY } from '../support/hostile';
import { aWorld, cardOf, sentenceOf, SMALL, type World } from '../support/world';
import { BUG, dataOf, doorOf, type Door } from './door';

let world: World;
let door: Door;
beforeEach(async () => {
  world = await aWorld(SMALL);
  door = doorOf(world);
});

const POISON: readonly unknown[] = [
  ['a'],
  { id: 'x' },
  1e309,
  -0,
  NaN,
  null,
  true,
  '0x10',
  '',
  '\u0000',
  '\uD83D',
  'x'.repeat(50_000),
  '__proto__',
  "'; drop table requests; --",
  JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}'),
];

test('no verb with any data is a bug, a crash or a change', async () => {
  await door.ask('tara');
  const data = dataOf(door.latest('ana'), 'Approve');
  const before = await door.state();
  const names = ['__proto__', 'constructor', 'toString', 'approval', '', 'x'.repeat(5000), ...Object.keys(verbs)];
  for (const verb of names) {
    for (const poison of POISON) {
      const hostile = { request: poison, assignment: poison, package: poison, target: poison, task: poison };
      const reply = await door.press('ana', verb, { ...hostile, draft: poison, page: poison });
      expect([verb, poison, JSON.stringify(reply).includes(BUG)]).toEqual([verb, poison, false]);
    }
    const nothing = await door.press('ana', verb, POISON.at(-1));
    expect(JSON.stringify(nothing)).not.toContain(BUG);
  }
  expect(await door.state()).toEqual(before);
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  expect(data['request']).toBeTruthy();
});

test('whatever a form holds, it is answered in words and never with a bug', async () => {
  const texts = fc.oneof(fc.constantFrom(...NASTY), fc.string({ unit: 'binary' }), fc.constant('x'.repeat(20_000)));
  const keys = ['reason', 'start', 'end', 'policy', 'answer.ticket', 'answer.env', 'answer.x', 'package', 'target'];
  await fc.assert(
    fc.asyncProperty(
      fc.dictionary(fc.oneof(fc.constantFrom(...keys, '__proto__', 'constructor', 'request'), fc.string()), texts),
      async (values) => {
        const form = cardOf(await world.say('tara', 'request ledger writer'));
        const reply = await world.submit('tara', form, values);
        expect(JSON.stringify(reply)).not.toContain(BUG);
        await world.sql(
          `update requests set state = 'canceled', version = version + 1, completed_at = now() where state = 'pendingApproval'`,
        );
      },
    ),
    { numRuns: 25 },
  );
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
});

test('controls and broken characters in typed lines, names and searches are words like others', async () => {
  for (const text of NASTY) {
    const line = { kind: 'text', text: `request ${text}` } as const;
    expect(JSON.stringify(await door.knock('tara', line))).not.toContain(BUG);
    const search = { kind: 'search', search: 'packages', draft: null, query: text } as const;
    expect(JSON.stringify(await door.knock('tara', search))).not.toContain(BUG);
    await world.conversation.accept(world.inbound('tara', line));
  }
  // Beyond what may be under way at once they take turns.
  do await world.pass(1_000);
  while ((await world.sql(`select from inbound where state = 'stored'`)).length > 0);
  expect(await world.sql(`select state, count(*)::int from inbound group by 1`)).toEqual([
    { state: 'done', count: NASTY.length },
  ]);
});

test("somebody else's draft, a draft of another verb, and one that was never made open and send nothing", async () => {
  const form = cardOf(await world.say('tara', 'request ledger reader'));
  const before = await door.state();
  const drafts = [form.draft ?? '', '0190a000-0000-7000-8000-000000000000', 'x', '__proto__', '\u0000'];
  for (const draft of drafts) {
    for (const verb of ['request.submit', 'approval.deny', 'assignment.assign', 'access.giveUp', 'task.done']) {
      const act = { kind: 'submit', verb, draft, data: {}, values: { reason: 'mine' } } as const;
      expect(sentenceOf(await door.knock('tom', act))).toContain('no longer open');
    }
    expect(sentenceOf(await door.press('tom', 'draft.open', { draft }))).toContain('no longer open');
  }
  const wrong = {
    kind: 'submit',
    verb: 'approval.deny',
    draft: form.draft,
    data: {},
    values: { reason: 'x' },
  } as const;
  expect(sentenceOf(await door.knock('tara', wrong))).toContain('no longer open');
  expect(await door.state()).toEqual(before);
  await world.submit('tara', form, { reason: 'still mine' });
  expect(await door.state()).toMatchObject({ requests: 1 });
});
