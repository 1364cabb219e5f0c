// Typed names of packages: of what is held where something held is meant, and by name where a name was typed.
import { aWorld, cardOf, sentenceOf, SMALL, textOf } from '../support/world';
import type { World } from '../support/world';

let world: World;
beforeEach(async () => {
  world = await aWorld(SMALL);
});

async function get(user: string, name: string) {
  await world.submit(user, cardOf(await world.say(user, `request ${name}`)), {});
  await world.settle();
}
const finance = (packages: string) => world.configure(`catalogs:\n  - name: Finance\n    packages:\n${packages}`);

describe('of what somebody holds', () => {
  test('a hidden package is known to who has it, half typed as well', async () => {
    await get('ana', 'hidden gem');
    for (const typed of ['give up Hidden gem', 'give up hidden', 'give up gem', 'give up hidden gme'])
      expect([typed, textOf(cardOf(await world.say('ana', typed)))]).toEqual([
        typed,
        expect.stringContaining('Hidden gem'),
      ]);
  });

  test('a word after the name does no harm', async () => {
    await get('tara', 'ledger auditor');
    for (const typed of ['give up ledger auditor please', 'give up Ledger auditor now, thanks'])
      expect(textOf(cardOf(await world.say('tara', typed)))).toContain('Give up Ledger auditor?');
  });

  test('nothing is suggested that is not held', async () => {
    await get('tara', 'ledger auditor');
    for (const typed of ['extend vault key', 'give up ledger reade', 'extend general'])
      expect(sentenceOf(await world.say('tara', typed))).not.toMatch(/Vault keys|Ledger reader/);
    expect(sentenceOf(await world.say('tara', 'extend vault keys'))).toBe(
      'You do not have Vault keys now. Type “my access” to see what you have.',
    );
    expect(sentenceOf(await world.say('tara', 'give up ledger'))).not.toContain('You do not have');
  });

  const twin = (catalog: string, who = 'allMembers') => `  - name: ${catalog}
    owners: olga
    resources: [{ name: ${catalog} box, connector: local, roles: [User] }]
    packages:
      - name: Twin
        roles: [${catalog} box / User]
        policies: [{ name: All, who: ${who}, expires: 30 days, reason: optional }]
`;

  test('two of one name are told apart by their catalogs', async () => {
    await world.configure(`catalogs:\n${twin('East')}${twin('West')}`);
    await get('tara', 'twin (East)');
    await get('tara', 'twin (West)');
    expect(sentenceOf(await world.say('tara', 'give up twin'))).toContain('Twin (West) or Twin (East)');
    expect(textOf(cardOf(await world.say('tara', 'give up Twin (West)')))).toContain('Give up Twin?');
  });

  test('what may be asked for is meant before what was had once, or is only looked after', async () => {
    await world.configure(`catalogs:\n${twin('East')}`);
    await get('tara', 'twin');
    await world.submit('tara', cardOf(await world.say('tara', 'give up twin')), {});
    await world.settle();
    await world.configure(`catalogs:\n${twin('East', 'ana')}${twin('West')}`);
    for (const user of ['tara', 'olga'])
      expect(textOf(cardOf(await world.say(user, 'request twin')))).toContain('Request Twin');
    for (const user of ['tara', 'olga'])
      expect(textOf(cardOf(await world.say(user, 'package twin (East)')))).toContain('Catalog: East');
  });
});

describe('of a package that only its description speaks of', () => {
  beforeEach(async () => {
    await finance(`      - name: Contribute
        description: Write code, and read code that others wrote
        roles: [Ledger / Reader]
        policies: [{ name: All, who: allMembers, expires: 1 days, reason: optional }]
`);
  });

  test.each(['package', 'request'])('"%s" offers it and does not take it', async (command) => {
    const reply = await world.say('tara', `${command} read code`);
    expect(sentenceOf(reply)).toBe('I know no “read code”. Did you mean Contribute?');
    expect(textOf(cardOf(await world.press('tara', cardOf(reply), 'Contribute')))).toContain('Contribute');
  });

  test('half of its name is enough', async () => {
    expect(textOf(cardOf(await world.say('tara', 'request contrib')))).toContain('Request Contribute');
  });
});
