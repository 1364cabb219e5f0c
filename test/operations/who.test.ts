// Who is who, and who may act at all: administrators follow the settings, and an account's standing is never guessed.
import type { Inbound, Profile } from '../../src/chat/inbound';
import type { Card } from '../../src/chat/card';
import { ChannelError } from '../../src/chat/channel';
import { identify } from '../../src/chat/who';
import { readConfig } from '../../src/config';
import { DAY, HOUR } from '../../src/domain/time';
import { nameAdministrators, settle } from '../../src/operations/settings';
import { expectSound } from '../support/invariants';
import { aWorld, cardOf, LEAVING, operator, sentenceOf, SMALL, textOf } from '../support/world';
import type { World } from '../support/world';

let world: World;
beforeEach(async () => {
  world = await aWorld(SMALL);
});

const settings = { slack: null, teams: null, administrators: [] as string[], allowGuests: null };
const administrators = async () =>
  (
    await world.sql<{ key: string }>(
      "select p.directory_key as key from administrative_roles r join people p on p.id = r.person_id where r.role = 'administrator' and r.state = 'active' order by 1",
    )
  ).map((row) => row.key);

describe('administrators of the settings', () => {
  test('get the role at the start and lose it when they are no longer named', async () => {
    await settle(world.desk, { ...settings, administrators: ['tom@woodgrove.example'] }, { demo: true });
    expect(await administrators()).toEqual(['ada', 'tom']);
    await settle(world.desk, settings, { demo: true });
    expect(await administrators()).toEqual(['ada']);
  });

  test('named twice, by key and by mail address, get it once', async () => {
    await settle(world.desk, { ...settings, administrators: ['tom', 'Tom@woodgrove.example'] }, { demo: true });
    expect(await administrators()).toEqual(['ada', 'tom']);
  });

  test('whose key has a capital get it by the settings, which are read in small letters', async () => {
    await world.configure('people: [{ key: E-100, name: Ed Hale }]');
    const named = readConfig({ USHER_ADMINISTRATORS: 'E-100' }).administrators;
    expect(await settle(world.desk, { ...settings, administrators: named }, { demo: true })).toEqual({
      unknown: [],
      unclear: [],
    });
    expect(await administrators()).toEqual(['E-100', 'ada']);
    // A key that an administrator had means nobody else, in any case.
    await world.sql("update people set directory_key = 'E-1', former_key = 'E-100' where directory_key = 'E-100'");
    await world.configure('people: [{ key: e-100, name: Eve Lang, enabled: true }]');
    expect(await nameAdministrators(world.desk, operator, named)).toMatchObject({ given: [], unclear: ['e-100'] });
  });

  test('who was named in a file keeps the role whatever the settings say', async () => {
    await settle(world.desk, { ...settings, administrators: ['ada'] }, { demo: true });
    await settle(world.desk, settings, { demo: true });
    expect(await administrators()).toEqual(['ada']);
  });

  test('a name that nobody has is reported, not ignored', async () => {
    const unknown = ['nobody@x.example'];
    expect(await settle(world.desk, { ...settings, administrators: unknown }, { demo: true })).toEqual({
      unknown,
      unclear: [],
    });
  });

  test.each(LEAVING)('an address that a leaver (%s) had gives nobody else the role', async (leaves) => {
    const mail = 'ana@woodgrove.example';
    const start = () => settle(world.desk, { ...settings, administrators: [mail.toUpperCase()] }, { demo: true });
    await start();
    const ana = (more: string): Promise<string> => world.configure(`people: [{ key: ana, name: Ana Ruiz, ${more} }]`);
    await ana('email: ana.ruiz@woodgrove.example');
    await ana('email: , enabled: false');
    await ana(leaves);
    await world.configure(`people: [{ key: ana-2, name: Ana Ruiz, email: ${mail} }]`);
    const refused = async (): Promise<void> => {
      expect(await start()).toEqual({ unknown: [], unclear: [mail.toUpperCase()] });
      expect(await nameAdministrators(world.desk, operator, [mail])).toEqual({
        given: [],
        unknown: [],
        unclear: [mail],
      });
      expect(await administrators()).toEqual(['ada']);
    };
    await refused();
    await world.pass(31 * DAY);
    await world.settle();
    await refused();
    // Her key says who is meant; who has an address again is meant by it.
    expect(await nameAdministrators(world.desk, operator, ['ana-2'])).toMatchObject({ given: ['Ana Ruiz'] });
    await world.configure('people: [{ key: ana-2, name: Ana Ruiz, email: ana.two@woodgrove.example }]');
    const own = ['ana.two@woodgrove.example'];
    expect(await nameAdministrators(world.desk, operator, own)).toEqual({ given: [], unknown: [], unclear: [] });
  });
});

describe('installations', () => {
  const file = (more: string): Promise<string> =>
    world.configure(
      `installations: [{ platform: slack, tenant: T1${more} }, { platform: teams, tenant: tenant-1${more} }]`,
    );
  const said = ', authoritativeDomains: [woodgrove.example], guestsAllowed: true';
  const start = (emailAuthoritative: readonly string[] | null = null, allowGuests: boolean | null = null) =>
    settle(
      world.desk,
      {
        ...settings,
        slack: { teamId: 'T1', emailAuthoritative },
        teams: { allowedTenants: ['TENANT-1'] },
        allowGuests,
      },
      { demo: true },
    );
  const stand = async () =>
    (
      await world.sql<{ it: string }>(
        `select platform || ' ' || array_to_string(authoritative_domains, ' ') || ' ' || guests_allowed as it
         from installations where platform <> 'web' order by 1`,
      )
    ).map(({ it }) => it);
  const asFiled = ['slack woodgrove.example true', 'teams woodgrove.example true'];

  test('of a file stay as they are where the settings say nothing, and are there for a start before any file', async () => {
    await start();
    expect(await stand()).toEqual(['slack  false', 'teams  false']);
    await file(said);
    await start();
    expect(await stand()).toEqual(asFiled);
    expect(await file(said)).toMatch(/^Nothing to change/);
  });

  test('follow the settings where these say something, and only there, whatever a file says before or after', async () => {
    await file(said);
    await start(null, false);
    expect(await stand()).toEqual(['slack woodgrove.example false', 'teams woodgrove.example false']);
    await start(['home.example'], false);
    const asSet = ['slack home.example false', 'teams woodgrove.example false'];
    expect(await stand()).toEqual(asSet);
    expect(await file(said)).toMatch(/^Nothing to change/);
    expect(await file(', authoritativeDomains: [], guestsAllowed: false')).toMatch(/^~ installation/);
    await file(said);
    expect(await stand()).toEqual(asSet);
    await start();
    expect(await stand()).toEqual(asFiled);
  });

  test('have what a file said while the settings gave it, once these do not say it any more', async () => {
    await start(['home.example'], true);
    await file(said);
    expect(await stand()).toEqual(['slack home.example true', 'teams woodgrove.example true']);
    await start();
    expect(await stand()).toEqual(asFiled);
  });

  test('lose what the settings gave where no file says it', async () => {
    await start(['home.example'], true);
    await start(['home.example'], true);
    expect(await stand()).toEqual(['slack home.example true', 'teams  true']);
    await start();
    expect(await stand()).toEqual(['slack  false', 'teams  false']);
  });

  test('start as they stand: nothing is written where the settings say the same', async () => {
    await start(['home.example'], true);
    const written = () => world.sql("select 1 from audit_events where type = 'settings.applied'");
    const before = (await written()).length;
    await start(['home.example'], true);
    expect(await written()).toHaveLength(before);
  });
});

describe('the standing of an account', () => {
  const profile: Profile = {
    name: 'Tara',
    email: null,
    emailConfirmed: null,
    directoryKey: null,
    zone: null,
    locale: null,
    standing: 'member',
  };
  const hello = (more: Partial<Inbound>): Inbound => ({
    ...world.inbound('tara', { kind: 'text', text: 'my access' }),
    ...more,
  });
  const ask = async (more: Partial<Inbound>) => sentenceOf(await world.conversation.handle(hello(more)));

  beforeEach(async () => {
    await allow(false);
  });

  const as = (standing: Profile['standing']): Pick<Inbound, 'profile'> => ({ profile: { ...profile, standing } });
  const silent = { profile: null };
  const guests = 'Guests cannot use me here';
  const row = async () => (await world.sql("select * from identities where user_id = 'tara'"))[0];
  const allow = (allowed: boolean) =>
    world.sql("update installations set guests_allowed = $1 where platform = 'web'", [allowed]);
  /** A delivery that says who it is and not what, at a platform whose roster says what is found. */
  const knock = (key: string, found: () => Promise<Profile | null>, user = key): Promise<unknown> =>
    identify(world.desk, found, {
      ...hello({ profile: { ...profile, directoryKey: key, standing: null } }),
      user,
    }).then(
      ({ person }) => person.name,
      (error: unknown) => (error as Error).message,
    );
  const refusal = 'guest-refused';
  const nothing = () => Promise.resolve(null);
  const down = () => Promise.reject(new ChannelError('later', 'ratelimited'));
  const roster = (standing: Profile['standing']) => () => Promise.resolve(as(standing).profile);

  test('as the platform said it last counts when it says nothing the next time, for better and worse', async () => {
    for (const [standing, refused] of [
      ['guest', guests],
      ['foreign', 'I only work for people of'],
      ['anonymous', 'I only work for people of'],
      ['deactivated', 'Your account is switched off'],
      ['bot', 'I only talk to people'],
    ] as const) {
      for (const told of [as('member'), silent]) expect(await ask(told)).toBe('');
      for (const told of [as(standing), silent, silent]) expect(await ask(told)).toContain(refused);
    }
    expect(await ask(as('member'))).toBe('');
    expect(await ask(silent)).toBe('');
    // Where guests are allowed the same words let in, and refuse again once they are not.
    expect(await ask(as('guest'))).toContain(guests);
    await allow(true);
    expect(await ask(silent)).toBe('');
    await allow(false);
    expect(await ask(silent)).toContain(guests);
  });

  test('is kept while its person is switched off, and counts when they are back', async () => {
    const turn = (state: string) =>
      world.sql(`update people set state = $1, version = version + 1 where directory_key = 'tara'`, [state]);
    await turn('disabled');
    expect(await ask(as('guest'))).toContain(guests);
    await turn('enabled');
    expect(await ask(silent)).toContain(guests);
    expect(await ask(as('member'))).toBe('');
  });

  test('of nobody is not kept, and links nobody; of an account that is seen it counts once it is somebody’s', async () => {
    await world.sql("delete from identities where user_id = 'tara'");
    const vouched = { ...profile, directoryKey: 'tara', standing: 'guest' as const };
    expect(await ask({ profile: vouched })).toContain(guests);
    await expect(identify(world.desk, () => Promise.resolve(vouched), hello(silent))).rejects.toMatchObject({
      code: 'guest-refused',
    });
    expect(await row()).toBeUndefined();

    const unknown = 'I do not know who you are';
    expect(await ask(silent)).toContain(unknown);
    await allow(true);
    for (const told of [as('guest'), silent]) expect(await ask(told)).toContain(unknown);
    await allow(false);
    expect(await ask({ profile: vouched })).toContain(guests);
    expect(await row()).toMatchObject({ state: 'unlinked', standing: 'guest' });
    await world.configure(
      'people: [{ key: tara, name: Tara Lind, identities: [{ platform: web, tenant: demo, user: tara }] }]',
    );
    expect(await row()).toMatchObject({ state: 'linked', standing: 'guest' });
    expect(await ask(silent)).toContain(guests);
    expect(await ask(as('member'))).toBe('');
    expect(await ask(silent)).toBe('');
  });

  test('counts as well where a delivery says who it is, and not what', async () => {
    for (const [told, refused] of [
      ['guest', guests],
      ['member', ''],
    ] as const) {
      await ask(as(told));
      expect(await ask(as(null))).toContain(refused);
      expect(await row()).toMatchObject({ standing: told });
    }
    await world.configure(
      'people: [{ key: gita, name: Gita Rao, kind: guest, identities: [{ platform: web, tenant: demo, user: gita }] }, { key: mo, name: Mo Hale }]',
    );
    expect(await knock('gita', nothing)).toBe(refusal);
    // At the first contact the roster is asked, and where it does not answer the directory says who is a guest.
    expect(await knock('mo', roster('guest'))).toBe(refusal);
    for (const silence of [nothing, down]) expect(await knock('gita', silence, 'gita-2')).toBe(refusal);
    expect(await world.sql(`select 1 from identities where user_id in ('mo', 'gita-2')`)).toEqual([]);
    expect(await knock('mo', down)).toBe('Mo Hale');
    await allow(true);
    await world.sql("delete from identities where user_id = 'gita'");
    expect(await knock('gita', nothing, 'gita-2')).toBe('Gita Rao');
    await allow(false);
    expect(await knock('gita', nothing, 'gita-2')).toBe(refusal);
  });

  describe('that its platform never said', () => {
    const people = (tara: string) =>
      world.configure(
        `people: [{ key: tara, name: Tara Lind, kind: ${tara}, identities: [{ platform: web, tenant: demo, user: tara }] }]`,
      );
    /** As a release writes it that takes whoever is not said to be a guest for a member. */
    const guess = (standing: string) =>
      world.sql("update identities set standing = $1, version = version + 1 where user_id = 'tara'", [standing]);

    test('by a release that did not know better lets no guest in, and keeps no member out', async () => {
      await people('guest');
      await guess('member');
      for (const silence of [nothing, down]) expect(await knock('tara', silence)).toBe(refusal);
      // As Slack is heard where it is slow: a file said who it is, and nothing says what.
      expect(await ask(silent)).toContain(guests);
      expect(await knock('tara', roster('member'))).toBe('Tara Lind');
      expect(await knock('tara', down)).toBe('Tara Lind');
      expect(await ask(silent)).toBe('');
      expect(await knock('tara', roster('member'))).toBe('Tara Lind');
      await people('member');
      for (const standing of ['guest', 'foreign']) {
        await guess(standing);
        expect(await knock('tara', down)).toBe(standing === 'guest' ? refusal : 'foreign-tenant');
        expect(await knock('tara', roster('member'))).toBe('Tara Lind');
      }
    });

    test('by such a release while it runs beside this one replaces nothing that was said', async () => {
      await people('guest');
      expect(await knock('tara', roster('guest'))).toBe(refusal);
      await guess('member');
      expect(await row()).toMatchObject({ standing_said_at: null });
      expect(await knock('tara', down)).toBe(refusal);
      expect(await knock('tara', roster('guest'))).toBe(refusal);
      expect(await row()).toMatchObject({ standing: 'guest', standing_said_at: expect.any(Date) as Date });
    });

    test('of an account that was nobody’s is no better than the directory knows', async () => {
      await world.sql("update identities set state = 'unlinked', person_id = null where user_id = 'tara'");
      await guess('member');
      await world.sql("update people set kind = 'guest', version = version + 1 where directory_key = 'tara'");
      expect(await knock('tara', down)).toBe(refusal);
      expect(await row()).toMatchObject({ state: 'unlinked' });
      expect(await knock('tara', roster('member'))).toBe('Tara Lind');
    });
  });

  test('is asked for again a day after it was said, for better and worse', async () => {
    let asked = 0;
    const counted = (standing: Profile['standing']) => () => {
      asked += 1;
      return roster(standing)();
    };
    await ask(as('guest'));
    expect(await knock('tara', counted('member'))).toBe(refusal);
    expect(asked).toBe(0);
    await world.pass(DAY);
    expect(await knock('tara', down)).toBe(refusal);
    expect(await knock('tara', counted('member'))).toBe('Tara Lind');
    expect(await knock('tara', counted('guest'))).toBe('Tara Lind');
    expect(asked).toBe(1);
    await world.pass(DAY);
    expect(await knock('tara', down)).toBe('Tara Lind');
    expect(await knock('tara', counted('guest'))).toBe(refusal);
  });

  test('an account in conflict is looked at again when the platform vouches for one person', async () => {
    await world.sql("update identities set state = 'conflict', person_id = null where user_id = 'tara'");
    expect(await ask({ profile })).toContain('It is not clear whose account this is');
    expect(await ask({ profile: { ...profile, directoryKey: 'tara' } })).toBe('');
    const [last] = await world.sql<{ type: string }>('select type from audit_events order by id desc limit 1');
    expect(last?.type).toBe('identity.linked');
    expect(await ask({ profile: null })).toBe('');
  });

  test('who left stays refused, also where nothing is vouched for; who came back under a new key is linked anew', async () => {
    await world.sql("update people set state = 'disabled', version = version + 1 where directory_key = 'tara'");
    const refused = 'Your account is switched off';
    for (const told of [null, profile, { ...profile, directoryKey: 'tara' }, { ...profile, directoryKey: 'nobody' }])
      expect(await ask({ profile: told })).toContain(refused);
    await world.configure('people:\n  - { key: tara-2, name: Tara Lind, email: tara2@woodgrove.example }\n');
    expect(await ask({ profile: null })).toContain(refused);
    expect(await ask({ profile: { ...profile, directoryKey: 'tara-2' } })).toBe('');
    const [identity] = await world.sql<{ key: string }>(
      "select directory_key as key from identities join people on people.id = person_id where user_id = 'tara'",
    );
    expect(identity?.key).toBe('tara-2');
    await world.sql("update people set state = 'enabled', version = version + 1 where directory_key = 'tara'");
    expect(await ask({ profile: null })).toBe('');
  });

  test('a zone that the client tells is used and kept', async () => {
    await ask({ profile: { ...profile, zone: 'Asia/Tokyo' } });
    const [row] = await world.sql<{ zone: string }>("select zone from identities where user_id = 'tara'");
    expect(row?.zone).toBe('Asia/Tokyo');
  });
});

describe('somebody who was deleted and is not restored', () => {
  const MONTH = 30 * DAY;
  const line = (more: string): string => `people: [{ key: ana, name: Ana Ruiz, email: ana@woodgrove.example${more} }]`;
  const row = async () =>
    (
      await world.sql<{ readonly id: string; readonly name: string }>(
        `select * from people where name like 'Former%' or directory_key = 'ana'`,
      )
    )[0];
  const ask = async (user: string, name: string): Promise<void> => {
    await world.submit(user, cardOf(await world.say(user, `request ${name}`)), { reason: 'closing' });
    await world.settle();
  };
  const latest = (user: string): Card => world.messagesTo(user).at(-1)?.card ?? ([] as never);
  const named = ['ana', 'ANA@woodgrove.example'];

  test('is forgotten after 30 days: what they decided stays, and whoever has their key and address is somebody else', async () => {
    await settle(world.desk, { ...settings, administrators: named }, { demo: true });
    await world.configure(
      `catalogs: [{ name: Finance, owners: [olga, ana], resources: [{ name: Vault, connector: manual, owners: [olga, ana] }] }]`,
    );
    await world.configure(
      'people: [{ key: ana, name: Ana Ruiz, manager: ada }, { key: cas, name: Cas de Vries, manager: ana }]',
    );
    await ask('tara', 'ledger reader');
    await world.press('ana', latest('ana'), 'Approve');
    await world.settle();
    await ask('ana', 'ledger auditor');
    await world.configure(line(', state: deleted'));
    await world.settle();
    await world.pass(MONTH - HOUR);
    const story = async (): Promise<string> => textOf(cardOf(await world.say('tara', 'R-1001')));
    expect(await story()).toContain('Ana Ruiz');
    expect(await row()).toMatchObject({ name: 'Ana Ruiz', email: 'ana@woodgrove.example', state: 'deleted' });
    // Until then the names in the settings mean nobody else, and take nothing from whoever may come back.
    await settle(world.desk, { ...settings, administrators: named }, { demo: true });

    // What somebody has outside of Usher is still taken by their key.
    await world.sql(`with taken as (update resources set drift_extra = 'repair' where name = 'Ledger' returning id)
      insert into drift_findings (id, resource_id, kind, holder, person_id, role_id, scope_id, found_at)
      select usher_id(), taken.id, 'extra', 'ana', people.id, role.id, scope.id, usher_now() from people, taken
      join resource_roles role on role.resource_id = taken.id and role.name = 'Reader' join resource_scopes scope on scope.resource_id = taken.id
      where people.directory_key = 'ana'`);
    await world.pass(2 * HOUR);
    expect(await row()).toMatchObject({ name: 'Ana Ruiz' });
    const others = (): string =>
      world.mailbox.messages.flatMap(({ to, card }) => (to === 'ana' ? [] : [textOf(card)])).join('\n');
    expect(others()).toContain('Ana Ruiz');
    await world.sql('update drift_findings set closed_at = usher_now()');
    await world.settle();
    await world.allOut();
    expect(others()).not.toContain('Ana Ruiz');
    const gone = await row();
    const id = gone?.id ?? '';
    expect(gone).toMatchObject({
      name: `Former employee ${id.slice(-4)}`,
      email: null,
      state: 'deleted',
      directory_key: `forgotten:${id}`,
    });
    expect(
      await world.sql(
        `select boss.directory_key as key from people join people manager on manager.id = people.manager_id
         join people boss on boss.id = manager.manager_id where people.directory_key = 'cas'`,
      ),
    ).toEqual([{ key: 'ada' }]);
    // So the release before knows that her address is nobody else's in the settings.
    const SPENT = `select 1 from people where forgotten_at is not null and former_mail = sha256(convert_to(id || $1, 'UTF8'))`;
    expect(await world.sql(SPENT, ['ana@woodgrove.example'])).toHaveLength(1);
    expect(await story()).not.toContain('Ana Ruiz');
    expect(await story()).toContain(`Former employee ${id.slice(-4)}`);
    expect(
      await world.sql(
        `select 1 from identities where person_id = $1 union all select 1 from group_people where person_id = $1
         union all select 1 from resource_owners where person_id = $1
         union all select 1 from administrative_roles where person_id = $1 and state = 'active'`,
        [id],
      ),
    ).toEqual([]);
    expect(
      await world.sql(
        `select type, count(*)::integer as n from audit_events where person_id = $1 and via = 'forget-people' group by type order by type`,
        [id],
      ),
    ).toEqual([
      { type: 'group.changed', n: 1 },
      { type: 'identity.unlinked', n: 1 },
      { type: 'person.forgotten', n: 1 },
      { type: 'resource.changed', n: 1 },
      { type: 'role.ended', n: 2 },
    ]);
    expect(await world.sql(`select 1 from remarks where text ilike '%ana ruiz%' or text ilike 'ana@%'`)).toEqual([]);

    for (const old of [line(''), line(', enabled: false'), line('').replace('key: ana', 'key: ANA')])
      await expect(world.configure(old)).rejects.toThrow(
        /"(ana|ANA)" was the key of somebody who was deleted\. Write "enabled: true" if it is somebody else's now, or remove the line\./,
      );
    await world.configure(line(', enabled: true'));
    const next = (await world.sql<{ id: string }>(`select id from people where directory_key = 'ana'`))[0]?.id;
    expect(next).not.toBe(id);
    expect(await settle(world.desk, { ...settings, administrators: named }, { demo: true })).toEqual({
      unknown: [],
      unclear: named,
    });
    expect(await nameAdministrators(world.desk, operator, named)).toEqual({ given: [], unknown: [], unclear: named });
    expect(await administrators()).toEqual(['ada']);
    expect(sentenceOf(await world.say('ana', 'my access'))).toContain('I do not know who you are yet');
    await world.configure(line(', identities: [{ platform: web, tenant: demo, user: ana }]'));
    for (const typed of ['my access', 'my requests', 'approvals'])
      expect(textOf(cardOf(await world.say('ana', typed)))).toMatch(
        /no access through me yet|not asked for anything|Nothing waits/,
      );
    await ask('tom', 'ledger reader');
    expect(world.messagesTo('ana').filter(({ card }) => textOf(card).includes('Tom Berg'))).toEqual([]);
    await expectSound(world.sql);
  });

  test('is named no more in messages of what they took from others, or did by hand for them', async () => {
    await world.configure(
      'catalogs: [{ name: Finance, owners: [olga, ana], resources: [{ name: Vault, connector: manual, owners: [olga, ana] }] }]',
    );
    await ask('tom', 'vault keys');
    await world.submit('ana', cardOf(await world.press('ana', latest('ana'), 'Done')), { reason: 'key 7' });
    await ask('tara', 'ledger auditor');
    await world.submit('ana', cardOf(await world.say('ana', 'remove tara lind from ledger auditor')), {
      reason: 'project over',
    });
    await world.settle();
    const said = (user: string): string =>
      world
        .messagesTo(user)
        .map(({ card }) => textOf(card))
        .join('\n');
    const named = (who: string): readonly unknown[] => [
      expect.stringContaining(`${who} removed your access to Ledger auditor`),
      expect.stringContaining(`Set up, reported by ${who}`),
      expect.stringContaining(`Reported as done by ${who}`),
    ];
    const all = (): readonly string[] => ['tara', 'tom', 'olga'].map(said);
    expect(all()).toEqual(named('Ana Ruiz'));
    const id = (await row())?.id ?? '';
    await world.configure(line(', state: deleted'));
    await world.pass(MONTH + HOUR);
    await world.settle();
    await world.allOut();
    expect(all()).toEqual(named(`Former employee ${id.slice(-4)}`));
    expect(all().join()).not.toContain('Ana Ruiz');
  });

  test('is kept until the last of their access is taken away', async () => {
    await ask('ana', 'ledger auditor');
    await world.localRoles.tell('Ledger', { mode: 'failed', code: 'locked' });
    await world.configure(line(', state: deleted'));
    await world.pass(MONTH + HOUR);
    expect(await row()).toMatchObject({ directory_key: 'ana', name: 'Ana Ruiz' });
    expect(await world.configure(line(''))).toMatch(/stays deleted, since \S+ \S+ UTC\n/);
    await expect(world.configure(line(', enabled: true'))).rejects.toThrow(
      /"ana" was deleted on .* UTC and could be restored until .* UTC\. The key is free for somebody else within the hour/,
    );
    await world.localRoles.tell('Ledger', null);
    await world.pass(2 * HOUR);
    await world.settle();
    expect(await row()).toMatchObject({ email: null });
    expect(await world.sql(`select 1 from local_roles where subject = 'ana'`)).toEqual([]);
    await expectSound(world.sql);
  });
});
