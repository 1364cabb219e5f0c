// Where the link to a package leads. Its code says nothing about the package, and whoever follows it is asked who they are there.
import { isLinkCode } from '../domain/link';
import type { Channel, Door } from './channel';
import type { Platform } from './inbound';

/** A platform's way in. Null: there is none, or it cannot be told now. */
export interface PlatformDoor {
  readonly platform: Platform;
  readonly door: Door | null;
}

export interface Links {
  /** The address of the link with this code; null where this installation has none of its own. */
  readonly address: (code: string) => string | null;
  /** Every platform that is set up, to ask there for the package with this code. */
  readonly doors: (code: string) => Promise<readonly PlatformDoor[]>;
}

export const LINK_PATH = '/go/';

/** More packages than anybody names in one message. */
export const MOST_LINKS = 5;

/** The code in the path of a request; null where there is none. */
export function codeIn(url: string | undefined): string | null {
  const path = (url ?? '').replace(/\?.*$/s, '');
  const code = path.slice(LINK_PATH.length);
  return path.startsWith(LINK_PATH) && isLinkCode(code) ? code : null;
}

/** What somebody types to ask for the package of a link. */
export const wordsOf = (code: string): string => `request ${code}`;

/** `base`: the address of this installation, without a slash at its end. */
export function createLinks(
  base: () => string | null,
  channels: () => Iterable<Pick<Channel, 'platform' | 'door'>>,
): Links {
  return {
    address: (code) => {
      const origin = base();
      return origin === null ? null : `${origin}${LINK_PATH}${code}`;
    },
    doors: (code) =>
      Promise.all(
        [...channels()].flatMap(({ door, platform }) =>
          door === undefined ? [] : [door(wordsOf(code)).then((found) => ({ platform, door: found }))],
        ),
      ),
  };
}

/** Where nothing leads anywhere: the words to type are left. */
export const NO_LINKS: Links = { address: () => null, doors: () => Promise.resolve([]) };
