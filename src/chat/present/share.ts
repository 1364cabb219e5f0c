// The link to a package, for whoever sends it to others.
import type { SharedRow } from '../../operations/ports';
import type { Text } from '../card';
import type { CardDataOf } from '../card-data';
import type { Links, PlatformDoor } from '../links';
import { wordsOf } from '../links';
import { address, fixed } from '../spans';
import { label, say } from '../words';
import { text } from './common';
import type { Notice } from './notices';
import { notice } from './notices';

/** Where there is no address of ours each platform has one of its own. */
export async function shareNotice({ code, hidden, name }: SharedRow, links: Links): Promise<Notice> {
  const own = links.address(code);
  const leads = own === null ? (await links.doors(code)).flatMap(lead) : [label('share.send'), [address(own)]];
  return notice(say('share.title', { package: text(name, 150) }), 'default', [
    ...leads,
    say('share.words', { words: [fixed(wordsOf(code))] }),
    label('share.scope'),
    ...(hidden ? [label('share.hidden')] : []),
  ]);
}

function lead({ door, platform }: PlatformDoor): readonly Text[] {
  if (door === null) return [];
  const where = label(`platform.${platform}`);
  return [say(door.carries ? 'share.door' : 'share.doorAndWords', { where }), [address(door.url)]];
}

/** Beside a link that somebody posted. `names`: of the packages that may be named there; null: nothing is said of it. */
export function linkPreview(codes: readonly string[], names: readonly (string | null)[]): CardDataOf['link-preview'] {
  const rows = codes.map((code, n) => {
    const name = names[n] ?? null;
    return { title: name === null ? label('preview.unnamed') : text(name, 150), typed: wordsOf(code) };
  });
  const [only, other] = rows;
  const title = only && other === undefined ? only.title : label('preview.several');
  return { summary: say('preview.summary', { package: title }), scope: label('preview.scope'), rows };
}
