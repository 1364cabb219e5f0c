// The `response_url` of an interaction: an address for a few short answers in the next half hour. Needs no token, reaches
// places where the bot is no member, and is the only way to change an ephemeral message.
import type { Json } from './json';
import { isLoopback, SLACK_API, type SlackSettings } from './options';

// Slack takes 5 answers in 30 minutes; margins for clocks and for an answer whose reply we never saw (row 16).
const MOST_USES = 4;
const LIFETIME_MS = 25 * 60_000;
const TIMEOUT_MS = 10_000;

export class AnswerUrl {
  private uses = 0;
  private readonly bornAt: number;

  private constructor(
    private readonly url: string,
    private readonly settings: SlackSettings,
  ) {
    this.bornAt = settings.clock();
  }

  /** Null where the delivery has none, or one that is not Slack's: a signed body is still no reason to call any host. */
  static of(url: string | null | undefined, settings: SlackSettings): AnswerUrl | null {
    if (url === null || url === undefined || !isSlacks(url, settings)) return null;
    return new AnswerUrl(url, settings);
  }

  /** Whether the message was delivered; false also when the address is used up, so that the caller takes another way. */
  async post(message: Json): Promise<boolean> {
    if (this.uses >= MOST_USES || this.settings.clock() - this.bornAt > LIFETIME_MS) return false;
    this.uses += 1;
    try {
      const response = await fetch(this.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json; charset=utf-8' },
        body: JSON.stringify(message),
        redirect: 'error',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      await response.body?.cancel();
      if (!response.ok) this.settings.log.warn({ status: response.status }, 'slack answer address refused a message');
      return response.ok;
    } catch {
      // The error would carry the address, which is a capability.
      this.settings.log.warn('slack answer address could not be reached');
      return false;
    }
  }
}

function isSlacks(address: string, settings: SlackSettings): boolean {
  if (!URL.canParse(address)) return false;
  const url = new URL(address);
  const api = new URL(settings.apiUrl);
  if (isLoopback(api)) return isLoopback(url);
  if (url.protocol !== 'https:') return false;
  if (settings.apiUrl === SLACK_API || api.hostname.endsWith('.slack.com')) return url.hostname === 'hooks.slack.com';
  return url.hostname === api.hostname || url.hostname === 'hooks.slack-gov.com';
}
