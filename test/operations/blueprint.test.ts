// Configuration as code: what is refused and where, what a plan says, and that applying is idempotent, audited and all or
// nothing. On the real store.
import fs from 'node:fs';
import { WOODGROVE } from '../../src/demo/prepare';
import type { AssignmentId, PackageId } from '../../src/domain/model';
import { jobs } from '../../src/jobs';
import { createLog } from '../../src/log';
import { endForGone } from '../../src/operations/assignments';
import {
  apply,
  parseBlueprint,
  plan,
  planText,
  problemText,
  type Blueprint,
  type Plan,
  type PlanOptions,
} from '../../src/operations/blueprint';
import { unseenIn } from '../../src/operations/blueprint/values';
import type { By, Configuration, Desk, Due } from '../../src/operations/ports';
import { submit } from '../../src/operations/requests';
import { settle } from '../../src/operations/settings';
import { createStore } from '../../src/store/store';
import { testDatabase, type TestDatabase } from '../support/postgres';

const operator: By = { actor: { kind: 'operator', name: 'tests' }, via: 'cli' };
const BASE = `
organization: { name: Woodgrove, timeZone: Europe/Vienna }
people:
  - { key: ana, name: Ana Berger, email: ana@woodgrove.example }
  - { key: ben, name: Ben Carter, manager: ana }
  - { key: cleo, name: Cleo Dahl, manager: ana, identities: [{ platform: slack, tenant: T1, user: U1 }] }
groups:
  - { name: Clerks, people: [ben], groups: [Interns] }
  - { name: Interns, people: [cleo] }
administrators: [ana]
catalogs:
  - name: Finance
    owners: [ana]
    resources:
      - { name: Ledger, connector: local, roles: [Reader, Writer] }
    packages:
      - name: Books
        roles: [Ledger / Reader]
        policies: [{ name: Everybody, who: allMembers, expires: 30 days, reason: optional }]
      - name: Postings
        roles: [Ledger / Writer]
        policies:
          - { name: Clerks, who: 'group: Clerks', expires: 8 hours, approval: [{ approvers: [manager] }] }
`;

let db: TestDatabase;
let desk: Desk;
let due: Due;

beforeEach(async () => {
  db = await testDatabase();
  await db.reset();
  const { store, views, drafts, directory, ...rest } = createStore({
    sequelize: db.sequelize,
    log: createLog('silent'),
  });
  desk = { store, views, drafts, directory };
  due = rest.due;
});

describe('reading', () => {
  const of = (text: string): string =>
    `catalogs:\n  - name: A\n    packages:\n      - name: P\n        policies:\n${text}`;

  test.each([
    {
      name: 'an unknown field',
      give: 'people:\n  - key: a\n    name: A\n    mail: a@b',
      want: '4:5: "mail" is no field of a person. Did you mean "email"?',
    },
    {
      name: 'a missing field',
      give: 'people:\n  - name: A',
      want: '2:5: This person has no "key". Add a line "key: ...".',
    },
    {
      name: 'a number for a key',
      give: 'people:\n  - key: 12\n    name: A',
      want: '2:10: "key" must be text, but is "12". Put it into quotes.',
    },
    {
      name: 'a field without a value',
      give: 'people:\n  - key: a\n    name: A\n    enabled:',
      want: '4:5: "enabled" has no value. Write one, or remove the line.',
    },
    {
      name: 'yes for true',
      give: 'people:\n  - key: a\n    name: A\n    enabled: yes',
      want: '4:14: "enabled" must be true or false, but is "yes". Correct it.',
    },
    {
      name: 'an offset for a zone',
      give: 'organization:\n  name: A\n  timeZone: "+02:00"',
      want: '3:13: "timeZone" is not a time zone. Write one like Europe/Vienna.',
    },
    {
      name: 'a word that is not offered',
      give: 'people:\n  - key: a\n    name: A\n    kind: gest',
      want: '4:11: "kind" cannot be "gest". Did you mean guest? Write member or guest.',
    },
    {
      name: 'a connector that nobody has',
      give: 'catalogs:\n  - name: A\n    resources:\n      - name: R\n        connector: locl',
      want: '5:20: "connector" cannot be "locl". Did you mean local? Write local or manual.',
    },
    {
      name: 'a line break in a name',
      give: 'people:\n  - key: a\n    name: "A\\nB"',
      want: '3:11: "name" has a line break or a control character in it. Write it on one line.',
    },
    {
      name: 'an escape sequence in a description',
      give: 'catalogs:\n  - name: A\n    description: "x \\e[2J y"',
      want: '3:18: "description" has a control character in it. Leave it out.',
    },
    {
      name: 'half a character',
      give: 'people:\n  - key: a\n    name: "A\\uD800"',
      want: '3:11: "name" has half a character in it. Write it anew.',
    },
    {
      name: 'a member of a partner',
      give: 'people:\n  - key: a\n    name: A\n    kind: member\n    organization: C',
      want: '5:19: A member belongs to your own organization. Remove "organization", or write kind: guest.',
    },
    {
      name: 'a length of time',
      give: of('          - { name: Q, who: anyone, expires: 3 fortnights }'),
      want: '6:46: "3 fortnights" is not understood. Write never, 30 days, 8 hours or 2030-12-31.',
    },
    {
      name: 'no day of the calendar',
      give: of('          - { name: Q, who: anyone, expires: 2026-02-30 }'),
      want: '6:46: "2026-02-30" is no day of the calendar. Correct the date.',
    },
    {
      name: 'a day that no calendar gets to',
      give: of('          - { name: Q, who: anyone, expires: 9999-12-31 }'),
      want: '6:46: "9999-12-31" is too far away. Write never.',
    },
    {
      name: 'a target that is no approver',
      give: of('          - { name: Q, who: anyone, expires: never, approval: [{ approvers: allMembers }] }'),
      want: '6:77: "allMembers" cannot be used here. Write a person\'s key, "group: <name>" or manager, "manager: 2" (up to 4).',
    },
    {
      name: 'a quorum that nobody can reach',
      give: of(
        '          - { name: Q, who: anyone, expires: never, approval: [{ approvers: ana, approvalsRequired: 2 }] }',
      ),
      want: '6:101: "approvalsRequired" is 2, but the stage can ask 1 at most. Name more approvers.',
    },
    {
      name: 'an escalation to nobody',
      give: of(
        '          - { name: Q, who: anyone, expires: never, approval: [{ approvers: ana, escalateAfter: 1 day }] }',
      ),
      want: '6:97: "escalateAfter" needs "alternates". Name who is asked then.',
    },
    {
      name: 'the same field twice',
      give: 'people: []\npeople: []',
      want: '2:1: This field is written twice in the same place. Keep one of them.',
    },
    {
      name: 'two colons',
      give: of('          - name: Q\n            who: group: Clerks'),
      want: '7:18: There is a second colon in the line. Put the value into quotes, as in "group: Finance".',
    },
    ...[
      { name: 'a tab', give: 'people:\n\t- key: a', at: '2:1' },
      { name: 'a tab over which the parser stumbles', give: 'a:\n  - b\n \t- c\n', at: '3:2' },
      { name: 'a tab after spaces', give: 'people:\n  - key: a\n  \tname: A\n    x: 1\n', at: '3:3' },
      { name: 'tabs all over', give: 'people:\n\t- key: a\n\t  name: A\n\t- key: b\n', at: '2:1' },
    ].map(({ at, ...one }) => ({
      ...one,
      want: `${at}: Tabs cannot indent YAML. Use spaces, wherever a line begins with a tab.`,
    })),
    {
      name: 'two documents',
      give: 'people: []\n---\npeople: []',
      want: '2:1: The file holds several documents ("---"). Put each into a file of its own.',
    },
    {
      name: 'no fields at all',
      give: '- people',
      want: '1:1: The file must hold fields like "people:" or "catalogs:" at its left edge. Correct it.',
    },
  ])('refuses $name with its place and the next step', ({ give, want }) => {
    expect(problems(give)).toEqual([`1.yaml:${want}`]);
  });

  test.each([
    '\u00ad',
    '\u034f',
    '\u200c',
    '\u200d',
    '\u200e',
    '\u202e',
    '\u2060',
    '\u2066',
    '\u3164',
    '\ufe0f',
    '\u{e0041}',
  ])('sees what nobody sees: %j', (hidden) => {
    expect(unseenIn(`Bo${hidden}oks`)).toMatch(/^U\+[0-9A-F]{4,5}$/);
  });

  test('lets names have what their script and their pictures need', () => {
    const persian = 'نامه\u200cها';
    const malayalam = 'അവന്\u200d';
    const hindi = 'क्\u200dष';
    const japanese = '辻\u{e0100}';
    const names = [persian, malayalam, hindi, japanese, 'Zoë', 'Rocket 👩\u200d💻 ❤\ufe0f', 'Україна'];
    expect(names.map(unseenIn)).toEqual(names.map(() => null));
  });

  test('reports everything that is wrong in all files at once, in order', () => {
    const found = problems('people:\n  - key: a\n    nme: A\n    kind: x', 'groups: x');
    expect(found).toEqual([
      '1.yaml:2:5: This person has no "name". Add a line "name: ...".',
      '1.yaml:3:5: "nme" is no field of a person. Did you mean "name"?',
      '1.yaml:4:11: "kind" cannot be "x". Write member or guest.',
      '2.yaml:1:9: "groups" must be a list (lines that begin with "- "), but is "x". Correct it.',
    ]);
  });

  test('takes an empty file for one that says nothing', () => {
    expect(problems('')).toEqual([]);
    expect(problems('# only a comment\n')).toEqual([]);
  });

  test('a file of aliases within aliases stops without eating the memory', () => {
    const lol = ['a: &a [x, x, x, x, x, x, x, x, x, x]'];
    for (const [from, to] of ['ab', 'bc', 'cd', 'de', 'ef', 'fg'])
      lol.push(
        `${to ?? ''}: &${to ?? ''} [${Array(10)
          .fill(`*${from ?? ''}`)
          .join(', ')}]`,
      );
    expect(problems(lol.join('\n'))).toEqual(['1.yaml:1:1: Too many aliases (*name). Write the values out.']);
  });
});

describe('finding', () => {
  test.each([
    {
      name: 'a person',
      give: 'groups:\n  - { name: G, people: [anna] }',
      want: '2:25: There is no person "anna". Did you mean "ana"?',
    },
    {
      name: 'a role',
      give: 'catalogs:\n  - name: Finance\n    packages:\n      - name: N\n        roles: [Ledger / Riter]',
      want: '5:17: There is no role "Ledger / Riter". Did you mean "Ledger / Writer" or "Ledger / Reader"?',
    },
    {
      name: 'a group',
      give: 'administrators: "group: Clrks"',
      want: '1:17: There is no group "Clrks". Did you mean "Clerks"?',
    },
    {
      name: 'a package',
      give: 'catalogs:\n  - name: Finance\n    packages:\n      - { name: N, incompatibleWith: [Posting] }',
      want: '4:39: There is no package "Posting". Did you mean "Postings"?',
    },
    {
      name: 'nothing near',
      give: 'auditors: [zzzzzz]',
      want: '1:12: There is no person "zzzzzz". Add it to the file, or correct the name.',
    },
  ])('says where $name is not found and what may be meant', async ({ give, want }) => {
    await applied(BASE);
    expect(texts(await apply(desk, operator, read(give)))).toEqual([`1.yaml:${want}`]);
  });

  test.each([
    {
      name: 'a key twice',
      give: 'people:\n  - { key: x, name: X }\n  - { key: X, name: Y }',
      want: '3:5: The person "X" is written twice, first at 1.yaml:2. Keep one of them.',
    },
    {
      name: 'an account for two',
      give: 'people:\n  - { key: x, name: X, identities: [{ platform: slack, tenant: T, user: U }] }\n  - { key: y, name: Y, identities: [{ platform: slack, tenant: T, user: U }] }',
      want: '3:37: The account "U" is given to "X" as well, at 1.yaml:2. An account stands for one person.',
    },
    {
      name: 'two accounts in one workspace',
      give: 'people:\n  - { key: x, name: X, identities: [{ platform: slack, tenant: T, user: U }, { platform: slack, tenant: T, user: V }] }',
      want: '2:78: This person has the account "U" in slack T already. Keep one of them.',
    },
    {
      name: 'somebody who manages themselves',
      give: 'people:\n  - { key: dora, name: Dora, manager: dora }',
      want: '2:39: "dora" is their own manager. Name somebody else, or remove the line.',
    },
    {
      name: 'a circle of groups',
      give: 'groups:\n  - { name: Interns, people: [], groups: [Clerks] }',
      want: '2:42: The group "Interns" contains itself through "Clerks". Break the circle.',
    },
    {
      name: 'no administrator',
      give: 'administrators: []',
      want: '1:17: Nobody would administer Usher. Name at least one person or group.',
    },
    {
      name: 'the last administrator leaving',
      give: 'people:\n  - { key: ana, name: Ana Berger, email: ana@woodgrove.example, enabled: false }',
      want: '2:5: Nobody who works here would administer Usher any more. Name an administrator who is enabled first.',
    },
    {
      name: 'an administrator who left',
      give: 'people:\n  - { key: ben, name: Ben Carter, manager: ana, enabled: false }\nadministrators: [ben]',
      want: '3:17: Nobody who works here would administer Usher any more. Name an administrator who is enabled first.',
    },
    {
      name: 'an empty group as administrator',
      give: 'groups:\n  - { name: Nobody, people: [] }\nadministrators: [{ group: Nobody }]',
      want: '3:17: Nobody who works here would administer Usher any more. Name an administrator who is enabled first.',
    },
    {
      name: 'a group that is in use',
      give: 'groups:\n  - { name: Clerks, state: deleted }',
      want: '2:28: The group "Clerks" is still named by policy "Clerks" of "Postings". Change that first.',
    },
    {
      name: 'a key that differs from a known one in its letters’ case only',
      give: 'people:\n  - { key: Ben, name: Ben Carter }',
      want: '2:12: There is a person with the key "ben". Write it so, or choose another key.',
    },
    {
      name: 'a resource that is the same thing as another',
      give: 'catalogs:\n  - name: Finance\n    resources:\n      - { name: Books, connector: local, originId: b, roles: [Reader] }\n      - { name: Shelf, connector: local, originId: Ledger, formerly: Ledger }\n      - { name: Diary, connector: local, originId: b, roles: [Reader] }',
      want: '6:9: "Books" is "b" of local already. Write another "originId", or delete "Books" first, in files of their own.',
    },
    {
      name: 'a package in a catalog that goes',
      give: 'catalogs:\n  - name: Finance\n    state: deleted\n    packages:\n      - { name: Books, state: deleted }\n      - { name: Postings, state: deleted }\n      - { name: Fresh }',
      want: '7:9: The package "Fresh" cannot stay in "Finance", which is deleted. Add "state: deleted" to it, or remove it.',
    },
    ...[
      {
        name: 'a new policy for nobody',
        give: '{ name: Q, expires: never }',
        want: '6:13: This policy lets nobody ask. Add "who", for example allMembers.',
      },
      {
        name: 'a known policy that becomes one for nobody',
        give: '{ name: Everybody, expires: never, who: [] }',
        want: '6:53: This policy lets nobody ask. Add "who", for example allMembers.',
      },
      {
        name: 'a policy that nobody asks by, neither for themselves nor for others',
        give: '{ name: Everybody, expires: never, selfRequest: false }',
        want: '6:61: With "selfRequest" and "onBehalf" both false nobody can ask. Allow one of them.',
      },
      {
        name: 'more questions than a form can hold with their answers',
        give: `{ name: Everybody, expires: never, questions: [${Array.from({ length: 9 }, (_, n) => `{ text: Q${n}, long: true }`).join(', ')}] }`,
        want: '6:59: These questions make a form of 22 KB with their answers; Teams shows 20 KB. Ask for less, or shorten their choices.',
      },
      {
        name: 'an escalation that is later than the end',
        give: '{ name: Everybody, expires: never, approval: [{ approvers: ana, alternates: ben, escalateAfter: 14 days }] }',
        want: '6:109: "escalateAfter" must be shorter than "decideWithin" (14 days unless written).',
      },
    ].map(({ give, ...one }) => ({
      ...one,
      give: `catalogs:\n  - name: Finance\n    packages:\n      - name: Books\n        policies:\n          - ${give}`,
    })),
    {
      name: 'itself',
      give: 'catalogs:\n  - name: Finance\n    packages:\n      - { name: Books, incompatibleWith: [Books] }',
      want: '4:43: "Books" cannot be incompatible with itself. Name another package.',
    },
  ])('refuses $name', async ({ give, want }) => {
    await applied(BASE);
    const events = await eventCount();
    const done = await apply(desk, operator, read(give));
    expect(texts(done)).toEqual([`1.yaml:${want}`]);
    expect(done.applied).toBe(false);
    expect(await eventCount()).toBe(events);
  });

  test('a partner organization is not deleted while policies name it', async () => {
    await applied(`${BASE}organizations: [{ name: Contoso }]\n`);
    const pack = (name: string, more: string) =>
      `      - { name: ${name}, policies: [{ name: Partners, who: { organization: Contoso }, expires: 1 day${more} }] }\n`;
    await applied(
      `catalogs:\n  - name: Finance\n    packages:\n${pack('Books', '')}${pack('Postings', ', enabled: false')}`,
    );
    const gone = 'organizations:\n  - { name: Contoso, state: deleted }\n';
    expect(texts(await apply(desk, operator, read(gone)))).toEqual([
      '1.yaml:2:29: The partner organization "Contoso" is still named by policy "Partners" of "Books", ' +
        'policy "Partners" of "Postings". Change that first.',
    ]);
    await applied(
      `${gone}catalogs:\n  - name: Finance\n    packages:\n${pack('Books', ', state: deleted')}${pack('Postings', ', state: deleted')}`,
    );
    expect((await stored()).organizations).toEqual([]);
  });

  test('a name that two people have is not guessed', async () => {
    await applied(BASE);
    const done = await apply(
      desk,
      operator,
      read('people:\n  - { key: ana2, name: Ana Berger }\nauditors: [Ana Berger]'),
    );
    expect(texts(done)).toEqual([
      '1.yaml:3:12: "Ana Berger" names 2 different entries. Write the one that is unique (key or full name).',
    ]);
  });

  test('says so as well where nobody has a mail address', async () => {
    const file = `${BASE.replaceAll(/, email: [^ ]+/g, '')}auditors: [anna]`;
    expect(texts(await apply(desk, operator, read(file)))).toEqual([
      expect.stringContaining('There is no person "anna". Did you mean "ana"?'),
    ]);
  });

  test('files refer to each other and to what is stored', async () => {
    await applied(BASE);
    await applied(
      'groups:\n  - { name: Auditors, people: [dora, ana@woodgrove.example, Ben Carter] }',
      'people:\n  - { key: dora, name: Dora Ek }',
    );
    const group = (await stored()).groups.find(({ name }) => name === 'Auditors');
    expect(group?.people).toHaveLength(3);
  });

  test('a first file must name the organization', async () => {
    expect(texts(await apply(desk, operator, read('people:\n  - { key: a, name: A }')))).toEqual([
      '1.yaml:1:1: The organization has no name yet. Add "organization:" with "name" and "timeZone".',
    ]);
  });
});

test('names managers in a circle once, with its way, and takes it', async () => {
  await applied(BASE);
  const notes = async (give: string): Promise<string[]> => {
    const done = await apply(desk, operator, read(give));
    expect(texts(done)).toEqual([]);
    return done.lines.flatMap(({ action, label, details }) =>
      action === 'note' ? [`${label} ${details.join()}`] : [],
    );
  };
  const through = (names: string): string =>
    `is their own manager through ${names}: where managers decide, they decide for each other`;
  // Of those who are written; what leads into the circle is no part of it.
  const longer = `people:
  - { key: dan, name: Dan Ek, manager: cleo }
  - { key: ben, name: Ben Carter, manager: cleo }
  - { key: ana, name: Ana Berger, manager: ben }`;
  expect(await notes(longer)).toEqual([`Ben Carter (ben) ${through('"Cleo Dahl", "Ana Berger"')}`]);
  expect(await notes('people: [{ key: dan, name: Dan Ek }]')).toEqual([]);
  expect(await notes('people: [{ key: cleo, name: Cleo Dahl, manager: ben }]')).toEqual([
    `Cleo Dahl (cleo) ${through('"Ben Carter"')}`,
  ]);
  expect(await notes('people: [{ key: ben, name: Ben Carter, manager: }]')).toEqual([]);
});

test('refuses a last day that is over, and notes one that went by since it was written', async () => {
  const file = (policy: string, more = ''): string =>
    BASE.replace(
      '{ name: Everybody, who: allMembers, expires: 30 days',
      `{ name: Everybody, who: allMembers, ${policy}`,
    ) + more;
  const over =
    '"2020-01-01" is over: nobody would get anything by this policy. Write a later day, or a length like 90 days.';
  expect(texts(await apply(desk, operator, read(file('expires: 2020-01-01'))))).toEqual([`1.yaml:19:65: ${over}`]);
  const exceptions = `        incompatibleWith:
          - { package: Books, exceptionPolicy: { approval: [{ approvers: [ana] }], expires: 2020-01-01 } }`;
  expect(texts(await apply(desk, operator, read(file('expires: 30 days', exceptions))))).toEqual([
    `1.yaml:25:93: ${over}`,
  ]);

  await applied(file('expires: 2030-12-31'), { demo: true });
  await sql(`update organization set clock_offset_ms = extract(epoch from '2031-01-02 00:00Z' - now()) * 1000`);
  const later = await applied(file('expires: 2030-12-31, onBehalf: true'));
  expect(later.lines.map(({ action, details }) => [action, details[0]])).toEqual([
    ['note', 'its last day, 2030-12-31, is over: nobody gets anything by it'],
    ['change', 'on behalf: no → yes'],
  ]);
  expect((await applied(file('expires: 2030-12-31, enabled: false'))).lines.map(({ action }) => action)).toEqual([
    'change',
  ]);
});

describe('what nobody sees', () => {
  // Everything of this file that has a name is called with a zero-width space, as it could be before that was refused.
  const OLD = `
organization: { name: "Wood\u200bgrove", timeZone: Europe/Vienna }
people:
  - { key: ana, name: Ana }
  - { key: "b\u200ben", name: "Ben \u200bCarter" }
groups:
  - { name: "Fi\u200bnance", people: ["b\u200ben"] }
  - { name: Payers, groups: ["Fi\u200bnance"] }
organizations: [{ name: "Con\u200btoso" }]
administrators: [ana]
catalogs:
  - name: "Mo\u200bney"
    resources:
      - { name: "Led\u200bger", connector: local, roles: ["Read\u200ber"], scopes: ["Vien\u200bna"] }
    packages:
      - name: "Bo\u200boks"
        roles: ["Led\u200bger / Read\u200ber / Vien\u200bna"]
        policies: [{ name: "Every\u200bbody", who: allMembers, expires: 30 days }]
      - { name: "Pay\u200bments" }
`;
  const STORED = [
    ['organization', 'name', 'Wood\u200bgrove'],
    ['people', 'name', 'Ben \u200bCarter'],
    ['people', 'directory_key', 'b\u200ben'],
    ['groups', 'name', 'Fi\u200bnance'],
    ['groups', 'directory_key', 'Fi\u200bnance'],
    ['organizations', 'name', 'Con\u200btoso'],
    ['catalogs', 'name', 'Mo\u200bney'],
    ['resources', 'name', 'Led\u200bger'],
    ['resources', 'origin_id', 'Led\u200bger'],
    ['resource_roles', 'name', 'Read\u200ber'],
    ['resource_roles', 'origin_id', 'Read\u200ber'],
    ['resource_scopes', 'name', 'Vien\u200bna'],
    ['resource_scopes', 'origin_id', 'Vien\u200bna'],
    ['packages', 'name', 'Bo\u200boks'],
    ['packages', 'name', 'Pay\u200bments'],
    ['policies', 'name', 'Every\u200bbody'],
    ['policy_versions', 'name', 'Every\u200bbody'],
  ] as const;

  /** As an older release stored it: applied without, then put in by hand. */
  async function storedBefore(): Promise<void> {
    await applied(OLD.replaceAll('\u200b', ''));
    for (const [table, column, was] of STORED)
      await sql(`update ${table} set ${column} = $1 where ${column} = $2`, [was, was.replace('\u200b', '')]);
  }

  test('is refused in each new name, where it stands, and in nothing else', async () => {
    const places = '2:23 5:26 7:13 9:25 12:11 14:17 14:54 14:74 16:15 18:28 19:17'.split(' ');
    expect(texts(await apply(desk, operator, read(OLD)))).toEqual(
      places.map((place) => `1.yaml:${place}: "name" has a character in it that nobody sees (U+200B). Leave it out.`),
    );
    await applied(
      `${BASE}
organizations: [{ name: Contoso, description: "\u202bx\u202c", tenants: ["a\u200bb"] }]
`
        .replace(
          'ana, name: Ana Berger,',
          'ana, name: Ana Berger, department: "B\u00ady", jobTitle: "\ufeffy", country: "\u200fy",',
        )
        .replace('user: U1', 'user: "U\u200b1"')
        .replace('name: Clerks,', 'key: "C\u200blerks", name: Clerks,')
        .replace('name: Ledger,', 'name: Ledger, originId: "led\u200bger", description: "\u2067x\u2069",')
        .replace('reason: optional', 'reason: optional, questions: [{ text: "W\u200bhy?", choices: ["a\u00adb"] }]')
        .replace(
          'name: Postings',
          `name: Postings
        incompatibleWith:
          - package: Books
            exceptions: [{ person: ben, owner: ana, until: 2030-01-01, reason: "\u202bx\u202c" }]`,
        ),
    );
  });

  test('stays where a name had it, until that is renamed, emptied or deleted', async () => {
    await storedBefore();
    expect((await applied(OLD)).lines).toEqual([]);
    await applied(
      { confirm: true },
      `
people: [{ key: "b\u200ben", name: "Ben \u200bCarter", enabled: false }, { key: ana, name: Ana, jobTitle: Clerk }]
groups: [{ name: "Fi\u200bnance", people: [] }]
catalogs:
  - name: "Mo\u200bney"
    description: Ours
    resources: [{ name: "Led\u200bger", connector: local, roles: ["Read\u200ber", Writer], scopes: ["Vien\u200bna"] }]
    packages:
      - name: "Bo\u200boks"
        incompatibleWith: [{ package: "Pay\u200bments", exceptionPolicy: { approval: [{ approvers: ana }], expires: 1 day } }]
`,
    );
    const renamed = await applied(`
organization: { name: Woodgrove, timeZone: Europe/Vienna }
people: [{ key: "b\u200ben", name: Ben Carter }]
groups: [{ key: "Fi\u200bnance", name: Finance }]
organizations: [{ name: Contoso, formerly: "Con\u200btoso" }]
catalogs:
  - name: Money
    formerly: "Mo\u200bney"
    resources:
      - name: Ledger
        formerly: "Led\u200bger"
        connector: local
        roles: [{ name: Reader, originId: "Read\u200ber" }, Writer]
        scopes: [{ name: Vienna, originId: "Vien\u200bna" }]
    packages:
      - { name: Books, formerly: "Bo\u200boks", policies: [{ name: Everybody, formerly: "Every\u200bbody", expires: 30 days }] }
`);
    expect(renamed.lines.flatMap(({ action, noun }) => (action === 'note' ? [] : [`${action} ${noun}`]))).toEqual(
      ['organization', 'partner organization', 'person', 'group', 'resource', 'catalog', 'package', 'policy'].map(
        (noun) => `change ${noun}`,
      ),
    );
    expect(planText(renamed)).toContain('    name: Mo<U+200B>ney → Money\n');
    const deleted = await applied(
      `groups: [{ name: Payers, groups: [] }, { key: "Fi\u200bnance", name: Finance, state: deleted }]
catalogs: [{ name: Money, packages: [{ name: "Pay\u200bments", state: deleted }] }]`,
    );
    expect(deleted.lines.map(({ action, noun }) => `${action} ${noun}`)).toEqual(
      expect.arrayContaining(['delete group', 'delete package']),
    );
  });
});

describe('applying', () => {
  test('a second apply changes nothing and writes no audit row', async () => {
    await applied(BASE);
    const [events, before] = [await eventCount(), await stored()];
    const again = await applied(BASE);
    expect(again.counts).toMatchObject({ created: 0, changed: 0, deleted: 0 });
    expect(planText(again)).toMatch(/^Nothing to change, \d+ as written\.$/);
    expect(await eventCount()).toBe(events);
    expect(await stored()).toEqual(before);
  });

  test('the whole demo file is applied, and applied again without a change', async () => {
    const text = fs.readFileSync(WOODGROVE, 'utf8');
    const first = await applied(text);
    expect(first.counts.created).toBeGreaterThan(200);
    const again = await applied(text);
    expect(planText(again)).toMatch(/^Nothing to change, \d+ as written\.$/);
  });

  test('what is stored is what was written', async () => {
    await applied(BASE);
    const { people, groups, policies, packages, resources } = await stored();
    const id = (key: string) => people.find(({ directoryKey }) => directoryKey === key)?.id;
    expect(people.find(({ directoryKey }) => directoryKey === 'ben')).toMatchObject({
      name: 'Ben Carter',
      kind: 'member',
      state: 'enabled',
      manager: id('ana'),
      timeZone: 'Europe/Vienna',
      version: 1,
    });
    expect(groups.find(({ name }) => name === 'Clerks')).toMatchObject({
      people: [id('ben')],
      groups: [groups.find(({ name }) => name === 'Interns')?.id],
    });
    const postings = packages.find(({ name }) => name === 'Postings');
    const ledger = resources[0];
    expect(postings?.content).toMatchObject({
      number: 1,
      roles: [{ role: ledger?.roles.find(({ name }) => name === 'Writer')?.id, scope: ledger?.scopes[0]?.id }],
    });
    expect(policies.find((one) => one.package === postings?.id)?.content).toMatchObject({
      number: 1,
      mode: 'request',
      targets: [{ kind: 'group' }],
      expiration: { kind: 'hours', hours: 8 },
      reasonRequired: true,
      stages: [
        {
          n: 1,
          primaries: [{ kind: 'manager', level: 1 }],
          alternates: [],
          fallbacks: [],
          approvalsRequired: 1,
          decideWithin: { kind: 'days', days: 14 },
          escalateAfter: null,
          approverReasonRequired: false,
        },
      ],
      extension: { allowed: true, approval: true, maxExtensions: null, maxTotalDays: null },
    });
  });

  test('nested groups hold the members of their groups', async () => {
    await applied(BASE);
    const members = await sql<{ key: string }>(
      `select p.directory_key as key from group_members m join groups g on g.id = m.group_id join people p on p.id = m.person_id
       where g.name = 'Clerks' order by 1`,
    );
    expect(members.map(({ key }) => key)).toEqual(['ben', 'cleo']);
  });

  test('a fixed end is a day, and the same day when the organization moves', async () => {
    const file = BASE.replace('expires: 30 days', 'expires: 2030-06-30');
    await applied(file);
    const policy = async () => (await stored()).policies.find(({ name }) => name === 'Everybody')?.content;
    expect(await policy()).toMatchObject({ number: 1, expiration: { kind: 'date', day: '2030-06-30' } });
    await applied(file.replace('timeZone: Europe/Vienna', 'timeZone: America/New_York'));
    expect(await policy()).toMatchObject({ number: 1, expiration: { kind: 'date', day: '2030-06-30' } });
  });

  test('a changed policy is a new version, and the old one stays as it was', async () => {
    await applied(BASE);
    const old = (await stored()).policies.find(({ name }) => name === 'Clerks')?.content;
    const done = await applied(BASE.replace('expires: 8 hours', 'expires: 4 hours'));
    expect(planText(done)).toBe(
      '~ policy Finance / Postings / Clerks\n    expires: 8 hours → 4 hours\n    becomes version 2\nApplied: 0 created, 1 changed, 0 ended, ' +
        `${done.counts.unchanged} as written.`,
    );
    const now = (await stored()).policies.find(({ name }) => name === 'Clerks');
    expect(now).toMatchObject({
      version: 2,
      current: now?.content.id,
      content: { number: 2, expiration: { hours: 4 } },
    });
    expect(await sql(`select expiration_hours as hours from policy_versions where id = $1`, [old?.id])).toEqual([
      { hours: 8 },
    ]);
  });

  test('a policy that is only switched off keeps its version', async () => {
    await applied(BASE);
    await applied(BASE.replace("who: 'group: Clerks',", "who: 'group: Clerks', enabled: false,"));
    expect((await stored()).policies.find(({ name }) => name === 'Clerks')).toMatchObject({
      state: 'disabled',
      version: 2,
      content: { number: 1 },
    });
  });

  test('a new look of a package keeps its content version, a new role makes one', async () => {
    await applied(BASE);
    await applied(BASE.replace('- name: Postings', '- name: Postings\n        sensitive: true'));
    expect(await packageNamed('Postings')).toMatchObject({ sensitive: true, content: { number: 1 } });
    await applied(BASE.replace('roles: [Ledger / Writer]', 'roles: [Ledger / Reader, Ledger / Writer]'));
    expect(await packageNamed('Postings')).toMatchObject({ sensitive: true, content: { number: 2, roles: [{}, {}] } });
  });

  test('the order of roles and of approvers means nothing, the order of choices does', async () => {
    const file = (roles: string, approvers: string, choices: string): string =>
      BASE.replace('roles: [Ledger / Writer]', `roles: [${roles}]`)
        .replace('approvers: [manager]', `approvers: [${approvers}]`)
        .replace('expires: 8 hours,', `expires: 8 hours, questions: [{ text: Why?, choices: [${choices}] }],`);
    await applied(file('Ledger / Reader, Ledger / Writer', 'ana, ben', 'a, b'));
    const same = await applied(file('Ledger / Writer, Ledger / Reader', 'ben, ana', 'a, b'));
    expect(same.counts.changed).toBe(0);
    const other = await applied(file('Ledger / Writer, Ledger / Reader', 'ben, ana', 'b, a'));
    expect(other.counts.changed).toBe(1);
  });

  test('a description of several lines is one line of the plan', async () => {
    await applied(BASE);
    const done = await applied('catalogs:\n  - name: Finance\n    description: "Books.\\n+ person Eve"');
    expect(planText(done)).toContain('Books. ↵ + person Eve');
    expect(planText(done)).not.toMatch(/^\s*\+ person Eve/m);
  });

  test('nothing is deleted because a file is silent, and a written list is complete', async () => {
    await applied(BASE);
    const done = await applied(
      'catalogs:\n  - name: Finance\n    owners: [ben]\ngroups:\n  - { name: Clerks, people: [] }',
    );
    expect(planText(done)).toContain('- role owner of Finance: Ana Berger\n+ role owner of Finance: Ben Carter');
    expect(planText(done)).toContain('~ group Clerks\n    people: - Ben Carter');
    const now = await stored();
    expect(now.packages).toHaveLength(2);
    expect(now.groups.find(({ name }) => name === 'Clerks')?.groups).toHaveLength(1);
  });

  test('a mutual incompatibility is one pair whichever side names it, and ends with the last line that names it', async () => {
    const both = BASE.replace('- name: Books', '- name: Books\n        incompatibleWith: [Postings]').replace(
      '- name: Postings',
      '- name: Postings\n        incompatibleWith: [Books]',
    );
    await applied(both);
    expect((await stored()).incompatibilities).toMatchObject([{ mutual: true }]);
    expect((await applied(both)).counts).toMatchObject({ created: 0, deleted: 0 });
    const without = BASE.replace('- name: Books', '- name: Books\n        incompatibleWith: []');
    await applied(without);
    expect((await stored()).incompatibilities).toMatchObject([{ mutual: true }]);
    await applied(without.replace('- name: Postings', '- name: Postings\n        incompatibleWith: []'));
    expect((await stored()).incompatibilities).toEqual([]);
  });

  test('a resource cannot take the place of a known one', async () => {
    await applied(
      BASE.replace(
        '- { name: Ledger,',
        '- { name: Books, connector: local, roles: [Reader] }\n      - { name: Ledger,',
      ),
    );
    const done = await apply(
      desk,
      operator,
      read('catalogs:\n  - name: Finance\n    resources:\n      - { name: Books, connector: local, originId: Ledger }'),
    );
    expect(texts(done)).toEqual([
      '1.yaml:4:9: "Ledger" is "Ledger" of local already. Write another "originId", or delete "Ledger" first, in files of their own.',
    ]);
  });

  test('a catalog that is to go and is not there takes what stands in it along', async () => {
    await applied(BASE);
    const done = await applied(
      'catalogs:\n  - name: Gone\n    state: deleted\n    resources: [{ name: R, connector: local }]\n    packages: [{ name: P }]',
    );
    expect(done.counts).toMatchObject({ created: 0, changed: 0, deleted: 0 });
  });

  test('a package keeps its identity under a new name', async () => {
    await applied(BASE);
    const before = await packageNamed('Books');
    await applied(BASE.replace('- name: Books', '- name: All books\n        formerly: Books'));
    expect((await packageNamed('All books'))?.id).toBe(before?.id);
  });

  test('naming a disabled person does not enable them', async () => {
    await applied(BASE);
    await applied('people:\n  - { key: ben, name: Ben Carter, manager: ana, enabled: false }');
    const done = await applied(BASE);
    expect(planText(done)).toContain('! person Ben Carter (ben): stays disabled; "enabled: true" would change that');
    expect((await stored()).people.find(({ directoryKey }) => directoryKey === 'ben')?.state).toBe('disabled');
  });

  describe('deleting somebody', () => {
    const BEN = 'people:\n  - { key: ben, name: Ben Carter';
    const GONE = `${BEN}, state: deleted }`;
    const person = async (key: string) => (await stored()).people.find(({ directoryKey }) => directoryKey === key);

    test('is planned with what they lose, and done once; the same row is restored as it was, by word only', async () => {
      await applied(BASE.replace('owners: [ana]', 'owners: [ana, ben]'));
      await take('ben', 'Books');
      const before = await person('ben');
      const gone = await applied(GONE);
      expect(planText(gone)).toMatch(
        /^- person Ben Carter \(ben\)\n {4}"enabled: true" restores the person until \d{4}-\d\d-\d\d \d\d:\d\d UTC, without their access\n {4}loses 1 package, 0 open requests will be canceled\nApplied: 0 created, 0 changed, 1 ended/,
      );
      expect(await person('ben')).toEqual({
        ...before,
        state: 'deleted',
        deletedAt: expect.any(Date) as Date,
        version: 2,
      });
      const events = await eventCount();
      expect(planText(await applied(GONE))).toBe('Nothing to change, 1 as written.');
      expect(planText(await applied(`${BEN}, enabled: false, department: Books }`))).toMatch(
        /^! person Ben Carter \(ben\): stays deleted, since .* UTC; "enabled: true" would restore the person until .* UTC\nNothing/,
      );
      expect(planText(await applied('people:\n  - { key: nobody, name: Nobody, state: deleted }'))).toContain(
        'Nothing',
      );
      expect(await eventCount()).toBe(events);

      const back = await applied(`${BEN}, enabled: true }`);
      expect(planText(back)).toMatch(
        /^~ person Ben Carter \(ben\)\n {4}state: deleted → enabled\n {4}restored, deleted since .* UTC; what they had stays ended, and they may ask for it again\n {4}lists that were applied meanwhile do not hold them: name them there again\n {4}is owner of Finance again\n/,
      );
      expect(await person('ben')).toEqual({ ...before, version: 3 });
      expect(
        await sql(
          `select type, before -> 'people' -> subject_id ->> 'state' as was from audit_events where type in ('person.deleted', 'person.restored') order by id`,
        ),
      ).toEqual([
        { type: 'person.deleted', was: 'enabled' },
        { type: 'person.restored', was: 'deleted' },
      ]);
    });

    test('says what counts again through a group, and what they own again', async () => {
      await applied(BASE);
      await applied(`
groups: [{ name: Clerks, people: [ben] }, { name: Crew, groups: [Clerks] }]
administrators: [ana, 'group: Crew']
catalogs:
  - name: Finance
    resources:
      - { name: Ledger, connector: local, owners: [ben, 'group: Crew'] }
      - { name: Vault, connector: local, owners: ['group: Clerks'] }
      - { name: Safe, connector: local, owners: [ana] }`);
      await applied(GONE);
      expect(planText(await applied(`${BEN}, enabled: true }`))).toMatch(
        / {4}is administrator through Crew again\n {4}owns Ledger and Vault through Clerks again\n/,
      );
    });

    test('leaves no line that means whoever has their name or mail address next', async () => {
      const mail = 'ben@woodgrove.example';
      await applied(BASE);
      await applied(`people: [{ key: ben, name: Ben Carter, email: ${mail} }]`);
      await applied('people: [{ key: ben, name: Benjamin, email: , state: deleted }]');
      await applied(`people: [{ key: ben-2, name: Ben Carter, email: ${mail} }]`);
      const lists = (name: string): string[] => [
        `administrators: [ana, ${name}]`,
        `groups: [{ name: Clerks, people: [${name}] }]`,
        `catalogs: [{ name: Finance, owners: [${name}] }]`,
        `people: [{ key: ana, name: Ana Berger, manager: ${name} }]`,
      ];
      for (const name of [mail, 'Ben Carter'])
        for (const list of lists(name))
          expect(texts(await apply(desk, operator, read(list)))).toEqual([
            expect.stringContaining(`"${name}" also names a person who is deleted. Write the key of the one you mean.`),
          ]);
      expect(texts(await apply(desk, operator, read(lists('ben-2').join('\n'))))).toEqual([]);
    });

    test('leaves nobody whom the files can name, and no account that they link', async () => {
      await applied(BASE);
      await applied(GONE);
      const done = await apply(desk, operator, read(BASE));
      expect(texts(done)).toEqual([
        '1.yaml:8:30: The person "ben" is deleted. Remove the name, or name somebody else.',
      ]);
      const file = `people:
  - { key: cleo, name: Cleo Dahl, state: deleted, identities: [{ platform: slack, tenant: T1, user: U1 }] }
  - { key: cleo-2, name: Cleo Dahl, email: ben@woodgrove.example, identities: [{ platform: slack, tenant: T1, user: U1 }] }`;
      expect(planText(await applied(file, { confirm: true }))).toContain('Cleo Dahl → Cleo Dahl');
      expect((await stored()).identities.map((one) => one.person)).toEqual([(await person('cleo-2'))?.id]);
    });

    test.each([
      {
        name: 'and enabling them',
        give: `${BEN}, enabled: true, state: deleted }`,
        want: '1.yaml:2:57: Nobody is deleted and enabled. Remove "state" to restore the person, or "enabled".',
      },
      {
        name: 'who is the last administrator',
        give: 'people:\n  - { key: ana, name: Ana Berger, state: deleted }',
        want: '1.yaml:2:5: Nobody who works here would administer Usher any more. Name an administrator who is enabled first.',
      },
    ])('$name is refused', async ({ give, want }) => {
      await applied(BASE);
      const file = parseBlueprint([{ name: '1.yaml', text: give }]);
      const found = 'problems' in file ? file.problems : (await apply(desk, operator, file.blueprint)).problems;
      expect(found.map(problemText)).toEqual([want]);
    });
  });

  test('two people can swap their accounts', async () => {
    const file = (a: string, b: string): string =>
      `people:\n  - { key: ben, name: Ben Carter, identities: [{ platform: slack, tenant: T1, user: ${a} }] }\n  - { key: cleo, name: Cleo Dahl, identities: [{ platform: slack, tenant: T1, user: ${b} }] }`;
    await applied(BASE);
    await applied(file('U2', 'U1'));
    await applied(file('U1', 'U2'));
    const links = await sql(
      `select user_id as account, p.directory_key as key, linked_by from identities i join people p on p.id = i.person_id order by 1`,
    );
    expect(links).toEqual([
      { account: 'U1', key: 'ben', linked_by: 'file' },
      { account: 'U2', key: 'cleo', linked_by: 'file' },
    ]);
    expect((await applied(file('U1', 'U2'))).counts.changed).toBe(0);
  });

  test('an account that is linked to somebody else is not taken by halves', async () => {
    await applied(BASE);
    await applied(
      'people:\n  - { key: ben, name: Ben Carter, identities: [{ platform: slack, tenant: T1, user: U2 }] }',
    );
    const done = await apply(
      desk,
      operator,
      read('people:\n  - { key: ben, name: Ben Carter, identities: [{ platform: slack, tenant: T1, user: U1 }] }'),
    );
    expect(texts(done)[0]).toContain('The account "U1" is linked to "Cleo Dahl"');
  });

  test('every change stands in the trail, and what is personal only as a remark', async () => {
    await applied(BASE);
    await applied(BASE.replace('name: Ben Carter', 'name: Ben Cartwright'));
    const rows = await sql<{ type: string; data: object; before: object; after: object }>(
      `select type, data, before, after from audit_events where actor_kind = 'operator' and actor_name = 'tests' order by id desc limit 2`,
    );
    expect(rows[0]).toMatchObject({ type: 'settings.applied', data: { created: 0, changed: 1, deleted: 0, files: 1 } });
    expect(rows[1]).toMatchObject({ type: 'person.changed', data: { changed: 'name' } });
    expect(JSON.stringify(rows)).not.toContain('Cart');
    expect(await sql(`select 1 from remarks where text = 'Ben Cartwright'`)).toHaveLength(1);
  });

  test('a plan writes nothing', async () => {
    await applied(BASE);
    const events = await eventCount();
    const seen = await plan(desk, operator, read(BASE.replace('expires: 8 hours', 'expires: 4 hours')));
    expect(seen.counts.changed).toBe(1);
    expect(planText(seen)).toMatch(/Plan: 0 to create, 1 to change, 0 to end/);
    expect(await eventCount()).toBe(events);
    expect((await stored()).policies.find(({ name }) => name === 'Clerks')?.content.number).toBe(1);
  });

  test('two operators who apply at once both succeed, and the rows are there once', async () => {
    await applied(BASE);
    const file = 'groups:\n  - { name: Fresh, people: [ben] }';
    const [one, other] = await Promise.all([apply(desk, operator, read(file)), apply(desk, operator, read(file))]);
    expect([one.counts.created, other.counts.created].sort()).toEqual([0, 1]);
    expect((await stored()).groups.filter(({ name }) => name === 'Fresh')).toHaveLength(1);
  });

  test('only an operator or an administrator may plan or apply', async () => {
    await applied(BASE);
    const as = async (key: string): Promise<By> => ({ actor: { kind: 'person', id: await personId(key) }, via: 'web' });
    await expect(plan(desk, await as('ben'), read(''))).rejects.toMatchObject({ code: 'forbidden' });
    await expect(apply(desk, { actor: { kind: 'system', name: 'job' }, via: 'job' }, read(''))).rejects.toMatchObject({
      code: 'forbidden',
    });
    await expect(apply(desk, await as('ana'), read(''))).resolves.toMatchObject({ applied: true });
  });
});

describe('what is not written', () => {
  const FULL = `
organization: { name: Woodgrove, timeZone: Europe/Vienna }
people:
  - { key: ana, name: Ana Berger }
  - key: rita
    name: Rita Jensen
    email: rita@contoso.example
    organization: Contoso
    manager: ana
    timeZone: Asia/Tokyo
    locale: de-AT
    department: Audit
    jobTitle: Partner
    country: Denmark
    properties: { level: 3 }
groups:
  - { name: Clerks, people: [rita], groups: [Interns] }
  - { name: Interns, people: [ana] }
administrators: [ana]
organizations:
  - { name: Contoso, description: Our auditors, state: proposed, tenants: [t], workspaces: [w], domains: [contoso.example] }
installations:
  - { platform: slack, tenant: T1, name: Main, authoritativeDomains: [woodgrove.example], guestsAllowed: true }
catalogs:
  - name: Finance
    description: Money
    published: false
    external: true
    owners: [ana]
    resources:
      - name: Ledger
        description: Books of account
        connector: local
        originId: gl
        owners: [ana]
        roles: [Reader, { name: Writer, originId: w }]
        scopes: [Vienna]
        drift: { missing: report, extra: repair }
    packages:
      - name: Books
        description: To read
        hidden: true
        sensitive: true
        baseline: absorb
        roles: [Ledger / Reader / Vienna]
        incompatibleWith: [{ group: Clerks }]
        policies:
          - name: Everybody
            enabled: false
            who: [group: Clerks, anyone]
            approval: [{ approvers: [manager, 'group: Interns'], alternates: [ana], escalateAfter: 1 day, decideWithin: 3 days }]
            calendar: { zone: Europe/Vienna, from: 08:00, until: 17:00 }
            expires: 30 days
            customPeriod: false
            reason: optional
            questions: [{ text: Why?, required: true }]
            selfRequest: false
            onBehalf: true
            selfRemove: false
            extension: { approval: false, max: 3, maxTotalDays: 90 }
            endWhenOutOfScope: true
            samePersonInStages: true
          - { name: Direct, mode: direct, expires: 1 day }
`;
  const named = (policies = ''): string => `catalogs: [{ name: Finance, packages: [{ name: Books${policies} }] }]`;
  const policy = async (name: string) => (await stored()).policies.find((one) => one.name === name);

  test('is left alone, whatever is named beside it', async () => {
    await applied(FULL);
    const before = await stored();
    const done = await applied(`
people: [{ key: ana, name: Ana Berger }, { key: rita, name: Rita Jensen }]
groups: [{ name: Clerks }, { name: Interns }]
organizations: [{ name: Contoso }]
installations: [{ platform: slack, tenant: T1 }]
catalogs:
  - name: Finance
    resources: [{ name: Ledger, connector: local }]
    packages:
      - name: Books
        policies: [{ name: Everybody, expires: 30 days }, { name: Direct, expires: 1 day }]
`);
    expect(planText(done)).toMatch(/^! policy Finance \/ Books \/ Everybody: stays disabled; .*\nNothing to change/);
    expect(await stored()).toEqual(before);
  });

  test('of questions that an older release took goes on, with a note, until they change', async () => {
    await applied(BASE);
    await sql(`insert into policy_questions (policy_version_id, id, position, text, required, type, choices)
      select current_version_id, 'q' || n, n, 'Question ' || n, false, 'longText', '{}' from policies, generate_series(0, 9) n
      where name = 'Everybody'`);
    const note =
      '! policy Finance / Books / Everybody: These questions make a form of 24 KB with their answers; Teams shows 20 KB.';
    const file = (more: string): string =>
      `people: [{ key: ana, name: Ana Berger-Lund }]
catalogs: [{ name: Finance, packages: [{ name: Books, policies: [{ name: Everybody, expires: 30 days${more} }] }] }]`;
    const asTheyAre = Array.from({ length: 10 }, (_, n) => `{ id: q${n}, text: Question ${n}, long: true }`).join(', ');
    expect(planText(await applied(file('')))).toContain(note);
    expect(planText(await applied(file(`, questions: [${asTheyAre}]`)))).toContain(note);
    expect(planText(await applied(file(', reason: required')))).toMatch(/becomes version 2/);
    await expect(applied(file(`, questions: [${asTheyAre}, { text: One more }]`))).rejects.toThrow(
      'These questions make a form of 25 KB',
    );
  });

  test('of what is new has the default that the README names', async () => {
    const file = (...more: string[]): string => {
      const [person = '', partner = '', place = '', catalog = '', resource = '', pack = '', policy = '', stage = ''] =
        more;
      return `
organization: { name: Woodgrove, timeZone: Europe/Vienna }
people: [{ key: ana, name: Ana Berger${person} }]
organizations: [{ name: Contoso${partner} }]
installations: [{ platform: slack, tenant: T1${place} }]
catalogs:
  - name: Finance${catalog}
    resources: [{ name: Ledger, connector: local, roles: [Reader]${resource} }]
    packages:
      - name: Books${pack}
        policies:
          - { name: Free, who: anyone, expires: 1 day${policy}, extension: { allowed: true, approval: false, max: 1 } }
          - { name: Asked, who: anyone, expires: 1 day, approval: [{ approvers: ana${stage} }] }
`;
    };
    await applied(file().replace(', extension: { allowed: true, approval: false, max: 1 }', ''));
    const written = file(
      `, email:, kind: member, enabled: true, manager:, organization:, timeZone: Europe/Vienna, locale: en, department:, properties: {}`,
      `, description: '', state: configured, tenants: [], workspaces: [], domains: []`,
      `, name: '', authoritativeDomains: [], guestsAllowed: false`,
      `\n    description: ''\n    published: true\n    external: false\n    owners: []\n    readers: []`,
      `, originId: Ledger, description: '', owners: [], scopes: [], drift: { missing: repair, extra: report }`,
      `\n        description: ''\n        hidden: false\n        sensitive: false\n        baseline: keep\n        roles: []\n        incompatibleWith: []`,
      `, enabled: true, mode: request, approval: [], calendar:, customPeriod: true, reason: required, questions: [], selfRequest: true, ` +
        `onBehalf: false, selfRemove: true, endWhenOutOfScope: false, samePersonInStages: false`,
      `, alternates: [], fallbacks: [], approvalsRequired: 1, decideWithin: 14 days, approverReason: optional`,
    );
    // Written, "once" stays when approval is added: that is the one default which is more when it is written.
    expect(planText(await applied(written))).toMatch(
      /^~ policy Finance \/ Books \/ Free\n {4}extension: 1 time as usual, without approval → 1 time, without approval\n/,
    );
    expect(planText(await applied(written))).toMatch(/^Nothing to change/);
  });

  test('is what is not empty: a field that is written without a value is', async () => {
    await applied(FULL);
    await applied(`
people: [{ key: rita, name: Rita Jensen, email:, organization: , manager: null, timeZone:, locale:, department:, jobTitle:, country: , properties: {} }]
organizations: [{ name: Contoso, description: '', tenants: [], workspaces: [], domains: [] }]
catalogs:
  - name: Finance
    description: ''
    packages:
      - name: Books
        policies: [{ name: Everybody, expires: 30 days, calendar:, questions: [] }, { name: Direct, expires: 1 day }]
`);
    const { people, organizations, catalogs } = await stored();
    expect(people.find(({ directoryKey }) => directoryKey === 'rita')).toMatchObject({
      ...{
        email: null,
        organization: null,
        manager: null,
        department: null,
        jobTitle: null,
        country: null,
        properties: {},
      },
      ...{ timeZone: 'Europe/Vienna', locale: 'en' },
      // To lose the organization makes nobody one of ours.
      kind: 'guest',
    });
    expect(organizations).toMatchObject([{ description: '', sources: [], state: 'proposed' }]);
    expect(catalogs).toMatchObject([{ description: '', externallyVisible: true, state: 'unpublished' }]);
    expect((await policy('Everybody'))?.content).toMatchObject({ calendar: null, questions: [], stages: [{}] });
  });

  test('of the extension stays, and follows the approval where nothing else was written', async () => {
    const written = (more: string): string => named(`, policies: [{ name: P, who: anyone, expires: 1 day, ${more} }]`);
    const extension = async () => (await policy('P'))?.content.extension;
    const stage = 'approval: [{ approvers: ana }]';
    await applied(FULL);
    await applied(written('approval: []'));
    expect(await extension()).toMatchObject({ approval: false, maxExtensions: null });
    await applied(written(stage));
    expect(await extension()).toMatchObject({ approval: true, maxExtensions: null });
    await applied(written('approval: [], extension: { max: 1 }'));
    await applied(written(stage));
    expect(await extension()).toMatchObject({ approval: true, maxExtensions: 1 });
    await applied(written(`${stage}, extension: { approval: false, max: 4, maxTotalDays: 9 }`));
    await applied(written('approval: []'));
    expect(await extension()).toEqual({ allowed: true, approval: false, maxExtensions: 4, maxTotalDays: 9 });
    const unlimited = await applied(written('extension: { approval: false, max: unlimited }'));
    expect(planText(unlimited)).toContain('9 days in all → any number of times, without approval');
    await applied(written('reason: optional'));
    expect(await extension()).toMatchObject({ approval: false, maxExtensions: 'unlimited' });
  });

  test('of the extension is none where those in charge give it, until the file says otherwise', async () => {
    const written = (more: string): string =>
      BASE.replace(/- \{ name: Clerks, who.*/, `- { name: Clerks, who: anyone, expires: 8 hours${more} }`);
    const allowed = async () => (await policy('Clerks'))?.content.extension.allowed;
    // Nobody gets this by asking, so its line does not read like one that needs no approval.
    expect(planText(await applied(written(', mode: direct')))).toContain('Clerks: mode: direct; for anyone');
    expect(await allowed()).toBe(false);
    expect(planText(await applied(written(', mode: direct, extension: false')))).toMatch(/^Nothing to change/);
    expect(planText(await applied(written(', mode: direct, extension: { max: 2 }')))).toContain(
      'extension: no → 2 times, without approval',
    );
    expect(planText(await applied(written(', mode: direct')))).toMatch(/^Nothing to change/);
    // To give instead of to be asked for is another policy: what nobody wrote for it does not stay.
    await applied(written(', mode: request'));
    expect(await allowed()).toBe(true);
    expect(planText(await applied(written(', mode: direct')))).toContain(
      'extension: 1 time as usual, without approval → no',
    );
    expect(planText(await applied(written('')))).toMatch(/^Nothing to change/);
    // What earlier releases allowed where nothing was written is not kept for having been there.
    await applied(written(', mode: direct, extension: true'));
    expect(await allowed()).toBe(true);
    expect(planText(await applied(written(', mode: direct, extension: true')))).toMatch(/^Nothing to change/);
    expect(planText(await applied(written(', mode: direct')))).toContain('without approval → no');
    expect(await allowed()).toBe(false);
    const decided = ', mode: direct, approval: [{ approvers: ana }]';
    await applied(written(`${decided}, extension: true`));
    expect(await allowed()).toBe(true);
    await applied(written(decided));
    expect(await allowed()).toBe(false);
    // More than "true" was written by somebody.
    await applied(written(`${decided}, extension: { maxTotalDays: 90 }`));
    expect(planText(await applied(written(decided)))).toMatch(/^Nothing to change/);
  });

  test('in a list of policies is disabled: nobody asks by it, and what was asked is closed', async () => {
    await applied(BASE);
    await take('ben', 'Postings');
    const done = await applied(
      'catalogs:\n  - name: Finance\n    packages:\n      - name: Postings\n        policies: []',
    );
    expect(planText(done)).toContain(
      `- policy Finance / Postings / Clerks
    state: enabled → disabled
    the list at 1.yaml:5:19 does not hold it
    1 open request by it is closed within a minute, and whoever asked hears why`,
    );
    expect(done.counts).toMatchObject({ created: 0, changed: 0, deleted: 1 });
    expect(await policy('Clerks')).toMatchObject({ state: 'disabled', content: { number: 1 } });
    await jobs
      .find((job) => job.name === 'close-for-policies')
      ?.sweep({ desk, due, log: createLog('silent') } as never);
    expect(await sql(`select state, refusal ->> 'code' as code, refusal -> 'data' as data from requests`)).toEqual([
      { state: 'denied', code: 'not-in-scope', data: { package: 'Postings', target: null, ended: true } },
    ]);
    await expect(take('cleo', 'Postings')).rejects.toMatchObject({ code: expect.any(String) as string });

    // Who writes it again is told that this alone opens nothing.
    expect(planText(await applied(BASE))).toContain(
      '! policy Finance / Postings / Clerks: stays disabled; "enabled: true"',
    );
    await applied(BASE.replace("who: 'group: Clerks',", "who: 'group: Clerks', enabled: true,"));
    expect(await policy('Clerks')).toMatchObject({ state: 'enabled' });
  });

  test('in a list of roles is refused while a package gives it, and cannot be given any more', async () => {
    await applied(BASE);
    const roles = 'roles: [Reader, Writer]';
    expect(texts(await apply(desk, operator, read(BASE.replace(roles, 'roles: [Reader]'))))).toEqual([
      expect.stringMatching(/^1\.yaml:21:17: There is no role "Ledger \/ Writer"\. Did you mean "Ledger \/ Reader"/),
    ]);
    const alone = 'catalogs:\n  - name: Finance\n    resources: [{ name: Ledger, connector: local, roles: [Reader] }]';
    expect(texts(await apply(desk, operator, read(alone)))).toEqual([
      '1.yaml:3:58: This list does not hold "Writer", which is in "Postings". Add it, or take it out of there as well.',
    ]);
    const without = BASE.replace('roles: [Ledger / Writer]', 'roles: [Ledger]').replace(roles, 'roles: [Reader]');
    expect(planText(await applied(without))).toContain(
      'roles: + Ledger / Reader, - Ledger / Writer (version 2)\n! resource Finance / Ledger: the list at 1.yaml:15:50 does not hold "Writer": no package gives it',
    );
  });

  test('in a list of resources or packages is named, and stays', async () => {
    await applied(BASE);
    const before = await stored();
    const done = await applied('catalogs:\n  - name: Finance\n    resources: []\n    packages: [{ name: Books }]');
    const note = (place: string, name: string): string =>
      `! catalog Finance: the list at 1.yaml:${place} does not hold "${name}": left as it is; "state: deleted" would end it`;
    expect(planText(done).split('\n')).toEqual([
      note('3:16', 'Ledger'),
      note('4:15', 'Postings'),
      expect.stringMatching(/^Nothing to change/),
    ]);
    expect(await stored()).toEqual(before);
  });
});

describe('two at once', () => {
  const DELETED = 'catalogs:\n  - name: Finance\n    packages:\n      - { name: Books, state: deleted }';

  const WAITING = `select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`;

  /** A desk whose acts wait where they would save, until they are told to go on. */
  function slowly(wait: Promise<void>): { readonly desk: Desk; readonly there: Promise<void> } {
    let arrive: () => void = () => undefined;
    const there = new Promise<void>((resolve) => (arrive = resolve));
    const stop = async (): Promise<void> => {
      arrive();
      await wait;
    };
    const write: Desk['store']['write'] = (by, act) =>
      desk.store.write(by, (tx) =>
        act(
          Object.create(tx, {
            save: { value: async (change: Parameters<typeof tx.save>[0]) => (await stop(), tx.save(change)) },
            saveConfiguration: {
              value: async (changes: Parameters<typeof tx.saveConfiguration>[0]) => (
                await stop(),
                tx.saveConfiguration(changes)
              ),
            },
          }) as typeof tx,
        ),
      );
    return { desk: { ...desk, store: { ...desk.store, write, share: write } }, there };
  }

  /** Runs the first act up to its save, the second until it waits for the first, then both to their ends. */
  async function overlapping<A, B>(first: (desk: Desk) => Promise<A>, second: () => Promise<B>): Promise<[A, B]> {
    let go: () => void = () => undefined;
    const slow = slowly(new Promise((resolve) => (go = resolve)));
    const one = first(slow.desk);
    await slow.there;
    const end = { reached: false };
    const other = second().finally(() => (end.reached = true));
    while (!end.reached && (await sql(WAITING)).length === 0);
    go();
    return Promise.all([one, other]);
  }

  test('a package is not deleted under somebody who is just asking for it', async () => {
    await applied(BASE);
    const [, done] = await overlapping(
      (slow) => take('ben', 'Postings', slow),
      () => apply(desk, operator, read(DELETED.replace('Books', 'Postings'))),
    );
    expect(texts(done)).toEqual([
      '1.yaml:4:34: "Postings" cannot be deleted yet: 0 people hold it, 1 open request. End that first; "hidden: true" hides it meanwhile.',
    ]);
    expect(await packageNamed('Postings')).toMatchObject({ state: 'active' });
  });

  test('a resource does not become another place under somebody who just gets a role of it', async () => {
    await applied(BASE);
    const getting = await db.sequelize.transaction();
    await db.sequelize.query(
      `insert into grants (id, person_id, role_id, scope_id, state, version)
       select usher_id(), people.id, role.id, scope.id, 'placing', 1 from people, resource_roles role, resource_scopes scope
       where directory_key = 'ben' and role.name = 'Reader'`,
      { transaction: getting },
    );
    const end = { reached: false };
    const moving = apply(desk, operator, read(BASE.replace('name: Ledger,', 'name: Ledger, originId: gl2,'))).finally(
      () => (end.reached = true),
    );
    while (!end.reached && (await sql(WAITING)).length === 0);
    await getting.commit();
    expect(texts(await moving)).toEqual([expect.stringContaining('1 person has or had roles there')]);
    expect((await stored()).resources).toMatchObject([{ originId: 'Ledger' }]);
  });

  test('who asks while a package is deleted finds none', async () => {
    await applied(BASE);
    const [done, asked] = await overlapping(
      (slow) => apply(slow, operator, read(DELETED)),
      () => take('ben', 'Books').catch((error: unknown) => error),
    );
    expect(done.applied).toBe(true);
    expect(asked).toMatchObject({ code: 'not-found', data: { what: 'package' } });
    expect(await sql('select state from requests')).toEqual([]);
  });

  // Rows of people are locked in the order of their ids, whichever of them asks.
  test.each([
    { who: 'ana', target: 'ben' },
    { who: 'ben', target: 'ana' },
  ])('what $who asks for $target while they are disabled is noted, however soon they are back', async (pair) => {
    const { who, target } = pair;
    const alone = BASE.replaceAll(', manager: ana', '').replace('approvers: [manager]', 'approvers: [cleo]');
    await applied(
      alone
        .replace(/key: (ana|ben), name: (\w+ \w+)/g, (found, key) =>
          key === target ? `${found}, manager: ${who}` : found,
        )
        .replace("who: 'group: Clerks'", 'who: allMembers, onBehalf: true'),
    );
    const state = (to: string) =>
      sql(`update people set state = $2, version = version + 1 where directory_key = $1`, [who, to]);
    await overlapping(
      (slow) => take(who, 'Postings', slow, target),
      () => state('disabled'),
    );
    await state('enabled');
    expect(await sql('select state, who from requests join leaver_requests on request_id = requests.id')).toEqual([
      { state: 'pendingApproval', who: 'requestor' },
    ]);
  });

  test('a group is not deleted by one operator while another names it in a policy', async () => {
    await applied(BASE.replace('administrators', '  - { name: Spare, people: [ben] }\nadministrators'));
    const [one, other] = await overlapping(
      (slow) => apply(slow, operator, read(BASE.replace("'group: Clerks'", "'group: Spare'"))),
      () => apply(desk, operator, read('groups:\n  - { name: Spare, state: deleted }')),
    );
    expect(one.applied).toBe(true);
    expect(texts(other)).toEqual([
      '1.yaml:2:27: The group "Spare" is still named by policy "Clerks" of "Postings". Change that first.',
    ]);
  });
});

test('a replica that starts while files are applied does not wait for them where its settings change nothing', async () => {
  await applied(BASE);
  const settings = {
    slack: { teamId: 'T1', emailAuthoritative: null },
    teams: null,
    administrators: [],
    allowGuests: null,
  };
  await settle(desk, settings, { demo: false });
  await desk.store.write(operator, async (tx) => {
    await tx.clock();
    await tx.holdConfiguration();
    expect(await settle(desk, settings, { demo: false })).toEqual({ unknown: [], unclear: [] });
  });
});

describe('whom it concerns', () => {
  const held = async (): Promise<void> => {
    await applied(BASE);
    await take('ben', 'Books');
    await take('ben', 'Postings');
  };

  test('a changed package names its holders', async () => {
    await held();
    const seen = await plan(desk, operator, read(BASE.replace('roles: [Ledger / Reader]', 'roles: [Ledger / Writer]')));
    expect(planText(seen)).toContain(
      '~ package Finance / Books\n    roles: + Ledger / Writer, - Ledger / Reader (version 2)\n    1 person holds it: within a minute they get 1 role and lose 1 role',
    );
  });

  test('a changed policy names the open requests that keep their version', async () => {
    await held();
    const seen = await plan(desk, operator, read(BASE.replace('expires: 8 hours', 'expires: 4 hours')));
    expect(planText(seen)).toContain('1 open request by it keeps its version');
  });

  test('a disabled person is shown with what they lose', async () => {
    await held();
    const seen = await plan(
      desk,
      operator,
      read('people:\n  - { key: ben, name: Ben Carter, manager: ana, enabled: false }'),
    );
    expect(planText(seen)).toContain('loses 1 package, 1 open request will be canceled');
  });

  test('a new incompatibility says who holds both', async () => {
    await held();
    const seen = await plan(
      desk,
      operator,
      read(BASE.replace('- name: Books', '- name: Books\n        incompatibleWith: [{ group: Clerks }]')),
    );
    expect(planText(seen)).toContain(
      '+ incompatibility Books → group Clerks\n    1 person holds both now:\n    Ben Carter (ben): not decided',
    );
  });

  test('a package that is held cannot be deleted', async () => {
    await held();
    const done = await apply(
      desk,
      operator,
      read('catalogs:\n  - name: Finance\n    packages:\n      - { name: Books, state: deleted }'),
    );
    expect(texts(done)).toEqual([
      '1.yaml:4:31: "Books" cannot be deleted yet: 1 person holds it, 0 open requests. End that first; "hidden: true" hides it meanwhile.',
    ]);
  });
});

describe('a resource of which people have or had roles', () => {
  const LEDGER = 'name: Ledger, connector: local,';
  const stays = (place: string, to: string): string =>
    `1.yaml:${place}: "Ledger" stays "Ledger" of local: 1 person has or had roles there, which nobody would take away any more. Add a new resource for ${to}, and give its roles instead.`;

  test.each([
    { other: 'name: Ledger, originId: gl2, connector: local,', says: stays('15:35', '"gl2" of local') },
    { other: 'name: Ledger, connector: manual,', says: stays('15:36', '"Ledger" of manual') },
    { other: 'name: Book, formerly: Ledger, originId: b, connector: local,', says: null },
  ])('does not become another place ($other)', async ({ other, says }) => {
    await applied(BASE);
    await take('ben', 'Books');
    const file = read(BASE.replace(LEDGER, other).replaceAll('Ledger /', `${other.slice(6).split(',')[0] ?? ''} /`));
    const expected = [says ?? expect.stringContaining('"Book" stays "Ledger" of local: ')];
    expect(texts(await plan(desk, operator, file))).toEqual(expected);
    expect(texts(await apply(desk, operator, file, { confirm: true }))).toEqual(expected);
    // Also once all of it is over: what is remembered of a person would be said of the other place.
    await sql(`update grants set state = 'taken', baseline = true, version = version + 1`);
    expect(texts(await apply(desk, operator, file))).toEqual(expected);
    expect((await stored()).resources).toMatchObject([{ name: 'Ledger', connector: 'local', originId: 'Ledger' }]);
  });

  test('is renamed, and becomes another place where nobody has or had any', async () => {
    await applied(BASE);
    await applied(BASE.replace(LEDGER, 'name: Ledger, originId: gl, connector: manual,'));
    expect((await stored()).resources).toMatchObject([{ connector: 'manual', originId: 'gl' }]);
    await take('ben', 'Books');
    await applied(
      BASE.replace(LEDGER, 'name: Book, formerly: Ledger, connector: manual,').replaceAll('Ledger /', 'Book /'),
    );
    expect((await stored()).resources).toMatchObject([{ name: 'Book', connector: 'manual', originId: 'gl' }]);
  });
});

describe('many', () => {
  const crowd = (n: number, more = ''): string =>
    BASE.replace(
      'groups:',
      `${Array.from({ length: n }, (_, i) => `  - { key: p${i}, name: Person ${i}, email: p${i}@woodgrove.example, manager: ana, department: D${i % 20}${more} }`).join('\n')}\ngroups:`,
    );

  test('two thousand people are one act of a few seconds, and the plan stays short', async () => {
    const done = await applied(crowd(2_000));
    expect(planText(done)).toContain('+ ... and 1983 more of the kind "person"');
    expect((await stored()).people).toHaveLength(2_003);
    expect((await applied(crowd(2_000))).counts).toMatchObject({ created: 0, changed: 0, deleted: 0 });
  });

  test('a file that would disable or delete many stops until somebody confirms it', async () => {
    await applied(crowd(100));
    const both = crowd(3, ', enabled: false').replace('enabled: false', 'state: deleted');
    expect(texts(await apply(desk, operator, read(both)))[0]).toMatch(/would disable or delete 3 of 103 people/);
    const gone = await apply(desk, operator, read(crowd(3, ', state: deleted')));
    expect(texts(gone)[0]).toContain('The files would delete 3 of 103 people, this being the first.');
    // 2 % of 103 people are two.
    const few = await plan(desk, operator, read(crowd(2, ', enabled: false')));
    expect(few.brake).toBeNull();
    const more = await plan(desk, operator, read(crowd(3, ', enabled: false')));
    expect(more.brake).toMatchObject({ disabled: { people: 3, of: 103 } });
    const stopped = await apply(desk, operator, read(crowd(30, ', enabled: false')));
    expect(stopped).toMatchObject({
      applied: false,
      brake: { disabled: { people: 30, of: 103 }, emptied: [], taken: [] },
    });
    expect(texts(stopped)[0]).toContain('The files would disable 30 of 103 people, this being the first.');
    const confirmed = await applied(crowd(30, ', enabled: false'), { confirm: true });
    expect(confirmed.counts.changed).toBe(30);
    expect(await sql(`select count(*)::integer as n from people where state = 'disabled'`)).toEqual([{ n: 30 }]);
  });

  test('files that disable or delete many one after the other stop like one that does, until somebody confirms it or a day is over', async () => {
    await applied(crowd(100));
    const off = (key: string): string => `people:\n  - { key: ${key}, name: Leaver, enabled: false }\n`;
    const gone = (key: string): string => `people:\n  - { key: ${key}, name: Leaver, state: deleted }\n`;
    await applied(off('p0'));
    await applied(gone('p1'));
    const third = await apply(desk, operator, read(off('p2')));
    expect(texts(third)).toEqual([
      '1.yaml:2:39: The files would disable 3 of 103 people, 2 of them within the last day already, this being the next. Check them, then apply with --confirm.',
    ]);
    await applied(off('p2'), { confirm: true });
    // Whoever confirmed it saw all of them, and who was disabled before leaves nobody the poorer.
    await applied(gone('p0'));
    await applied(gone('p3'));
    await applied(off('p4'));
    expect((await plan(desk, operator, read(off('p5')))).brake).toMatchObject({ disabled: { people: 3, lately: 2 } });
    await sql('update organization set demo = true, clock_offset_ms = 86400000');
    await applied(off('p5'));
  });
});

describe('the brake', () => {
  const people = (n: number, more = ''): string =>
    Array.from({ length: n }, (_, i) => `  - { key: p${i}, name: Person ${i}${more} }`).join('\n');

  test('a single leaver is never held back, however few are left', async () => {
    await applied(BASE);
    const done = await applied('people:\n  - { key: ben, name: Ben Carter, manager: ana, enabled: false }');
    expect(done.brake).toBeNull();
  });

  test.each([
    {
      name: 'its people are gone',
      give: 'groups:\n  - { name: Interns, people: [] }',
      want: ['1:2:5: The group "Interns" would be empty; it has 1 member now.'],
    },
    {
      name: 'its people and those of the groups in it are gone',
      give: 'groups:\n  - { name: Interns, people: [] }\n  - { name: Clerks, people: [] }',
      want: [
        '1:2:5: The group "Interns" would be empty; it has 1 member now.',
        '1:3:5: The group "Clerks" would be empty; it has 2 members now.',
      ],
    },
    {
      name: 'only a group in it had people, and that one goes',
      give: 'groups:\n  - { name: Clerks, people: [], groups: [] }',
      want: ['1:2:5: The group "Clerks" would be empty; it has 2 members now.'],
    },
    { name: 'somebody else is in it instead', give: 'groups:\n  - { name: Interns, people: [ben] }', want: [] },
    { name: 'a group in it still has people', give: 'groups:\n  - { name: Clerks, people: [] }', want: [] },
  ])('a group that would be empty stops the files: $name', async ({ give, want }) => {
    await applied(BASE);
    const done = await apply(desk, operator, read(give));
    const go = (text: string): string => `${text.replace('1:', '1.yaml:')} Check it, then apply with --confirm.`;
    expect(texts(done)).toEqual(want.map(go));
    expect(done.applied).toBe(want.length === 0);
    if (want.length > 0) expect((await applied(give, { confirm: true })).brake?.emptied).toHaveLength(want.length);
  });

  test.each([
    { holders: 5, gone: 5, stops: true },
    { holders: 5, gone: 4, stops: false },
    { holders: 4, gone: 4, stops: false },
    { holders: 22, gone: 21, stops: true },
    { holders: 22, gone: 20, stops: false },
  ])('$gone of $holders holders who would be disabled: stops $stops', async ({ holders, gone, stops }) => {
    // Two thousand people beside them, so that it is not their number that stops.
    const file = (leavers: string): string => BASE.replace('groups:', `${people(2_000, leavers)}\ngroups:`);
    await applied(file(''));
    for (let i = 0; i < holders; i += 1) await take(`p${i}`, 'Books');
    const done = await apply(desk, operator, read(`people:\n${people(gone, ', enabled: false')}`));
    expect(texts(done)).toEqual(
      stops
        ? [
            `1.yaml:2:41: Disabling people would take "Books" from ${gone} of the ${holders} people who hold it. Check them, then apply with --confirm.`,
          ]
        : [],
    );
  });

  test('holders of a package who are disabled one after the other are counted together', async () => {
    await applied(BASE.replace('groups:', `${people(2_000)}\ngroups:`));
    for (let i = 0; i < 5; i += 1) await take(`p${i}`, 'Books');
    await applied(`people:\n${people(3, ', enabled: false')}`);
    // Of two of them it has ended by now.
    const gone = await sql<{ id: AssignmentId }>(
      `select a.id from assignments a join people p on p.id = a.target_id where p.state = 'disabled' order by a.id limit 2`,
    );
    for (const { id } of gone) await endForGone(desk, operator, id);
    await applied(`people:\n${people(4, ', enabled: false')}`);
    const done = await apply(desk, operator, read(`people:\n${people(5, ', enabled: false')}`));
    expect(texts(done)).toEqual([
      '1.yaml:6:41: Disabling people would take "Books" from 5 of the 5 people who hold it, 4 of them within the last day already. Check them, then apply with --confirm.',
    ]);
  });

  test.each([
    { holders: 5, roles: '[]', want: ['All 5 people who hold "Books" would lose 1 role.'] },
    { holders: 5, roles: '[Ledger / Writer]', want: ['All 5 people who hold "Books" would lose 1 role.'] },
    { holders: 5, roles: '[Ledger / Reader, Ledger / Writer]', want: [] },
    { holders: 4, roles: '[]', want: [] },
  ])('$holders holders of a package whose roles become $roles', async ({ holders, roles, want }) => {
    const file = BASE.replace('groups:', `${people(5)}\ngroups:`);
    await applied(file);
    for (let i = 0; i < holders; i += 1) await take(`p${i}`, 'Books');
    const fewer = file.replace('roles: [Ledger / Reader]\n', `roles: ${roles}\n`);
    const done = await apply(desk, operator, read(fewer));
    expect(done.problems.map(({ message }) => message)).toEqual(
      want.map((text) => `${text} Check that, then apply with --confirm.`),
    );
    expect(done.applied).toBe(want.length === 0);
    expect((await applied(fewer, { confirm: true })).problems).toEqual([]);
  });

  describe('counts what holders have now, not what the package said before', () => {
    const all = (n: number): string =>
      BASE.replace('groups:', `${people(n)}\ngroups:`).replace(
        "who: 'group: Clerks', expires: 8 hours, approval: [{ approvers: [manager] }]",
        'who: allMembers, expires: 8 hours',
      );
    const books = (file: string, roles: string): string =>
      file.replace('roles: [Ledger / Reader]\n', `roles: [${roles}]\n`);
    const held = async (n: number, packages = ['Books'], file = all(n)): Promise<string> => {
      await applied(file);
      for (const name of packages) for (let i = 0; i < n; i += 1) await take(`p${i}`, name);
      return file;
    };
    const said = async (file: string): Promise<string[]> => {
      const done = await plan(desk, operator, read(file));
      return [
        ...done.lines.flatMap(({ details }) => details.filter((one) => one.includes('hold'))),
        ...done.problems.map(({ message }) => message),
      ];
    };

    test('a package that was changed back before anybody followed', async () => {
      const file = await held(5);
      await applied(books(file, 'Ledger / Reader, Ledger / Writer'));
      expect(await said(file)).toEqual(['5 people hold it: nothing changes for them']);
    });

    test('a package that was changed before and whose holders did not follow', async () => {
      const file = await held(5);
      await applied(books(file, ''), { confirm: true });
      expect(await said(books(file, 'Ledger / Writer'))).toEqual([
        '5 people hold it: within a minute they get 1 role and lose 1 role',
        'All 5 people who hold "Books" would lose 1 role. Check that, then apply with --confirm.',
      ]);
    });

    test('what other access gives as well is not lost, unless that loses it by the same files', async () => {
      const both = all(5).replace('roles: [Ledger / Writer]', 'roles: [Ledger / Reader]');
      const file = await held(5, ['Books', 'Postings'], both);
      expect(await said(books(file, ''))).toEqual(['5 people hold it: nothing changes for them']);
      const lose = '5 people hold it: within a minute they lose 1 role';
      const stops = (name: string): string =>
        `All 5 people who hold "${name}" would lose 1 role. Check that, then apply with --confirm.`;
      expect(await said(file.replaceAll('roles: [Ledger / Reader]\n', 'roles: []\n'))).toEqual([
        lose,
        lose,
        stops('Books'),
        stops('Postings'),
      ]);
    });

    test('who never got the role does not lose it', async () => {
      const file = await held(6);
      await db.sequelize.query(`update grants set state = 'placeFailed', version = version + 1 where person_id in (
        select id from people where directory_key in ('p0', 'p1'))`);
      expect(await said(books(file, ''))).toEqual(['6 people hold it: within a minute 4 lose 1 role']);
    });

    test.each([
      { holders: 21, have: 0, stops: true },
      { holders: 20, have: 0, stops: false },
      { holders: 21, have: 20, stops: true },
      { holders: 21, have: 21, stops: false },
    ])('$holders get a role that $have have: stops $stops', async ({ holders, have, stops }) => {
      const file = all(42);
      await applied(file);
      for (let i = 0; i < holders; i += 1) await take(`p${i}`, 'Books');
      for (let i = 0; i < have; i += 1) await take(`p${i + 21}`, 'Postings');
      expect(await said(books(file, 'Ledger / Reader, Ledger / Writer'))).toEqual([
        `${holders} people hold it: within a minute they get 1 role`,
        ...(stops
          ? [
              `${holders} people would get "Ledger / Writer", which ${have} people have now. Check that, then apply with --confirm.`,
            ]
          : []),
      ]);
    });
  });
});

// ---------------------------------------------------------------- helpers

function read(...texts: string[]): Blueprint {
  const found = parseBlueprint(texts.map((text, n) => ({ name: `${n + 1}.yaml`, text })));
  if ('problems' in found) throw new Error(found.problems.map(problemText).join('\n'));
  return found.blueprint;
}

function problems(...texts: string[]): string[] {
  const found = parseBlueprint(texts.map((text, n) => ({ name: `${n + 1}.yaml`, text })));
  return 'problems' in found ? found.problems.map(problemText) : [];
}

const texts = (done: Plan): string[] => done.problems.map(problemText);

async function applied(...given: (string | PlanOptions)[]): Promise<Plan> {
  const files = given.filter((one) => typeof one === 'string');
  const options = given.find((one) => typeof one === 'object') ?? {};
  const done = await apply(desk, operator, read(...files), options);
  if (!done.applied) throw new Error(texts(done).join('\n'));
  return done;
}

const stored = (): Promise<Configuration> => desk.store.write(operator, (tx) => tx.configuration());

async function packageNamed(name: string) {
  return (await stored()).packages.find((one) => one.name === name);
}

async function sql<T extends object>(text: string, bind: unknown[] = []): Promise<T[]> {
  return (await db.owner.query(text, { bind }))[0] as T[];
}

async function eventCount(): Promise<number> {
  const [row] = await sql<{ n: number }>('select count(*)::integer as n from audit_events');
  return row?.n ?? -1;
}

async function personId(key: string) {
  const [person] = await desk.views.peopleByKey(key);
  if (!person) throw new Error(`no person ${key}`);
  return person.id;
}

async function take(who: string, name: string, at: Desk = desk, target = who): Promise<void> {
  const person = await personId(who);
  const found = await packageNamed(name);
  await submit(
    at,
    { actor: { kind: 'person', id: person }, via: 'web' },
    {
      target: await personId(target),
      package: found?.id ?? ('' as PackageId),
      policyVersion: null,
      period: { startsAt: null, endsAt: null, hours: null },
      zone: 'UTC',
      reason: 'work',
      answers: {},
      draft: null,
    },
  );
}
