// Where a person can be told something: the places that are known, those that can be found, and those on which it can be looked.
import { ChannelError } from '../chat/channel';
import type { Channel } from '../chat/channel';
import { introduce } from '../chat/who';
import type { Person } from '../domain/model';
import type { Desk, Reachable } from '../operations/ports';
import { LOOK_UPS } from './gate';
import type { Gates } from './gate';

interface Places {
  readonly desk: Desk;
  readonly gates: Gates;
  readonly channels: ReadonlyMap<string, Channel>;
}

/**
 * The places that are known, best first; then they are looked for on the other platforms: else an approver who never spoke to us, or
 * whose last place this message finds dead, would hear nothing.
 */
export async function* placesOf(parts: Places, person: Person): AsyncGenerator<Reachable> {
  const reachable = async (): Promise<readonly Reachable[]> =>
    (await parts.desk.directory.reachable(person.id)).filter((place) => parts.channels.has(place.platform));
  const known = await reachable();
  yield* known;
  if (person.email === null) return;
  for (const channel of parts.channels.values()) {
    const { platform } = channel;
    if (known.some((place) => place.platform === platform)) continue;
    const found = await find(parts, channel, person.email);
    if (found !== null && (await introduce(parts.desk, person, { platform, ...found })))
      yield* (await reachable()).filter((place) => place.platform === platform);
  }
}

/** A platform that refuses the look-up, for want of a scope, is one on which the person is not found. */
async function find(parts: Places, channel: Channel, email: string): ReturnType<NonNullable<Channel['find']>> {
  if (!channel.find) return null;
  const look = channel.find.bind(channel, email);
  try {
    return await parts.gates.call(`${channel.platform}:look-ups`, LOOK_UPS, look);
  } catch (error) {
    if (error instanceof ChannelError && error.kind !== 'later') return null;
    throw error;
  }
}

/** The other platforms on which it can be looked for what a try left there. */
export const elsewhereThan = (place: Reachable, { channels }: Pick<Places, 'channels'>): readonly string[] =>
  [...channels.values()]
    .filter((one) => one.sent !== undefined && one.platform !== place.platform)
    .map(({ platform }) => platform);
