// The SDK's log lines into ours. Its debug lines print whole requests, payloads and socket addresses, so debug and info never
// leave here, and of the rest only the sentence does, never the values beside it.
import type { Logger, LogLevel } from '@slack/bolt';
import type { Log } from '../../log';
import type { Bolt } from './web';

const LONGEST = 300;

/** A logger for Bolt and its clients. */
export function sdkLogger(bolt: Bolt, log: Log): Logger {
  const level: LogLevel = bolt.LogLevel.WARN;
  return {
    debug: nothing,
    info: nothing,
    warn: (...message: unknown[]) => {
      log.warn({ sdk: first(message) }, 'slack sdk');
    },
    // Errors of the SDK are told again, with a code, where they are caught.
    error: (...message: unknown[]) => {
      log.warn({ sdk: first(message) }, 'slack sdk');
    },
    setLevel: nothing,
    getLevel: () => level,
    setName: nothing,
  };
}

function nothing(): void {
  // Quiet on purpose.
}

function first([message]: unknown[]): string {
  const text = message instanceof Error ? message.name : typeof message === 'string' ? message : typeof message;
  return text.slice(0, LONGEST).replace(/\b(?:xox[a-z]|xapp)-[\w-]+|wss?:\/\/\S+|https?:\/\/\S+/g, '[gone]');
}
