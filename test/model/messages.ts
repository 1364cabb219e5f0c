// What people see at the end of a run that speaks: a card to decide by wherever somebody is asked, and nowhere else; each thing said
// once; nothing left unsaid.
import { buttons } from '../support/world';
import type { Run } from './commands';
import type { Key } from './model';
import type { ModelWorld } from './world';

interface Row {
  readonly id: string;
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
  expect(await world.sql(`select id, kind, error from outgoing where state <> 'done'`)).toEqual([]);
}
