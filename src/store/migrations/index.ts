// The list of migrations, in order: explicit, because a search for files finds .ts in development and .js in dist.
// Running them is database.ts. A migration that has been released is never edited; the next one corrects it.
import { mainJob } from './0001-main-job';
import { operations } from './0002-operations';
import { speed } from './0003-speed';
import { lists } from './0004-lists';
import { fixedDays } from './0005-fixed-days';
import { gates } from './0006-gates';
import { since } from './0007-since';
import { sets } from './0008-sets';
import { contents } from './0009-contents';
import { largeGroups } from './0010-large-groups';
import { drift } from './0011-drift';
import { astray } from './0012-astray';
import { calendarsAndExceptions } from './0013-calendars-and-exceptions';
import { directory } from './0014-directory';
import { driftAnswers } from './0015-drift-answers';
import { looks } from './0017-looks';
import { unlimited } from './0019-unlimited';
import { exceptions } from './0020-exceptions';
import { gone } from './0021-gone';
import { taskKeepers } from './0022-task-keepers';
import { delegating } from './0023-delegations';
import { delegationEnds } from './0024-delegation-ends';
import { askingForExceptions } from './0025-asking-for-exceptions';
import { packageLinks } from './0027-package-links';
import { deleted } from './0028-deleted';
import { forgotten } from './0029-forgotten';
import { formerMails } from './0031-former-mails';
import { validated } from './0032-validated';
import { saidBySettings } from './0033-said-by-settings';
import { answersDue } from './0034-answers-due';
import { read } from './0036-read';
import { formerMail } from './0037-former-mail';
import { lent } from './0038-lent';
import { linkedMails } from './0039-linked-mails';
import { edges } from './0040-edges';
import { filed } from './0041-filed';
import { readByBoth } from './0042-read-by-both';
import { bothLists } from './0048-both-lists';
import { taskNumbers } from './0050-task-numbers';
import { standingSaid } from './0051-standing-said';
import { freeUntil } from './0053-free-until';
import { oneWayRows } from './0054-one-way-rows';
import { saidOfUs } from './0057-said-of-us';
import { updates } from './0058-updates';
import { leftBehind } from './0062-left-behind';
import { monthsApart } from './0064-months';
import { zones } from './0070-zones';
import { walls } from './0077-walls';
import { neverEmptied } from './0079-never-emptied';

export type Migration = {
  /** `0001-name`, as the file is called. */
  readonly name: string;
  /**
   * Forward only. Everything pending runs in one transaction, so a failed start has changed nothing; it may lock tables that are in
   * use for a moment only. An index on a table that may be full is a line in indexes.ts.
   */
  readonly up: (query: (sql: string) => Promise<void>) => Promise<void>;
  /** What reads a table that may be full, run once after the commit, when nobody waits for it; while it runs people write. */
  readonly afterwards?: string;
};

export const migrations: readonly Migration[] = [
  mainJob,
  operations,
  speed,
  lists,
  fixedDays,
  gates,
  since,
  sets,
  contents,
  largeGroups,
  drift,
  astray,
  calendarsAndExceptions,
  directory,
  driftAnswers,
  looks,
  unlimited,
  exceptions,
  gone,
  taskKeepers,
  delegating,
  delegationEnds,
  askingForExceptions,
  packageLinks,
  deleted,
  forgotten,
  formerMails,
  validated,
  saidBySettings,
  answersDue,
  read,
  formerMail,
  lent,
  linkedMails,
  edges,
  filed,
  readByBoth,
  bothLists,
  taskNumbers,
  standingSaid,
  freeUntil,
  oneWayRows,
  saidOfUs,
  updates,
  leftBehind,
  monthsApart,
  zones,
  walls,
  neverEmptied,
];
