// What deciders saw of a package (rules 3.8, 3.27): who approves a role was shown it, whatever their button claims.
import { contentSeen } from '../../src/domain/content';
import { decide } from '../../src/domain/decision';
import type { DecideInput } from '../../src/domain/decision';
import type { RequestFacts } from '../../src/domain/facts';
import type { PackageVersion } from '../../src/domain/model';
import { aContent, aRequest, at, idOf, requestFacts, rowOf } from '../support/builders';
import { faultOf } from '../support/sound';

const version = (number: number, roles: number, fields: Partial<PackageVersion> = {}): PackageVersion => ({
  ...aContent(roles),
  id: `content-${number}` as PackageVersion['id'],
  number,
  ...fields,
});
/** Asked for with one role; two were added, then one, then one was taken out again. */
const [one, three, four, now] = [version(1, 1), version(2, 3), version(3, 4), version(4, 3)];
const facts = (fields: Partial<RequestFacts> = {}) =>
  requestFacts({ content: now, asked: one, seen: [three, four], ...fields });
const pressed = (packageVersion?: unknown): DecideInput => ({
  decision: 'approve',
  reason: null,
  seen: 1,
  shown: packageVersion === undefined ? {} : { packageVersion },
});
const typed = (content: number | null = null): DecideInput => ({ ...pressed(), seen: null, content });
const added = ['Sales / role-2', 'Sales / role-3'];

describe('an approval', () => {
  test.each<{ name: string; give: DecideInput; of?: Partial<RequestFacts>; want: string | readonly string[] }>([
    { name: 'by a card of what it holds now', give: pressed(now.id), want: now.id },
    { name: 'by a card that showed the same roles', give: pressed(three.id), want: three.id },
    { name: 'by a card that showed more', give: pressed(four.id), want: four.id },
    { name: 'by a card that showed less', give: pressed(one.id), want: added },
    { name: 'by a card of a release that showed none', give: pressed(), want: added },
    { name: 'by such a card, of what was asked for', give: pressed(), of: { content: one }, want: one.id },
    { name: 'by its number', give: typed(), want: added },
    { name: 'by its number, and that of what it holds now', give: typed(4), want: now.id },
    { name: 'by its number, and that of what it held', give: typed(3), want: added },
    { name: 'by its number, of no more than was asked for', give: typed(), of: { asked: four }, want: now.id },
    { name: 'of nothing', give: pressed('none'), want: ['Sales / role-1', ...added] },
    { name: 'of a content that is not there', give: pressed('content-9'), want: ['Sales / role-1', ...added] },
    { name: 'of no text', give: pressed(7), want: ['Sales / role-1', ...added] },
    {
      name: 'of what another package holds',
      give: pressed('content-8'),
      of: { seen: [version(8, 4, { number: 1, package: 'package-2' as PackageVersion['package'] })] },
      want: ['Sales / role-1', ...added],
    },
    {
      name: 'of what it holds later',
      give: pressed('content-5'),
      of: { seen: [version(5, 9)] },
      want: ['Sales / role-1', ...added],
    },
    { name: 'of nothing, where it holds nothing', give: pressed('none'), of: { content: version(4, 0) }, want: [] },
  ])('$name', ({ give, of, want }) => {
    const act = () => rowOf(decide(facts(of), idOf('Ana'), give, at()), 'decision').shown['packageVersion'];
    if (typeof want === 'string') expect(act()).toBe(want);
    else expect(faultOf(act)).toMatchObject({ code: 'roles-added', data: { package: 'Sales tools', added: want } });
  });

  test('of an exception gives no roles', () => {
    const exception = facts({ request: aRequest({ type: 'exception' }) });
    expect(contentSeen(exception, pressed())?.id).toBe(one.id);
  });
});

test.each([
  [pressed(one.id), one.id],
  [pressed('none'), null],
  [typed(), now.id],
])('a denial needs no look: %j', (give, want) => {
  const change = decide(facts(), idOf('Ana'), { ...give, decision: 'deny', reason: 'No.' }, at());
  expect(rowOf(change, 'decision').shown['packageVersion']).toBe(want);
});
