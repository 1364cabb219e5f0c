// The link to a package: its code opens the form for whoever may ask, hidden packages as well, and says nothing to anybody else.
import type { Card } from '../../src/chat/card';
import { misfit, toMessage } from '../../src/channels/slack/blocks';
import type { PersonId } from '../../src/domain/model';
import { createPackageViews } from '../../src/store/package-views';
import { aWorld, buttons, cardOf, sentenceOf, SMALL, textOf } from '../support/world';
import type { World } from '../support/world';

const NOBODYS = 'zzzzzzzzzzzzzzzzzzzz';
const NOT_FOUND = 'I know no package of that name that you could ask for. Type “request” to search.';

let world: World;
beforeEach(async () => {
  world = await aWorld(SMALL, { strict: true });
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

describe('somebody shares', () => {
  const shared = async (user: string, text: string): Promise<string> => {
    const codes = await world.sql<{ code: string }>('select link_code as code from packages');
    return codes.reduce((reply, { code }) => reply.replaceAll(code, 'CODE'), await say(user, text));
  };

  test('what they may ask for, with the address of this installation', async () => {
    world.site.base = 'https://usher.example';
    expect(textOf(cardOf(await world.say('tara', 'share ledger reader')))).toBe(
      [
        'Share Ledger reader',
        'Send this link to whoever needs it:',
        `https://usher.example/go/${await codeOf('Ledger reader')}`,
        `The same typed to me: request ${await codeOf('Ledger reader')}`,
        'It opens the form for those whom the package is for. It gives nobody access by itself.',
      ].join('\n'),
    );
  });

  test('with the ways into the platforms where there is no such address', async () => {
    const door = (words: string) =>
      Promise.resolve({ url: `https://chat.example/to?message=${encodeURIComponent(words)}`, carries: true });
    Object.assign(world.mailbox, { door });
    expect(await shared('tara', 'share ledger reader')).toContain(
      'send this link:\nhttps://chat.example/to?message=request%20CODE\n',
    );
    Object.assign(world.mailbox, { door: () => Promise.resolve(null) });
    expect(await shared('tara', 'share ledger reader')).not.toContain('http');
  });

  test('half a name, the code itself, or with courtesy; and is asked what was meant', async () => {
    for (const typed of ['share auditor', 'share “Ledger auditor” please', `share ${await codeOf('Ledger auditor')}`])
      expect([typed, await shared('tara', typed)]).toEqual([typed, expect.stringContaining('Share Ledger auditor')]);
    expect(await shared('tara', 'share ledgr auditor')).toContain('Did you mean Ledger auditor?');
    const reply = cardOf(await world.say('tara', 'share no such thing'));
    expect(textOf(reply)).toBe(`${NOT_FOUND}\nShare: “share”`);
  });

  test('one that is chosen from the search, which holds what they may tell of', async () => {
    const form = cardOf(await world.say('tara', 'share'));
    expect(form.body.flatMap((one) => ('search' in one ? [one.search] : []))).toEqual(['sharable']);
    const found = async (user: string) =>
      sentenceOf(
        await world.conversation.handle(
          world.inbound(user, { kind: 'search', search: 'sharable', draft: null, query: '' }),
        ),
      );
    expect(await found('tara')).toBe('Ledger auditor, Ledger reader, Ledger writer, Vault keys');
    expect(await found('ana')).toBe('Ledger auditor, Ledger reader, Ledger writer, Vault keys');
    for (const user of ['olga', 'ada'])
      expect(await found(user)).toBe(
        'Given only, Hidden gem, Ledger auditor, Ledger reader, Ledger writer, Vault keys',
      );
    const chosen = await world.submit('tara', form, { package: await idOf('Vault keys') });
    expect(textOf(cardOf(chosen))).toContain('Share Vault keys');
    for (const name of ['Hidden gem', 'Given only', ''])
      expect([name, sentenceOf(await world.submit('tara', form, { package: name && (await idOf(name)) }))]).toEqual([
        name,
        NOT_FOUND,
      ]);
  });

  test('a hidden one only where they look after its catalog, and what they say then', async () => {
    await world.configure('catalogs: [{ name: Finance, packageManagers: cas, assignmentManagers: tom }]');
    for (const user of ['olga', 'ada', 'cas'])
      expect([user, await shared(user, 'share hidden gem')]).toEqual([
        user,
        expect.stringContaining('there is no other way to find it'),
      ]);
    await world.submit('ana', cardOf(await world.say('ana', 'request hidden gem')), {});
    await world.settle();
    // Whoever has it, may ask for it, or assigns it knows that there is one.
    for (const user of ['ana', 'ben'])
      expect([user, await shared(user, 'share hidden gem')]).toEqual([
        user,
        expect.stringContaining('Hidden gem is hidden, so only those who look after its catalog share it.'),
      ]);
    for (const user of ['tara', 'max'])
      expect([user, await shared(user, 'share hidden gem')]).toEqual([user, expect.stringContaining(NOT_FOUND)]);
    const tom = await press('tom', await idOf('Hidden gem'));
    expect(sentenceOf(tom)).toContain('Hidden gem is hidden');
    expect(await shared('tom', 'share given only')).toContain('Share Given only');
  });

  test('what they have and could not ask for again', async () => {
    await world.submit('olga', cardOf(await world.say('olga', 'assign Tara Lind to Given only')), { reason: 'needed' });
    await world.settle();
    expect(await shared('tara', 'share given only')).toContain('Share Given only');
    expect(await shared('tom', 'share given only')).toContain(NOT_FOUND);
  });

  test('from the card of a package, where they may', async () => {
    const card = cardOf(await world.say('tara', 'package vault keys'));
    expect(textOf(cardOf(await world.press('tara', card, 'Share')))).toContain('Share Vault keys');
    const hidden = cardOf(await world.say('ana', 'package hidden gem'));
    expect([...buttons(hidden).keys()]).toEqual(['Request access']);
    await finance('{ name: Vault keys, state: deleted }');
    expect(sentenceOf(await world.press('tara', card, 'Share'))).toBe(NOT_FOUND);
  });

  test('an id that they made up is none', async () => {
    for (const id of [await idOf('Hidden gem'), '0197f000-0000-7000-8000-000000000000', 'x', ''])
      expect([id, sentenceOf(await press('tara', id))]).toEqual([id, NOT_FOUND]);
  });

  const idOf = async (name: string): Promise<string> =>
    (await world.sql<{ id: string }>('select id from packages where name = $1', [name]))[0]?.id ?? '';
  const press = (user: string, id: string) =>
    world.conversation.handle(
      world.inbound(user, { kind: 'press', verb: 'package.share', data: { package: id }, card: null }),
    );
});

describe('a link that somebody posted', () => {
  const preview = async (user: string, codes: readonly string[], apart = false): Promise<Card> =>
    cardOf(
      await world.conversation.handle(
        world.inbound(user, {
          kind: 'press',
          verb: 'link.preview',
          data: { codes: codes.join(','), apart, url: 'https://usher.example/go/x' },
          card: null,
        }),
      ),
    );
  const UNNAMED = (code: string) =>
    `Request access: An access package\nAn access package | Request access: “request ${code}”\nFor those whom it is for. Asking gives nobody access by itself.`;

  test('is named where whoever posted it may tell of it', async () => {
    const code = await codeOf('Ledger reader');
    const card = await preview('tara', [code]);
    expect(textOf(card)).toBe(UNNAMED(code).replaceAll('An access package', 'Ledger reader'));
    // Everybody who reads it may press: it is asked who they are then.
    for (const user of ['tara', 'tom', 'ana'])
      expect(textOf(cardOf(await world.press(user, card, 'Request access')))).toContain('Request Ledger reader');
  });

  test('is not named to other companies, nor where it is hidden, for others, gone or made up', async () => {
    const [reader, hidden, given] = [
      await codeOf('Ledger reader'),
      await codeOf('Hidden gem'),
      await codeOf('Given only'),
    ];
    expect(textOf(await preview('tara', [reader], true))).toBe(UNNAMED(reader));
    for (const [user, code] of [
      ['ana', hidden],
      ['olga', hidden],
      ['ada', hidden],
      ['tara', hidden],
      ['tara', given],
      ['tara', NOBODYS],
    ] as const)
      expect([user, textOf(await preview(user, [code]))]).toEqual([user, UNNAMED(code)]);
    await finance('{ name: Vault keys, state: deleted }');
    const gone = await codeOf('Vault keys');
    expect(textOf(await preview('tara', [gone]))).toBe(UNNAMED(gone));
    expect(textOf(await preview('olga', [given]))).toContain('Given only');
  });

  test('opens a hidden package for those it is for, and is the same to everybody else as one that nobody knows', async () => {
    const press = async (user: string, code: string) =>
      world.press(user, await preview('ana', [code]), 'Request access');
    const hidden = await codeOf('Hidden gem');
    expect(textOf(cardOf(await press('ben', hidden)))).toContain('Request Hidden gem');
    expect(textOf(cardOf(await press('tara', hidden)))).toBe(textOf(cardOf(await press('tara', NOBODYS))));
    expect(sentenceOf(await press('tara', hidden))).toBe(NOT_FOUND);
  });

  test('beside others has a line and a button of its own', async () => {
    const codes = [await codeOf('Ledger reader'), await codeOf('Hidden gem')];
    const card = await preview('tara', codes);
    expect(textOf(card).split('\n').slice(0, 3)).toEqual([
      'Request access: Several access packages',
      `Ledger reader | Request access: “request ${codes[0]}”`,
      `An access package | Request access: “request ${codes[1]}”`,
    ]);
  });

  test('that is none, or one of too many, is not looked at', async () => {
    const reader = await codeOf('Ledger reader');
    for (const codes of [[], [''], ['x'], [reader, ''], Array.from({ length: 6 }, () => reader)])
      await expect(preview('tara', codes)).rejects.toThrow('no card');
  });

  test('by a name that would be markup anywhere is that name', async () => {
    const name = '<!channel> *x* <https://evil.example|click> [y](https://evil.example)';
    await finance(
      `{ name: '${name}', roles: [Ledger / Reader], policies: [{ name: E, who: allMembers, expires: 1 day }] }`,
    );
    const card = await preview('tara', [await codeOf(name)]);
    expect(misfit(card)).toBeNull();
    const blocks = JSON.stringify(toMessage(card).blocks);
    expect(blocks).not.toMatch(/<!channel>|<https:\/\/evil|\*x\*/);
  });
});

/** Every node of some plans. */
function plansIn(value: unknown): Record<string, unknown>[] {
  if (Array.isArray(value)) return value.flatMap(plansIn);
  if (typeof value !== 'object' || value === null) return [];
  return [value as Record<string, unknown>, ...plansIn(Object.values(value))];
}
