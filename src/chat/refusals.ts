// What is turned away before it is known who speaks. Nothing of it may be stored (a stranger could fill the audit trail), so it
// is counted, and told in the log with its reason, within bounds: a flood of refusals is one number, not a flood of lines.
import type { Log } from '../log';
import type { Platform } from './inbound';
import { Windows } from './windows';

const WINDOW_MS = 60_000;
/** Lines about one reason in a minute. */
const MOST_LINES = 20;
/** More than there are reasons. */
const MOST_KEYS = 200;

export interface Refusals {
  /** `code`: one of our own words, never anything that came from outside. `more`: the account, as far as it is known. */
  refused(platform: Platform, code: string, more?: Readonly<Record<string, string | null>>): void;
}

/** `count` hears of every refusal, for the metrics. */
export function createRefusals(
  log: Pick<Log, 'warn'>,
  count: (platform: Platform, code: string) => void = () => undefined,
  clock: () => number = Date.now,
): Refusals {
  const windows = new Windows(WINDOW_MS, MOST_KEYS, clock);
  return {
    refused(platform, code, more = {}) {
      count(platform, code);
      const { count: lines, before } = windows.add(`${platform} ${code}`);
      if (lines > MOST_LINES) return;
      const untold = before > MOST_LINES ? { untold: before - MOST_LINES } : {};
      log.warn({ platform, security: code, ...more, ...untold }, 'turned away');
    },
  };
}
