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

  test('a zone that the client tells is used and kept', async () => {
    await ask({ profile: { ...profile, zone: 'Asia/Tokyo' } });
    const [row] = await world.sql<{ zone: string }>("select zone from identities where user_id = 'tara'");
    expect(row?.zone).toBe('Asia/Tokyo');
  });
});
