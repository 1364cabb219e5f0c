// Who is who, and who may act at all: administrators follow the settings, and an account's standing is never guessed.
import type { Inbound, Profile } from '../../src/chat/inbound';
import { settle } from '../../src/operations/settings';
import { aWorld, sentenceOf, SMALL } from '../support/world';
import type { World } from '../support/world';

let world: World;
beforeEach(async () => {
  world = await aWorld(SMALL);
});

const settings = { slack: null, teams: null, administrators: [] as string[], allowGuests: false };
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

  test('who was named in a file keeps the role whatever the settings say', async () => {
    await settle(world.desk, { ...settings, administrators: ['ada'] }, { demo: true });
    await settle(world.desk, settings, { demo: true });
    expect(await administrators()).toEqual(['ada']);
  });

  test('a name that nobody has is reported, not ignored', async () => {
    expect(await settle(world.desk, { ...settings, administrators: ['nobody@x.example'] }, { demo: true })).toEqual([
      'nobody@x.example',
    ]);
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
    await world.sql("update installations set guests_allowed = false where platform = 'web'");
  });

  test('a guest is refused, and stays refused when the platform says nothing the next time', async () => {
    expect(await ask({ profile })).toBe('');
    await world.sql("update identities set standing = 'guest' where user_id = 'tara'");
    expect(await ask({ profile: null })).toContain('Guests cannot use me here');
  });

  test('what the platform says now is kept for the time when it says nothing', async () => {
    await world.sql("update identities set standing = 'guest' where user_id = 'tara'");
    expect(await ask({ profile })).toBe('');
    expect(await ask({ profile: null })).toBe('');
  });

  test('an account in conflict is looked at again when the platform vouches for one person', async () => {
    await world.sql("update identities set state = 'conflict', person_id = null where user_id = 'tara'");
    expect(await ask({ profile })).toContain('More than one person matches');
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
