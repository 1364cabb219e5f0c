// The platforms deliver everything once to four times, in any order, to any replica, and once more ten minutes later.
import { inboundOf } from '../journeys/crash-clicks';
import { openHouse } from '../journeys/crash-house';
import { organization, packageName, user } from '../journeys/crash-organization';
import type { Inbound } from '../../src/chat/inbound';
import { expectRoles } from '../journeys/crash-checks';
import { expectSound } from '../support/invariants';
import type { Fault } from './fault';
import { approvalOf, diceOf, handled, pressOf, say, submitOf } from './people';

const TEN_MINUTES = 600_000;

export const f7: Fault = {
  id: 'F7',
  name: 'every delivery comes once to four times, shuffled, and again ten minutes later: it acts once, and each repeat is answered alike',
  short: 'here',
  async run(seed, full) {
    const dice = diceOf(seed);
    const house = await openHouse(organization());
    try {
      const replicas = [house.start('rest'), house.start('rest')];
      await Promise.all(replicas.map((replica) => replica.ready));
      const told = new Map<string, { readonly inbound: Inbound; said: string }>();
      const deliver = async (deliveries: readonly Inbound[], times: () => number): Promise<void> => {
        const all = deliveries.flatMap((inbound) => Array.from({ length: times() }, () => inbound));
        await Promise.all(
          dice.shuffle(all).map(async (inbound) => {
            const { said } = await handled(dice.pick(replicas), inbound);
            const before = told.get(inbound.delivery);
            if (before) expect(said).toBe(before.said);
            told.set(inbound.delivery, { inbound, said });
          }),
        );
      };
      const often = (): number => 1 + dice.below(4);

      const asks = Array.from({ length: full ? 20 : 5 }, (_, n) => user(12 + n));
      const forms: Inbound[] = [];
      for (const from of asks)
        forms.push(
          inboundOf(
            from,
            submitOf(await say(dice.pick(replicas), from, `request ${packageName(1)}`), { reason: 'because' }),
          ),
        );
      await deliver(forms, often);
      await house.settle();
      const numbers = forms.map(({ delivery }) => /^R-\d+/.exec(told.get(delivery)?.said ?? '')?.[0] ?? '');
      expect(new Set(numbers).size).toBe(asks.length);
      await deliver(
        numbers.map((number) => inboundOf(user(5), pressOf(approvalOf(house, user(5), number), 'approval.approve'))),
        often,
      );
      await house.settle();
      await house.forward(TEN_MINUTES);
      await deliver(
        [...told.values()].map(({ inbound }) => inbound),
        () => 1,
      );
      await house.settle();

      await expectSound(house.world.sql);
      await expectRoles(house);
      const [count] = await house.world.sql(`select
        (select count(*)::integer from requests where state = 'delivered') as delivered,
        (select count(*)::integer from audit_events where type = 'request.submitted') as submitted,
        (select count(*)::integer from audit_events where type = 'decision.recorded') as decided`);
      expect(count).toEqual({ delivered: asks.length, submitted: asks.length, decided: asks.length });
    } finally {
      await house.close();
    }
  },
};
