// Access that is changed outside of Usher: found by a comparison, told, given back or taken away as its resource says, and never
// mistaken for anything else (rules 3.10, 3.12, 3.15).
import type { Connector } from '../../src/connectors/connector';
import { ConnectorError } from '../../src/connectors/connector';
import { compare } from '../../src/jobs/compare';
import { alarmsOf } from '../../src/operations/alarms';
import { parseBlueprint, plan } from '../../src/operations/blueprint';
import { conclude, driftOf, repair } from '../../src/operations/drift';
import type { By } from '../../src/operations/ports';
import { expectSound } from '../support/invariants';
import { aWorld, cardOf, LEAVING, operator, SMALL, textOf } from '../support/world';
import type { World } from '../support/world';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const by: By = { actor: { kind: 'system', name: 'compare' }, via: 'compare' };

let world: World;
beforeEach(async () => {
  world = await aWorld(SMALL, { strict: true });
});

const ask = async (user: string, name: string): Promise<void> => {
  await world.submit(user, cardOf(await world.say(user, `request ${name}`)), { reason: 'month end' });
};
const get = async (user: string, name = 'ledger auditor'): Promise<void> => {
  await ask(user, name);
  await world.settle();
};
const has = (user: string, role = 'Reader') => world.localRoles.has(user, 'Ledger', role, 'root');
const outside = (user: string, present: boolean, role = 'Reader') =>
  world.localRoles.set(user, 'Ledger', role, 'root', present);
const said = (user: string): string[] => world.messagesTo(user).map(({ card }) => textOf(card));
const told = (user: string): string[] => said(user).filter((text) => text.includes('changed outside'));
const grants = () => world.sql<{ state: string; baseline: boolean | null }>('select state, baseline from grants');
const states = async () =>
  (await world.sql<{ state: string }>('select state from assignments order by id')).map(({ state }) => state);
const open = async (): Promise<string[]> =>
  (
    await world.sql<{ line: string }>(
      `select kind || ' ' || holder as line from drift_findings where closed_at is null order by 1`,
    )
  ).map(({ line }) => line);
const events = async (type: string) =>
  (
    await world.sql<{ data: Record<string, unknown> }>('select data from audit_events where type = $1 order by id', [
      type,
    ])
  ).map(({ data }) => data);
const drift = (ways: string): Promise<string> =>
  world.configure(`catalogs:
  - name: Finance
    owners: olga
    resources:
      - { name: Ledger, connector: local, drift: ${ways} }
`);
/** People who have a role of the resource, in the directory as well, by the dozen. */
async function crowd(size: number): Promise<string[]> {
  const keys = Array.from({ length: size }, (_, n) => `crowd${n}`);
  await world.configure(`people:\n${keys.map((key) => `  - { key: ${key}, name: Crowd ${key} }`).join('\n')}\n`);
  return keys;
}
/** The job with a system that answers so. */
const compareWith = (list: Connector['list']): Promise<number> => {
  const local = world.swept.connectors.get('local');
  if (!local) throw new Error('no connector');
  return compare({ ...world.swept, connectors: new Map([['local', { ...local, list }]]) });
};

describe('a role that was removed outside', () => {
  test('comes back, owners see it, and the trail says why', async () => {
    await get('tara');
    await outside('tara', false);
    await compare(world.swept);
    expect(await states()).toEqual(['delivering']);
    expect(await grants()).toEqual([{ state: 'placing', baseline: false }]);
    await world.outgoing.settle();

    expect(await has('tara')).toBe(true);
    expect(await states()).toEqual(['delivered']);
    expect(await grants()).toEqual([{ state: 'placed', baseline: false }]);
    expect(await events('grant.driftFound')).toEqual([{ kind: 'missing' }]);
    expect(told('olga')).toHaveLength(1);
    expect(told('olga')[0]).toContain('1 person has lost access that Usher gave: Tara Lind (Reader).');
    expect(told('olga')[0]).toContain('Usher gives it back.');

    await world.compare();
    expect(await open()).toEqual([]);
    expect(told('olga')).toHaveLength(1);
    expect(told('olga')[0]).toContain('agree again');
    // It still ends with its access, and nothing of this made it the person's own.
    await world.pass(9 * HOUR);
    expect(await has('tara')).toBe(false);
    await expectSound(world.sql);
  });

  test('stays away and is told once, where the resource says report', async () => {
    await drift('{ missing: report }');
    await get('tara');
    await outside('tara', false);
    await world.compare();
    await world.compare();
    expect(await has('tara')).toBe(false);
    expect(await states()).toEqual(['delivered']);
    expect(await open()).toEqual(['missing tara']);
    expect(told('olga')).toHaveLength(1);
    expect(told('olga')[0]).toContain('restore it in the system');
    await outside('tara', true);
    await world.compare();
    expect(await open()).toEqual([]);
    expect(told('olga')).toEqual([expect.stringContaining('agree again')]);
  });

  test('is nobody’s business where the resource says accept', async () => {
    await drift('{ missing: accept, extra: accept }');
    await get('tara');
    await outside('tara', false);
    await outside('tom', true);
    await world.compare();
    expect([await has('tara'), await has('tom')]).toEqual([false, true]);
    expect(await open()).toEqual([]);
    expect(told('olga')).toEqual([]);
    expect(await events('resource.driftFound')).toEqual([]);
  });

  test('is not given back to somebody who leaves meanwhile, nor to whom access ended', async () => {
    await get('tara');
    await get('tom');
    await outside('tara', false);
    await outside('tom', false);
    const comparing = await begun();
    await world.comparisons.add(comparing, []);
    const findings = await conclude(world.desk, by, comparing.token);
    expect(findings).toHaveLength(2);
    await world.configure('people:\n  - { key: tara, name: Tara Lind, enabled: false }\n');
    await world.submit('tom', cardOf(await world.say('tom', 'give up ledger auditor')), {});
    for (const { id: finding } of findings) await repair(world.desk, by, { finding, present: false });
    expect(await events('grant.driftFound')).toEqual([]);
    await world.settle();
    expect([await has('tara'), await has('tom')]).toEqual([false, false]);
    await expectSound(world.sql);
  });

  describe('and that the person had before Usher', () => {
    /** The system is asked once more after a while before anything is given. */
    const twice = () => world.pass(5 * MINUTE);
    const kept =
      'Tara Lind had this before Usher; it was taken outside, so what was restored now ends with the package.';
    beforeEach(async () => {
      await outside('tara', true);
      await get('tara');
      expect(await grants()).toEqual([{ state: 'placed', baseline: true }]);
      await outside('tara', false);
    });

    test('is Usher’s gift from then on, and ends with the package', async () => {
      await world.compare();
      expect(await has('tara')).toBe(false);
      await twice();
      expect(await has('tara')).toBe(true);
      expect(await grants()).toEqual([{ state: 'placed', baseline: false }]);
      expect(await events('grant.driftFound')).toEqual([{ kind: 'missing' }]);
      expect(await events('grant.baselineRead')).toEqual([{ present: true }, { present: false }]);
      expect(told('olga')).toEqual([expect.stringContaining(kept)]);
      await world.compare();
      expect(told('olga')).toEqual([expect.stringMatching(new RegExp(`agree again.\\s+${kept}`))]);
      await world.pass(9 * HOUR);
      expect(await has('tara')).toBe(false);
      await expectSound(world.sql);
    });

    test('so it is where an owner had it made so again before any comparison saw it', async () => {
      await world.say('olga', 'reprocess tara lind ledger auditor');
      await world.settle();
      // Asking for it once more does not make the second look come sooner.
      await world.say('olga', 'reprocess tara lind ledger auditor');
      await world.settle();
      expect([await has('tara'), await grants()]).toEqual([false, [{ state: 'placing', baseline: true }]]);
      await twice();
      expect(await has('tara')).toBe(true);
      expect(await grants()).toEqual([{ state: 'placed', baseline: false }]);
      await world.pass(9 * HOUR);
      expect(await has('tara')).toBe(false);
      await expectSound(world.sql);
    });

    test.each(['reprocess', 'a comparison'])(
      'stays theirs where the system was wrong once about it: %s',
      async (by) => {
        // What is lost is found and asked about; by the second look of placing it is there again.
        if (by === 'reprocess') await world.say('olga', 'reprocess tara lind ledger auditor');
        else await compare(world.swept);
        await world.outgoing.settle();
        expect(await grants()).toEqual([{ state: 'placing', baseline: true }]);
        await outside('tara', true);
        await twice();
        expect(await grants()).toEqual([{ state: 'placed', baseline: true }]);
        expect(await states()).toEqual(['delivered']);
        // That doubt is over: another one begins anew.
        await outside('tara', false);
        await world.say('olga', 'reprocess tara lind ledger auditor');
        await world.settle();
        expect(await grants()).toEqual([{ state: 'placing', baseline: true }]);
        await outside('tara', true);
        await world.pass(9 * HOUR);
        expect(await grants()).toEqual([{ state: 'taken', baseline: true }]);
        expect(await has('tara')).toBe(true);
        await expectSound(world.sql);
      },
    );

    test('stays theirs where an owner has it made so again while it is there', async () => {
      await outside('tara', true);
      await world.say('olga', 'reprocess tara lind ledger auditor');
      await world.settle();
      expect(await grants()).toEqual([{ state: 'placed', baseline: true }]);
      await world.pass(9 * HOUR);
      expect(await has('tara')).toBe(true);
    });

    test('stays theirs where the list left them out: the system is asked about them once more', async () => {
      await outside('tara', true);
      await compareWith(() => Promise.resolve({ holders: [], next: null }));
      await world.outgoing.settle();
      expect(await open()).toEqual(['missing tara']);
      expect(await grants()).toEqual([{ state: 'placed', baseline: true }]);
      expect(await events('grant.driftFound')).toEqual([]);
      expect(told('olga')[0]).not.toContain('before Usher');
      await world.compare();
      expect(await open()).toEqual([]);
      await world.pass(9 * HOUR);
      expect(await has('tara')).toBe(true);
      await expectSound(world.sql);
    });

    test('stays theirs as long as the system does not say so when it is asked once more', async () => {
      const local = world.swept.connectors.get('local');
      if (!local) throw new Error('no connector');
      const faults = [new ConnectorError('later', 'reset'), new ConnectorError('failed', 'unknown_account')];
      for (const fault of faults) {
        const connectors = new Map([['local', { ...local, read: () => Promise.reject(fault) }]]);
        await compare({ ...world.swept, connectors });
        expect(await grants()).toEqual([{ state: 'placed', baseline: true }]);
      }
      expect(await events('grant.driftFound')).toEqual([]);
      await world.compare();
      await twice();
      expect(await grants()).toEqual([{ state: 'placed', baseline: false }]);
      await expectSound(world.sql);
    });

    test('stays theirs where anything of it changed since: what was read may be older', async () => {
      const local = world.swept.connectors.get('local');
      if (!local) throw new Error('no connector');
      const read: Connector['read'] = async () => {
        await world.sql('update grants set version = version + 1');
        return false;
      };
      await compare({ ...world.swept, connectors: new Map([['local', { ...local, read }]]) });
      expect(await grants()).toEqual([{ state: 'placed', baseline: true }]);
    });

    test('stays theirs where the resource only reports', async () => {
      await drift('{ missing: report }');
      await world.compare();
      expect(await grants()).toEqual([{ state: 'placed', baseline: true }]);
      expect(told('olga')[0]).not.toContain('before Usher');
    });
  });

  test('is given back once, however many repair it', async () => {
    await get('tara');
    await outside('tara', false);
    const comparing = await begun();
    await world.comparisons.add(comparing, []);
    const [found] = await conclude(world.desk, by, comparing.token);
    if (!found) throw new Error('nothing was found');
    const finding = found.id;
    await Promise.all([
      repair(world.desk, by, { finding, present: false }),
      repair(world.desk, by, { finding, present: false }),
    ]);
    expect(await events('grant.driftFound')).toHaveLength(1);
  });

  test('is delivered partly where the system refuses to take it back', async () => {
    await get('tara');
    await outside('tara', false);
    await compare(world.swept);
    await world.localRoles.tell('Ledger', { mode: 'failed', code: 'locked' });
    await world.settle();
    expect(await states()).toEqual(['deliveryFailed']);
    // A known failure is no news: owners heard of it by its own message.
    await world.localRoles.tell('Ledger', null);
    await world.compare();
    expect(await open()).toEqual([]);
    expect(told('olga')).toHaveLength(1);
  });
});

async function begun() {
  const [resource] = await world.comparisons.comparable(['local']);
  if (!resource) throw new Error('nothing can be compared');
  const comparing = await world.comparisons.begin(resource);
  if (!comparing) throw new Error('not begun');
  return comparing;
}

describe('access that nothing explains', () => {
  test('is told to the owners once, with accounts that nobody knows, and closes by itself', async () => {
    for (const user of ['tara', 'tom', 'ben', 'cas', 'svc-backup', 'svc-sync']) await outside(user, true);
    await world.compare();
    await world.compare();
    expect(told('olga')).toHaveLength(1);
    expect(told('cas')).toEqual([]);
    expect(told('olga')[0]).toContain(
      '4 people have access that nothing in Usher explains: Ben Okoye (Reader), Cas de Vries (Reader), Tara Lind (Reader) and 1 other.',
    );
    expect(told('olga')[0]).toContain('2 accounts have access and belong to nobody that Usher knows.');
    expect(await has('tara')).toBe(true);

    await outside('tara', false);
    await world.compare();
    expect(told('olga')).toEqual([expect.stringContaining('3 people have access')]);
    await outside('max', true);
    await world.compare();
    // Somebody new is a message of its own, and both tell how things stand now.
    expect(told('olga')).toHaveLength(2);
    for (const user of ['tom', 'ben', 'cas', 'max', 'svc-backup', 'svc-sync']) await outside(user, false);
    await world.compare();
    expect(await open()).toEqual([]);
    expect(told('olga')).toEqual([expect.stringContaining('agree'), expect.stringContaining('agree')]);
    await expectSound(world.sql);
  });

  test('is not what somebody had before, and kept', async () => {
    await outside('tara', true);
    await get('tara');
    await world.pass(9 * HOUR);
    expect(await grants()).toEqual([{ state: 'taken', baseline: true }]);
    await drift('{ extra: repair }');
    await world.compare();
    expect(await open()).toEqual([]);
    expect(await has('tara')).toBe(true);
  });

  test.each(LEAVING)('is what a leaver (%s) had before: leaving overrides it', async (leaves) => {
    await outside('tara', true);
    await get('tara');
    await world.pass(9 * HOUR);
    await world.configure(`people:\n  - { key: tara, name: Tara Lind, ${leaves} }\n`);
    await drift('{ extra: repair }');
    await world.compare();
    expect(await open()).toEqual(['extra tara']);
    expect(await has('tara')).toBe(false);
    expect(said('olga')).toContain(
      '1 person who left still has access to Ledger\nTara Lind (Reader).\nUsher takes it away.',
    );
    await world.compare();
    expect(await open()).toEqual([]);
    await expectSound(world.sql);
  });

  test.each(LEAVING)('of a leaver (%s) is told where nothing takes it away', async (leaves) => {
    await outside('tara', true);
    await world.configure(`people:\n  - { key: tara, name: Tara Lind, ${leaves} }\n`);
    await world.compare();
    expect(said('olga')).toEqual([
      [
        '1 person who left still has access to Ledger',
        'Tara Lind (Reader).',
        'Usher leaves it as it is: please remove it in the system.',
      ].join('\n'),
    ]);
    expect(await has('tara')).toBe(true);
    // Beside somebody who may request it, who left is told apart.
    await outside('tom', true);
    await world.compare();
    expect(told('olga').at(-1)?.split('\n')).toEqual([
      'Access to Ledger was changed outside of Usher',
      '1 person who left still has access: Tara Lind (Reader).',
      'Usher leaves it as it is: please remove it in the system.',
      '1 person has access that nothing in Usher explains: Tom Berg (Reader).',
      expect.stringContaining('Usher leaves it as it is. If it should not be there'),
    ]);
    // Nothing changes, so nothing is said.
    const changed = async () => (await events('resource.driftChanged')).length;
    await world.compare();
    const before = await changed();
    await world.compare();
    expect(await changed()).toBe(before);
    await world.configure(`people:\n  - { key: tom, name: Tom Berg, ${leaves} }\n`, true);
    await world.compare();
    await world.compare();
    expect(said('olga').at(-1)).toContain('Tara Lind (Reader) and Tom Berg (Reader).');
    expect(await changed()).toBe(before + 1);
    for (const user of ['tara', 'tom']) await outside(user, false);
    await world.compare();
    expect(said('olga').at(-1)).toContain('agree again');
  });

  test('is taken away where the resource says repair, also what Usher took once, but nothing from strangers', async () => {
    await drift('{ extra: repair }');
    await get('tara');
    await world.pass(9 * HOUR);
    for (const user of ['tara', 'tom', 'svc-backup']) await outside(user, true);
    await world.compare();
    expect([await has('tara'), await has('tom'), await has('svc-backup')]).toEqual([false, false, true]);
    expect(await events('grant.driftFound')).toEqual([{ kind: 'extra' }, { kind: 'extra' }]);
    expect(told('olga')[0]).toContain('Usher takes it away.');
    expect(told('olga')[0]).toContain('cannot take anything from accounts');
    await world.compare();
    expect(await open()).toEqual(['extra svc-backup']);

    // What Tom gets properly from now on is an ordinary gift.
    await get('tom');
    expect(await has('tom')).toBe(true);
    await world.pass(9 * HOUR);
    expect(await has('tom')).toBe(false);
    await expectSound(world.sql);
  });

  test('is taken by one act each', async () => {
    await drift('{ extra: repair }');
    for (const user of ['tara', 'tom']) await outside(user, true);
    let acts = 0;
    const write: typeof world.store.write = (by, act) => {
      acts += 1;
      return world.store.write(by, act);
    };
    await compare({ ...world.swept, desk: { ...world.desk, store: { ...world.store, write } } });
    await world.outgoing.settle();
    expect([await has('tara'), await has('tom')]).toEqual([false, false]);
    // What the comparison comes to, and each of two people.
    expect(acts).toBe(3);
  });

  test('is not taken from somebody who got the access meanwhile', async () => {
    await drift('{ extra: repair }');
    await outside('tara', true);
    const comparing = await begun();
    await world.comparisons.add(comparing, [{ directoryKey: 'tara', role: 'Reader', scope: 'root' }]);
    const [found] = await conclude(world.desk, by, comparing.token);
    if (!found) throw new Error('nothing was found');
    const finding = found.id;
    await ask('tara', 'ledger auditor');
    await repair(world.desk, by, { finding, present: false });
    expect(await events('grant.driftFound')).toEqual([]);
    await world.settle();
    expect(await has('tara')).toBe(true);
    expect(await grants()).toEqual([{ state: 'placed', baseline: true }]);
  });

  test('is explained by the same place in another catalog', async () => {
    const books = (extra: 'repair' | 'report'): string => `catalogs:
  - name: Sales
    owners: cas
    resources:
      - { name: Books, connector: local, originId: Ledger, roles: [Reader], drift: { extra: ${extra} } }
`;
    await world.configure(books('repair'));
    await get('tara');
    await world.compare();
    expect(await open()).toEqual([]);
    expect(await has('tara')).toBe(true);
    // What is in neither is told to both, as long as neither repairs it before the other has looked.
    await world.configure(books('report'));
    await outside('tom', true);
    await world.compare();
    expect([told('olga').length, told('cas').length]).toEqual([1, 1]);
  });
});

describe('what somebody deleted still has', () => {
  const MONTH = 30 * 24 * HOUR;
  const known = async (): Promise<string[]> =>
    (await world.sql<{ key: string }>(`select directory_key as key from people where state = 'deleted'`)).map(
      ({ key }) => (key.startsWith('forgotten:') ? 'forgotten' : key),
    );
  const alarms = async () => alarmsOf(await world.due.backlog()).map(({ alarm, count }) => `${alarm} ${count}`);
  const unread = (user: string): string[] => said(user).filter((text) => text.includes('cannot be read'));
  beforeEach(async () => {
    await world.compare();
    await outside('tara', true);
    await world.localRoles.tell('Ledger', { mode: 'failed', code: 'locked' });
    await world.configure('people: [{ key: tara, name: Tara Lind, state: deleted }]');
  });

  test('is taken by their key once the system can be read again, however long that takes; those in charge hear', async () => {
    await drift('{ extra: repair }');
    await world.compare();
    await world.pass(MONTH - HOUR);
    expect(unread('olga')).toEqual([]);
    await world.pass(2 * HOUR);
    await world.pass(3 * HOUR);
    expect(await known()).toEqual(['tara']);
    expect(unread('olga')).toEqual([
      expect.stringMatching(
        /^Ledger cannot be read\nUsher read the system last .*, so nobody knows what 1 person who was deleted since still has there\. Until it can be read again, Usher forgets nobody of them\.\nPlease see to it that the system answers\./,
      ),
    ]);
    expect(textOf(cardOf(await world.say('olga', 'changes ledger')))).toContain('Ledger cannot be read');
    expect(await alarms()).toEqual(['peopleKept 1']);

    await world.localRoles.tell('Ledger', null);
    await world.compare();
    await world.settle();
    expect(await has('tara')).toBe(false);
    // One read that leaves them out may be wrong.
    await world.compare();
    await world.pass(HOUR);
    expect(await known()).toEqual(['tara']);
    await world.compare();
    await world.pass(HOUR);
    expect([await known(), await alarms(), unread('olga')]).toEqual([['forgotten'], [], []]);
    await expectSound(world.sql);
  });

  test('is said of each system that cannot be read, also where that of another one was said already', async () => {
    await world.configure(`catalogs:
  - name: Sales
    owners: cas
    resources:
      - { name: Books, connector: local, originId: Books, roles: [Reader], drift: { extra: report } }
`);
    await world.compare();
    await world.pass(MONTH + HOUR);
    expect([unread('olga').length, unread('cas').length]).toEqual([1, 0]);
    await world.localRoles.tell('Books', { mode: 'failed', code: 'locked' });
    await world.configure('people: [{ key: tom, name: Tom Berg, state: deleted }]');
    await world.pass(MONTH + HOUR);
    expect(unread('cas')).toEqual([expect.stringContaining('what 1 person who was deleted since still has there')]);
  });

  test('is said not to be known where nobody has noted a read, which need not mean that there was none', async () => {
    await world.sql(`update comparisons set state = 'failed', read_at = null`);
    await world.pass(MONTH + HOUR);
    expect(unread('olga')[0]).toMatch(
      /^Ledger cannot be read\nUsher does not know when it could read the system last, if ever, so nobody knows what 1 person/,
    );
  });

  test('is told by their name before they are forgotten, where the resource only reports', async () => {
    await world.pass(MONTH + HOUR);
    expect([await known(), unread('olga').length]).toEqual([['tara'], 1]);
    await world.localRoles.tell('Ledger', null);
    await world.compare();
    expect(said('olga')).toContainEqual(
      expect.stringContaining('1 person who left still has access to Ledger\nTara Lind'),
    );
    await world.pass(HOUR);
    expect(await known()).toEqual(['forgotten']);
    await world.compare();
    expect(textOf(cardOf(await world.say('olga', 'changes ledger')))).toContain(
      '1 account has access and belongs to nobody',
    );
  });

  describe.each([
    { name: 'accepts what it finds', change: () => drift('{ extra: accept }') },
    {
      name: 'is gone',
      change: () => world.sql(`update resources set state = 'deleted', version = version + 1 where name = 'Ledger'`),
    },
    {
      name: 'is worked by hand by now',
      change: () => world.sql(`update resources set connector = 'manual', version = version + 1 where name = 'Ledger'`),
    },
  ])('is nobody’s business where the resource $name', ({ change }) => {
    test('and was not read since', async () => {
      await change();
      await world.pass(MONTH + HOUR);
      expect([await known(), unread('olga')]).toEqual([['forgotten'], []]);
    });

    test('and something was found there', async () => {
      await drift('{ extra: repair }');
      await world.localRoles.tell('Ledger', null);
      await world.compare();
      await world.settle();
      expect(await open()).toEqual(['extra tara']);
      await change();
      await world.compare();
      await world.pass(MONTH + HOUR);
      expect([await known(), unread('olga')]).toEqual([['forgotten'], []]);
    });
  });
});

describe('what is under way', () => {
  test('is no difference: a role that waits to be placed, and one that changed after the read began', async () => {
    await ask('tara', 'ledger auditor');
    await world.compare();
    expect(await open()).toEqual([]);

    // The system was read before the role was there, and says so after it.
    const early = await begun();
    await ask('tom', 'ledger auditor');
    await world.settle();
    await world.comparisons.add(early, [{ directoryKey: 'tara', role: 'Reader', scope: 'root' }]);
    expect(await conclude(world.desk, by, early.token)).toEqual([]);
    expect(await open()).toEqual([]);

    // And the other way round: it was taken after it was seen.
    const late = await begun();
    await world.comparisons.add(late, [
      { directoryKey: 'tara', role: 'Reader', scope: 'root' },
      { directoryKey: 'tom', role: 'Reader', scope: 'root' },
    ]);
    await world.submit('tom', cardOf(await world.say('tom', 'give up ledger auditor')), {});
    await world.settle();
    await conclude(world.desk, by, late.token);
    expect(await open()).toEqual([]);
  });

  test('of two comparisons of one resource only the later one counts', async () => {
    await get('tara');
    const first = await begun();
    await world.comparisons.add(first, []);
    const second = await begun();
    expect(await world.comparisons.add(first, [])).toBe('overtaken');
    expect(await conclude(world.desk, by, first.token)).toEqual([]);
    expect(await open()).toEqual([]);
    await world.comparisons.add(second, [{ directoryKey: 'tara', role: 'Reader', scope: 'root' }]);
    expect(await conclude(world.desk, by, second.token)).toEqual([]);
    expect(await open()).toEqual([]);
    expect(await world.sql('select 1 from drift_seen')).toEqual([]);
  });
});

describe('the brake', () => {
  test('takes nothing away from very many: it tells why, once', async () => {
    await drift('{ extra: repair }');
    await get('tara'); // all of five and more would be many as well
    for (const key of await crowd(21)) await outside(key, true);
    await world.compare();
    await world.compare();
    expect(await has('crowd0')).toBe(true);
    expect(told('olga')).toHaveLength(1);
    expect(told('olga')[0]).toContain('more than 5 % and more than 20');
    // Nobody has answered, however few are left.
    for (let n = 0; n < 18; n += 1) await outside(`crowd${n}`, false);
    await world.compare();
    expect(await has('crowd18')).toBe(true);
    expect(told('olga')).toHaveLength(1);
    expect(told('olga')[0]).toContain('3 people have access');
    await expectSound(world.sql);
  });

  const many = async (): Promise<void> => {
    await crowd(21);
    await world.sql(
      `with them as (select id, directory_key from people where directory_key like 'crowd%'),
       pack as (select id, current_version_id as version from packages where name = 'Ledger auditor'),
       policy as (select p.id, v.id as version from policies p join policy_versions v on v.id = p.current_version_id
         join pack on pack.id = p.package_id),
       asked as (select usher_id() as request, usher_id() as assignment, usher_id() as justification, usher_id() as the_grant, them.*
         from them),
       a as (insert into assignments (id, target_id, package_id, state, starts_at, reminded, version)
         select assignment, asked.id, pack.id, 'delivered', usher_now(), 0, 1 from asked, pack),
       g as (insert into grants (id, person_id, role_id, scope_id, state, baseline, placed_at, version)
         select the_grant, asked.id, role.id, scope.id, 'placed', false, usher_now() - interval '1 day', 1
         from asked, resource_roles role join resource_scopes scope on scope.resource_id = role.resource_id where role.name = 'Reader')
       insert into grant_assignments select the_grant, assignment from asked`,
    );
  };

  test('gives nothing back to very many after a system said that nobody has anything', async () => {
    await many();
    await world.compare();
    await world.compare();
    expect(await has('crowd0')).toBe(false);
    expect(told('olga')).toHaveLength(1);
    expect(told('olga')[0]).toContain('nobody had any access at all');
  });

  test('rings as old as what it asks about, whatever was found and told before that', async () => {
    // Reported, and of an account that nobody knows: nobody is asked about either.
    for (const user of ['tom', 'svc-1']) await outside(user, true);
    await world.compare();
    expect(await open()).toEqual(['extra svc-1', 'extra tom']);
    await world.sql(`update drift_findings set found_at = usher_now() - interval '30 days'`);
    await many();
    await world.compare();
    await world.sql('update organization set clock_offset_ms = clock_offset_ms + $1', [5 * MINUTE]);
    const { count, oldestSeconds } = (await world.due.backlog()).changesAsked;
    expect(count).toBe(1);
    expect(oldestSeconds * 1000).toBeGreaterThanOrEqual(5 * MINUTE);
    expect(oldestSeconds * 1000).toBeLessThan(24 * HOUR);
  });

  test('gives nothing back to very many right after a failed read, and does at the next', async () => {
    await many();
    // As many have access now as would get it back: more would be asked about.
    for (let n = 0; n < 21; n += 1) await outside(`svc-${n}`, true);
    await compareWith(() => Promise.reject(new ConnectorError('later', 'away')));
    await world.compare();
    expect(await has('crowd0')).toBe(false);
    expect(told('olga')[0]).toContain('could not be read before');
    await world.compare();
    expect(await has('crowd0')).toBe(true);
    expect(told('olga')[0]).toContain('Usher gives it back.');
  });

  test('gives nothing back where those in charge declined after a failed read, however well it is read next', async () => {
    await many();
    for (let n = 0; n < 21; n += 1) await outside(`svc-${n}`, true);
    await compareWith(() => Promise.reject(new ConnectorError('later', 'away')));
    await world.compare();
    const card = cardOf(await world.say('olga', 'changes ledger'));
    await world.press('olga', card, 'Decline');
    for (let n = 0; n < 2; n += 1) await world.compare();
    expect(await has('crowd0')).toBe(false);
    expect(told('olga')).toHaveLength(1);
    expect(told('olga')[0]).toContain('Usher would give it back.\nOlga Petrov declined.');
  });

  test('lets few be repaired, whatever the system said before', async () => {
    await get('tara');
    await outside('tara', false);
    await compareWith(() => Promise.reject(new ConnectorError('later', 'away')));
    await world.compare();
    expect(await has('tara')).toBe(true);
  });
});

describe('the format', () => {
  const text = (more: string) => `catalogs:
  - name: Finance
    resources:
      - name: Ledger
        connector: local
${more}`;
  test('plans a change of it field by field, and says where a word is wrong', async () => {
    const read = parseBlueprint([{ name: 'a.yaml', text: text('        drift: { extra: repair }\n') }]);
    if ('problems' in read) throw new Error('not read');
    const planned = await plan(world.desk, operator, read.blueprint, { confirm: false });
    const changes = planned.lines.filter(({ action }) => action !== 'note');
    expect(changes.flatMap(({ details }) => details)).toEqual(['drift.extra: report → repair']);

    const wrong = parseBlueprint([
      { name: 'a.yaml', text: text('        drift:\n          extra: remove\n          more: 1\n') },
    ]);
    const problems = 'problems' in wrong ? wrong.problems : [];
    expect(problems.map(({ file, line }) => `${file}:${line}`).toSorted()).toEqual(['a.yaml:7', 'a.yaml:8']);
  });
  test('is what it was where nothing is written', async () => {
    const [row] = await world.sql(`select drift_missing, drift_extra from resources where name = 'Ledger'`);
    expect(row).toEqual({ drift_missing: 'repair', drift_extra: 'report' });
    expect(await world.configure(SMALL)).not.toContain('Ledger /');
  });
});

test('only those in charge of a resource can look at what differs there', async () => {
  await outside('tara', true);
  await world.compare();
  const [resource] = await world.sql<{ id: string }>(`select id from resources where name = 'Ledger'`);
  const look = async (user: string) => {
    const [person] = await world.sql<{ id: never }>('select id from people where directory_key = $1', [user]);
    return driftOf(world.desk, person?.id as never, resource?.id as never);
  };
  expect((await look('olga')).extra.people).toBe(1);
  await expect(look('tara')).rejects.toMatchObject({ code: 'not-found' });
});
