// What a digest leads to: the message that a line stands for, and its further lines.
import { z } from 'zod';
import { DomainError } from '../../domain/errors';
import type { Notice } from '../../domain/consequences';
import type { Verb } from '../verb';
import { read, uuid } from '../verb';

/** These have verbs of their own. */
type Reached = 'request' | 'requestOutcome' | 'approval' | 'approvalReminder' | 'manualTask' | 'manualTaskReminder';

/** What a notice is about, as its view calls it. */
const ABOUT = {
  access: 'assignment',
  accessProblem: 'assignment',
  accessExtended: 'assignment',
  accessReason: 'assignment',
  accessMoved: 'assignment',
  accessChanged: 'assignment',
  accessBack: 'person',
  accessEnding: 'assignment',
  accessEnded: 'assignment',
  deliveryFailed: 'assignment',
  removalAlarm: 'assignment',
  drift: 'resource',
  leavers: 'package',
  exception: 'exception',
  delegation: 'delegation',
  delegationNews: 'delegation',
  exceptionEnding: 'exception',
} as const satisfies Record<Exclude<Notice, Reached>, string>;
const NOTICES = Object.keys(ABOUT) as (keyof typeof ABOUT)[];

const one = z.object({ notice: z.enum(NOTICES), subject: uuid });
const page = z.object({ digest: z.string().max(100), from: z.int().min(0) });

export const noticeVerbs = {
  'notice.show': {
    kind: 'reads',
    opens: false,
    press: (_context, data) => {
      const found = read(one, data);
      if (!found) return Promise.reject(new DomainError('not-found', { what: 'card' }));
      return Promise.resolve({
        view: found.notice,
        params: { [ABOUT[found.notice]]: found.subject },
        place: 'new' as const,
      });
    },
  },
  'digest.show': {
    kind: 'reads',
    opens: false,
    press: (_context, data) => {
      const found = read(page, data);
      if (!found) return Promise.reject(new DomainError('not-found', { what: 'card' }));
      return Promise.resolve({
        view: 'digest' as const,
        params: { event: found.digest, from: found.from },
        place: 'new' as const,
      });
    },
  },
} as const satisfies Record<string, Verb>;
