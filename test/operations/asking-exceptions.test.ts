// Asking in chat for an exception to an incompatibility (rule 3.13): a request of its own with its own approvers, and never access.
import { jobs } from '../../src/jobs';
import { alarmsOf } from '../../src/operations/alarms';
import { expectSound } from '../support/invariants';
import { aWorld, buttons, cardOf, sentenceOf, SMALL, textOf } from '../support/world';
import type { World } from '../support/world';

const DAY = 24 * 3_600_000;
const LIST = 'incompatibleWith: [{ package: Ledger auditor, mutual: true }]';
const POLICY = 'exceptionPolicy: { approval: [{ approvers: [cas, ben], decideWithin: 3 days }], expires: 90 days }';
const ORGANIZATION = SMALL.replace('expires: 8 hours', 'expires: 365 days').replace(
  LIST,
  `incompatibleWith: [{ package: Ledger auditor, ${POLICY} }]`,
);
/** Another list of the same package. */
const against = (more: string): string =>
  `catalogs: [{ name: Finance, packages: [{ name: Ledger writer, incompatibleWith: [${more}] }] }]`;

let world: World;
beforeEach(async () => {
  world = await aWorld(ORGANIZATION, { strict: true });
});

afterEach(async () => {
  await world.settle();
  await expectSound(world.sql);
});

const form = async (user: string, text: string) => cardOf(await world.say(user, text));
const latest = (user: string) => {
  const last = world.messagesTo(user).at(-1);
  if (!last) throw new Error(`${user} heard nothing`);
  return last.card;
};
const heard = (user: string) => world.messagesTo(user).map(({ card }) => textOf(card));
const requests = () =>
  world.sql<{ number: number; type: string; state: string }>(
    `select number::integer, type, state from requests where type = 'exception' order by requests.number`,
  );
const exceptions = () =>
  world.sql(
    `select p.directory_key as person, o.directory_key as owner, e.state, e.reason, r.number::integer as request
     from incompatibility_exceptions e join people p on p.id = e.person_id join people o on o.id = e.owner_id
     left join requests r on r.id = e.request_id where e.state <> 'ended'`,
  );
const has = (user: string) =>
  world.sql(
    `select packages.name from assignments a join people on people.id = a.target_id join packages on packages.id = a.package_id
     where people.directory_key = $1 and a.ended_at is null order by 1`,
    [user],
  );
const inDays = async (days: number) => {
  const [clock] = await world.sql<{ now: Date }>('select usher_now() as now');
  return new Date((clock?.now.getTime() ?? 0) + days * DAY).toISOString().slice(0, 10);
};
/** Has one of the two, and asks for an exception for the other one. */
async function asked(user = 'tara', text = 'request ledger writer', values: Record<string, string> = {}) {
  const target = user === 'max' ? 'tara' : user;
  if ((await has(target)).length === 0) await world.submit(target, await form(target, 'request ledger auditor'), {});
  const sent = await world.submit(user, await form(user, text), { reason: 'Month end', ...values });
  await world.settle();
  return sent;
}

test('none is offered by a policy whose last day is over', async () => {
  await world.configure(
    against(
      `{ package: Ledger auditor, exceptionPolicy: { approval: [{ approvers: ada }], expires: ${await inDays(3)} } }`,
    ),
  );
  await world.submit('tara', await form('tara', 'request ledger auditor'), {});
  expect((await world.say('tara', 'request ledger writer')).kind).toBe('form');
  await world.pass(5 * DAY);
  const refusal = 'Ledger writer does not go together with Ledger auditor, which you have. Give that up first.';
  for (const words of ['request ledger writer', 'ask exception ledger writer'])
    expect(sentenceOf(await world.say('tara', words))).toBe(refusal);
});

test('the form says what the package ends with: the exception, unless the other package ends before', async () => {
  const policy = '{ name: Employees, expires: 5 days, reason: optional, extension: { allowed: false } }';
  const ends = 'ends with the exception at the latest';
  await world.submit('tara', await form('tara', 'request ledger auditor'), {});
  expect(textOf(await form('tara', 'request ledger writer'))).toContain(ends);
  await world.configure(`catalogs: [{ name: Finance, packages: [{ name: Ledger auditor, policies: [${policy}] }] }]`);
  await world.submit('tom', await form('tom', 'request ledger auditor'), {});
  const ask = textOf(await form('tom', 'request ledger writer'));
  expect(ask).toContain(`${ends} unless Ledger auditor has ended before.`);
});

test('the form does not open where nobody could decide', async () => {
  const policy = 'exceptionPolicy: { approval: [{ approvers: ada }], expires: 9 days }';
  await world.configure(against(`{ package: Ledger auditor, ${policy} }`));
  await world.sql(`delete from administrative_roles where role = 'catalogOwner'`);
  await world.submit('ada', await form('ada', 'request ledger auditor'), {});
  expect(sentenceOf(await world.say('ada', 'request ledger writer'))).toBe(
    'There are too few people who may approve Ledger writer here: nobody decides for themselves. Ask an administrator to name another approver.',
  );
});

test('it is asked for from the other side of the pair as well, by the same policy', async () => {
  await world.submit('tara', await form('tara', 'request ledger writer'), { reason: 'Books', 'answer.ticket': 'T-1' });
  await world.settle();
  for (const [stage, approver] of ['max', 'ana', 'ben'].entries()) {
    await world.say(approver, 'approve R-1001');
    await world.settle();
    expect(await has('tara')).toHaveLength(stage === 2 ? 1 : 0);
  }
  const sent = await world.submit('tara', await form('tara', 'request ledger auditor'), { reason: 'Month end' });
  expect(sentenceOf(sent)).toBe('R-1002 is on its way.');
  await world.settle();
  await world.press('cas', latest('cas'), 'Approve');
  await world.settle();
  expect(await requests()).toEqual([{ number: 1002, type: 'exception', state: 'delivered' }]);
});

describe('the whole way', () => {
  test('from what is refused to what is granted, and from there to the package', async () => {
    await world.submit('tara', await form('tara', 'request ledger auditor'), {});
    const ask = await form('tara', 'request ledger writer');
    expect(textOf(ask)).toContain('Exception for Ledger writer');
    expect(textOf(ask)).toContain('does not go together with Ledger auditor, which you have.');
    expect(textOf(ask)).toMatch(/(Cas de Vries or Ben Okoye|Ben Okoye or Cas de Vries) will be asked\./);
    expect(textOf(ask)).toContain('At most 90 days.');
    expect(sentenceOf(await world.submit('tara', ask, { reason: ' ' }))).toBe('Say in a few words why this is needed.');
    const sent = await world.submit('tara', ask, { reason: 'Month end' });
    expect(sentenceOf(sent)).toBe('R-1002 is on its way.');
    await world.settle();

    expect(textOf(latest('cas'))).toContain('Tara Lind asks for an exception for Ledger writer');
    expect(textOf(latest('cas'))).toContain('Does not go with: Ledger auditor, held now');
    expect(textOf(latest('cas'))).toContain('Month end');
    expect(textOf(latest('cas'))).toContain('No access is given by this.');
    expect(textOf(await form('tara', 'R-1002'))).not.toContain('If you approve');
    expect(textOf(await form('cas', 'approvals'))).toContain('asks for an exception for Ledger writer');
    // Neither package's approvers are asked, and the package is not asked for twice.
    expect(heard('max')).toEqual([]);
    expect(sentenceOf(await world.say('tara', 'request ledger writer'))).toMatch(/asked for already: R-1002/);

    const { card } = { card: latest('cas') };
    expect(sentenceOf(await world.press('cas', card, 'Approve'))).toBe('Done. R-1002 is approved.');
    await world.settle();
    expect(await requests()).toEqual([{ number: 1002, type: 'exception', state: 'delivered' }]);
    expect(await exceptions()).toEqual([
      { person: 'tara', owner: 'cas', state: 'active', reason: 'Month end', request: 1002 },
    ]);
    expect(await has('tara')).toEqual([{ name: 'Ledger auditor' }]);
    expect(textOf(latest('tara'))).toMatch(/R-1002 is approved: exception for Ledger writer/);
    expect(textOf(latest('tara'))).toMatch(/Ledger writer may be held beside Ledger auditor until/);
    expect(textOf(latest('tara'))).toContain('that is what to ask for next.');
    expect(textOf(await form('cas', 'R-1002'))).not.toContain('ask for next');
    expect(textOf(await form('tara', 'my requests'))).toContain('Exception granted · exception of');
    expect(sentenceOf(await world.say('ben', 'approve R-1002'))).toMatch(/Cas de Vries was faster/);
    expect(sentenceOf(await world.say('tara', 'cancel R-1002'))).toMatch(/granted already\. It gives no access/);

    const ordinary = cardOf(await world.press('tara', latest('tara'), 'Request access'));
    expect(textOf(ordinary)).toMatch(/An exception lets Ledger writer be held beside Ledger auditor until/);
    expect(textOf(ordinary)).toContain('Max Thorn will be asked.');
    await world.submit('tara', ordinary, { reason: 'Month end', 'answer.ticket': 'T-1' });
    await world.settle();
    for (const user of ['max', 'ana', 'ben']) {
      await world.press(user, latest(user), 'Approve');
      await world.settle();
    }
    expect(await has('tara')).toEqual([{ name: 'Ledger auditor' }, { name: 'Ledger writer' }]);
    expect(sentenceOf(await world.say('tara', 'ask exception ledger writer'))).toMatch(/may be held together until/);
  });

  test('for somebody who reports to one, by a typed command, until a day', async () => {
    const day = await inDays(20);
    await asked('max', 'ask exception ledger writer for tara', { end: day });
    expect(textOf(latest('cas'))).toContain('Max Thorn asks for an exception for Ledger writer for Tara Lind');
    expect(heard('tara')).toContainEqual(expect.stringContaining('R-1002 · exception for Ledger writer'));
    await world.press('cas', latest('cas'), 'Approve');
    await world.settle();
    expect(await world.sql('select last_day::text from incompatibility_exceptions')).toEqual([{ last_day: day }]);
    expect(heard('tara').at(-1)).toMatch(/R-1002 is approved/);
    // The next step is his, for her.
    const ordinary = cardOf(await world.press('max', latest('max'), 'Request access'));
    expect(textOf(ordinary)).toContain('Request Ledger writer for Tara Lind');
  });

  test('denied, and asked again with the same reason', async () => {
    await asked();
    await world.say('ben', 'deny R-1002 because one of the two is enough');
    await world.settle();
    expect(textOf(latest('tara'))).toMatch(/R-1002 was denied: exception for Ledger writer/);
    expect(await exceptions()).toEqual([]);
    const again = cardOf(await world.press('tara', latest('tara'), 'Ask again'));
    expect(textOf(again)).toContain('Exception for Ledger writer');
    expect(again.body).toContainEqual(expect.objectContaining({ id: 'reason', value: 'Month end' }));
    await world.submit('tara', again, { reason: 'Month end, really' });
    expect(await requests()).toMatchObject([{ state: 'denied' }, { state: 'pendingApproval' }]);
  });

  test('nobody decides in time, and it is taken back: each as with any request', async () => {
    await asked();
    await world.pass(4 * DAY);
    expect(textOf(latest('tara'))).toMatch(/Nobody decided on R-1002: exception for Ledger writer/);
    expect([...buttons(latest('tara')).keys()]).toContain('Ask again');
    await asked();
    expect(sentenceOf(await world.say('tara', 'cancel R-1003'))).toBe('R-1003 is canceled.');
    expect(await requests()).toMatchObject([{ state: 'expired' }, { state: 'canceled' }]);
    expect(sentenceOf(await world.say('cas', 'approve R-1003'))).toMatch(/closed already: Canceled/);
  });

  test('a group stands against it as well', async () => {
    await world.configure(against(`{ group: Approvers, ${POLICY.replace('[cas, ben]', 'cas')} }`));
    const ask = await form('ben', 'request ledger writer');
    expect(textOf(ask)).toContain('Ledger writer is not for members of Approvers, and you are one.');
    await world.submit('ben', ask, { reason: 'Stands in' });
    await world.settle();
    expect(textOf(latest('cas'))).toContain('Does not go with: members of Approvers');
    await world.press('cas', latest('cas'), 'Approve');
    expect(await exceptions()).toMatchObject([{ person: 'ben', owner: 'cas' }]);
    expect(textOf(await form('ben', 'request ledger writer'))).toContain('An exception lets');
  });

  test('when it is over the conflict counts again, and it is asked for anew', async () => {
    await asked('tara', 'request ledger writer', { end: await inDays(5) });
    await world.press('cas', latest('cas'), 'Approve');
    await world.pass(6 * DAY);
    const ask = await form('tara', 'request ledger writer');
    expect(textOf(ask)).toContain('Exception for Ledger writer');
    await world.submit('tara', ask, { reason: 'Once more' });
    await world.settle();
    await world.say('ben', 'approve R-1003');
    expect(await exceptions()).toEqual([
      { person: 'tara', owner: 'ben', state: 'active', reason: 'Once more', request: 1003 },
    ]);
  });
});

describe('what is had by an exception', () => {
  const lasting = (expires: number, more = '') => {
    const policy = `{ name: Employees, approval: [], questions: [], reason: optional, expires: ${expires} days${more} }`;
    return world.configure(`catalogs: [{ name: Finance, packages: [{ name: Ledger writer, policies: [${policy}] }] }]`);
  };
  const ends = async () => {
    const [row] = await world.sql<{ ends: Date; until: Date }>(
      `select a.ends_at as ends, e.until_at as until from incompatibility_exceptions e
       join incompatibilities i on i.id = e.incompatibility_id join assignments a on a.target_id = e.person_id
       and a.package_id = i.package_id where a.ended_at is null`,
    );
    return row;
  };
  /** Until so many hours before her access ends: exceptions end with a day, whenever they were asked for. */
  const hoursBefore = async (hours: number) => {
    const [row] = await world.sql<{ left: number }>(
      `select extract(epoch from a.ends_at - usher_now())::float * 1000 as left from assignments a
       join packages p on p.id = a.package_id where p.name = 'Ledger writer' and a.ended_at is null`,
    );
    await world.pass((row?.left ?? 0) - hours * 3_600_000);
  };
  /** Tara has both: the one by an exception of twenty days. */
  async function both(expires: number, more = '') {
    await asked('tara', 'request ledger writer', { end: await inDays(20) });
    await world.press('cas', latest('cas'), 'Approve');
    await lasting(expires, more);
    return form('tara', 'request ledger writer');
  }

  test('is promised again up to the exception only, where it ended while its extension waits', async () => {
    await world.submit('tara', await both(10), {});
    const waits = 'approval: [{ approvers: cas, decideWithin: 9 days }], extension: { approval: true }';
    await world.configure(`catalogs: [{ name: Finance, packages: [{ name: Ledger writer, policies: [
      { name: Employees, questions: [], reason: optional, expires: 60 days, ${waits} }] }] }]`);
    await hoursBefore(24);
    const extend = await world.submit('tara', await form('tara', 'extend ledger writer'), { reason: 'Audit' });
    expect(sentenceOf(extend)).toContain('R-1004 is on its way');
    const [until] = await world.sql<{ until: Date }>('select until_at as until from incompatibility_exceptions');
    await hoursBefore(-1);
    const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'Europe/Berlin' });
    expect(textOf(latest('tara'))).toContain(
      'R-1004 is still being decided. If that is approved you have it again, until',
    );
    expect(textOf(latest('tara'))).toContain(day.format(until?.until));
  });

  test('ends with it, and everybody is told before; a new one keeps it for longer', async () => {
    const ask = await both(365);
    expect(textOf(ask)).toMatch(/until .* 00:00 CES?T\. Ledger writer ends then at the latest\./);
    const late = await world.submit('tara', ask, { start: await inDays(30) });
    expect(sentenceOf(late)).toMatch(
      /beside Ledger auditor until .*, which is before that start\. Choose an earlier one/,
    );
    const sent = await world.submit('tara', ask, {});
    expect(sentenceOf(sent)).toMatch(
      /It is being set up\. It ends on .* 00:00 CES?T, because the exception ends then\.$/,
    );
    await world.settle();
    expect(textOf(latest('tara'))).toMatch(/lasts until .*: the exception ends then that lets you have it beside/);
    const first = await ends();
    expect(first?.ends).toEqual(first?.until);

    await world.pass(12 * DAY);
    expect(textOf(latest('tara'))).toMatch(/ends soon\nYour access ends on .*, because the exception ends then/);
    expect(textOf(latest('tara'))).toContain('Ask for a new exception: “ask exception Ledger writer”.');
    const ending = latest('tara');
    expect([...buttons(ending).keys()]).toEqual(['Ask again', 'Give up']);
    const refused = await world.say('tara', 'extend ledger writer');
    expect(sentenceOf(refused)).toMatch(
      /^Ledger writer cannot be extended beyond .*, when the exception ends that lets it be held beside/,
    );
    expect(textOf(cardOf(await world.press('tara', cardOf(refused), 'Continue')))).toContain('Exception for Ledger');

    await hoursBefore(36);
    const again = cardOf(await world.press('tara', ending, 'Ask again'));
    expect(textOf(again)).toContain('An exception allows both until');
    expect(textOf(again)).toContain(
      'may be kept for longer, and ends with the exception at the latest unless Ledger auditor has ended before.',
    );
    await world.submit('tara', again, { reason: 'Until summer' });
    expect(sentenceOf(await world.say('tara', 'extend ledger writer'))).toMatch(
      /^An exception for Ledger writer is asked for already: R-1004\. That is decided first, or canceled\./,
    );
    await hoursBefore(12);
    expect(textOf(latest('tara'))).toContain('It can be kept for longer once the exception is granted');
    expect([...buttons(latest('tara')).keys()]).toEqual(['Give up']);
    await world.press('cas', latest('cas'), 'Approve');
    await world.settle();
    expect(await exceptions()).toMatchObject([{ reason: 'Until summer', request: 1004 }]);
    // It is held, and lasts longer at once: by the one message that says so, and by a request of its own (rule 3.1).
    expect(await world.sql(`select number::integer, detail from requests where type = 'systemUpdate'`)).toEqual([
      { number: 1005, detail: 'exceptionChanged' },
    ]);
    const second = await ends();
    expect(second?.ends).toEqual(second?.until);
    expect(second?.ends.getTime()).toBeGreaterThan((first?.ends.getTime() ?? 0) + 60 * DAY);
    expect(textOf(latest('tara'))).toMatch(/beside Ledger auditor until (.*)\.\nLedger writer now lasts until \1\./);
    expect([...buttons(latest('tara')).keys()]).not.toContain('Extend');
    expect(heard('tara').join()).not.toContain('for longer\n');
    expect(heard('tara').join()).not.toContain('ends soon');

    // What ends by itself is nobody's duty, not even while it waits for its end to be written down.
    await hoursBefore(1);
    await world.sql('update organization set clock_offset_ms = clock_offset_ms + $1', [2 * 3_600_000]);
    expect(alarmsOf(await world.due.backlog()).map(({ alarm }) => alarm)).not.toContain('exceptionsOver');
    await world.pass(DAY);
    expect(await has('tara')).toEqual([{ name: 'Ledger auditor' }]);
    expect([...heard('cas'), ...heard('tara'), ...heard('olga')].join()).not.toMatch(/hold both|has both/);
    expect(await world.sql(`select state from incompatibility_exceptions where state <> 'ended'`)).toEqual([
      { state: 'over' },
    ]);
  });

  test('is told with its end to whoever asks and to whoever decides', async () => {
    await asked('tara', 'request ledger writer', { end: await inDays(20) });
    await world.press('cas', latest('cas'), 'Approve');
    const sent = await world.submit('tara', await form('tara', 'request ledger writer'), {
      reason: 'Month end',
      'answer.ticket': 'T-1',
    });
    expect(sentenceOf(sent)).toMatch(/^R-1003 is on its way\. It ends on .*, because the exception ends then\.$/);
    await world.settle();
    expect(textOf(latest('max'))).toMatch(/Period: .*, but not after .* 00:00 CES?T: an exception ends then/);
  });

  test('and ends before it is extended once a waiting request for another is decided, or canceled', async () => {
    await world.submit('tara', await both(12), {});
    await world.pass(10.75 * DAY);
    expect(textOf(latest('tara'))).toContain('Still needed? Extend it.');
    await world.submit('tara', await form('tara', 'ask exception ledger writer'), { reason: 'Until summer' });
    await world.pass(0.5 * DAY);
    expect(textOf(latest('tara'))).toContain('It can be extended once R-1004 is decided, or canceled.');
    await world.say('tara', 'cancel R-1004');
    await world.submit('tara', await form('tara', 'extend ledger writer'), {});
    const row = await ends();
    expect(row?.ends).toEqual(row?.until);
  });

  test('was had before it, is not extended when it is over, and leads to a new one', async () => {
    await world.configure(against(''));
    await lasting(12);
    for (const name of ['auditor', 'writer'])
      await world.submit('tara', await form('tara', `request ledger ${name}`), {});
    const one = `{ person: tara, owner: olga, until: ${await inDays(5)}, reason: As written }`;
    await world.configure(against(`{ package: Ledger auditor, ${POLICY}, exceptions: [${one}] }`));
    await world.pass(8 * DAY);
    const refused = await world.say('tara', 'extend ledger writer');
    expect(sentenceOf(refused)).toContain('Or type “ask exception Ledger writer”.');
    const next = cardOf(await world.press('tara', cardOf(refused), 'Continue'));
    expect(textOf(next)).toContain('Exception for Ledger writer');
  });

  test('leads to no new one where the last day of their policy is over', async () => {
    await world.configure(against(''));
    await lasting(12);
    for (const name of ['auditor', 'writer'])
      await world.submit('tara', await form('tara', `request ledger ${name}`), {});
    const one = `{ person: tara, owner: olga, until: ${await inDays(9)}, reason: As written }`;
    const past = `exceptionPolicy: { approval: [{ approvers: cas }], expires: ${await inDays(3)} }`;
    await world.configure(against(`{ package: Ledger auditor, ${past}, exceptions: [${one}] }`));
    await world.pass(6 * DAY);
    expect(heard('tara').join()).toContain('Give one of them up, or ask the owners of Finance for a new exception.');
    expect(heard('tara').join()).toContain('Ask its owners (“package Ledger writer” names them) for a new exception.');
    expect([...heard('tara'), ...heard('olga')].join()).not.toMatch(/asks? for a new exception/);
    expect(world.messagesTo('tara').flatMap(({ card }) => [...buttons(card).keys()])).not.toContain('Ask again');
    expect(sentenceOf(await world.say('tara', 'extend ledger writer'))).not.toContain('ask exception');
  });

  /** Tara has the writer until its exception ends, and it cannot be extended. */
  async function held() {
    await world.submit('tara', await both(60, ', extension: false'), {});
    await world.settle();
    const row = await ends();
    expect(row?.ends).toEqual(row?.until);
  }
  const writer = () =>
    world.sql<{ ends: Date | null; whole: boolean; reminded: number }>(
      `select a.ends_at as ends, a.ends_at = j.until as whole, a.reminded from assignments a
       join packages p on p.id = a.package_id join justifications j on j.assignment_id = a.id
       where p.name = 'Ledger writer' and a.ended_at is null`,
    );
  const written = async (days: number) => {
    const one = `{ person: tara, owner: olga, until: ${await inDays(days)}, reason: As written }`;
    await world.configure(against(`{ package: Ledger auditor, ${POLICY}, exceptions: [${one}] }`));
    await world.settle();
  };

  test('moves before it starts, and what was said of its request with that', async () => {
    await world.submit('tara', await both(60), { start: await inDays(3) });
    await world.settle();
    const periods = () => heard('tara').flatMap((card) => /R-1003[^]*(Period: From .* until .*)/.exec(card)?.[1] ?? []);
    const [before] = periods();
    await written(30);
    const row = await ends();
    expect(row?.ends).toEqual(row?.until);
    const [after, ...more] = periods();
    expect(after).not.toBe(before);
    expect(more).toEqual([]);
    const shown = textOf(await form('tara', 'R-1003'));
    expect(shown).toContain(after);
    expect(shown).toMatch(/ Usher moved the end\n/);
    expect(textOf(await form('tara', 'R-1004'))).toContain(after);
  });

  test('follows what a file says of it, later and sooner, and never past its policy', async () => {
    await held();
    await world.pass(11 * DAY);
    expect(textOf(latest('tara'))).toContain('ends soon');
    await written(30);
    const later = await ends();
    expect(later?.ends).toEqual(later?.until);
    expect(textOf(latest('tara'))).toMatch(
      /^You keep Ledger writer for longer\nIt lasts until .*: the exception ends then that lets you have it beside/,
    );
    expect(await writer()).toMatchObject([{ whole: false, reminded: 0 }]);
    // A line of a digest knows the access alone, and its details say nothing that is not so.
    const [{ id: subject } = { id: '' }] = await world.sql<{ id: string }>(
      `select a.id from assignments a join packages p on p.id = a.package_id where p.name = 'Ledger writer' and a.ended_at is null`,
    );
    const data = { notice: 'accessMoved', subject };
    const details = world.inbound('tara', { kind: 'press', verb: 'notice.show', data, card: null });
    expect(textOf(cardOf(await world.conversation.handle(details)))).toMatch(/^You keep Ledger writer\nIt lasts until/);
    // From now on its policy ends it, and it is said so.
    await written(80);
    expect(textOf(latest('tara'))).toMatch(
      /for longer\nIt lasts until .*, as it was given: no exception ends it before/,
    );
    expect(await writer()).toMatchObject([{ whole: true }]);
    await written(40);
    const sooner = await ends();
    expect(sooner?.ends).toEqual(sooner?.until);
    expect(textOf(latest('tara'))).toMatch(/^Ledger writer ends sooner\nIt lasts until .*: the exception ends then/);
    // What was said before of another end is over.
    expect(heard('tara').join('\n')).not.toContain('for longer');
    expect(heard('tara').filter((said) => said.startsWith('You keep Ledger writer\nIt lasts until '))).toHaveLength(3);
    const trail = await world.sql(
      `select data->>'because' as because, data->>'later' as later from audit_events where type = 'assignment.endMoved' order by id`,
    );
    expect(trail).toEqual([
      { because: 'exception', later: 'true' },
      { because: 'policy', later: 'true' },
      { because: 'exception', later: 'false' },
    ]);
    // Each is a request that nobody made (rule 3.1).
    const moves = await world.sql<{ number: number; detail: string }>(
      `select number::integer, detail from requests where type = 'systemUpdate' and requestor_id is null order by requests.number`,
    );
    expect(moves.map(({ detail }) => detail)).toEqual(Array(3).fill('exceptionChanged'));
    const shown = textOf(await form('tara', `R-${moves[0]?.number ?? 0}`));
    expect(shown).toContain('What lets Tara Lind have this beside something that it does not go with changed.');
    expect(shown).toMatch(/ Usher moved the end$/);
    // So near that the reminder says it.
    const told = heard('tara').length;
    await written(3);
    expect(heard('tara').slice(told)).toEqual([
      expect.stringMatching(/^Ledger writer ends soon\nYour access ends on .*, because the exception ends then/),
    ]);
    await world.pass(4 * DAY);
    expect(await has('tara')).toEqual([{ name: 'Ledger auditor' }]);
    expect(await writer()).toEqual([]);
  });

  test.each([
    ['the other one is given up', async () => world.submit('tara', await form('tara', 'give up ledger auditor'), {})],
    ['they go together from now on', () => world.configure(against(''))],
  ])('lasts as long as it was given where %s', async (_, act) => {
    await held();
    await act();
    await world.settle();
    expect(await writer()).toMatchObject([{ whole: true }]);
    expect(textOf(latest('tara'))).toMatch(/for longer\nIt lasts until .*, as it was given/);
    // Once more, and not because of the exception.
    await world.pass(50 * DAY);
    expect(textOf(latest('tara'))).toMatch(/ends soon\nYour access ends on /);
    expect(textOf(latest('tara'))).not.toContain('because the exception');
  });

  test('does not come by an exception that was over before the other one came back: those in charge hear', async () => {
    await held();
    await world.submit('tara', await form('tara', 'give up ledger auditor'), {});
    await world.settle();
    await world.pass(40 * DAY);
    await world.configure(against(`{ package: Ledger auditor, mutual: false, ${POLICY} }`));
    const told = heard('tara').length;
    await world.submit('tara', await form('tara', 'request ledger auditor'), {});
    await world.settle();
    expect(await writer()).toMatchObject([{ whole: true }]);
    expect(heard('tara').slice(told).join()).not.toMatch(/has ended|ends soon/);
    expect(heard('tara').slice(told)).toContainEqual(
      expect.stringMatching(/^You hold both .*\n.*That was allowed until/),
    );
  });

  test('comes where the other one came back in time, also where it is reported before anybody followed', async () => {
    await held();
    await world.submit('tara', await form('tara', 'give up ledger auditor'), {});
    await world.configure(against(`{ package: Ledger auditor, mutual: false, ${POLICY} }`));
    await world.settle();
    const [lends] = await world.sql<{ left: number }>(
      'select extract(epoch from until_at - usher_now())::float * 1000 as left from incompatibility_exceptions',
    );
    await world.pass((lends?.left ?? 0) - 3_600_000);
    await world.submit('tara', await form('tara', 'request ledger auditor'), {});
    await world.outgoing.settle();
    expect(await writer()).toMatchObject([{ whole: true }]);
    await world.sql('update organization set clock_offset_ms = clock_offset_ms + $1', [2 * 3_600_000]);
    for (const name of ['report-exceptions', 'follow-exceptions'])
      await jobs.find((job) => job.name === name)?.sweep(world.swept);
    await world.settle();
    expect(await has('tara')).toEqual([{ name: 'Ledger auditor' }]);
  });

  test('comes to whichever of the two is extended past it, and to the other one once nothing keeps it', async () => {
    const policy = '{ name: Employees, approval: [], questions: [], reason: optional, expires: 15 days }';
    await world.configure(`catalogs: [{ name: Finance, packages: [{ name: Ledger auditor, policies: [${policy}] }] }]`);
    await world.submit('tara', await both(60), {});
    // Where the other one is over by then there is no limit, and nobody is asked to do anything.
    expect(await writer()).toMatchObject([{ whole: true }]);
    await world.pass(8 * DAY);
    expect([...heard('cas'), ...heard('tara')].join()).not.toMatch(/hold both|has both/);

    const longer = await form('tara', 'extend ledger auditor');
    expect(textOf(longer)).toContain('Ledger auditor ends then at the latest.');
    await world.submit('tara', longer, {});
    await world.settle();
    expect(heard('tara')).toContainEqual(
      expect.stringMatching(/^You keep Ledger auditor\nIt lasts until .*: the exception ends then/),
    );
    const limited = () =>
      world.sql(
        `select p.name, a.ends_at = e.until_at as lent, a.ends_at = j.until as whole from assignments a join packages p on p.id = a.package_id
         join justifications j on j.assignment_id = a.id join incompatibility_exceptions e on e.person_id = a.target_id
         where a.ended_at is null order by 1`,
      );
    const before = [
      { name: 'Ledger auditor', lent: true, whole: false },
      { name: 'Ledger writer', lent: false, whole: true },
    ];
    expect(await limited()).toEqual(before);
    await world.configure(against('{ package: Ledger auditor, mutual: false }'));
    await world.settle();
    expect(await limited()).toEqual([
      { name: 'Ledger auditor', lent: false, whole: true },
      { name: 'Ledger writer', lent: true, whole: false },
    ]);
    expect(heard('tara').slice(-2).sort()).toEqual([
      expect.stringMatching(/^Ledger writer ends s(oon|ooner)\n/),
      expect.stringMatching(/^You keep Ledger auditor for longer\n/),
    ]);
    await world.pass(13 * DAY);
    expect(await has('tara')).toEqual([{ name: 'Ledger auditor' }]);
    expect([...heard('cas'), ...heard('tara')].join()).not.toMatch(/hold both|has both/);
  });

  test('does not come back: what is renewed after the end comes too late', async () => {
    await held();
    await world.sql('update organization set clock_offset_ms = clock_offset_ms + $1', [25 * DAY]);
    await written(30);
    expect(await has('tara')).toEqual([{ name: 'Ledger auditor' }]);
  });
});

test('after the first of two exceptions, the button leads to the second', async () => {
  await world.configure(against(`{ package: Ledger auditor, ${POLICY} }, { package: Ledger reader, ${POLICY} }`));
  await world.submit('tara', await form('tara', 'request ledger reader'), { reason: 'Month end' });
  await world.settle();
  await world.say('ana', 'approve R-1001');
  await world.submit('tara', await form('tara', 'request ledger auditor'), {});
  await asked();
  await world.press('cas', latest('cas'), 'Approve');
  await world.settle();
  const second = cardOf(await world.press('tara', latest('tara'), 'Request access'));
  expect(textOf(second)).toMatch(/does not go together with Ledger (reader|auditor)/);
  expect(textOf(second)).toContain('Exception for Ledger writer');
});

test('where no form can be opened, Continue says what it leads to', async () => {
  await world.submit('tara', await form('tara', 'request ledger auditor'), {});
  const typed = world.inbound('tara', { kind: 'text', text: 'request ledger writer' });
  const card = cardOf(await world.conversation.handle({ ...typed, surface: { ...typed.surface, canOpenForm: false } }));
  expect(textOf(card)).toContain('does not go together with Ledger auditor, which you have.');
  const before = cardOf(await world.press('tara', card, 'Continue'));
  await world.configure(against(`{ package: Ledger auditor, ${POLICY.replace('90', '30')} }`));
  const opened = cardOf(await world.press('tara', card, 'Continue'));
  expect(textOf(opened)).toContain('Exception for Ledger writer');
  expect(textOf(opened)).toContain('At most 30 days.');
  // Only the form that showed the terms of today sends them.
  const again = cardOf(await world.submit('tara', before, { reason: 'Month end' }));
  expect(textOf(again)).toContain('offered in another way');
  expect(sentenceOf(await world.submit('tara', opened, { reason: 'Month end' }))).toBe('R-1002 is on its way.');
});

describe('is not to be had', () => {
  test('where the incompatibility has no policy for it: the refusal is the one that it ever was', async () => {
    await world.configure(against('{ package: Ledger auditor, exceptionPolicy: }'));
    await world.submit('tara', await form('tara', 'request ledger auditor'), {});
    const refusal = 'Ledger writer does not go together with Ledger auditor, which you have. Give that up first.';
    expect(sentenceOf(await world.say('tara', 'request ledger writer'))).toBe(refusal);
    expect(sentenceOf(await world.say('tara', 'ask exception ledger writer'))).toBe(refusal);
  });
  test('for a member of a group, who reads that, and not to give it up', async () => {
    await world.configure(against('{ group: Approvers, exceptionPolicy: }'));
    expect(sentenceOf(await world.say('ben', 'request ledger writer'))).toBe(
      'Ledger writer is not for members of Approvers, and you are one. Whoever keeps that group can change that.',
    );
  });
  test('for what one may not know', async () => {
    const [none, hidden] = [
      await world.say('tara', 'ask exception nothing'),
      await world.say('tara', 'ask exception hidden gem'),
    ];
    expect(sentenceOf(hidden)).toBe(sentenceOf(none));
    expect(sentenceOf(none)).toMatch(/I know no package of that name/);
  });
  test('where nothing stands against it: the next step is to ask for it', async () => {
    const reply = await world.say('tara', 'ask exception ledger writer');
    expect(sentenceOf(reply)).toMatch(/No exception is needed/);
    expect(textOf(cardOf(await world.press('tara', cardOf(reply), 'Request access')))).toContain(
      'Request Ledger writer',
    );
    // Nor against what somebody asks for who reports to one.
    const other = await world.say('max', 'ask exception ledger writer for tara');
    expect(sentenceOf(other)).toBe('No exception is needed: nothing stands against Ledger writer for Tara Lind now.');
    expect(textOf(cardOf(await world.press('max', cardOf(other), 'Request access')))).toContain(
      'Request Ledger writer for Tara Lind',
    );
  });
  test('what to ask for is found by a form as well', async () => {
    await world.submit('tara', await form('tara', 'request ledger auditor'), {});
    const find = await form('tara', 'ask exception');
    expect(textOf(find)).toContain('Ask for an exception');
    const [writer] = await world.sql<{ id: string }>(`select id from packages where name = 'Ledger writer'`);
    const next = cardOf(await world.submit('tara', find, { package: writer?.id ?? '', target: '' }));
    expect(textOf(next)).toContain('Exception for Ledger writer');
  });
});

describe('is granted once, by the rules of that moment', () => {
  test('two who approve at once', async () => {
    await asked();
    const clicks = await Promise.all([world.say('cas', 'approve R-1002'), world.say('ben', 'approve R-1002')]);
    expect(clicks.map(sentenceOf).filter((one) => one === 'Done. R-1002 is approved.')).toHaveLength(1);
    expect(await exceptions()).toHaveLength(1);
    expect(await world.sql('select 1 from decisions')).toHaveLength(1);
  });
  test('while the incompatibility goes', async () => {
    await asked();
    const [click] = await Promise.all([world.say('cas', 'approve R-1002'), world.configure(against(''))]);
    // A slow machine may let it wait for longer than a click does: then nothing was decided.
    expect(sentenceOf(click)).toMatch(/^Done\. R-1002 is approved\.$|^R-1002 is closed|Please try again/);
    const standing = await world.sql(
      `select 1 from incompatibility_exceptions e join incompatibilities i on i.id = e.incompatibility_id
       where e.state <> 'ended' and i.state = 'ended'`,
    );
    expect(standing).toEqual([]);
  });
  test('not where the incompatibility has ended, nor where exceptions are not given any more', async () => {
    await asked();
    await world.configure(against('{ package: Ledger auditor, exceptionPolicy: }'));
    const closed = 'is closed, and Tara Lind was told: the policy by which it was asked for is in use no more.';
    expect(sentenceOf(await world.say('cas', 'approve R-1002'))).toBe(`R-1002 ${closed}`);
    await world.settle();
    expect(textOf(latest('tara'))).toContain('No exceptions are given for Ledger writer any more.');
    await world.configure(against(`{ package: Ledger auditor, ${POLICY} }`));
    await asked();
    await world.configure(against(''));
    expect(sentenceOf(await world.say('cas', 'approve R-1003'))).toBe(`R-1003 ${closed}`);
    await world.settle();
    expect(textOf(latest('tara'))).toContain('Ask for it: type “request Ledger writer”');
    expect(await requests()).toMatchObject([{ state: 'denied' }, { state: 'denied' }]);
    expect(await exceptions()).toEqual([]);
  });
  test('not where what stood against it was given up meanwhile', async () => {
    await asked();
    await world.submit('tara', await form('tara', 'give up ledger auditor'), {});
    await world.settle();
    await world.say('cas', 'approve R-1002');
    await world.settle();
    expect(textOf(latest('tara'))).toContain('No exception is needed: nothing stands against Ledger writer now.');

    // Something else stands against it by now: that is named, and nobody is sent to a request that would be refused.
    await world.configure(against(`{ package: Ledger auditor, ${POLICY} }, { package: Ledger reader, ${POLICY} }`));
    await world.submit('tara', await form('tara', 'request ledger auditor'), {});
    await world.submit('tara', await form('tara', 'request ledger reader'), { reason: 'Month end' });
    await world.settle();
    await world.say('ana', 'approve R-1005');
    const ask = await form('tara', 'request ledger writer');
    expect(textOf(ask)).toContain('does not go together with Ledger auditor');
    await world.submit('tara', ask, { reason: 'Month end' });
    await world.submit('tara', await form('tara', 'give up ledger auditor'), {});
    await world.settle();
    await world.say('cas', 'approve R-1006');
    await world.settle();
    expect(textOf(latest('tara'))).toContain(
      'Ledger writer does not go together with Ledger reader, which you have. Give that up first.',
    );
  });
  test('where a delegate approves: both read before and after it that the one answers whose voice it is', async () => {
    await world.say('cas', `delegate approvals to max until ${await inDays(5)}`);
    await world.settle();
    await world.press('max', latest('max'), 'Accept');
    await asked();
    const theirs = latest('max');
    expect(textOf(theirs)).toContain('Whoever approves last answers for it; where that is you, Cas de Vries does.');
    expect(textOf(latest('cas'))).toMatch(/Whoever approves last answers for it\.$/m);
    await world.press('max', theirs, 'Approve');
    await world.settle();
    expect(await exceptions()).toMatchObject([{ owner: 'cas' }]);
    const decided = (user: string) => heard(user).find((card) => card.includes('asks for an exception'));
    expect(decided('max')).toMatch(/You approved this for Cas de Vries\. .*Cas de Vries answers for it\./);
    expect(decided('cas')).toMatch(/Max Thorn approved this for you\. .*You answer for it\./);
  });
  test('by the terms that it was asked under', async () => {
    await asked();
    const shorter = POLICY.replace('90 days', '5 days').replace('[cas, ben]', 'ana');
    await world.configure(against(`{ package: Ledger auditor, ${shorter} }`));
    await world.settle();
    await world.say('cas', 'approve R-1002');
    const [row] = await world.sql<{ days: number }>(
      'select last_day - usher_now()::date as days from incompatibility_exceptions',
    );
    expect(row?.days).toBeGreaterThan(80);
  });
  test('and not for who left', async () => {
    await asked();
    await world.configure('people: [{ key: tara, name: Tara Lind, enabled: false }]');
    await world.settle();
    expect(await requests()).toMatchObject([{ state: 'canceled' }]);
    expect(sentenceOf(await world.say('cas', 'approve R-1002'))).toMatch(/closed already: Canceled/);
  });
});

describe('the file and the chat', () => {
  test('a written list leaves alone what was granted in chat, unless it says more of that person', async () => {
    await asked('tara', 'request ledger writer', { end: await inDays(30) });
    await world.say('cas', 'approve R-1002');
    const list = (more: string) => against(`{ package: Ledger auditor, exceptions: [${more}] }`);
    await world.configure(list(''));
    expect(await exceptions()).toMatchObject([{ person: 'tara', request: 1002 }]);
    const one = (day: string) => list(`{ person: tara, owner: olga, until: ${day}, reason: As written }`);
    expect(await world.configure(one(await inDays(10)))).toContain('Nothing to change');
    await world.configure(one(await inDays(60)));
    expect(await exceptions()).toEqual([
      { person: 'tara', owner: 'olga', state: 'active', reason: 'As written', request: null },
    ]);
  });
  test('what is asked for and what was granted outlive that only one side stands against the other', async () => {
    await asked();
    const plan = await world.configure(against('{ package: Ledger auditor, mutual: false }'));
    expect(plan).toContain('~ incompatibility Ledger writer → Ledger auditor\n    mutual: yes → no');
    await world.settle();
    expect(sentenceOf(await world.say('cas', 'approve R-1002'))).toBe('Done. R-1002 is approved.');
    expect(await exceptions()).toMatchObject([{ person: 'tara', request: 1002 }]);
    // From the other side, by whichever list names it.
    const both = 'incompatibleWith: [{ package: Ledger writer }]';
    await world.configure(`catalogs: [{ name: Finance, packages: [{ name: Ledger auditor, ${both} }] }]`);
    expect(await exceptions()).toMatchObject([{ person: 'tara', request: 1002 }]);
    expect(await world.sql(`select mutual from incompatibilities where state = 'active'`)).toEqual([{ mutual: true }]);
  });
  test('a pair stands once, whichever sides of it are written and in which order', async () => {
    const lists = (writer: string | null, auditor: string | null) =>
      world.configure(
        `catalogs: [{ name: Finance, packages: [
          { name: Ledger writer${writer === null ? '' : `, incompatibleWith: [${writer}]`} },
          { name: Ledger auditor${auditor === null ? '' : `, incompatibleWith: [${auditor}]`} }] }]`,
      );
    const pairs = () => world.sql(`select mutual from incompatibilities where state = 'active'`);
    const oneWay = (name: string) => `{ package: Ledger ${name}, mutual: false }`;

    // Both ways, each by a line of its own, are two; then one says it for both: alone, and beside the other.
    for (const auditor of ['', '{ package: Ledger writer }', oneWay('writer'), null]) {
      await lists('', '');
      await lists(oneWay('auditor'), oneWay('writer'));
      expect(await pairs()).toEqual([{ mutual: false }, { mutual: false }]);
      await lists('{ package: Ledger auditor }', auditor);
      expect(await pairs()).toEqual([{ mutual: true }]);
      expect(await lists('{ package: Ledger auditor }', auditor)).toContain('Nothing to change');
    }
    // One side says mutual, and the other one says less or as much: with it, and in a list of its own.
    await lists('', '');
    await lists('', '{ package: Ledger writer }');
    for (const writer of [oneWay('auditor'), '{ package: Ledger auditor }'])
      for (const auditor of ['{ package: Ledger writer }', null]) {
        await lists(writer, auditor);
        expect(await pairs()).toEqual([{ mutual: true }]);
      }
    // Nobody says it of both any more.
    await lists(oneWay('auditor'), '');
    expect(await pairs()).toEqual([{ mutual: false }]);
    // It is asked for once.
    await lists(`{ package: Ledger auditor, ${POLICY} }`, oneWay('writer'));
    await asked();
    await world.press('cas', latest('cas'), 'Approve');
    expect(textOf(await form('tara', 'request ledger writer'))).toContain('An exception lets Ledger writer');
  });
  test('what one list says stands when the other drops its line, whichever was written first', async () => {
    const list = (name: string, line: string) =>
      world.configure(
        `catalogs: [{ name: Finance, packages: [{ name: Ledger ${name}, incompatibleWith: [${line}] }] }]`,
      );
    const stands = () =>
      world.sql(`select p.name, i.mutual, i.other_list from incompatibilities i join packages p on p.id = i.package_id
        where i.state = 'active' order by 1`);
    const oneWay = (name: string) => `{ package: Ledger ${name}, mutual: false }`;
    const [writer, auditor] = ['Ledger writer', 'Ledger auditor'];

    await list('writer', oneWay('auditor'));
    await list('auditor', writer);
    expect(await stands()).toEqual([{ name: auditor, mutual: true, other_list: 'oneWay' }]);
    await list('writer', '');
    expect(await stands()).toEqual([{ name: auditor, mutual: true, other_list: null }]);
    await list('writer', oneWay('auditor'));
    await list('auditor', '');
    expect(await stands()).toEqual([{ name: writer, mutual: false, other_list: null }]);

    await list('writer', auditor);
    await list('auditor', writer);
    expect(await list('writer', auditor)).toContain('Nothing to change');
    expect(await list('auditor', writer)).toContain('Nothing to change');
    await list('writer', '');
    expect(await stands()).toEqual([{ name: auditor, mutual: true, other_list: null }]);
    // A row from before lists were known may be of both of them.
    expect(await list('auditor', '')).toContain(
      '- incompatibility Ledger auditor ↔ Ledger writer: apply the list of "Ledger writer" as well if it names "Ledger auditor"',
    );
    expect(await stands()).toEqual([]);

    // A release that knows one list only says what that says, and the other one goes on to say what it said.
    await list('writer', auditor);
    await list('auditor', writer);
    await world.sql('update incompatibilities set mutual = false where other_list is not null');
    await list('writer', oneWay('auditor'));
    expect(await stands()).toEqual([{ name: auditor, mutual: true, other_list: 'oneWay' }]);
  });
  test('whoever came to hold both while one side was open is decided on when it closes', async () => {
    await world.configure(against(`{ package: Ledger auditor, mutual: false }`));
    const policy = '{ name: Employees, approval: [], questions: [], reason: optional, expires: 30 days }';
    await world.configure(`catalogs: [{ name: Finance, packages: [{ name: Ledger writer, policies: [${policy}] }] }]`);
    for (const name of ['writer', 'auditor'])
      await world.submit('tara', await form('tara', `request ledger ${name}`), {});
    expect(await has('tara')).toHaveLength(2);
    await expect(world.configure(against('{ package: Ledger auditor }'))).rejects.toThrow(
      /nothing is decided on that: Tara/,
    );
  });
  test('what was granted ends with a removal that is written', async () => {
    await asked();
    await world.say('cas', 'approve R-1002');
    const removal = '{ person: tara, from: Ledger auditor, reason: One is enough }';
    await world.configure(against(`{ package: Ledger auditor, exceptions: [], removals: [${removal}] }`));
    expect(await exceptions()).toEqual([]);
  });
  test('the policy is written once, for whole days, and its versions stay', async () => {
    const version = () =>
      world.sql(`select v.number from policies p join policy_versions v on v.id = p.current_version_id
      where p.incompatibility_id is not null`);
    expect(await world.configure(ORGANIZATION)).toContain('Nothing to change');
    const plan = await world.configure(against(`{ package: Ledger auditor, ${POLICY.replace('90', '30')} }`));
    expect(plan).toContain('policy Exceptions / Ledger writer ↔ Ledger auditor\n    expires: 90 days → 30 days');
    expect(await version()).toEqual([{ number: 2 }]);
    // What the list of the package's policies does not hold is nothing to it.
    await world.configure(
      'catalogs: [{ name: Finance, packages: [{ name: Ledger writer, policies: [{ name: Employees, expires: 60 days }] }] }]',
    );
    expect(await version()).toEqual([{ number: 2 }]);
    for (const wrong of ['8 hours', 'never'])
      await expect(
        world.configure(against(`{ package: Ledger auditor, ${POLICY.replace('90 days', wrong)} }`)),
      ).rejects.toThrow('An exception ends with a day.');
    const twice = `catalogs: [{ name: Finance, packages: [
      { name: Ledger writer, incompatibleWith: [{ package: Ledger auditor, ${POLICY} }] },
      { name: Ledger auditor, incompatibleWith: [{ package: Ledger writer, ${POLICY} }] }] }]`;
    await expect(world.configure(twice)).rejects.toThrow('written twice');
    await expect(
      world.configure(against(`{ package: Ledger auditor, exceptionPolicy: { approval: [], expires: 9 days } }`)),
    ).rejects.toThrow('Write at least 1.');
  });
});

test('a click on what another release drew as an ordinary request decides nothing, and shows what it is', async () => {
  await asked();
  const card = latest('cas');
  const press = (title: 'Approve' | 'Deny') => {
    const { verb, data } = buttons(card).get(title) ?? { verb: '', data: {} };
    const { request, v } = data as Record<string, string | number>;
    const old = { request: request ?? '', v: v ?? 0 };
    return world.conversation.handle(world.inbound('cas', { kind: 'press', verb, data: old, card: card.id }));
  };
  for (const title of ['Approve', 'Deny'] as const) {
    const reply = await press(title);
    expect(sentenceOf(reply)).toMatch(/^R-1002 asks for an exception, which was not shown\. Nothing was decided/);
    expect(textOf(cardOf(reply))).toContain('asks for an exception for Ledger writer');
  }
  expect(await requests()).toMatchObject([{ state: 'pendingApproval' }]);
  const fresh = cardOf(await press('Approve'));
  expect(sentenceOf(await world.press('cas', fresh, 'Approve'))).toBe('Done. R-1002 is approved.');
  expect(await exceptions()).toHaveLength(1);
});

test('a release that does not know exceptions decides none, and gives nothing by them', async () => {
  await asked();
  const blind = `insert into decisions (id, request_id, n, person_id, decision, at, shown)
    select gen_random_uuid(), t.request_id, t.n, t.person_id, 'approve', usher_now(), '{}' from approval_tasks t limit 1`;
  await expect(world.sql(blind)).rejects.toThrow(/an exception is decided by whoever was shown that it is one/);
  await expect(
    world.sql(
      `update requests set state = 'delivering', approved_at = usher_now(), version = version + 1 where type = 'exception'`,
    ),
  ).rejects.toThrow(/requests_exception_check/);
});
