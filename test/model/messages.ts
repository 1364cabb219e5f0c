// What people see at the end of a run that speaks: a card to decide by wherever somebody is asked, and nowhere else; each thing said
// once; nothing left unsaid.
import { createHash } from 'node:crypto';
import { paramsOf } from '../../src/chat/replies';
import { bind } from '../../src/chat/render';
import { draw } from '../../src/chat/views';
import { asReader } from '../../src/chat/who';
import { isRefusal } from '../../src/domain/errors';
import type { CardId } from '../../src/domain/model';
import { buttons, textOf } from '../support/world';
import type { Run } from './step';
import type { Key } from './model';
import type { ModelWorld } from './world';

interface Row {
  readonly id: CardId;
  readonly message: string | null;
  readonly person: Key;
  readonly request: string | null;
}

export async function expectHeard(run: Run, world: ModelWorld): Promise<void> {
  const rows = await world.sql<Row>(
    `select c.id, c.message, people.directory_key as person, c.request_id as request
     from cards c join people on people.id = c.person_id where c.state = 'live'`,
  );
  const asked = new Set(
    run.o.requests
      .filter(({ state }) => state === 'pendingApproval')
      .flatMap(({ key, tasks }) =>
        tasks.filter(({ state }) => state === 'open').map(({ person }) => `${person} ${world.request(key)}`),
      ),
  );
  const cards = new Map(world.chat.messages.map(({ id, card }) => [id, card]));
  const shown = new Set<string>();
  const stale: string[] = [];
  for (const { message, person, request } of rows) {
    const card = cards.get(message ?? '');
    // Who left can press nothing.
    if (!card || !buttons(card).has('Approve') || !run.o.people[person]?.enabled) continue;
    shown.add(`${person} ${request ?? ''}`);
    if (!asked.has(`${person} ${request ?? ''}`)) stale.push(`${person} ${request ?? ''}`);
  }
  const tooOften = [...world.chat.posts].filter(
    ([id, posts]) => posts > 1 + (world.chat.lost.get(id) ?? 0) + world.casualties,
  );
  expect(tooOften).toEqual([]);
  if (!world.chat.isFaithful) return;
  expect(stale).toEqual([]);
  expect([...asked].filter((one) => !shown.has(one))).toEqual([]);
  for (const row of rows) {
    const shows = textOf(cards.get(row.message ?? '') ?? missing(row));
    const should = await standing(world, row);
    if (should !== null) expect(shows).toBe(should);
  }
  expect(await world.sql(`select id, kind, error from outgoing where state <> 'done'`)).toEqual([]);
}

function missing({ id }: Row): never {
  throw new Error(`the message of card ${id} was never sent`);
}

/**
 * What a message shows if nothing older came over the newest that was drawn; null where time alone changed it since, for which
 * nothing is redrawn.
 */
async function standing(world: ModelWorld, { id, person: key }: Row): Promise<string | null> {
  const [kept, person] = await Promise.all([world.cards.get(id), world.views.person(world.person(key))]);
  if (!kept || !person) throw new Error('no such card');
  const who = asReader(person, null);
  const look = { desk: world.desk, who, by: { actor: { kind: 'person', id: person.id }, via: 'model' } } as const;
  const drawn = await draw(kept.view, { ...look, params: paramsOf(kept) }).catch((error: unknown) => {
    // The reader has no part in it any more.
    if (isRefusal(error)) return draw('gone', { ...look, params: {} });
    throw error;
  });
  const hash = createHash('sha256')
    .update(JSON.stringify([drawn.card, drawn.data]))
    .digest('hex');
  return hash === kept.hash ? textOf(bind(world.book, drawn, who, id)) : null;
}
