// One message for many: which lines it has, in which order, and how much is drawn for it.
import { digest } from '../../src/chat/digest';
import { plain } from '../../src/chat/text';
import { label } from '../../src/chat/words';
import type { Drawn, Look } from '../../src/chat/views';
import { notice } from '../../src/chat/present/notices';

type Item = readonly [notice: string, about: string];

/** Draws a page; what is `over` asks and says nothing more. Says what was drawn as well, in order. */
async function page(items: readonly Item[], over: readonly Item[] = [], from = 0) {
  const drawn: string[] = [];
  const key = ([what, about]: Item) => `${what} ${about}`;
  const draw = (view: string, { params }: Look): Promise<Drawn> => {
    const item: Item = [view, String(params['about'])];
    drawn.push(key(item));
    const title = [{ kind: 'user' as const, text: key(item) }];
    return Promise.resolve({
      card: 'notice',
      data: notice(title, 'default', [label('digest.intro')]),
      over: over.some((one) => key(one) === key(item)),
    });
  };
  const stored = items.map(([what, about]) => ({ notice: what, about, params: { about } }));
  const look = { params: { event: 'digest:1', items: JSON.stringify(stored), from } } as unknown as Look;
  const found = await digest(look, draw, () => true);
  if (found.card !== 'digest') throw new Error('no digest');
  const read = (text: typeof found.data.title) => plain(text, { zone: 'UTC', locale: 'en' });
  const { title, rows, more, next } = found.data;
  return { title: read(title), lines: rows.map((row) => read(row.text)), more: more && read(more), next, drawn };
}

const many = (count: number, what: string): readonly Item[] =>
  Array.from({ length: count }, (_, n) => [what, `request:${n}`]);

test('no more is drawn than a page and the next line, however much there is', async () => {
  const first = await page(many(200, 'approval'));
  expect(first).toMatchObject({ title: 'More than 10 things to know', more: 'And more.', next: 10 });
  expect([first.lines.length, first.drawn.length]).toEqual([10, 11]);
  const last = await page(many(200, 'approval'), [], 195);
  expect(last).toMatchObject({ title: '5 things to know', more: null, next: null });
  expect(last.drawn).toEqual(last.lines);
});

test('what is over is skipped on the way to a page, and draws nothing after it', async () => {
  const items = many(40, 'approval');
  const { lines, next, drawn } = await page(items, items.slice(20));
  expect([lines.length, next, drawn.length]).toEqual([10, 30, 31]);
});

test('a subject has one line: the first of what is said of it that is not over, where that belongs', async () => {
  const items: readonly Item[] = [
    ['accessEnded', 'assignment:1'],
    ['deliveryFailed', 'assignment:1'],
    ['access', 'assignment:2'],
    ['deliveryFailed', 'assignment:2'],
    ['access', 'assignment:3'],
    ['access', 'assignment:3'],
  ];
  const { title, lines } = await page(items, [['deliveryFailed', 'assignment:1']]);
  expect(title).toBe('3 things to know');
  expect(lines).toEqual(['deliveryFailed assignment:2', 'access assignment:3', 'accessEnded assignment:1']);
});

test('a further page says nothing anew of what the first one said', async () => {
  const news: readonly Item[] = [...many(12, 'requestOutcome'), ['access', 'assignment:1']];
  const items = [...news, ...many(12, 'approval')];
  const first = await page(items);
  expect(first.next).toBe(10);
  const { lines, next } = await page(items, [], first.next ?? 0);
  expect([lines, next]).toEqual([['approval request:1', 'approval request:0', 'access assignment:1'], null]);
});
