// How fast one account may speak. Nobody's fingers come near these numbers; a program does, and then everybody else should not
// wait for it, nor the database hear of it.
import type { Conversation } from './channel';
import type { Inbound, Reply } from './inbound';
import type { Refusals } from './refusals';
import { Windows } from './windows';
import { label } from './words';

const WINDOW_MS = 60_000;
/** What an account may do in a minute before the bucket that all processes share is asked: ordinary clicks cost nothing. */
const FREE = { act: 40, search: 240 } as const;
/** That bucket: so many at once, and so many a second. */
const BURST = 20;
const PER_SECOND = { act: 1, search: 4 } as const;
/** Accounts that are counted at the same time. */
const MOST_ACCOUNTS = 10_000;

export interface PaceParts {
  /** Takes a token of a bucket that all processes share, or says how long to wait. */
  readonly pass: (target: string, perSecond: number, burst: number) => Promise<number>;
  /** Says something where it was typed. */
  readonly tell: (inbound: Inbound, reply: Reply) => Promise<void>;
  readonly refusals: Refusals;
}

/** The same conversation for whoever speaks at the pace of people. Who does not is told so, kindly, and nothing is done. */
export function paced(conversation: Conversation, { pass, tell, refusals }: PaceParts): Conversation {
  const spoken = new Windows(WINDOW_MS, MOST_ACCOUNTS);
  const told = new Windows(WINDOW_MS, MOST_ACCOUNTS);

  const isTooFast = async (inbound: Inbound): Promise<boolean> => {
    const { platform, tenant, user, act } = inbound;
    const kind = act.kind === 'search' ? 'search' : 'act';
    const account = `pace:${platform}:${tenant}:${user}:${kind}`;
    if (spoken.add(account).count <= FREE[kind]) return false;
    if ((await pass(account, PER_SECOND[kind], BURST)) === 0) return false;
    refusals.refused(platform, 'too-fast', { tenant, user });
    return true;
  };

  return {
    ...conversation,
    async handle(inbound) {
      if (!(await isTooFast(inbound))) return await conversation.handle(inbound);
      const say = label('surface.tooFast');
      if (inbound.act.kind === 'search') return { kind: 'choices', choices: [], more: say };
      return inbound.act.kind === 'submit' ? { kind: 'errors', fields: {}, say } : { kind: 'text', say };
    },
    async accept(inbound) {
      if (!(await isTooFast(inbound))) return await conversation.accept(inbound);
      // Answering each would be a flood of ours, and storing each would keep what nobody waits for.
      const first = told.add(`${inbound.platform}:${inbound.tenant}:${inbound.user}`).count === 1;
      if (first) await tell(inbound, { kind: 'text', say: label('surface.tooFast') });
      return true;
    },
  };
}
