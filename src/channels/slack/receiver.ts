// How deliveries reach Bolt: our own HTTP receiver behind the gate, or Bolt's Socket Mode receiver. Both hold the
// acknowledgement of an event until it is stored, and neither leaves a delivery without an answer.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { App, Receiver, ReceiverEvent } from '@slack/bolt';
import type { Route } from '../../chat/channel';
import { judge, MOST_BYTES } from './gate';
import { loggable } from './json';
import { ListenerFailed } from './listeners';
import { PATH } from './manifest';
import type { SlackSettings } from './options';

/** A receiver that is fed by one route of the house's HTTP server. */
export class HttpReceiver implements Receiver {
  readonly route: Route;
  private app: App | null = null;

  constructor(private readonly settings: SlackSettings) {
    this.route = {
      method: 'POST',
      path: PATH,
      maxBytes: MOST_BYTES,
      handle: (request, response, body) => this.receive(request, response, body),
    };
  }

  init(app: App): void {
    this.app = app;
  }

  /** Nothing to open: the server is not ours. */
  async start(): Promise<void> {
    await Promise.resolve();
  }

  async stop(): Promise<void> {
    this.app = null;
    await Promise.resolve();
  }

  private async receive(request: IncomingMessage, response: ServerResponse, body: Buffer): Promise<void> {
    const verdict = judge(this.settings, request, body);
    if (verdict.kind === 'answer') {
      if (verdict.why !== null) this.settings.refusals.refused('slack', verdict.why);
      send(response, verdict.status, verdict.text);
      return;
    }
    if (this.app === null) {
      send(response, 503, '');
      return;
    }
    const event: ReceiverEvent = {
      body: verdict.body,
      ...(verdict.retryNum === null ? {} : { retryNum: verdict.retryNum }),
      ...(verdict.retryReason === null ? {} : { retryReason: verdict.retryReason }),
      ack: (answer?: unknown) => {
        send(response, 200, answer);
        return Promise.resolve();
      },
    };
    try {
      if ((await deliver(this.app, event, this.settings)) === 'unreadable') send(response, 400, '');
    } catch {
      // Not stored: a non-2xx makes Slack send it again. What went wrong was logged where it happened.
      if (!response.headersSent) send(response, 503, '');
    }
  }
}

/**
 * Hands one delivery to Bolt. Bolt acknowledges events before any listener has run, and a crash in between would lose
 * them; so an event is acknowledged here, after its listener stored it, and not at all when it could not be stored.
 * Everything else acknowledges itself in time; what no listener wanted is acknowledged at once instead of hanging 3 s.
 * `unreadable`: Bolt looks into fields before it knows that they are there, and this delivery is not what Slack documents.
 */
export async function deliver(
  app: Pick<App, 'processEvent'>,
  event: ReceiverEvent,
  settings: Pick<SlackSettings, 'log' | 'refusals'>,
): Promise<'done' | 'unreadable'> {
  try {
    await handOver(app, event, settings);
    return 'done';
  } catch (error) {
    if (isWorthRepeating(error)) throw error;
    settings.refusals.refused('slack', 'delivery cannot be read');
    return 'unreadable';
  }
}

/** What went wrong on our side, or while Slack could not be asked who we are. */
function isWorthRepeating(error: unknown): boolean {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : null;
  return error instanceof ListenerFailed || code === 'slack_bolt_authorization_error';
}

async function handOver(
  app: Pick<App, 'processEvent'>,
  event: ReceiverEvent,
  settings: Pick<SlackSettings, 'log'>,
): Promise<void> {
  let open = true;
  const ack = async (answer?: unknown): Promise<boolean> => {
    if (!open) return false;
    open = false;
    await event.ack(answer);
    return true;
  };
  if (event.body['event'] !== undefined) {
    await app.processEvent({ ...event, ack: () => Promise.resolve() });
    await ack();
    return;
  }
  await app.processEvent({
    ...event,
    ack: async (answer) => {
      await ack(answer);
    },
  });
  if (await ack()) settings.log.warn({ kind: loggable(event.body['type']) }, 'slack delivery of an unknown kind');
}

function send(response: ServerResponse, status: number, answer: unknown): void {
  if (response.headersSent || response.destroyed) return;
  if (typeof answer === 'object' && answer !== null) {
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
    response.end(JSON.stringify(answer));
    return;
  }
  const text = typeof answer === 'string' ? answer : '';
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(text);
}
