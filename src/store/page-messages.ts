// What the local page remembers: one conversation per persona. Texts and cards are opaque here; the port that this fits is
// the page's own (main passes it in).
import type { Query } from './query';

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
interface Content {
  readonly text: string | null;
  readonly card: Json;
}
interface Entry extends Content {
  readonly direction: 'in' | 'out';
  readonly key: string | null;
}
interface Message extends Content {
  readonly id: string;
  readonly direction: 'in' | 'out';
  readonly at: Date;
  readonly changedAt: Date | null;
}

/** The conversations of the local page. */
export interface PageMessages {
  append(user: string, entry: Entry): Promise<Message>;
  update(user: string, id: string, content: Content): Promise<Message | null>;
  list(user: string, page: { readonly beforeId: string | null; readonly limit: number }): Promise<readonly Message[]>;
  unread(): Promise<ReadonlyMap<string, number>>;
  markRead(user: string, upToId: string): Promise<void>;
}

const NUMBER = /^\d{1,15}$/;
const COLUMNS = 'id::text, direction, card, text, at, changed_at as "changedAt"';

// The empty update makes the row that was there before come back.
const APPEND = `
insert into page_messages (persona, direction, card, text, dedupe, at, read)
values ($1, $2, $3, $4, $5, usher_now(), $2 = 'in')
on conflict (persona, dedupe) do update set dedupe = excluded.dedupe
returning ${COLUMNS}`;
const UPDATE = `
update page_messages set card = $3, text = $4, changed_at = usher_now() where id = $2 and persona = $1 returning ${COLUMNS}`;
const LIST = `
select ${COLUMNS} from page_messages where persona = $1 and ($2::bigint is null or page_messages.id < $2)
order by page_messages.id desc limit $3`;
const UNREAD = `
select persona, count(*)::integer as n from page_messages where not read and direction = 'out' group by persona`;
const MARK = `update page_messages set read = true where persona = $1 and id <= $2 and not read`;

/** The memory of the local page. */
export function createPageMessages(q: Query): PageMessages {
  return {
    async append(user, { direction, card, text, key }) {
      const [row] = await q(APPEND, [user, direction, jsonOf(card), text, key]);
      return row as Message;
    },
    async update(user, id, { card, text }) {
      const [row] = NUMBER.test(id) ? await q(UPDATE, [user, id, jsonOf(card), text]) : [];
      return (row as Message | undefined) ?? null;
    },
    async list(user, { beforeId, limit }) {
      const before = beforeId !== null && NUMBER.test(beforeId) ? beforeId : null;
      return ((await q(LIST, [user, before, limit])) as readonly Message[]).toReversed();
    },
    async unread() {
      const rows = (await q(UNREAD)) as readonly { persona: string; n: number }[];
      return new Map(rows.map(({ persona, n }) => [persona, n]));
    },
    async markRead(user, upToId) {
      if (NUMBER.test(upToId)) await q(MARK, [user, upToId]);
    },
  };
}

function jsonOf(card: Json): string | null {
  return card === null ? null : JSON.stringify(card);
}
