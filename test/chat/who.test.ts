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
    const racing = (key: string): typeof desk => {
      let raced = false;
      const write: typeof desk.store.write = async (by, run) => {
        if (!raced) {
          raced = true;
          await own(key);
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
    };
    expect((await link(racing('tara'), told)).name).toBe('tara');
    await refresh(racing('tom'), told);
    expect(await desk.views.identity('slack', 'T1', 'U1')).toMatchObject({
      person: { name: 'tom' },
      zone: 'Asia/Tokyo',
    });
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
