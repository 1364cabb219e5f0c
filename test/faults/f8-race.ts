// Two approvers, or one with two fingers, decide one request at the same moment in two replicas.
import type { Act } from '../../src/chat/inbound';
import { inboundOf } from '../journeys/crash-clicks';
import { openHouse } from '../journeys/crash-house';
import type { House } from '../journeys/crash-house';
import type { Shown } from '../journeys/crash-child';
import { expectSound } from '../support/invariants';
import type { Fault } from './fault';
import { approvalOf, ask, diceOf, handled, press, pressOf, submitOf } from './people';
import type { Dice } from './people';

const ASKERS = 50;
const AT_ONCE = 10;
const DONE = /^Done\. /;
/** How many stages the packages have, and who is asked in each. */
const STAGES = { One: 1, Two: 2 } as const;

function organization(packages: number): string {
  const person = (key: string, name: string): string =>
    `  - { key: ${key}, name: ${name}, timeZone: Europe/Berlin, identities: [{ platform: web, tenant: demo, user: ${key} }] }`;
  const askers = Array.from({ length: ASKERS }, (_, n) => person(`r${n}`, `Asker ${n}`));
  const stages = ['{ approvers: [ann, bob] }', '{ approvers: [cy, dot] }'];
  const pack = (n: number, name: keyof typeof STAGES): string => `
      - name: ${name} ${n}
        roles: [R0 / A${n % 4}]
        policies: [{ name: All, who: allMembers, approval: [${stages.slice(0, STAGES[name]).join(', ')}], expires: 30 days, reason: optional }]`;
  return `
organization: { name: Woodgrove, timeZone: Europe/Berlin }
people:
${[person('ann', 'Ann Ames'), person('bob', 'Bob Bell'), person('cy', 'Cy Cole'), person('dot', 'Dot Dunn'), person('boss', 'Boss'), ...askers].join('\n')}
installations: [{ platform: web, tenant: demo }]
administrators: boss
catalogs:
  - name: Works
    owners: boss
    resources: [{ name: R0, connector: local, roles: [A0, A1, A2, A3] }]
    packages:${Array.from({ length: packages }, (_, n) => pack(n, n % 3 === 2 ? 'Two' : 'One')).join('')}
`;
}

const NAMES = { ann: 'Ann Ames', bob: 'Bob Bell', cy: 'Cy Cole', dot: 'Dot Dunn' } as const;
/** Who is asked second, in place of whom. */
const SECOND = { ann: 'cy', bob: 'dot', cy: 'cy', dot: 'dot' } as const;

interface Choice {
  readonly by: keyof typeof NAMES;
  readonly what: 'approve' | 'deny';
}
const PAIRS: readonly (readonly [Choice, Choice])[] = [
  [
    { by: 'ann', what: 'approve' },
    { by: 'bob', what: 'deny' },
  ],
  [
    { by: 'ann', what: 'approve' },
    { by: 'ann', what: 'deny' },
  ],
  [
    { by: 'ann', what: 'deny' },
    { by: 'bob', what: 'deny' },
  ],
  [
    { by: 'bob', what: 'approve' },
    { by: 'bob', what: 'approve' },
  ],
  [
    { by: 'bob', what: 'approve' },
    { by: 'ann', what: 'approve' },
  ],
];

export const f8: Fault = {
  id: 'F8',
  name: 'two decisions at the same moment: one counts, the other is told who decided, what is denied gives nothing',
  short: 'here',
  async run(seed, full) {
    const dice = diceOf(seed);
    const packages = full ? 20 : 3;
    const house = await openHouse(organization(packages));
    try {
      const replicas = [house.start('rest'), house.start('rest')];
      await Promise.all(replicas.map((replica) => replica.ready));
      const askers = Array.from({ length: full ? ASKERS : 5 }, (_, n) => `r${n}`);
      for (let n = 0; n < packages; n += 1) await round(house, dice, askers, `${n % 3 === 2 ? 'Two' : 'One'} ${n}`);
      await house.settle();
      await expectSound(house.world.sql);
      await expectNothingForDenied(house);
    } finally {
      await house.close();
    }
  },
};

async function round(house: House, dice: Dice, askers: readonly string[], name: string): Promise<void> {
  const [here, there] = house.living();
  if (!here || !there) throw new Error('two replicas decide');
  const desk = here;
  let open: { readonly number: string; readonly pair: readonly [Choice, Choice] }[] = [];
  await inTens(askers, async (asker) => {
    open.push({ number: await ask(here, asker, name), pair: dice.pick(PAIRS) });
  });
  for (let stage = 1; open.length > 0; stage += 1) {
    await house.settle();
    const next: typeof open = [];
    await inTens(open, async ({ number, pair }) => {
      const [one, other] = pair;
      // A form is open before the moment comes.
      const clicks = [await ready(one), await ready(other)] as const;
      const shown = await Promise.all([
        handled(here, inboundOf(one.by, clicks[0])),
        handled(there, inboundOf(other.by, clicks[1])),
      ]);
      const won = expectOne(number, [
        { ...one, shown: shown[0] },
        { ...other, shown: shown[1] },
      ]);
      if (won.what === 'approve' && stage < STAGES[name.startsWith('Two') ? 'Two' : 'One'])
        next.push({ number, pair: second(dice.pick(PAIRS)) });

      async function ready({ by, what }: Choice): Promise<Act> {
        const card = approvalOf(house, by, number);
        if (what === 'approve') return pressOf(card, 'approval.approve');
        return submitOf(await press(desk, by, card, 'approval.deny'), {
          reason: 'no',
        });
      }
    });
    open = next;
  }
}

const second = ([one, other]: readonly [Choice, Choice]): readonly [Choice, Choice] => [
  { ...one, by: SECOND[one.by] },
  { ...other, by: SECOND[other.by] },
];

/** One of two counts; the other one says who decided. */
function expectOne(number: string, two: readonly (Choice & { readonly shown: Shown })[]): Choice {
  const won = two.filter(({ shown }) => DONE.test(shown.said));
  const lost = two.filter(({ shown }) => !DONE.test(shown.said));
  const told = JSON.stringify(two.map(({ by, what, shown }) => [number, by, what, shown.said]));
  const [winner] = won;
  if (!winner || won.length !== 1) throw new Error(`not one of two counts: ${told}`);
  for (const { by, shown } of lost) {
    const who = by === winner.by ? /^You/ : new RegExp(`^${NAMES[winner.by]}`);
    if (!who.test(shown.said)) throw new Error(`not told who decided: ${told}`);
  }
  return winner;
}

async function expectNothingForDenied(house: House): Promise<void> {
  const given = `select r.number from requests r where r.state in ('denied', 'canceled', 'expired') and exists (
    select 1 from justifications j where j.request_id = r.id)`;
  expect(await house.world.sql(given)).toEqual([]);
  const twice = `select request_id, n from decisions group by 1, 2 having count(*) <> 1`;
  expect(await house.world.sql(twice)).toEqual([]);
}

/** Several at a time. */
async function inTens<T>(from: readonly T[], act: (one: T) => Promise<void>): Promise<void> {
  for (let at = 0; at < from.length; at += AT_ONCE) await Promise.all(from.slice(at, at + AT_ONCE).map(act));
}
