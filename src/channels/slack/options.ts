// What the Slack channel needs to know, checked before anything starts: a bot that would believe anybody does not start.
// Reading the environment is config's work.
import { createRefusals, type Refusals } from '../../chat/refusals';
import type { Log } from '../../log';

/** How the answers to clicks share in what the workspace takes. */
export interface AnswerPace {
  /** Whether an answer may be an edit now; it has another way. */
  mayEdit(): Promise<boolean>;
  /** Whether an answer may be a new message to this person now. */
  mayPost(user: string): Promise<boolean>;
  /** An edit was refused for so long: the workspace wants no calls. */
  holdEdits(ms: number): Promise<void>;
  /** A new message was, which may be the conversation with this person alone. */
  holdPosts(user: string, ms: number): Promise<void>;
}

/** Settings of `createSlackChannel`. There is on purpose none that switches the check of signatures off. */
export interface SlackOptions {
  /** Proves that an HTTP delivery comes from Slack. Not used in Socket Mode, where Slack is the one we called. */
  readonly signingSecret: string;
  readonly botToken: string;
  /** App-level token (`connections:write`): set, deliveries come over Socket Mode and no HTTP route is offered. */
  readonly appToken: string | null;
  /** The workspace that installed the app. Deliveries of other workspaces are dropped (row 11). */
  readonly teamId: string;
  readonly apiUrl?: string;
  readonly command?: string;
  /** Where links to packages lead; without it none is known as ours. */
  readonly publicUrl?: string | null;
  /** Milliseconds since 1970; the replay window and the age of answer addresses are measured with it. */
  readonly clock?: () => number;
  readonly log: Log;
  /** Hears of what is turned away. */
  readonly refusals?: Refusals;
  /** Without one each answer is an edit. */
  readonly pace?: AnswerPace;
  /** After this long a person is told that it takes longer, and an event counts as not stored. */
  readonly deadlineMs?: number;
  /** How long Slack may wait for the outcome before it gets an empty acknowledgement. */
  readonly ackAfterMs?: number;
}

export type SlackSettings = Required<SlackOptions>;

const UNPACED: AnswerPace = {
  mayEdit: () => Promise.resolve(true),
  mayPost: () => Promise.resolve(true),
  holdEdits: () => Promise.resolve(),
  holdPosts: () => Promise.resolve(),
};

export const SLACK_API = 'https://slack.com/api/';

/** Fills in defaults, or throws one Error that names every problem (row 4). Never repeats a secret. */
export function checkOptions(options: SlackOptions): SlackSettings {
  const settings: SlackSettings = {
    apiUrl: SLACK_API,
    command: '/usher',
    publicUrl: null,
    clock: Date.now,
    deadlineMs: 2_000,
    ackAfterMs: 800,
    refusals: createRefusals(options.log),
    pace: UNPACED,
    ...options,
  };
  const problems: string[] = [];
  const must = (holds: boolean, problem: string): void => {
    if (!holds) problems.push(problem);
  };
  must(settings.appToken !== null || settings.signingSecret.trim() !== '', 'the signing secret is missing');
  must(
    settings.appToken === null || settings.appToken.startsWith('xapp-'),
    'the app-level token must begin with xapp-',
  );
  must(settings.botToken.startsWith('xoxb-'), 'the bot token must begin with xoxb-');
  must(/^T[A-Z0-9]+$/.test(settings.teamId), 'the team id must look like T0123ABCD');
  must(isSafeApi(settings.apiUrl), 'the API address must be https, or http on this machine');
  must(/^\/[a-z0-9_-]{1,31}$/.test(settings.command), 'the command must be a slash and at most 31 small letters');
  if (problems.length > 0) throw new Error(`Slack is not set up safely: ${problems.join('; ')}.`);
  return { ...settings, apiUrl: settings.apiUrl.endsWith('/') ? settings.apiUrl : `${settings.apiUrl}/` };
}

/** Whether a URL points to this machine, by address: names other than `localhost` could be made to resolve anywhere. */
export function isLoopback(url: URL): boolean {
  return url.hostname === 'localhost' || url.hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(url.hostname);
}

function isSafeApi(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const url = new URL(address);
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url));
}
