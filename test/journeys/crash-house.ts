// Usher as several processes over one database, with the platform that they talk to and the hand on their clock.
import { APP_ROLE, testDatabase } from '../support/postgres';
import { aWorld } from '../support/world';
import type { World } from '../support/world';
import { Platform, Replica } from './crash-replica';

/** What a replica does by itself: its workers run, or it only does what it is asked. */
export type Mode = 'work' | 'rest';

export interface House {
  readonly world: World;
  readonly platform: Platform;
  /** Every replica that ever was. */
  readonly replicas: readonly Replica[];
  /** Starts one more. */
  start(mode: Mode): Replica;
  living(): Replica[];
  /** All that live, at once. */
  all(what: 'rest' | 'settle' | 'sweep'): Promise<void>;
  /** Moves the database's clock. */
  forward(ms: number): Promise<void>;
  /** Leases of the dead run out, and everything that waits is worked, by all replicas at once. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

/** An organization from a blueprint, without a replica yet. */
export async function openHouse(yaml: string): Promise<House> {
  const world = await aWorld(yaml);
  const { url } = await testDatabase();
  const platform = new Platform();
  const replicas: Replica[] = [];
  const living = (): Replica[] => replicas.filter((replica) => !replica.dead);
  const all = async (what: 'rest' | 'settle' | 'sweep'): Promise<void> => {
    await Promise.all(living().map((replica) => replica.tell(what)));
  };
  const forward = async (ms: number): Promise<void> => {
    await world.sql('update organization set clock_offset_ms = clock_offset_ms + $1 returning 1', [ms]);
  };
  return {
    world,
    platform,
    replicas,
    start(mode) {
      const replica = new Replica([url, APP_ROLE, mode], platform);
      replicas.push(replica);
      return replica;
    },
    living,
    all,
    forward,
    async settle() {
      for (let round = 0; round < 20; round += 1) {
        await forward(61_000);
        await all('settle');
        await all('sweep');
        const [open] = await world.sql<{ n: number }>(
          `select (select count(*) from outgoing where state in ('ready', 'leased')) + (select count(*) from inbound where state in ('stored', 'leased')) as n`,
        );
        if (Number(open?.n) === 0) return;
      }
      throw new Error('something never settles');
    },
    async close() {
      await Promise.all(living().map((replica) => replica.kill()));
    },
  };
}
