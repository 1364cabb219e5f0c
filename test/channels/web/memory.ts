// The message port of the web channel in memory, for tests only: the store has the real one.
import type { Json, WebContent, WebEntry, WebMessage, WebMessages } from '../../../src/channels/web/messages';

interface Row extends WebMessage {
  readonly user: string;
  readonly key: string | null;
}

export function memoryMessages(now: () => Date = () => new Date()): WebMessages & { readonly count: () => number } {
  const rows: Row[] = [];
  const read = new Map<string, number>();
  const copy = (content: WebContent): WebContent => ({
    text: content.text,
    card: JSON.parse(JSON.stringify(content.card)) as Json,
  });
  return {
    count: () => rows.length,
    append(user: string, entry: WebEntry) {
      const known = rows.find((row) => row.user === user && row.key !== null && row.key === entry.key);
      if (known !== undefined) return Promise.resolve(known);
      const row: Row = {
        ...copy(entry),
        id: String(rows.length + 1),
        user,
        key: entry.key,
        direction: entry.direction,
        at: now(),
        changedAt: null,
      };
      rows.push(row);
      return Promise.resolve(row);
    },
    update(user, id, content) {
      const at = rows.findIndex((row) => row.user === user && row.id === id);
      const row = rows[at];
      if (row === undefined) return Promise.resolve(null);
      const changed = { ...row, ...copy(content), changedAt: now() };
      rows[at] = changed;
      return Promise.resolve(changed);
    },
    list(user, { beforeId, limit }) {
      const before = beforeId === null ? Infinity : Number(beforeId);
      return Promise.resolve(rows.filter((row) => row.user === user && Number(row.id) < before).slice(-limit));
    },
    unread() {
      const counts = new Map<string, number>();
      for (const row of rows)
        if (row.direction === 'out' && Number(row.id) > (read.get(row.user) ?? 0))
          counts.set(row.user, (counts.get(row.user) ?? 0) + 1);
      return Promise.resolve(counts);
    },
    markRead(user, upToId) {
      read.set(user, Math.max(read.get(user) ?? 0, Number(upToId)));
      return Promise.resolve();
    },
  };
}
