// The link to a package: its code opens the form for whoever may ask, hidden packages as well, and says nothing to anybody else.
import type { PersonId } from '../../src/domain/model';
import { createPackageViews } from '../../src/store/package-views';
import { aWorld, cardOf, sentenceOf, SMALL, textOf } from '../support/world';
import type { World } from '../support/world';

const NOBODYS = 'zzzzzzzzzzzzzzzzzzzz';
const NOT_FOUND = 'I know no package of that name that you could ask for. Type “request” to search.';

let world: World;
beforeEach(async () => {
  world = await aWorld(SMALL);
});

const codeOf = async (name: string): Promise<string> =>
  (await world.sql<{ code: string }>('select link_code as code from packages where name = $1', [name]))[0]?.code ?? '';
const say = async (user: string, text: string): Promise<string> => {
  const reply = await world.say(user, text);
  return reply.kind === 'text' ? sentenceOf(reply) : `${sentenceOf(reply)} ${textOf(cardOf(reply))}`;
};
const finance = (packages: string) => world.configure(`catalogs: [{ name: Finance, packages: [${packages}] }]`);

describe('the code of a link', () => {
  test('is of its own for each package, and stays when everything else changes', async () => {
    const all = await world.sql<{ code: string }>('select link_code as code from packages');
    expect(new Set(all.map(({ code }) => code)).size).toBe(all.length);
    for (const { code } of all) expect(code).toMatch(/^[0-9a-hjkmnp-tv-z]{20}$/);
    const code = await codeOf('Ledger reader');
    await finance(
      '{ name: Books, formerly: Ledger reader, description: Other words, hidden: true, roles: [Ledger / Writer] }',
    );
    expect(await codeOf('Books')).toBe(code);
    expect(await say('tara', `request ${code}`)).toContain('Request Books');
  });

  test.each(['request', 'request access to', 'ask for', 'package'])('opens as a name does: "%s"', async (words) => {
    const code = await codeOf('Ledger reader');
    expect(await say('tara', `${words} ${code}`)).toContain('Ledger reader');
    expect(await say('tara', `${words} ${code.toUpperCase()} please`)).toContain('Ledger reader');
  });

  test('opens the form by the link alone, and for a report', async () => {
    const code = await codeOf('Ledger writer');
    expect(await say('tara', `https://usher.example/go/${code}`)).toContain('Request Ledger writer');
    expect(await say('max', `request ${code} for Tara Lind`)).toContain('Request Ledger writer for Tara Lind');
  });

  test('opens a hidden package for those it is for', async () => {
    const code = await codeOf('Hidden gem');
    for (const user of ['ana', 'ben'])
      expect([user, await say(user, `request ${code}`)]).toEqual([user, expect.stringContaining('Request Hidden gem')]);
  });

  test('says what stands in the way to who has it, or has asked', async () => {
    const code = await codeOf('Ledger reader');
    await world.submit('tara', cardOf(await world.say('tara', `request ${code}`)), { reason: 'month end' });
    expect(await say('tara', `request ${code}`)).toContain('R-1001');
    await world.settle();
    await world.say('ana', 'approve R-1001');
    await world.settle();
    expect(await say('tara', `request ${code}`)).toContain('Ledger reader');
    expect(await say('tara', `give up ${code}`)).toContain('Give up Ledger reader');
  });

  test('of a package that is for others, is gone or closed is one that nobody knows', async () => {
    const [hidden, given, gone] = [await codeOf('Hidden gem'), await codeOf('Given only'), await codeOf('Vault keys')];
    await finance('{ name: Vault keys, state: deleted }');
    const heard = async (code: string) =>
      (await say('tara', `request ${code}`)).replaceAll(code, 'CODE') +
      (await say('tara', `package ${code}`)).replaceAll(code, 'CODE') +
      (await say('tara', `give up ${code}`)).replaceAll(code, 'CODE');
    const unknown = await heard(NOBODYS);
    expect(unknown).toContain(NOT_FOUND);
    for (const code of [hidden, given, gone]) expect([code, await heard(code)]).toEqual([code, unknown]);
    const open = await codeOf('Ledger reader');
    expect(await heard(open)).not.toBe(unknown);
    await world.configure('catalogs: [{ name: Finance, published: false }]');
    expect(await heard(open)).toBe(unknown);
    expect(await world.sql(`select 1 from audit_events where type like '%refus%'`)).toEqual([]);
  });

  test('is not found again when a package of the same name is made anew', async () => {
    const code = await codeOf('Vault keys');
    await finance('{ name: Vault keys, state: deleted }');
    await finance(
      '{ name: Vault keys, roles: [Ledger / Reader], policies: [{ name: E, who: allMembers, expires: 1 day }] }',
    );
    expect(await say('tara', `request ${code}`)).toContain(NOT_FOUND);
  });

  test('is a name first where a package is called like one', async () => {
    await finance(
      `{ name: webserverbackendgate, roles: [Ledger / Reader], policies: [{ name: E, who: allMembers, expires: 1 day }] }`,
    );
    expect(await say('tara', 'request webserverbackendgate')).toContain('Request webserverbackendgate');
  });

  // Nobody tells a code of others from one that was made up by the time that the answer takes.
  test('costs the same to look for, whether there is one or not', async () => {
    const [tara] = await world.sql<{ id: PersonId }>(`select id from people where directory_key = 'tara'`);
    const gathered = async (code: string): Promise<unknown> => {
      const plans: unknown[] = [];
      const views = createPackageViews(async (sql, bind = []) => {
        plans.push(await world.sql(`explain (analyze, timing off, summary off, format json) ${sql}`, bind));
        return [];
      });
      await views.packagesNamed(tara?.id as PersonId, code);
      const offered = plansIn(plans).find((node) => node['Subplan Name'] === 'CTE offered');
      return { loops: offered?.['Actual Loops'], rows: offered?.['Actual Rows'] };
    };
    const unknown = await gathered(NOBODYS);
    expect(unknown).toEqual({ loops: 1, rows: 1 });
    for (const name of ['Hidden gem', 'Given only', 'Ledger reader'])
      expect([name, await gathered(await codeOf(name))]).toEqual([name, unknown]);
  });
});

/** Every node of some plans. */
function plansIn(value: unknown): Record<string, unknown>[] {
  if (Array.isArray(value)) return value.flatMap(plansIn);
  if (typeof value !== 'object' || value === null) return [];
  return [value as Record<string, unknown>, ...plansIn(Object.values(value))];
}
