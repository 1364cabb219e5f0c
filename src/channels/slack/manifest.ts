// The app manifest, made from what the channel really listens to and calls, so that scopes and handlers cannot drift apart.
// `manifest/slack.json` is its copy for people who paste it into Slack; a test compares the two.

/** Where Slack delivers. */
export const PATH = '/slack/events';

/** What each scope is for: a reviewer asks, and a scope without a reason goes. */
export const SCOPES = {
  'app_mentions:read': 'hear somebody who mentions the bot in a channel',
  'chat:write': 'send cards to people and update them',
  commands: 'the slash command',
  'im:history':
    'hear what people write to the bot in its direct messages, and find a message there whose sending was cut off',
  'im:write': 'open direct messages with somebody who has to decide',
  'links:read': 'hear that somebody posted a link to a package',
  'links:write': 'show a button beside it',
  'users:read': 'name, time zone, and whether an account is a guest, a bot or deactivated',
  'users:read.email': 'propose which person of the directory an account belongs to',
} as const;

/** Events that the listeners know. */
export const EVENTS = ['app_mention', 'link_shared', 'message.im', 'user_change'] as const;

export interface ManifestOptions {
  /** Public address of this installation, without a path; null where it has none, which only Socket Mode can do without. */
  readonly publicUrl: string | null;
  readonly command: string;
  /** Socket Mode needs no address at all. */
  readonly socketMode: boolean;
}

/** Rights and events that only links to packages need: Slack wants to know their domain for them. */
const OF_LINKS: readonly string[] = ['links:read', 'links:write', 'link_shared'];

/** The manifest of one installation. */
export function slackManifest({ command, publicUrl, socketMode }: ManifestOptions): Record<string, unknown> {
  const url = `${publicUrl?.replace(/(?<!\/)\/+$/, '') ?? ''}${PATH}`;
  const at = (key: string): Record<string, string> => (socketMode ? {} : { [key]: url });
  const domain = publicUrl === null ? null : domainOf(publicUrl);
  const used = (names: readonly string[]): string[] =>
    names.filter((name) => domain !== null || !OF_LINKS.includes(name));
  return {
    _metadata: { major_version: 2, minor_version: 0 },
    display_information: {
      name: 'Usher',
      description: 'Ask for access, approve it, keep it and give it up, in chat.',
      background_color: '#1f3a5f',
      long_description:
        'Usher manages access in chat. People ask for the access they need, the right people approve or deny it with one click, ' +
        'and access ends when it should. Nobody has to remember who holds what: Usher says so before access ends, and records ' +
        'every decision with its reason.',
    },
    features: {
      ...(domain === null ? {} : { unfurl_domains: [domain] }),
      app_home: { home_tab_enabled: false, messages_tab_enabled: true, messages_tab_read_only_enabled: false },
      bot_user: { display_name: 'Usher', always_online: true },
      slash_commands: [
        {
          command,
          ...at('url'),
          description: 'Ask for access, see what you have, decide what waits for you',
          usage_hint: 'request VPN | my access | approvals | help',
          // Names arrive as ids, so that two people of one name are not mixed up.
          should_escape: true,
        },
      ],
    },
    oauth_config: { scopes: { bot: used(Object.keys(SCOPES)) } },
    settings: {
      event_subscriptions: { ...at('request_url'), bot_events: used(EVENTS) },
      // Fields that search ask under the third address; without it they stay empty.
      interactivity: { is_enabled: true, ...at('request_url'), ...at('message_menu_options_url') },
      org_deploy_enabled: false,
      socket_mode_enabled: socketMode,
      token_rotation_enabled: false,
    },
  };
}

/** Names only: Slack takes neither addresses nor names of one machine. */
function domainOf(publicUrl: string): string | null {
  const { hostname } = new URL(publicUrl);
  return /\.[a-z][a-z0-9-]*$/i.test(hostname) ? hostname : null;
}
