// botbuilder's CloudAdapter, loaded and wired: our gate before it, our courier behind it. Gives the two things that the
// channel needs, running a delivery through the SDK and sending; no other file sees the SDK at work.
import type { CloudAdapter, InvokeResponse } from 'botbuilder';
import { createCourier } from './courier';
import { createCredentials } from './credentials';
import { createGate, type Activity } from './gate';
import type { TeamsSettings } from './options';
import { createSender, type Sender } from './sender';

/** What the SDK's answer is made of: status and body of the HTTP response. */
export interface Answer {
  readonly status: number;
  readonly body: object | null;
}

export interface Bot {
  /**
   * Verifies a delivery and gives its answer. Throws GateError for a delivery that is turned away, before `turn` or
   * anything else has seen it.
   */
  run(header: string, activity: Record<string, unknown>, turn: () => Promise<Answer>): Promise<Answer>;
  readonly sender: Sender;
}

/** Loads the SDK (0.7 s and 50 MB, so only when the channel starts). */
export async function loadBot(settings: TeamsSettings): Promise<Bot> {
  const sdk = await import('botbuilder');
  const credentials = createCredentials(settings);
  const gate = createGate(sdk, settings, credentials.factory, { httpClient: createCourier(settings, credentials) });

  // `process` would print errors with their text to the console and into the answer (row 42); what it wraps does neither.
  // No onTurnError either: the SDK would answer there, in the conversation; errors belong to the one catch in bot.ts.
  class Adapter extends sdk.CloudAdapter {
    run(
      header: string,
      activity: Activity,
      turn: Parameters<CloudAdapter['processActivityDirect']>[2],
    ): Promise<InvokeResponse | undefined> {
      return this.processActivity(header, activity, turn);
    }
  }
  const adapter = new Adapter(gate);

  return {
    sender: createSender(sdk, adapter, settings),
    async run(header, activity, turn) {
      let answer: Answer = { status: 200, body: null };
      await adapter.run(header, activity as unknown as Activity, async () => {
        answer = await turn();
      });
      return answer;
    },
  };
}
