// Roles given and taken, by systems and by hand: what was never given is never taken, a task is the task that was shown, and
// nothing that waits for people stays silent (rules 3.9, 3.10, 3.12, 3.17, 3.25).
import type { Card } from '../../src/chat/card';
import type { GrantId } from '../../src/domain/model';
import { baseline, failed, late, settled } from '../../src/operations/placements';
import type { By, OutgoingRow } from '../../src/operations/ports';
import type { World } from '../support/world';
import { aWorld, buttons, cardOf, LEAVING, sentenceOf, SMALL, textOf } from '../support/world';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const worker: By = { actor: { kind: 'system', name: 'place' }, via: 'place' };

let world: World;
beforeEach(async () => {
  world = await aWorld(SMALL, { strict: true });
});

const latest = (user: string): Card => {
  const last = world.messagesTo(user).at(-1);
  if (!last) throw new Error(`${user} heard nothing`);
  return last.card;
};
const titles = (user: string): string[] =>
  world.messagesTo(user).map((message) => textOf(message.card).split('\n')[0] ?? '');
const ask = async (user: string, name: string, values: Record<string, string> = { reason: 'month end' }) =>
  world.submit(user, cardOf(await world.say(user, `request ${name}`)), values);
async function get(user: string, name: string, values?: Record<string, string>): Promise<void> {
  await ask(user, name, values);
  await world.settle();
}
async function giveUp(user: string, name: string): Promise<void> {
  await world.submit(user, cardOf(await world.say(user, `give up ${name}`)), {});
}
const holds = (user: string, role = 'Reader') => world.localRoles.has(user, 'Ledger', role, 'root');
const states = async (): Promise<string[]> =>
  (await world.sql<{ state: string }>('select state from assignments order by id')).map((row) => row.state);
const only = async <T extends object>(sql: string): Promise<T> => {
  const [row] = await world.sql<T>(sql);
  if (!row) throw new Error(`nothing found: ${sql}`);
  return row;
};
const grant = () => only<{ id: GrantId; state: string; error: string | null }>('select id, state, error from grants');

/** What a worker took to place. */
const claim = async (): Promise<OutgoingRow> => {
  const row = (await world.outbox.claim(100, 60_000)).find((one) => one.kind === 'place');
  if (!row) throw new Error('nothing is to be placed');
  return row;
};
/** The worker of the row vanished, and another one may work it. */
const lose = async (): Promise<void> => {
  await world.sql(`update outgoing set lease_until = usher_now() - interval '1 second' where state = 'leased'`);
  await world.outbox.reap();
};
/** The person has the role of their own. */
const give = () => world.localRoles.set('tara', 'Ledger', 'Reader', 'root', true);

describe('a manual task', () => {
  const VAULT = { reason: 'gave her key 7' };
  async function done(user: string): Promise<void> {
    await world.submit(user, cardOf(await world.press(user, latest(user), 'Done')), VAULT);
    await world.settle();
  }

  test('to take says that what was there before cannot be seen, and not where all has to go (rule 3.10)', async () => {
    const unseen = 'If Tara Lind had it before, without me, leave it and say so: I cannot see that.';
    await get('tara', 'vault keys', {});
    expect(textOf(latest('olga'))).not.toContain(unseen);
    await done('olga');
    await giveUp('tara', 'vault keys');
    await world.settle();
    expect(textOf(latest('olga'))).toContain(unseen);
    await done('olga');
    await get('tara', 'vault keys', {});
    await done('olga');
    await world.configure(`people: [{ key: tara, name: Tara Lind, enabled: false }]`);
    await world.settle();
    expect(textOf(latest('olga'))).toContain('Please take the role Key holder');
    expect(textOf(latest('olga'))).not.toContain('had it before');
  });

  test('that was to give is not the one to take: a form of the first does not close the second', async () => {
    await get('tara', 'vault keys', {});
    const give = latest('olga');
    const form = cardOf(await world.press('olga', give, 'Done'));
    await giveUp('tara', 'vault keys');
    await world.settle();

    expect(sentenceOf(await world.submit('olga', form, VAULT))).toContain('closed already');
    await world.settle();
    expect(await states()).toEqual(['removing']);
    expect((await grant()).state).toBe('taking');
    // The new task is a message of its own; the old one is closed on the card that showed it.
    expect(latest('olga').id).not.toBe(give.id);
    const [first] = world.messagesTo('olga');
    expect(first && buttons(first.card).has('Done')).toBe(false);
    await done('olga');
    expect(await states()).toEqual(['removed']);
  });

  const NOBODY = `catalogs:
  - name: Finance
    resources:
      - { name: Safe, connector: manual, roles: [Opener] }
    packages:
      - name: Safe keys
        roles: [Safe / Opener]
        policies: [{ name: E, who: allMembers, expires: never, reason: optional }]
`;
  test.each([
    { name: 'catalog owners, where the resource has no owner', asks: 'tara', does: 'olga' },
    { name: 'administrators, where the only owner is whom it is about', asks: 'olga', does: 'ada' },
  ])('reaches $name, and they can report it', async ({ asks, does }) => {
    await world.configure(NOBODY);
    await get(asks, 'safe keys', {});
    await done(does);
    expect(await states()).toEqual(['delivered']);
  });

  test('that nobody does is told of daily, and after a day to those in charge, who can report it', async () => {
    await get('tara', 'vault keys', {});
    const count = (user: string): number => world.messagesTo(user).length;
    const before = { olga: count('olga'), cas: count('cas'), ada: count('ada') };
    await world.pass(23 * HOUR);
    expect(count('cas')).toBe(before.cas);
    await world.pass(HOUR);
    expect(count('cas')).toBe(before.cas + 1);
    expect(count('ada')).toBe(before.ada + 1);
    await world.pass(DAY);
    expect(count('cas')).toBe(before.cas + 2);
    expect(count('ada')).toBe(before.ada + 1);
    expect(await states()).toEqual(['delivering']);

    await done('ada');
    expect(await states()).toEqual(['delivered']);
    await world.pass(2 * DAY);
    expect(count('cas')).toBe(before.cas + 2);
  });

  test('to take that nobody does alarms after a day, and is over once it is reported', async () => {
    await get('tara', 'vault keys', {});
    await done('olga');
    await giveUp('tara', 'vault keys');
    await world.settle();
    await world.pass(23 * HOUR);
    expect(await states()).toEqual(['removing']);
    await world.pass(HOUR);
    expect(await states()).toEqual(['removalFailed']);
    for (const user of ['olga', 'ada']) {
      const alarm = world.messagesTo(user).find((message) => textOf(message.card).includes('not_done_by_hand'));
      expect(alarm && textOf(alarm.card)).toContain('Tara Lind');
    }
    const task = world.messagesTo('ada').find((message) => buttons(message.card).has('Done'));
    if (!task) throw new Error('nobody in charge can report it');
    await world.submit('ada', cardOf(await world.press('ada', task.card, 'Done')), { reason: 'key 7 is back' });
    await world.settle();
    expect(await states()).toEqual(['removed']);
  });
});

describe('access that Usher never gave', () => {
  beforeEach(async () => {
    await world.localRoles.set('tara', 'Ledger', 'Reader', 'root', true);
  });

  test('stays when a package is given up before its first call', async () => {
    await ask('tara', 'ledger auditor', {});
    await giveUp('tara', 'ledger auditor');
    await world.settle();
    expect(await states()).toEqual(['removed']);
    expect(await holds('tara')).toBe(true);
  });

  test('stays when the system failed until the end', async () => {
    await world.localRoles.tell('Ledger', { mode: 'failed', code: 'locked' });
    await get('tara', 'ledger auditor', {});
    expect(await states()).toEqual(['deliveryFailed']);
    await world.pass(9 * HOUR);
    expect(await states()).toEqual(['removed']);
    await world.localRoles.tell('Ledger', null);
    await world.pass(HOUR);
    expect(await holds('tara')).toBe(true);
  });

  test('stays when it was kept once and the package is asked for again', async () => {
    await get('tara', 'ledger auditor', {});
    await world.pass(9 * HOUR);
    expect(await holds('tara')).toBe(true);
    await ask('tara', 'ledger auditor', {});
    await giveUp('tara', 'ledger auditor');
    await world.settle();
    expect(await states()).toEqual(['removed', 'removed']);
    expect(await holds('tara')).toBe(true);
  });

  test.each(LEAVING)('goes with a leaver (%s) all the same', async (leaves) => {
    await ask('tara', 'ledger auditor', {});
    await world.configure(`people:\n  - { key: tara, name: Tara Lind, ${leaves} }\n`);
    await world.settle();
    expect(await states()).toEqual(['removed']);
    expect(await holds('tara')).toBe(false);
  });
});

describe('a worker that gives too late', () => {
  test('leaves nothing behind, though what came after found its gift and is over as well', async () => {
    await ask('tara', 'ledger auditor', {});
    const row = await claim();
    const { id } = await grant();
    await baseline(world.desk, worker, { grant: id, lease: row.lease, present: false });
    // It stands still here, with the call to give on its way, until the first access is gone.
    await lose();
    await world.settle();
    await giveUp('tara', 'ledger auditor');
    await world.settle();
    await give();
    await get('tara', 'ledger auditor', {});
    await giveUp('tara', 'ledger auditor');
    await world.settle();
    expect(await holds('tara')).toBe(true);

    const outcome = { state: 'present', externalId: null } as const;
    await expect(settled(world.desk, worker, { grant: id, lease: row.lease, outcome })).rejects.toMatchObject({
      code: 'stale',
    });
    await late(world.desk, worker, id, true);
    await world.settle();
    expect(await states()).toEqual(['removed', 'removed']);
    expect(await holds('tara')).toBe(false);
  });
});

describe('what the person had before', () => {
  test('is not learned from a worker whose lease was lost since it read', async () => {
    await give();
    await ask('tara', 'ledger auditor', {});
    const row = await claim();
    const { id } = await grant();
    const stale = { grant: id, lease: row.lease, present: true };
    await lose();
    await world.settle();
    await giveUp('tara', 'ledger auditor');
    await world.settle();
    await world.localRoles.set('tara', 'Ledger', 'Reader', 'root', false);
    await ask('tara', 'ledger auditor', {});

    await expect(baseline(world.desk, worker, stale)).rejects.toMatchObject({ code: 'stale' });
    await world.settle();
    await giveUp('tara', 'ledger auditor');
    await world.settle();
    expect(await holds('tara')).toBe(false);
  });
});

describe('a failure of a placement', () => {
  test('that comes in after its lease was lost is refused, and the success of another worker counts', async () => {
    await ask('tara', 'ledger auditor', {});
    const lost = (await world.outbox.claim(100, 60_000)).find((row) => row.kind === 'place');
    if (!lost) throw new Error('nothing is to be placed');
    await world.sql(`update outgoing set lease_until = usher_now() - interval '1 second' where state = 'leased'`);
    await world.outbox.reap();
    await world.settle();
    expect(await states()).toEqual(['delivered']);

    const { id } = await grant();
    const late = failed(world.desk, worker, {
      grant: id,
      lease: lost.lease,
      asked: lost.createdAt,
      error: { code: 'no_answer', final: true },
      giving: true,
      againInMs: null,
    });
    await expect(late).rejects.toMatchObject({ code: 'stale' });
    expect(await grant()).toMatchObject({ state: 'placed', error: null });
    expect(await states()).toEqual(['delivered']);
  });

  test('to take is late from when it was first asked for, however often it is asked for again', async () => {
    const asked = async (): Promise<Date[]> =>
      (
        await world.sql<{ at: Date }>(
          `select created_at as at from outgoing where kind = 'place' and state in ('ready', 'leased') order by id`,
        )
      ).map(({ at }) => at);
    await get('tara', 'ledger auditor', {});
    await world.localRoles.tell('Ledger', { mode: 'later', code: 'busy' });
    await giveUp('tara', 'ledger auditor');
    const [first] = await asked();
    const { id } = await grant();
    // Two minutes later a worker that was slow asks for it again: while it waits, and while it is being worked.
    await world.sql(`update organization set clock_offset_ms = clock_offset_ms + 120000`);
    await late(world.desk, worker, id, false);
    expect(await asked()).toEqual([first]);
    await world.sql(`update outgoing set next_at = usher_now() where state = 'ready'`);
    await claim();
    await late(world.desk, worker, id, false);
    expect(await asked()).toEqual([first, first]);
    await lose();
    await world.pass(90_000);
    expect(await grant()).toMatchObject({ state: 'takeFailed' });
    // What is given again and ended again is asked for anew.
    await world.localRoles.tell('Ledger', null);
    await world.pass(HOUR);
    await get('tara', 'ledger auditor', {});
    await world.localRoles.tell('Ledger', { mode: 'later', code: 'busy' });
    await giveUp('tara', 'ledger auditor');
    const [anew] = await asked();
    expect(Number(anew)).toBeGreaterThan(Number(first) + HOUR);
  });
  test('to take is late from when it was asked for, and not since a giving before it hangs', async () => {
    await ask('tara', 'ledger auditor', {});
    await claim();
    const pass = () => world.sql('update organization set clock_offset_ms = clock_offset_ms + 120000');
    const waits = async (): Promise<number> => {
      const [row] = await world.sql<{ at: Date }>(
        `select created_at as at from outgoing where kind = 'place' and state = 'ready'`,
      );
      return Number(row?.at);
    };
    await pass();
    await giveUp('tara', 'ledger auditor');
    const asked = await waits();
    await pass();
    await late(world.desk, worker, (await grant()).id, false);
    expect(await waits()).toBe(asked);
  });
  test('to give says nothing about a removal that is wanted by now', async () => {
    await ask('tara', 'ledger auditor', {});
    const row = (await world.outbox.claim(100, 60_000)).find((one) => one.kind === 'place');
    if (!row) throw new Error('nothing is to be placed');
    await giveUp('tara', 'ledger auditor');
    await failed(world.desk, worker, {
      grant: (await grant()).id,
      lease: row.lease,
      asked: row.createdAt,
      error: { code: 'refused', final: true },
      giving: true,
      againInMs: null,
    });
    expect((await grant()).state).toBe('taking');
    await world.settle();
    expect(await states()).toEqual(['removed']);
    expect(titles('olga').filter((title) => title.includes('Tara'))).toEqual([]);
  });
});

describe('an extension', () => {
  const GIVEN = (more: string) => `catalogs:
  - name: Finance
    packages:
      - name: Given only
        policies: [{ name: Direct, mode: direct, expires: 30 days, reason: optional, extension: { ${more} } }]
`;
  test('by approval is refused in the file where there is nobody to approve', async () => {
    await expect(world.configure(GIVEN('approval: true'))).rejects.toThrow('nobody to approve');
  });

  test('that nobody approves is given once where no limit is set, also where approval is on', async () => {
    await world.configure(GIVEN('approval: false'));
    // As an older file could leave it: approval on, no stages, no limit.
    await world.sql(`insert into policy_versions select (jsonb_populate_record(v, jsonb_build_object('id', usher_id(),
      'number', v.number + 1, 'extension_approval', true, 'max_extensions', null))).*
      from policy_versions v join policies p on p.current_version_id = v.id where p.name = 'Direct'`);
    await world.sql(`update policies set version = version + 1, current_version_id = (select id from policy_versions v
      where v.policy_id = policies.id order by number desc limit 1) where name = 'Direct'`);
    await world.submit('olga', cardOf(await world.say('olga', 'assign tara lind to given only')), {});
    await world.settle();
    await world.pass(20 * DAY);
    await world.submit('tara', cardOf(await world.say('tara', 'extend given only')), {});
    await world.settle();
    // Those in charge gave it for less, and nobody asked them.
    expect(textOf(latest('olga'))).toContain('Tara Lind extended Given only');
    expect(textOf(latest('olga'))).toContain('without approval');
    await world.pass(30 * DAY);
    expect((await world.say('tara', 'extend given only')).kind).toBe('text');
    expect(await only('select extensions from justifications')).toEqual({ extensions: 1 });
  });

  test('can be asked for when the reminder says so, also of access that was given again after its end', async () => {
    await get('tara', 'ledger reader');
    await world.press('ana', latest('ana'), 'Approve');
    await world.settle();
    await world.pass(29 * DAY);
    await world.submit('tara', cardOf(await world.say('tara', 'extend ledger reader')), { reason: 'quarter end' });
    await world.settle();
    await world.pass(2 * DAY);
    await world.press('ana', latest('ana'), 'Approve');
    await world.settle();
    expect(await states()).toEqual(['removed', 'delivered']);

    const { left } = await only<{ left: number }>(
      `select (extract(epoch from remind_at - usher_now()) * 1000)::float8 as left from assignments where state = 'delivered'`,
    );
    await world.pass(left + 1_000);
    expect(textOf(latest('tara'))).toContain('Ledger reader');
    expect(buttons(latest('tara')).has('Extend')).toBe(true);
    expect((await world.say('tara', 'extend ledger reader')).kind).toBe('form');
  });
});

describe('what a manager asked for somebody else', () => {
  const WRITER = { reason: 'new in the team', 'answer.ticket': 'T-1' };
  const askFor = async (values: Record<string, string> = WRITER): Promise<void> => {
    await world.submit('max', cardOf(await world.say('max', 'request ledger writer for tara lind')), values);
    await world.settle();
  };

  test('ends undecided when the manager leaves, and the target is told', async () => {
    await askFor();
    await world.configure('people:\n  - { key: max, name: Max Thorn, enabled: false }\n');
    const before = world.messagesTo('tara').length;
    await world.settle();
    expect(await only('select state, detail from requests')).toEqual({
      state: 'canceled',
      detail: 'requestorDisabled',
    });
    expect(world.messagesTo('tara').length).toBe(before + 1);
    expect(textOf(latest('tara'))).toContain('Max Thorn is switched off in the directory');
  });

  const ON_BEHALF = `catalogs:
  - name: Finance
    packages:
      - name: Ledger auditor
        policies: [{ name: Employees, who: allMembers, expires: 8 hours, reason: optional, onBehalf: true }]
`;
  const auditor = async (): Promise<void> => {
    await world.configure(ON_BEHALF);
    await world.submit('max', cardOf(await world.say('max', 'request ledger auditor for tara lind')), {});
    await world.settle();
  };

  test('goes on without the manager once it is approved', async () => {
    await auditor();
    await world.configure('people:\n  - { key: max, name: Max Thorn, enabled: false }\n');
    await world.settle();
    expect(await states()).toEqual(['delivered']);
  });

  test('and cannot be set up is told to the manager', async () => {
    await world.localRoles.tell('Ledger', { mode: 'failed', code: 'locked' });
    await auditor();
    expect(await states()).toEqual(['deliveryFailed']);
    expect(textOf(latest('max'))).toContain('Could not be set up');
  });
});
