// The connection: what it refuses, what it reads, what it survives, and what migrations promise.
import { QueryTypes } from 'sequelize';
import { checkRole, connect, databaseTrouble, migrate, pendingMigrations } from '../../src/store/database';
import { migrations } from '../../src/store/migrations';
import { inTransaction, onConnection } from '../../src/store/query';
import { asOwner, runName } from '../support/cluster';
import { APP_ROLE, freshDatabase, openDatabase, testDatabase } from '../support/postgres';

describe('connect', () => {
  test.each([
    { name: 'an empty address', give: '', want: 'is empty' },
    { name: 'another database', give: 'mysql://a:b@host/usher', want: 'must start with postgres://' },
    { name: 'no database name', give: 'postgres://a:secret@host:5432', want: 'names no database' },
    { name: 'no host', give: 'postgres://a:secret@/usher', want: 'names no host' },
    { name: 'a raw special character', give: 'postgres://a:sec%ret@host/usher', want: '%XX' },
  ])('refuses $name and never repeats the address', async ({ give, want }) => {
    const refused = connect({ url: give, poolMax: 1 });
    await expect(refused).rejects.toThrow(want);
    await expect(refused).rejects.toThrow(expect.not.stringContaining('sec') as string);
    await expect(refused).rejects.toMatchObject({ name: 'DatabaseProblem' });
  });

  test('says that the database does not answer', async () => {
    await expect(connect({ url: 'postgres://a:b@127.0.0.1:1/usher', poolMax: 1 })).rejects.toMatchObject({
      name: 'DatabaseProblem',
      message: expect.stringContaining('does not answer') as string,
    });
  });

  test('reads bigint as number, timestamps as Date and days as text', async () => {
    const { sequelize } = await testDatabase();
    const [row] = await sequelize.query(
      `select 5::bigint as big, array[1, 2]::bigint[] as bigs, '2026-03-29 01:30:00.123+00'::timestamptz(3) as at,
              '2026-03-29'::date as day, null::bigint as none`,
      { type: QueryTypes.SELECT },
    );
    expect(row).toEqual({
      big: 5,
      bigs: [1, 2],
      at: new Date('2026-03-29T01:30:00.123Z'),
      day: '2026-03-29',
      none: null,
    });
  });

  test('refuses a bigint that a number cannot hold', async () => {
    const { sequelize } = await testDatabase();
    await expect(sequelize.query('select 9007199254740993::bigint')).rejects.toThrow('too large');
  });

  test('a value that no statement takes is refused, and the connection goes on', async () => {
    const { sequelize } = await testDatabase();
    for (const value of [{}, new Date(NaN)]) {
      await onConnection(sequelize, async (q) => {
        await expect(q('select $1::text', [value])).rejects.toThrow(TypeError);
        expect(await q('select 1 as one')).toEqual([{ one: 1 }]);
      });
      await expect(inTransaction(sequelize, (q) => q('select $1::text', [value]))).rejects.toThrow(TypeError);
    }
  });

  test('every connection of the pool acts as the role', async () => {
    const { sequelize } = await testDatabase();
    const ask = (): Promise<object[]> => sequelize.query('select current_user as me', { type: QueryTypes.SELECT });
    const answers = await Promise.all(Array.from({ length: 6 }, ask));
    expect(answers.flat()).toEqual(Array.from({ length: 6 }, () => ({ me: APP_ROLE })));
  });

  test('a statement that waits for a lock gives up', async () => {
    const { url } = await testDatabase();
    const database = await connect({ url, poolMax: 2, limits: { lock: 50 } });
    const key = 4711;
    try {
      await database.sequelize.transaction(async (transaction) => {
        await database.sequelize.query(`select pg_advisory_xact_lock(${key})`, { transaction });
        await expect(database.sequelize.query(`select pg_advisory_xact_lock(${key})`)).rejects.toMatchObject({
          original: { code: '55P03' },
        });
      });
    } finally {
      await database.close();
    }
  });

  test('a server that drops every connection does not take the program down', async () => {
    const { url } = await testDatabase();
    const database = await connect({ url, poolMax: 3 });
    const { sequelize } = database;
    const ask = (): Promise<object[]> => sequelize.query('select 1 as one', { type: QueryTypes.SELECT });
    try {
      await Promise.all([ask(), ask(), ask()]); // three idle connections in the pool
      const busy = sequelize.query('select pg_sleep(20)').then(
        () => 'done',
        () => 'lost',
      );
      const sleeping = `select 1 from pg_stat_activity where query like 'select pg_sleep%' and state = 'active'
        and datname = current_database()`;
      while ((await asOwner(url, sleeping)).length === 0);
      const others = `select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and application_name = 'usher'`;
      await asOwner(url, others);
      expect(await busy).toBe('lost');

      // A question may still meet a dead connection, and no more of them than the pool had; then there is a live one.
      const settled = await Promise.allSettled([ask(), ask(), ask(), ask()]);
      expect(settled.length).toBe(4);
      let answer: object[] = [];
      for (let met = 0; answer.length === 0 && met <= 3; met += 1) answer = await ask().catch(() => []);
      expect(answer).toEqual([{ one: 1 }]);
    } finally {
      await database.close();
    }
  });

  test('closing twice is closing once', async () => {
    const { url } = await testDatabase();
    const database = await connect({ url, poolMax: 1 });
    await Promise.all([database.close(), database.close()]);
    await expect(database.sequelize.query('select 1')).rejects.toThrow();
  });
});

describe('migrate', () => {
  test('five migrators at once apply everything once', async () => {
    const url = await freshDatabase('five', 'empty');
    const databases = await Promise.all(Array.from({ length: 5 }, () => openDatabase(url)));
    const applied = await Promise.all(databases.map((database) => migrate(database)));
    expect(applied.flat()).toEqual(['0001-main-job', ...applied.flat().slice(1)]);
    expect(applied.filter((names) => names.length > 0)).toHaveLength(1);
    const later = (await asOwner(url, 'select name from schema_migrations')).filter(
      ({ name }) => !applied.flat().includes(String(name)),
    );
    const followed = [
      '0012-astray',
      '0024-delegation-ends',
      '0025-asking-for-exceptions',
      '0032-validated',
      '0039-linked-mails',
      '0057-said-of-us',
      '0058-updates',
      '0062-left-behind',
    ];
    expect(later).toEqual(followed.map((name) => ({ name: `${name} afterwards` })));
    expect(
      await asOwner(
        url,
        `select conname from pg_constraint where not convalidated
           and conrelid in ('approval_tasks'::regclass, 'decisions'::regclass, 'requests'::regclass)`,
      ),
    ).toEqual([]);
  });

  test('a failing migration leaves nothing of the run behind', async () => {
    const url = await freshDatabase('failing', 'empty');
    const database = await openDatabase(url);
    const list = [
      { name: '0001-good', up: (query: (sql: string) => Promise<void>) => query('create table good (id int)') },
      { name: '0002-bad', up: (query: (sql: string) => Promise<void>) => query('create table good (id int)') },
    ];
    await expect(migrate(database, undefined, list)).rejects.toThrow('0002-bad');
    expect(await asOwner(url, `select to_regclass('good') as good, to_regclass('schema_migrations') as names`)).toEqual(
      [{ good: null, names: null }],
    );
  });

  test('a database of a newer release is left alone, with a warning', async () => {
    const url = await freshDatabase('newer', 'migrated');
    await asOwner(url, `insert into schema_migrations (name) values ('9999-later')`);
    const warnings: unknown[] = [];
    const log = { info: () => undefined, warn: (facts: unknown) => warnings.push(facts) };
    expect(await migrate(await openDatabase(url), log)).toEqual([]);
    expect(warnings).toEqual([{ newer: ['9999-later'] }]);
  });

  test('says what is pending without changing anything', async () => {
    const empty = await openDatabase(await freshDatabase('pending', 'empty'));
    expect(await pendingMigrations(empty)).toContain('0001-main-job');
    expect(await pendingMigrations((await testDatabase()).database)).toEqual([]);
  });

  test('says why it cannot be worked with: what is missing, and that it takes no writes', async () => {
    expect(await databaseTrouble((await testDatabase()).database)).toBeNull();
    const url = await freshDatabase('trouble', 'empty');
    expect(await databaseTrouble(await openDatabase(url))).toContain('migrations are missing (0001-main-job');
    const standby = await freshDatabase('standby', 'migrated');
    const [row] = (await asOwner(standby, 'select current_database() as name')) as { name: string }[];
    await asOwner(standby, `alter database ${row?.name ?? ''} set default_transaction_read_only = on`);
    expect(await databaseTrouble(await openDatabase(standby))).toBe('takes no writes');
  });
});

describe('the role of the program', () => {
  test.each(['update audit_events set at = at', 'delete from audit_events', 'truncate audit_events'])(
    'cannot %s',
    async (sql) => {
      const { sequelize } = await testDatabase();
      await expect(sequelize.query(sql)).rejects.toMatchObject({ original: { code: '42501' } });
    },
  );

  const login = async (name: string, rights: string): Promise<string[]> => {
    const role = runName(name);
    const { url } = await testDatabase();
    await asOwner(url, `drop role if exists ${role}; create role ${role} login password 'x'`);
    await asOwner(url, rights.replaceAll('ROLE', role));
    const asRole = url.replace(/\/\/[^@/]*@/, `//${role}:x@`);
    try {
      return await checkRole(await openDatabase(asRole));
    } finally {
      await asOwner(url, `reassign owned by ${role} to current_user; drop owned by ${role}`);
      await asOwner(url, `drop role ${role}`);
    }
  };

  test('is fine as a member of usher_app', async () => {
    expect(await login('fine', `grant ${APP_ROLE} to ROLE`)).toEqual([]);
  });

  test('is a problem when it is a superuser', async () => {
    expect(await login('super', 'alter role ROLE superuser')).toEqual([expect.stringContaining('is a superuser')]);
  });

  test('is a problem when it owns the trail or one month of it', async () => {
    expect(await login('owner', `grant ${APP_ROLE} to ROLE; alter table audit_events_default owner to ROLE`)).toEqual([
      expect.stringContaining('owns the audit trail (audit_events_default)'),
    ]);
  });

  test('is a problem when it owns what the trail is in, or what guards it, and the sentence says what to do', async () => {
    const { url } = await testDatabase();
    const [row] = await asOwner(url, 'select current_database() as name, current_user as me');
    const [name, me] = [String(row?.['name']), String(row?.['me'])];
    const landlord = runName('landlord');
    await asOwner(url, `create role ${landlord} nologin`);
    const next = 'The program needs a role of its own that owns nothing, a member of usher_app';
    const sentence = (text: string): unknown => expect.stringMatching(new RegExp(`${text}.*${next}`));
    try {
      expect(await login('dba', `grant ${APP_ROLE} to ROLE; alter database ${name} owner to ROLE`)).toEqual([
        sentence('dba" of DATABASE_URL owns the database and could drop the audit trail'),
      ]);
      await asOwner(url, `alter database ${name} owner to ${landlord}`);
      expect(await login('tenant', `grant ${APP_ROLE}, ${landlord} to ROLE`)).toEqual([
        sentence(`can become "${landlord}", which owns the database and could drop the audit trail`),
      ]);
      await asOwner(url, `alter database ${name} owner to ${me}`);
      expect(await login('schemer', `grant ${APP_ROLE} to ROLE; alter schema public owner to ROLE`)).toEqual([
        sentence('schemer" of DATABASE_URL owns the schema and could drop the audit trail'),
      ]);
      expect(
        await login('guard', `grant ${APP_ROLE} to ROLE; alter function audit_is_append_only() owner to ROLE`),
      ).toEqual([sentence('owns what guards the audit trail \\(audit_is_append_only\\)')]);
    } finally {
      await asOwner(url, `alter database ${name} owner to ${me}; alter schema public owner to pg_database_owner`);
      await asOwner(url, `drop role ${landlord}`);
    }
  });

  test('is a problem when it may change the trail or make itself another role', async () => {
    expect(
      await login(
        'changer',
        `grant ${APP_ROLE} to ROLE; alter role ROLE createrole; grant delete on audit_events to ROLE`,
      ),
    ).toEqual([
      expect.stringContaining('may create roles'),
      expect.stringContaining('may change the audit trail (audit_events)'),
    ]);
  });

  test('is a problem when it can become a role that may do more, by whatever way', async () => {
    const boss = runName('boss');
    const { url } = await testDatabase();
    await asOwner(url, `create role ${boss} superuser nologin`);
    try {
      expect(await login('climber', `alter role ROLE noinherit; grant ${APP_ROLE}, ${boss} to ROLE`)).toEqual([
        expect.stringContaining(`can become "${boss}", which is a superuser`),
      ]);
      await asOwner(url, `alter role ${boss} nosuperuser; grant delete on audit_events to ${boss}`);
      expect(
        await login('borrower', `grant ${APP_ROLE} to ROLE; alter role ROLE noinherit; grant ${boss} to ROLE`),
      ).toContainEqual(expect.stringContaining('may change the audit trail (audit_events)'));
      expect(await login('column', `grant ${APP_ROLE} to ROLE; grant update (data) on audit_events to ROLE`)).toEqual([
        expect.stringContaining('may change the audit trail (audit_events)'),
      ]);
    } finally {
      await asOwner(url, `drop owned by ${boss}; drop role ${boss}`);
    }
  });

  test('is a problem when it may use nothing: the sentence says how to let it', async () => {
    expect(await login('stranger', 'select 1')).toEqual([
      expect.stringMatching(/has no rights on the tables\. As their owner: grant usher_app to ".*stranger"/),
    ]);
  });
});

describe('the fifth migration', () => {
  test('takes a fixed end for the day that it meant, and lets the release before go on', async () => {
    const url = await freshDatabase('fixed_days', 'empty');
    const { sequelize } = await openDatabase(url);
    const run = async (sql: string): Promise<void> => {
      await sequelize.query(sql);
    };
    for (const { up } of migrations.slice(0, 4)) await up(run);
    const version = (n: number, column: string, value: string): string =>
      `insert into policy_versions (id, policy_id, number, name, mode, expiration, ${column}, custom_period, reason_required,
         self_request, on_behalf, self_remove, extension_allowed, extension_approval, end_when_out_of_scope, same_person_in_stages,
         created_at)
       select ('00000000-0000-7000-8000-00000000000${n}')::uuid, id, ${n}, 'P', 'request', 'date', '${value}', false, false, true,
         false, true, false, false, false, false, now() from policies;`;
    // One message, one transaction: a policy and its version name each other.
    await run(`insert into organization (name, time_zone, demo) values ('W', 'America/Los_Angeles', false);
      with c as (insert into catalogs values (gen_random_uuid(), 'C', '', 'published', true, 1) returning id),
      p as (insert into packages select gen_random_uuid(), id, 'P', '', false, false, 'active', 'keep', gen_random_uuid(), 1 from c
        returning id, current_version_id),
      v as (insert into package_versions select current_version_id, id, 1, now() from p)
      insert into policies select gen_random_uuid(), id, 'P', 'enabled', '00000000-0000-7000-8000-000000000001', 1 from p;
      ${version(1, 'expiration_at', '2030-07-01T07:00:00Z')}`);

    for (const { up } of migrations.slice(4, 5)) await up(run);
    await run(version(2, 'expiration_at', '2031-01-01T08:00:00Z'));
    await run(version(3, 'expiration_on', '2030-12-31'));
    const [rows] = await sequelize.query(
      'select expiration_on as day, expiration_at as at from policy_versions order by number',
    );
    expect(rows).toEqual([
      { day: '2030-06-30', at: new Date('2030-07-01T07:00:00Z') },
      { day: '2030-12-31', at: new Date('2031-01-01T08:00:00Z') },
      { day: '2030-12-31', at: new Date('2031-01-01T08:00:00Z') },
    ]);
  });
});

describe('the fourteenth migration', () => {
  test('has those looked for who left a scope before anything was noted', async () => {
    const { sequelize } = await openDatabase(await freshDatabase('directory', 'empty'));
    const run = async (sql: string): Promise<void> => {
      await sequelize.query(sql);
    };
    const at = migrations.findIndex(({ name }) => name === '0014-directory');
    for (const { up } of migrations.slice(0, at)) await up(run);
    await run(`insert into organization (name, time_zone, demo) values ('W', 'UTC', false);
      with c as (insert into catalogs values (gen_random_uuid(), 'C', '', 'published', true, 1) returning id),
      p as (insert into packages select gen_random_uuid(), id, 'P', '', false, false, 'active', 'keep', gen_random_uuid(), 1 from c
        returning id, current_version_id),
      v as (insert into package_versions select current_version_id, id, 1, now() from p)
      insert into policies select gen_random_uuid(), p.id, name, 'enabled', gen_random_uuid(), 1 from p, (values ('ends'), ('stays')) n (name);
      insert into policy_versions (id, policy_id, number, name, mode, expiration, custom_period, reason_required, self_request, on_behalf,
          self_remove, extension_allowed, extension_approval, end_when_out_of_scope, same_person_in_stages, created_at)
        select current_version_id, id, 1, name, 'request', 'never', false, false, true, false, true, false, false, name = 'ends', false, now()
        from policies`);
    await migrations[at]?.up(run);
    const [rows] = await sequelize.query(
      'select follower, kind, name from directory_changes join policies on policies.id = subject_id',
    );
    expect(rows).toEqual([{ follower: 'scope', kind: 'policy', name: 'ends' }]);
  });
});

test('who ended a delegation is written alike, whichever twenty-third migration a database ran', async () => {
  const { sequelize } = await openDatabase(await freshDatabase('delegations', 'empty'));
  const run = async (sql: string): Promise<void> => {
    await sequelize.query(sql);
  };
  const at = migrations.findIndex(({ name }) => name === '0024-delegation-ends');
  for (const { up } of migrations.slice(0, at)) await up(run);
  const shape = async () => {
    const [rows] = await sequelize.query(
      `select conname as name, pg_get_constraintdef(oid) as says from pg_constraint where conrelid = 'delegations'::regclass
       union all select attname, attnum::text from pg_attribute where attrelid = 'delegations'::regclass and attname = 'ended_by'
       order by 1`,
    );
    return rows;
  };
  await migrations[at]?.up(run);
  const fromFirst = await shape();
  expect(fromFirst).toEqual(expect.arrayContaining([expect.objectContaining({ name: 'ended_by' })]));
  // As the later one left it.
  await run(`alter table delegations drop constraint ended_by_one_of_the_two,
    add check (ended_by is null or (state = 'ended' and ended_by in (delegator_id, delegate_id)))`);
  expect(await shape()).toEqual(expect.arrayContaining([expect.objectContaining({ name: 'delegations_check4' })]));
  await migrations[at]?.up(run);
  expect(await shape()).toEqual(fromFirst);
});

test('what every start had written of a workspace is the settings’ own, and ends with them', async () => {
  const { sequelize } = await openDatabase(await freshDatabase('said', 'empty'));
  const run = async (sql: string): Promise<void> => {
    await sequelize.query(sql);
  };
  const at = migrations.findIndex(({ name }) => name === '0033-said-by-settings');
  for (const { up } of migrations.slice(0, at)) await up(run);
  await run(`insert into installations (platform, tenant, authoritative_domains, guests_allowed)
    values ('slack', 'T1', '{a.example}', true), ('slack', 'T2', '{}', false), ('teams', 't', '{}', true), ('web', 'demo', '{}', true)`);
  await migrations[at]?.up(run);
  const [rows] = await sequelize.query(
    'select tenant, from_settings as own from installations order by platform, tenant',
  );
  expect(rows).toEqual([
    { tenant: 'T1', own: ['authoritativeDomains', 'guestsAllowed'] },
    { tenant: 'T2', own: [] },
    { tenant: 't', own: ['guestsAllowed'] },
    { tenant: 'demo', own: [] },
  ]);
});

test('offers of before the thirty-fourth migration have their answer due once', async () => {
  const { sequelize } = await openDatabase(await freshDatabase('answers', 'empty'));
  const run = async (sql: string): Promise<void> => {
    await sequelize.query(sql);
  };
  const at = migrations.findIndex(({ name }) => name === '0034-answers-due');
  for (const { up } of migrations.slice(0, at)) await up(run);
  const offer = (n: number, from: string, due: string, state = 'proposed'): string =>
    `insert into delegations (id, delegator_id, delegate_id, first_day, last_day, from_at, until_at, state, due_at, version)
     select '00000000-0000-7000-8000-00000000000${n}', one.id, other.id, '2030-01-01', '2030-01-09', ${from}, '2030-01-10Z', '${state}', ${due}, 1
     from people one, people other where one.name = 'One' and other.name = 'Other';`;
  await run(`insert into organization (name, time_zone, demo) values ('W', 'UTC', true);
    insert into people (id, directory_key, name, kind, state, time_zone, locale, version)
      select gen_random_uuid(), name, name, 'member', 'enabled', 'UTC', 'en', 1 from (values ('One'), ('Other')) n (name);
    update organization set clock_offset_ms = round(extract(epoch from '2030-01-02 12:00Z' - now()) * 1000);
    ${offer(1, `'2030-01-01Z'`, `'2030-01-10Z'`)}
    ${offer(2, `'2030-01-05Z'`, `'2030-01-10Z'`)}
    ${offer(3, `'2030-01-01Z'`, `'2030-01-02 13:00Z'`)}
    ${offer(4, `'2030-01-01Z'`, `'2030-01-10Z'`)}
    ${offer(5, `'2030-01-01Z'`, `'2030-01-10Z'`, 'accepted')}
    insert into audit_events (at, type, actor_kind, via, subject_kind, subject_id, data)
      values (usher_now(), 'delegation.unanswered', 'system', 'job', 'delegation', '00000000-0000-7000-8000-000000000004', '{}')`);
  await migrations[at]?.up(run);
  const [rows] = await sequelize.query(
    `select right(id::text, 1) as n, due_at = until_at as over, to_char(answer_due_at at time zone 'UTC', 'DD HH24') as answer
     from delegations order by 1`,
  );
  const told = { over: true, answer: null };
  expect(rows).toEqual([
    // Four hours from now, and as it begins.
    { n: '1', over: true, answer: '02 16' },
    { n: '2', over: true, answer: '05 00' },
    // As it was due.
    { n: '3', over: true, answer: '02 13' },
    { n: '4', ...told },
    { n: '5', ...told },
  ]);
});
