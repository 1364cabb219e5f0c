// Who is speaking: what Slack says about an account, remembered for a few minutes, and whether it is one of ours.
// Whether that person may do anything is decided behind the conversation.
import { ChannelError } from '../../chat/channel';
import type { Inbound, Profile } from '../../chat/inbound';
import { type Json, textAt } from './json';
import type { SlackSettings } from './options';
import { isCode, type Web } from './web';

const ASK_AGAIN_MS = 60_000;
const REMEMBER_MS = 5 * 60_000;
const MOST_REMEMBERED = 5_000;
// A click has 3 s in all. Somebody already linked is recognized without a profile, so a slow answer costs newcomers only.
const PATIENCE_MS = 1_500;

/** Ourselves, from `auth.test`. */
export interface Self {
  readonly user: string;
  readonly bot: string;
  readonly enterprise: string | null;
}

export type Sender = Pick<Inbound, 'tenant' | 'user' | 'profile'>;

/** Accounts of the workspace. */
export class People {
  private readonly known = new Map<string, { readonly profile: Promise<Profile | null>; readonly until: number }>();
  private self: Promise<Self> | null = null;
  private appUnknownUntil = 0;
  private ownApp: Promise<string | null> | null = null;

  constructor(
    private readonly web: Web,
    private readonly settings: SlackSettings,
  ) {}

  /** Who the bot is. Refuses a token of another workspace: it would answer to the wrong people. */
  me(): Promise<Self> {
    this.self ??= this.askSelf().catch((error: unknown) => {
      this.self = null;
      throw error;
    });
    return this.self;
  }

  /**
   * The id of our app, which links into the workspace name; null where Slack did not say it within the last minute: anybody may open a
   * link, and not each of them makes a call. Throws `ChannelError`.
   */
  app(): Promise<string | null> {
    const now = this.settings.clock();
    if (this.appUnknownUntil > now) return Promise.resolve(null);
    this.ownApp ??= this.askApp().catch((error: unknown) => {
      this.ownApp = null;
      this.appUnknownUntil = now + ASK_AGAIN_MS;
      throw error;
    });
    return this.ownApp;
  }

  /** Null: no such account. Throws `ChannelError`. */
  profile(user: string): Promise<Profile | null> {
    const now = this.settings.clock();
    const known = this.known.get(user);
    if (known !== undefined && known.until > now) return known.profile;
    this.known.delete(user);
    if (this.known.size >= MOST_REMEMBERED) this.known.delete(this.known.keys().next().value ?? '');
    const profile = this.askProfile(user);
    this.known.set(user, { profile, until: now + REMEMBER_MS });
    // A failure is not remembered. The handler also keeps a refusal that nobody waits for from ending the process.
    profile.catch(() => this.known.delete(user));
    return profile;
  }

  /** The account with a mail address. Throws `ChannelError`. */
  async find(email: string): Promise<Sender | null> {
    let user: string | null;
    try {
      user = textAt(await this.web.look('users.lookupByEmail', { email }), 'user', 'id');
    } catch (error) {
      if (isCode(error, 'users_not_found')) return null;
      throw error;
    }
    // What vouches for the address stands in `users.info` only.
    return user === null ? null : { tenant: this.settings.teamId, user, profile: await this.profile(user) };
  }

  /** After `user_change`. */
  forget(user: string): void {
    this.known.delete(user);
  }

  /** What is known about a sender in time. `team` is the workspace that the delivery names for this person. */
  async sender(user: string, team: string | null): Promise<Sender> {
    const profile = await this.inTime(user);
    const foreign = team !== null && team !== this.settings.teamId && !(await this.isColleague(profile));
    return {
      // An outsider's id is theirs, never one of our workspace.
      tenant: foreign ? team : this.settings.teamId,
      user,
      profile: foreign ? { ...(profile ?? NOBODY), standing: 'foreign' } : profile,
    };
  }

  /** Somebody of our own workspace, with what is known about them already: nobody is asked, so nothing is waited for. */
  async colleague(user: string): Promise<Sender> {
    const known = this.known.get(user);
    const asked = known !== undefined && known.until > this.settings.clock() ? known.profile : null;
    // What is not here yet counts as not known; of two that are, the first wins.
    const profile = await Promise.race([asked, Promise.resolve(null)]).catch(() => null);
    return { tenant: this.settings.teamId, user, profile };
  }

  // Another workspace of the same Enterprise organization; without one, another workspace is another company.
  private async isColleague(profile: Profile | null): Promise<boolean> {
    const self = await this.me().catch(() => null);
    return self !== null && self.enterprise !== null && profile?.standing === 'member';
  }

  private async inTime(user: string): Promise<Profile | null> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<null>((resolve) => {
      timer = setTimeout(() => {
        resolve(null);
      }, PATIENCE_MS);
    });
    try {
      return await Promise.race([this.profile(user), late]);
    } catch (error) {
      const code = error instanceof ChannelError ? error.code : 'unknown';
      this.settings.log.warn({ user, code }, 'slack account could not be looked up');
      return null;
    } finally {
      clearTimeout(timer);
    }
  }

  private async askSelf(): Promise<Self> {
    const answer = await this.web.call('auth.test', {});
    const [team, user, bot] = [textAt(answer, 'team_id'), textAt(answer, 'user_id'), textAt(answer, 'bot_id')];
    if (team !== this.settings.teamId) throw new Error('The Slack bot token belongs to another workspace.');
    if (user === null || bot === null) throw new Error('The Slack token is not a bot token.');
    return { user, bot, enterprise: textAt(answer, 'enterprise_id') };
  }

  private async askApp(): Promise<string | null> {
    const { bot } = await this.me();
    return textAt(await this.web.call('bots.info', { bot }), 'bot', 'app_id');
  }

  private async askProfile(user: string): Promise<Profile | null> {
    let answer: Json;
    try {
      answer = await this.web.look('users.info', { user, include_locale: true });
    } catch (error) {
      if (error instanceof ChannelError && error.code === 'user_not_found') return null;
      throw error;
    }
    const account = answer['user'];
    if (typeof account !== 'object' || account === null) return null;
    const enterprise = (await this.me().catch(() => null))?.enterprise ?? null;
    return readProfile(account as Json, { team: this.settings.teamId, enterprise });
  }
}

const NOBODY: Profile = {
  name: null,
  email: null,
  emailConfirmed: null,
  directoryKey: null,
  zone: null,
  locale: null,
  standing: 'foreign',
};

/** A user of `users.info` as a profile; the worst that is said decides the standing. */
export function readProfile(
  account: Json,
  home: { readonly team: string; readonly enterprise: string | null },
): Profile {
  return {
    name: textAt(account, 'profile', 'real_name') ?? textAt(account, 'real_name') ?? textAt(account, 'name'),
    email: textAt(account, 'profile', 'email'),
    emailConfirmed: typeof account['is_email_confirmed'] === 'boolean' ? account['is_email_confirmed'] : null,
    directoryKey: null,
    zone: textAt(account, 'tz'),
    locale: textAt(account, 'locale'),
    standing: standing(account, home),
  };
}

function standing(
  account: Json,
  home: { readonly team: string; readonly enterprise: string | null },
): Profile['standing'] {
  if (account['is_bot'] === true || account['id'] === 'USLACKBOT') return 'bot';
  const ofOurOrganization =
    home.enterprise !== null && textAt(account, 'enterprise_user', 'enterprise_id') === home.enterprise;
  if (account['is_stranger'] === true || (account['team_id'] !== home.team && !ofOurOrganization)) return 'foreign';
  if (account['deleted'] === true) return 'deactivated';
  if (account['is_restricted'] === true || account['is_ultra_restricted'] === true) return 'guest';
  return 'member';
}
