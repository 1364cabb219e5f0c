// What a person typed, from Slack's form of it: without the mention of the bot, with names instead of ids and with the
// characters that Slack escapes. Commands are read in chat/commands.ts.
import type { Profile } from '../../chat/inbound';

// More names than a sentence needs, fewer than would make us a way to flood Slack with look-ups.
const MOST_NAMES = 5;
const LONGEST = 3_000;

/** Readable text. `lookUp` tells who is mentioned; where it knows nothing, the name that Slack gave stays. */
export async function readTyped(
  raw: string,
  bot: string | null,
  lookUp: (user: string) => Promise<Profile | null>,
): Promise<string> {
  const own = bot === null ? raw : raw.replace(new RegExp(`<@${bot}(?:\\|[^<>]*)?>[ \\t]*[:,]?`, 'g'), ' ');
  const mentions = [...own.matchAll(/<@([A-Z0-9]+)(?:\|[^<>]*)?>/g)].map((match) => match[1] ?? '');
  const names = new Map<string, string>();
  const lookUps = [...new Set(mentions)].slice(0, MOST_NAMES).map(async (user) => {
    const profile = await lookUp(user).catch(() => null);
    // An address names one person; display names are anybody's choice.
    const name = profile?.email ?? profile?.name ?? null;
    if (name !== null) names.set(user, name);
  });
  await Promise.all(lookUps);
  const text = own
    .replace(
      /<@([A-Z0-9]+)(?:\|([^<>]*))?>/g,
      (_, user: string, label?: string) => names.get(user) ?? `@${label ?? user}`,
    )
    .replace(
      /<#([A-Z0-9]+)(?:\|([^<>]*))?>/g,
      (_, id: string, label?: string) => `#${label === '' ? id : (label ?? id)}`,
    )
    .replace(/<!([^<>|]+)(?:\|([^<>]*))?>/g, (_, command: string, label?: string) => label ?? `@${command}`)
    .replace(/<(?:mailto:)?([^<>|]+)(?:\|([^<>]*))?>/g, (_, link: string, label?: string) => label ?? link)
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&amp;/g, '&');
  return text.trim().slice(0, LONGEST);
}
