// What a platform says of somebody who is known already is asked, and not waited for longer than a click can wait.
import { ChannelError } from '../../src/chat/channel';
import type { Profile } from '../../src/chat/inbound';
import { patiently } from '../../src/chat/who';
import { account } from './door';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

const tara = {
  platform: 'teams',
  tenant: 'T',
  user: 'tara',
  surface: { kind: 'personal', conversation: 'c', message: null, serviceUrl: null, canOpenForm: true },
} as const;
const ben = { ...tara, user: 'ben' };

test('an answer in time is the answer, and asked for anew the next time', async () => {
  const asked = jest.fn(() => Promise.resolve<Profile | null>(account('tara@woodgrove.example')));
  const profiles = patiently(asked);
  for (const one of [tara, tara]) expect(await profiles(one)).toMatchObject({ email: 'tara@woodgrove.example' });
  expect(asked).toHaveBeenCalledTimes(2);
});

test('a slow one keeps nobody longer than a click can wait, and is there for the next delivery when it comes', async () => {
  let say: (profile: Profile) => void = () => undefined;
  const asked = jest.fn(() => new Promise<Profile | null>((resolve) => (say = resolve)));
  const profiles = patiently(asked);
  const first = profiles(tara);
  await jest.advanceTimersByTimeAsync(1_000);
  expect(await first).toBeNull();
  expect(await profiles(tara)).toBeNull();
  say(account('tara@woodgrove.example'));
  await jest.advanceTimersByTimeAsync(0);
  expect(await profiles(tara)).toMatchObject({ email: 'tara@woodgrove.example' });
  expect(asked).toHaveBeenCalledTimes(1);
  await jest.advanceTimersByTimeAsync(60_000);
  void profiles(tara);
  expect(asked).toHaveBeenCalledTimes(2);
});

test('one that is refused is not asked for again within a minute, and only about whom it was', async () => {
  const asked = jest.fn(() => Promise.reject(new ChannelError('later', 'http_503')));
  const profiles = patiently(asked);
  for (const one of [tara, tara, ben, ben]) expect(await profiles(one)).toBeNull();
  expect(asked).toHaveBeenCalledTimes(2);
  await jest.advanceTimersByTimeAsync(60_000);
  expect(await profiles(tara)).toBeNull();
  expect(asked).toHaveBeenCalledTimes(3);
});
