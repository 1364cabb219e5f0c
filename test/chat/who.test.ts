// Which account is which person (row 63): only what a platform vouches for links anybody, and two candidates link nobody.
import type { Profile, Reply } from '../../src/chat/inbound';
import { introduce } from '../../src/chat/who';
import { link, refresh } from '../../src/operations/people';
import { DAY } from '../../src/domain/time';
import { aWorld, cardOf, LEAVING, sentenceOf, SMALL, textOf, type World } from '../support/world';
import { account, doorOf, type Door } from './door';

let world: World;
let door: Door;
beforeEach(async () => {
  world = await aWorld(SMALL);
  door = doorOf(world);
  await world.configure(`
people:
- { key: twin1, name: Twin One, email: twin@woodgrove.example }
- { key: twin2, name: Twin Two, email: Twin@Woodgrove.example }
installations:
- { platform: slack, tenant: T1, authoritativeDomains: [woodgrove.example] }
`);
});
const hi = (user: string, profile: Profile): Promise<Reply> =>
  door.knock(user, { kind: 'text', text: 'my access' }, { platform: 'slack', tenant: 'T1', profile });
const links = (user: string): Promise<unknown> =>
  world.sql('select state, person_id, linked_by from identities where user_id = $1', [user]);

describe('row 63: which account is which person', () => {
  test('a confirmed address of a domain that the workspace vouches for links, in any case', async () => {
    expect(textOf(cardOf(await hi('U1', account('Tara@WOODGROVE.example'))))).toContain('Your access');
    expect(await links('U1')).toMatchObject([{ state: 'linked', linked_by: 'email' }]);
  });

  test('an address that two people share links nobody, and the conflict is kept and audited', async () => {
    expect(sentenceOf(await hi('U2', account('twin@woodgrove.example')))).toContain(
      'It is not clear whose account this is',
    );
    expect(await links('U2')).toEqual([{ state: 'conflict', person_id: null, linked_by: null }]);
    expect(await world.sql(`select 1 from audit_events where type = 'identity.conflicted'`)).toHaveLength(1);
    expect(sentenceOf(await hi('U2', account('twin@woodgrove.example')))).toContain(
      'It is not clear whose account this is',
    );
    expect(await links('U2')).toEqual([{ state: 'conflict', person_id: null, linked_by: null }]);
    // Settled once the platform vouches for an address of one person alone.
    expect(textOf(cardOf(await hi('U2', account('tara@woodgrove.example'))))).toContain('Your access');
  });

  test.each([
    ['an unconfirmed address', account('tara@woodgrove.example', { emailConfirmed: null })],
    ['an address said to be unconfirmed', account('tara@woodgrove.example', { emailConfirmed: false })],
    ['a domain that nobody vouches for', account('tara@evil.example')],
    ['a domain that only ends alike', account('tara@not-woodgrove.example')],
    ['a domain below', account('tara@x.woodgrove.example')],
    ['two at signs', account('tara@woodgrove.example@evil.example')],
    ['an address with a display name', account('<tara@evil.example> tara@woodgrove.example')],
    ['the same name alone', account(null)],
    ['a directory key that nobody has', account(null, { directoryKey: 'TARA ' })],
  ])('%s links nobody', async (_what, profile) => {
    expect(sentenceOf(await hi('U3', profile))).toContain('I do not know who you are yet');
    expect(await links('U3')).toEqual([{ state: 'unlinked', person_id: null, linked_by: null }]);
  });

  test.each(LEAVING)(
    'an address of somebody who left (%s) links nobody else while they may come back',
    async (leaves) => {
      await hi('U1', account('tara@woodgrove.example'));
      const [before] = (await links('U1')) as object[];
      await world.configure(`people: [{ key: tara, name: Tara Lind, ${leaves} }]`);
      // One whom nobody can be, as long as there is nobody else.
      expect(sentenceOf(await hi('U4', account('tara@woodgrove.example')))).toContain('I do not know who you are yet');
      expect(
        await world.configure('people: [{ key: tara-2, name: Tara Lind, email: Tara@Woodgrove.example }]'),
      ).toMatch(/has the mail address of tara, who is (disabled|deleted): chat accounts are linked to neither by mail/);
      for (const user of ['U1', 'U4'])
        expect(sentenceOf(await hi(user, account('tara@woodgrove.example')))).toContain(
          'It is not clear whose account this is',
        );
      expect(await links('U1')).toEqual([before]);
      expect(await links('U4')).toMatchObject([{ state: 'conflict', person_id: null }]);
      expect(sentenceOf(await hi('U1', account(null)))).toContain('Your account is switched off');

      // The directory's key says who is meant.
      expect(textOf(cardOf(await hi('U4', account(null, { directoryKey: 'tara-2' }))))).toContain('Your access');
      await world.configure('people: [{ key: tara, name: Tara Lind, enabled: true }]');
      expect(textOf(cardOf(await hi('U1', account(null))))).toContain('Your access');
      expect(await links('U1')).toEqual([before]);
    },
  );

  test('an Entra id that a file writes in capitals is the one that Teams says in small letters', async () => {
    const key = '9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d';
    const tenant = '1c9d4f0e-0a2b-4c3d-8e4f-5a6b7c8d9e0f';
    await world.configure(`
people:
- { key: ${key.toUpperCase()}, name: Ilse Kern }
- { key: jo, name: Jo Berg, identities: [{ platform: teams, tenant: ${tenant.toUpperCase()}, user: ${'A' + key.slice(1).toUpperCase()} }] }
installations: [{ platform: teams, tenant: ${tenant.toUpperCase()}, guestsAllowed: true }]
`);
    const ask = (user: string, more: Partial<Profile>) =>
      door.knock(
        user,
        { kind: 'text', text: 'my access' },
        { platform: 'teams', tenant, profile: account(null, more) },
      );
    expect(textOf(cardOf(await ask(key, { directoryKey: key })))).toContain('Your access');
    expect(await links(key)).toMatchObject([{ state: 'linked', linked_by: 'directoryKey' }]);
    expect(textOf(cardOf(await ask('a' + key.slice(1), { standing: 'guest' })))).toContain('Your access');
  });

  test('a wrong line of a file that is mended keeps nobody out', async () => {
    const line = (user: string) =>
      world.configure(
        `people: [{ key: tara, name: Tara Lind, identities: [{ platform: slack, tenant: T1, user: ${user} }] }]`,
      );
    await line('U9');
    await line('U1');
    expect(textOf(cardOf(await hi('U9', account('ben@woodgrove.example'))))).toContain('Your access');
    expect(await links('U9')).toMatchObject([{ state: 'linked', linked_by: 'email' }]);
  });

  describe('an address that a file gave to the wrong person', () => {
    const [ana, ben] = ['ana@woodgrove.example', 'ben@woodgrove.example'];
    const AWAY = 'away@woodgrove.example';
    /** One file, a line a person. */
    const mails = (lines: Readonly<Record<string, string>>): Promise<string> =>
      world.configure(
        `people: [${Object.entries(lines)
          .map(([key, mail]) => `{ key: ${key}, name: Of ${key}, email: ${mail} }`)
          .join(', ')}]`,
      );
    const whose = async (user: string, tenant = 'T1'): Promise<string | null> =>
      (await world.desk.views.identity('slack', tenant, user))?.person?.name ?? null;
    const knows = async (user: string, mail: string): Promise<void> => {
      expect(textOf(cardOf(await hi(user, account(mail))))).toContain('Your access');
    };
    /** Ben speaks while Ana has his address. */
    const mistaken = async (): Promise<void> => {
      await mails({ ben: AWAY, ana: ben });
      await knows('UB', ben);
      expect(await whose('UB')).toBe('Of ana');
    };

    test.each([
      ['in one file', async () => mails({ ana, ben })],
      [
        'first where it is wrong, where it still leads nobody to anybody else, and then where it belongs',
        async () => {
          await mails({ ana });
          expect(await whose('UB')).toBe('Of ana');
          return mails({ ben });
        },
      ],
      ['first where it belongs', async () => mails({ ben }).then(() => mails({ ana }))],
    ])('keeps nobody out and nobody in once it is mended %s', async (_how, mend) => {
      await mistaken();
      await mend();
      expect(await whose('UB')).toBeNull();
      await knows('UA', ana);
      await knows('UB', ben);
      expect([await whose('UA'), await whose('UB')]).toEqual(['Of ana', 'Of ben']);
      expect(
        await world.sql(`select type, p.directory_key as key from audit_events e join people p on p.id = e.person_id
          where e.subject_id = (select id::text from identities where user_id = 'UB') order by e.id`),
      ).toEqual([
        { type: 'identity.linked', key: 'ana' },
        { type: 'identity.unlinked', key: 'ana' },
        { type: 'identity.linked', key: 'ben' },
      ]);
    });

    test('nor where a file gave another account to the wrong one before, whatever it says in the same moment', async () => {
      const own = 'identities: [{ platform: slack, tenant: T1, user: UA }]';
      await mistaken();
      await world.configure(`people: [{ key: ana, name: Of ana, ${own} }]`);
      expect(sentenceOf(await hi('UB', account(ben)))).toContain('It is not clear whose account this is');
      await mails({ ana, ben });
      await knows('UB', ben);
      expect([await whose('UA'), await whose('UB')]).toEqual(['Of ana', 'Of ben']);
    });

    test('also where two had each the address of the other, in one workspace and in another', async () => {
      await world.configure(
        `installations: [{ platform: slack, tenant: T2, authoritativeDomains: [woodgrove.example] }]`,
      );
      const there = (user: string, mail: string): Promise<Reply> =>
        door.knock(
          user,
          { kind: 'text', text: 'my access' },
          { platform: 'slack', tenant: 'T2', profile: account(mail) },
        );
      await mails({ ana: ben, ben: ana });
      await knows('UA', ana);
      await knows('UB', ben);
      await there('VB', ben);
      expect([await whose('UA'), await whose('UB'), await whose('VB', 'T2')]).toEqual(['Of ben', 'Of ana', 'Of ana']);
      await mails({ ana, ben });
      await knows('UB', ben);
      await knows('UA', ana);
      await there('VB', ben);
      expect([await whose('UA'), await whose('UB'), await whose('VB', 'T2')]).toEqual(['Of ana', 'Of ben', 'Of ben']);
      // There again: who has an account rightly keeps it.
      await mails({ ana: ben, ben: ana });
      await knows('UB', ben);
      expect([await whose('UA'), await whose('UB'), await whose('VB', 'T2')]).toEqual(['Of ana', 'Of ben', 'Of ben']);
    });

    test.each([
      ['who is called something else by now', () => mails({ ana: AWAY })],
      ['whose address somebody got who came later', () => mails({ ana: AWAY, zoe: ana })],
      ['who handed their address over to somebody who was here', () => mails({ ana: AWAY, ben: ana })],
      [
        'who handed it over for the second time',
        async () => {
          await mails({ ana: AWAY, ben: ana });
          await mails({ ana, ben });
          return mails({ ana: AWAY, ben: ana });
        },
      ],
      [
        'who has none any more, while somebody has it who was here',
        async () => {
          await mails({ ana: '' });
          return mails({ ben: ana });
        },
      ],
      [
        'who left, while somebody has it who was here',
        () =>
          world.configure(
            `people: [{ key: ana, name: Of ana, email: ${AWAY}, enabled: false }, { key: ben, name: Of ben, email: ${ana} }]`,
          ),
      ],
    ])('and takes no account from somebody %s', async (_who, happens) => {
      await mails({ ana });
      await knows('UA', ana);
      await happens();
      expect(await whose('UA')).toBe('Of ana');
    });

    test('nor from somebody who had it for long, be it somebody else who had it first and has it again', async () => {
      await mails({ ben: AWAY, ana: ben });
      await world.pass(15 * DAY);
      await knows('UB', ben);
      await mails({ ana, ben });
      expect(await whose('UB')).toBe('Of ana');
      await world.configure(
        'people: [{ key: ben, name: Of ben, identities: [{ platform: slack, tenant: T1, user: UB }] }]',
      );
      await knows('UB', ben);
      expect(await whose('UB')).toBe('Of ben');
    });

    test("and the plan names the accounts whose address is somebody else's by now, until a file says whose they are", async () => {
      const [nia, oto] = ['nia@woodgrove.example', 'oto@woodgrove.example'];
      // Two newcomers, each with the address of the other: by the trail this file could be the wrong one as well.
      await mails({ nia: oto, oto: nia });
      await knows('UA', nia);
      await knows('UB', oto);
      const notes = [
        '! chat account slack T1 UA: linked to Of oto by nia@woodgrove.example, which is the address of Of nia now: write it under the "identities" of whoever uses it',
        '! chat account slack T1 UB: linked to Of nia by oto@woodgrove.example, which is the address of Of oto now: write it under the "identities" of whoever uses it',
      ];
      const noted = (said: string) =>
        said
          .split('\n')
          .filter((line) => line.startsWith('! chat account'))
          .sort();
      expect(noted(await mails({ nia, oto }))).toEqual(notes);
      // Neither acts for the other, and no address says who they are.
      expect([await whose('UA'), await whose('UB')]).toEqual([null, null]);
      for (const [user, mail] of Object.entries({ UA: nia, UB: oto }))
        expect(sentenceOf(await hi(user, account(mail)))).toContain('It is not clear whose account this is');
      expect([await whose('UA'), await whose('UB')]).toEqual([null, null]);
      const of = (user: string) => `identities: [{ platform: slack, tenant: T1, user: ${user} }]`;
      const whole = `people: [{ key: nia, name: Of nia, ${of('UA')} }, { key: oto, name: Of oto, ${of('UB')} }]`;
      expect(noted(await world.configure(whole))).toEqual([]);
      expect([await whose('UA'), await whose('UB')]).toEqual(['Of nia', 'Of oto']);
      expect(noted(await mails({ nia, oto }))).toEqual([]);
      await knows('UA', nia);
    });

    test('and where two newcomers are given the address of the other, who is back to their own is let in again', async () => {
      const [nia, oto] = ['nia@woodgrove.example', 'oto@woodgrove.example'];
      await mails({ nia, oto });
      await knows('UA', nia);
      await mails({ nia: oto });
      expect(await whose('UA')).toBe('Of nia');
      await mails({ oto: nia });
      expect(await whose('UA')).toBeNull();
      await mails({ nia, oto });
      await knows('UA', nia);
      expect(await whose('UA')).toBe('Of nia');
    });

    test('nor from newcomers who exchange theirs after two weeks', async () => {
      const [nia, oto] = ['nia@woodgrove.example', 'oto@woodgrove.example'];
      await mails({ nia, oto });
      await knows('UA', nia);
      await world.pass(15 * DAY);
      expect(await mails({ nia: oto, oto: nia })).toContain('linked to Of nia by nia@woodgrove.example');
      expect(await whose('UA')).toBe('Of nia');
    });

    test('the plan names an account that has been noted for as long as its people are written', async () => {
      await mails({ ana });
      await knows('UA', ana);
      const noted = (said: string) => said.includes('! chat account slack T1 UA: linked to Of ana');
      expect([
        noted(await mails({ ana: AWAY, ben: ana })),
        noted(await mails({ ben: ana })),
        noted(await mails({ cy: 'cy@woodgrove.example' })),
      ]).toEqual([true, true, false]);
    });

    test('nor its cards to who has the address now', async () => {
      await mails({ ana });
      await knows('UA', ana);
      await world.configure(
        'people: [{ key: ana, name: Of ana, identities: [{ platform: slack, tenant: T1, user: U9 }] }]',
      );
      await mails({ ana: AWAY, ben: ana });
      expect(sentenceOf(await hi('UA', account(ana)))).toContain('It is not clear whose account this is');
      expect(await whose('UA')).toBeNull();
    });

    test('and gives no account of before to who came later', async () => {
      await mails({ ana });
      await knows('UA', ana);
      await world.configure(
        'people: [{ key: ana, name: Of ana, identities: [{ platform: slack, tenant: T1, user: U9 }] }]',
      );
      await mails({ ana: AWAY, zoe: ana });
      expect(sentenceOf(await hi('UA', account(ana)))).toContain('It is not clear whose account this is');
      expect(await whose('UA')).toBeNull();
    });
  });

  describe.each(LEAVING)('the account of somebody who left (%s)', (leaves) => {
    const mail = 'tara@woodgrove.example';
    const line = (key: string, user: string): Promise<string> =>
      world.configure(
        `people: [{ key: ${key}, name: Of ${key}, identities: [{ platform: slack, tenant: T1, user: ${user} }] }]`,
      );
    /** Tara leaves, and whoever comes has her address. */
    const replace = async (): Promise<void> => {
      await world.configure('people: [{ key: tara, name: Tara Lind, email: , enabled: false }]');
      await world.configure(`people: [{ key: tara, name: Tara Lind, ${leaves} }]`);
      await world.configure(`people: [{ key: tara-2, name: Tara Lind, email: ${mail} }]`);
    };
    const stays = async (): Promise<void> => {
      const [next] = await world.desk.views.peopleByKey('tara-2');
      if (!next) throw new Error('no tara-2');
      const found = { platform: 'slack', tenant: 'T1', user: 'U1', profile: account(mail) } as const;
      expect(await introduce(world.desk, next, found)).toBe(false);
      expect(sentenceOf(await hi('U1', account(mail)))).toContain('It is not clear whose account this is');
      expect(await links('U1')).not.toContainEqual(expect.objectContaining({ person_id: next.id }));
    };

    test("is nobody else's by an address, also once it is free or they are forgotten", async () => {
      await hi('U1', account(mail));
      await replace();
      await stays();
      await world.pass(31 * DAY);
      await world.settle();
      expect(await world.sql('select mail from linked_mails')).toHaveLength(leaves === 'state: deleted' ? 0 : 1);
      for (let turn = 0; turn < 2; turn += 1) await stays();
      expect(sentenceOf(await hi('U1', account(null)))).toMatch(/do not know who you are|is switched off/);
      await stays();
      await line('tara-2', 'U1');
      expect(textOf(cardOf(await hi('U1', account(mail))))).toContain('Your access');
    });

    test.each([
      ['a mail address', () => hi('U1', account(mail))],
      ['a file', () => line('tara', 'U1')],
      [
        'a mail address and a wrong line',
        async () => {
          await hi('U1', account(mail));
          await line('ben', 'U1');
          await line('ben', 'U2');
        },
      ],
    ])("is nobody else's by an address where it was theirs by %s before another one was", async (_what, before) => {
      await before();
      await line('tara', 'U9');
      await replace();
      await stays();
    });
  });

  test('a message never undoes what a file says at the same moment', async () => {
    const own = (key: string): Promise<string> =>
      world.configure(
        `people: [{ key: ${key}, name: ${key}, identities: [{ platform: slack, tenant: T1, user: U1 }] }]`,
      );
    const { desk } = world;
    /** A file is applied just before the first writing. */
    const racing = (file: () => Promise<string>): typeof desk => {
      let raced = false;
      const write: typeof desk.store.write = async (by, run) => {
        if (!raced) {
          raced = true;
          await file();
        }
        return desk.store.write(by, run);
      };
      return { ...desk, store: { ...desk.store, write } };
    };
    const told = {
      ...account(null),
      platform: 'slack',
      tenant: 'T1',
      user: 'U1',
      emailConfirmed: false,
      zone: 'Asia/Tokyo',
      standing: 'member',
    };
    expect(
      (
        await link(
          racing(() => own('tara')),
          told,
          () => undefined,
        )
      ).name,
    ).toBe('tara');
    await refresh(
      racing(() => own('tom')),
      told,
    );
    expect(await desk.views.identity('slack', 'T1', 'U1')).toMatchObject({
      person: { name: 'tom' },
      zone: 'Asia/Tokyo',
    });
    const moved = (): Promise<string> =>
      world.configure(
        'people: [{ key: ana, name: Ana, email: ben@woodgrove.example }, { key: ben, name: Ben, email: }]',
      );
    const known = { ...told, user: 'U2', email: 'ben@woodgrove.example', emailConfirmed: true };
    expect((await link(racing(moved), known, () => undefined)).name).toBe('Ana');
  });

  test('the same user id in another workspace is somebody else', async () => {
    await hi('U1', account('tara@woodgrove.example'));
    const other = await door.knock(
      'U1',
      { kind: 'text', text: 'my access' },
      { platform: 'slack', tenant: 'T2', profile: account('tara@woodgrove.example') },
    );
    expect(sentenceOf(other)).toContain('I do not know who you are yet');
  });
});
