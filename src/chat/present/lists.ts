// Lists: a few lines and buttons for each row, pages by keyset cursor, in cards to one person only.
import { taskDueAt } from '../../domain/assignment';
import type { AccessLine } from '../../operations/assignments';
import type { PersonRef, RequestId } from '../../domain/model';
import type { AccessRow, ApprovalRow, Page, RequestRow, TaskRow } from '../../operations/ports';
import type { RequestView } from '../../operations/requests';
import type { Text } from '../card';
import type { CardDataOf } from '../card-data';
import { escapeMarkdown, guard } from '../markdown';
import { clip } from '../spans';
import { plain } from '../text';
import { label, say } from '../words';
import { approvalCard } from './approvals';
import { BRIEF, holds, includes, terms } from './asked';
import { askedFor, number, stateText, text, toneOf, typedNumber, typedTask, typeText } from './common';

const NAME = 120;

export function paging(page: { readonly previous: string | null; readonly next: string | null }) {
  return { previous: page.previous, next: page.next };
}

function why(row: AccessRow): Text | null {
  const reasons = row.why.map((one): Text => {
    switch (one.kind) {
      case 'request':
        return say('access.byRequest', { number: number(one.number) });
      case 'direct':
        return say('access.byDirect', { number: number(one.number) });
      case 'rule':
        return label('access.byRule');
    }
  });
  return reasons.length === 0
    ? null
    : reasons.slice(0, 3).flatMap((one, index) => (index === 0 ? one : [...label('list.comma'), ...one]));
}

/** How it stands, and until when. */
function access(row: AccessRow): Text[] {
  const until = row.endsAt === null ? label('access.noEnd') : say('access.until', { endsAt: row.endsAt });
  switch (row.state) {
    case 'scheduled':
      return [say('access.starts', { startsAt: row.startsAt }), until];
    case 'removing':
    case 'removalFailed':
      return [label('access.endedNotRemoved')];
    case 'removed':
      return [row.endedAt === null ? label('state.removed') : say('access.ended', { endedAt: row.endedAt })];
    case 'delivering':
    case 'partiallyDelivered':
    case 'deliveryFailed':
      return [label(`state.${row.state}`), until];
    case 'delivered':
      return [until];
  }
}

/** `my access`. */
export function accessList(page: Page<AccessLine>): CardDataOf['access-list'] {
  return {
    summary: label('access.title'),
    title: label('access.title'),
    empty: page.rows.length === 0 ? label('access.empty') : null,
    rows: page.rows.map((row) => {
      const parts = [...access(row), why(row), row.closed ? label('access.closed') : null].filter(
        (one) => one !== null,
      );
      return {
        title: text(row.packageName, NAME),
        detail: parts.flatMap((one, n): Text => (n === 0 ? one : [{ kind: 'fixed', text: ' · ' }, ...one])),
        tone: row.state === 'deliveryFailed' || row.state === 'removalFailed' ? 'attention' : 'default',
        assignment: row.id,
        package: row.package,
        extend: row.mayExtend,
        giveUp: row.endedAt === null && row.mayGiveUp,
        askAgain: row.mayAskAnew,
        typedExtend: `extend ${row.packageName}`,
        typedGiveUp: `give up ${row.packageName}`,
        typedAskAgain: `request ${row.packageName}`,
      };
    }),
    list: 'mine',
    ...paging(page),
  };
}

/** What somebody may ask for again who is back. Its further pages are messages of their own, so that none leads back. */
export function accessBackList(page: Page<AccessLine> & { readonly total: number }): CardDataOf['access-list'] {
  const title = say('access.back', { count: page.total });
  return { ...accessList({ ...page, previous: null }), summary: title, title, list: 'back' };
}

/** `my requests`. */
export function requestList(page: Page<RequestRow>, viewer: string): CardDataOf['request-list'] {
  return {
    summary: label('requests.title'),
    title: label('requests.title'),
    empty: page.rows.length === 0 ? label('requests.empty') : null,
    rows: page.rows.map((row) => {
      const state = stateText({ ...row, startsAt: null }, row.target.id === viewer);
      const type = typeText(row.type);
      return {
        title: [...number(row.number), { kind: 'fixed', text: ' · ' }, ...text(row.packageName, NAME)],
        detail:
          row.target.id === viewer
            ? say('requests.row', { type, state, at: row.createdAt })
            : say('requests.rowFor', { type, state, at: row.createdAt, target: row.target.name }),
        tone: toneOf(row),
        request: row.id,
        typed: typedNumber(row.number),
      };
    }),
    ...paging(page),
  };
}

type ApprovalListRow = CardDataOf['approval-list']['rows'][number];
const NO_BUTTONS: Pick<ApprovalListRow, 'lines' | 'decides'> = { lines: [], decides: null };
/** Letters of what a row says before it would be a card. */
const ROW = 500;
/**
 * What the rows of a page may take as Teams counts a card, which takes 25 KB (channels/teams/card.ts): each word stands there twice, in the
 * card and in its plain form, and each button twice, for older clients. A row that does not fit would be on no page: the next begins behind it.
 */
const ROOM = 24_000;
const BARE = 700;
const BUTTONS = 1_150;
const LINE = 50;

function takes(text: Text): number {
  return 2 * Buffer.byteLength(JSON.stringify(guard(escapeMarkdown(plain(text, null)))));
}

/**
 * The part of a row that decides. Whoever decides was shown what is asked for and what it gives (rule 3.27), so a row with the buttons says
 * all that the card says of it. What is more than a row holds, and an exception, are read on their card.
 */
function deciding(view: RequestView | undefined, page: string): Pick<ApprovalListRow, 'lines' | 'decides'> {
  if (view === undefined) return NO_BUTTONS;
  const card = approvalCard(view);
  const lines = [...terms(view, BRIEF), ...includes(view), ...holds(view), ...card.answers].map(({ title, value }) => ({
    // A question ends with its own mark.
    text: [...title, { kind: 'fixed', text: /[?!:]$/.test(plain(title, null)) ? ' ' : ': ' } as const, ...value],
  }));
  const letters = sum(lines.map((line) => plain(line.text, null).length));
  if (!card.open || card.kind !== null || letters > ROW) return NO_BUTTONS;
  const { version, approveVerb, for: other, content, decideTyped, approveTyped } = card;
  return { lines, decides: { version, approveVerb, for: other, content, decideTyped, approveTyped, page } };
}

function takesMore({ lines, decides }: Pick<ApprovalListRow, 'lines' | 'decides'>): number {
  if (decides === null) return 0;
  // Both buttons say them.
  const said = 4 * Buffer.byteLength(JSON.stringify([decides.for, decides.content, decides.page]));
  return BUTTONS + said + sum(lines.map((line) => LINE + takes(line.text)));
}

/** Who asks for what, and until when: of every row, with names as long as all of them leave room for. */
function bareRows(rows: readonly ApprovalRow[]): readonly Pick<ApprovalListRow, 'title' | 'detail'>[] {
  const named = (most: number) =>
    rows.map((row) => {
      const short = <P extends PersonRef | null>(person: P): P =>
        person && { ...person, name: clip(person.name, most) };
      const who = { type: row.type, requestor: short(row.requestor), target: short(row.target) };
      const values = { number: number(row.number), decideBy: row.decideBy };
      return {
        title: askedFor(who, text(row.packageName, most)),
        detail:
          row.for === null
            ? say('approvals.row', values)
            : say('approvals.rowFor', { ...values, name: clip(row.for, most) }),
      };
    });
  const fits = (bare: ReturnType<typeof named>) => takenBy(bare) <= ROOM;
  return [NAME, 80].map(named).find(fits) ?? named(50);
}

function takenBy(rows: ReturnType<typeof bareRows>): number {
  return sum(rows.map(({ title, detail }) => BARE + takes(title) + takes(detail)));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0);
}

/**
 * `approvals`: oldest deadline first. `seen`: each of them as its card shows it; `shown`: the page, as for tasks. A row for whose buttons
 * there is no room has its details alone.
 */
export function approvalList(
  page: Page<ApprovalRow>,
  seen: ReadonlyMap<RequestId, RequestView>,
  shown: string | null,
): CardDataOf['approval-list'] {
  const bare = bareRows(page.rows);
  let room = ROOM - takenBy(bare);
  const decided = page.rows.map((row) => {
    const part = deciding(seen.get(row.id), shown ?? 'first');
    const more = takesMore(part);
    if (more > room) return NO_BUTTONS;
    room -= more;
    return part;
  });
  return {
    summary: label('approvals.title'),
    title: label('approvals.title'),
    empty: page.rows.length === 0 ? label('approvals.empty') : null,
    rows: page.rows.map((row, n) => ({
      title: bare[n]?.title ?? [],
      detail: bare[n]?.detail ?? [],
      tone: 'default',
      request: row.id,
      typed: typedNumber(row.number),
      approveTip: say('approve.title', { number: number(row.number) }),
      denyTip: say('deny.title', { number: number(row.number) }),
      ...(decided[n] ?? NO_BUTTONS),
    })),
    ...paging(page),
  };
}

/** `tasks`. `shown`: the page, so that what is left of it can be shown where something of it was done. */
export function taskList(page: Page<TaskRow>, shown: string | null): CardDataOf['task-list'] {
  return {
    summary: label('tasks'),
    title: label('tasks'),
    empty: page.rows.length === 0 ? label('tasks.empty') : null,
    rows: page.rows.map((row) => ({
      title: say(row.want ? 'tasks.give' : 'tasks.take', {
        number: say('task.number', { number: row.number }),
        target: text(row.target, NAME),
        role: text(row.role, NAME),
        resource: text(row.resource, NAME),
      }),
      detail: row.late
        ? say('tasks.rowLate', { since: row.openedAt })
        : say('tasks.row', { since: row.openedAt, due: taskDueAt(row.openedAt) }),
      tone: row.late && !row.want ? 'attention' : 'default',
      task: row.id,
      page: shown ?? 'first',
      typed: typedTask(row.number),
    })),
    ...paging(page),
  };
}
