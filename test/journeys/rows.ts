// Rows of the platform checklist (../channels/README.md) that hold only where everything is there: a platform's own delivery over
// HTTP, the real SDK, the rules, the store and what people read in the end. They run in the world of crossing.test.ts.
import { checkMessage, checkView } from '../support/block-kit';
import { wordsOf } from '../support/slack-server';
import { buttonOf, isJson, pressedData, type Json } from '../support/teams-client';
import type { TeamsPerson } from '../support/teams-server';
import { HOME, teamsTextOf, until, type Whole } from './support';

interface World {
  readonly whole: Whole;
  readonly ben: TeamsPerson;
  readonly decisions: (name: string) => Promise<number>;
}

/** Letters outside the first plane: two of JavaScript's units each, four bytes. */
const ASTRAL = '😀';
/** An id that nothing has. */
const NOTHING = '0190a000-0000-7000-8000-000000000000';

/** Fay asks, and who decides is beside her in Slack and in Teams. Packages without roles are there as soon as they are approved. */
function packages(ben: string): string {
  const pack = (name: string, approvers: string, more = '') =>
    `\n      - { name: ${name}, policies: [{ name: All, who: allMembers, expires: 30 days, approval: [{ approvers: [${approvers}], decideWithin: 3 days }]${more} }] }`;
  const choices = Array.from({ length: 50 }, (_, n) => `"${n} ${'x'.repeat(72)}"`);
  const question = `{ text: "${ASTRAL.repeat(150)}", choices: [${choices.join(', ')}] }`;
  const wide = pack(`"Wide ${ASTRAL.repeat(97)}"`, `${ben}, cleo`, `, questions: [${question}]`);
  const bulk = Array.from({ length: 20 }, (_, n) => pack(`"Bulk ${n} ${ASTRAL.repeat(95)}"`, 'cleo'));
  const both = ['Race', 'Chase', 'Inert', 'Recall', 'Hour'].map((name) => pack(name, `${ben}, cleo, fay`));
  const others = [pack('Relay', `${ben}, group: Deciders`), pack('Shift', 'cleo'), pack('Watch', 'dana, cleo')];
  const forged = [pack('Forged', `${ben}, cleo`), pack('Sealed', 'cleo')];
  const vault = `\n      - { name: Vault, hidden: true, policies: [{ name: Few, who: cleo, expires: 30 days, reason: optional }] }`;
  return `
people:
  - { key: fay, name: Fay Long, email: fay@${HOME}, timeZone: Europe/Berlin }
groups: [{ name: Deciders, people: [cleo, dana] }]
catalogs:
  - name: Rows
    owners: cleo
    packages:${[...both, ...others, ...forged, vault, wide, ...bulk].join('')}
`;
}

/** The tests of these rows. `at`: the world, once it is there. */
export function rows(at: () => World): void {
  describe('rows of the checklist', () => {
    proofs(at);
  });
}

function proofs(at: () => World): void {
  let world: World;
  let whole: Whole;
  beforeAll(async () => {
    world = at();
    whole = world.whole;
    whole.slack.addUser({ id: 'U0FAY', name: 'Fay Long', email: `fay@${HOME}` });
    await whole.configure(packages(world.ben.aadObjectId));
  });

  /** Somebody asks in Slack; gives the number of the request. */
  async function ask(user: string, name: string, reason = 'quarter end'): Promise<number> {
    await whole.slack.command(user, `request ${name}`);
    await whole.slack.submit(await whole.slackView(user, `Request ${name}`), { Reason: reason });
    await whole.slackView(user, 'is on its way');
    return (await whole.request(name)).number;
  }

  /** The card of each approver, as it came. */
  async function cards(name: string) {
    const teams = await whole.teamsMessage(world.ben, `asks for ${name}`);
    return { teams, slack: { ...(await whole.slackMessage('U0CLEO', `asks for ${name}`)) } };
  }

  test('row 17: what leaves for Slack is inside its limits, however long and many people made it', async () => {
    const { slack } = whole;
    const since = slack.calls.length;
    await slack.command('U0FAY', 'request access');
    const offered = await slack.options(await whole.slackView('U0FAY', 'Request access'), 'Access package', 'bulk');
    expect(offered).toHaveLength(15);
    for (const { title, value } of offered) expect([title.length <= 75, value.length <= 75]).toEqual([true, true]);

    await slack.command('U0FAY', 'request wide');
    const form = await whole.slackView('U0FAY', `Wide ${ASTRAL}`);
    const refused = await slack.submit(form, { Reason: ASTRAL.repeat(5_000) });
    expect(Object.values(refused.errors ?? {})).toEqual([expect.stringContaining('at most 2000 characters')]);
    const sent = await slack.submit(form, { Reason: ASTRAL.repeat(1_000) });
    await whole.slackView('U0FAY', 'is on its way');
    const card = await whole.slackMessage('U0CLEO', 'Fay Long asks for Wide');
    expect(wordsOf(card)).toContain(ASTRAL.repeat(400));
    await whole.teamsMessage(world.ben, 'Fay Long asks for Wide');

    // The stand-in refuses the same; here it is said what was wrong.
    const problems = slack.calls.slice(since).flatMap(({ method, args }) => {
      if (method.startsWith('views.')) return checkView(args['view']);
      const { text, blocks } = args;
      return /^chat\.|^response_url$/.test(method)
        ? checkMessage({ text, ...(blocks === undefined ? {} : { blocks }) })
        : [];
    });
    expect(problems.concat(checkView((sent.body as { view?: unknown }).view))).toEqual([]);
    expect(slack.calls.length).toBeGreaterThan(since + 3);
  });

  test('row 19: what somebody wrote calls nobody, leads nowhere and is no code, in the message and in its notification', async () => {
    await ask('U0FAY', 'Inert', '<!channel> <@U1> <http://x|y> `code`');
    const { slack, teams } = await cards('Inert');
    const inert = '&lt;!channel&gt; &lt;@U1&gt; &lt;http://x|y&gt; ˋcodeˋ';
    expect(slack.text).toContain(inert);
    expect(JSON.stringify(slack.blocks)).toContain(inert);
    expect(JSON.stringify(teams)).not.toContain('"mention"');
  });

  test('row 22: what whoever asked takes back is over in the message of each approver', async () => {
    const { slack, teams } = whole;
    const number = await ask('U0FAY', 'Recall');
    const inTeams = await whole.teamsMessage(world.ben, 'asks for Recall');
    const inSlack = await whole.slackMessage('U0CLEO', 'asks for Recall');
    await slack.command('U0FAY', `cancel R-${number}`);
    const over = 'The request was canceled. Nothing to do.';
    await until('Slack follows', () => inSlack.edits > 0 && wordsOf(inSlack).includes(over));
    await until('Teams follows', () =>
      teams.messagesOf(world.ben).some((one) => one.id === inTeams.id && teamsTextOf(one).includes(over)),
    );
    expect(wordsOf(inSlack)).not.toContain('Approve');
  });

  test('row 25: what no search offers is refused where it is sent, and nothing is told of it', async () => {
    const { slack } = whole;
    const [vault] = await whole.sql<{ id: string }>(`select id from packages where name = 'Vault'`);
    await slack.command('U0FAY', 'request access');
    const form = await whole.slackView('U0FAY', 'Request access');
    expect(await slack.options(form, 'Access package', 'vault')).toEqual([]);
    // A package that is there, one that never was, and a name in the place of an id.
    for (const sent of [vault?.id ?? '', NOTHING, 'Vault']) {
      const refused = await slack.submit(form, { 'Access package': sent });
      expect(refused.body).toEqual({
        response_action: 'errors',
        errors: { 'in~package': 'I know no package of that name that you could ask for. Type “request” to search.' },
      });
    }
  });

  test('row 27: `help`, nothing, and words without meaning are answered with what can be typed', async () => {
    const answerTo = async (text: string): Promise<string> =>
      wordsOf((await whole.slack.command('U0FAY', text)).body as Parameters<typeof wordsOf>[0]);
    for (const text of ['help', '']) {
      const words = await answerTo(text);
      for (const part of ['I get you access', 'request &lt;package&gt;', 'All commands']) expect(words).toContain(part);
    }
    expect(await answerTo('gobbledygook')).toContain(
      'I do not understand “gobbledygook”. Type “help” to see what I can do.',
    );
  });

  test('row 47: a button that says another request, version, verb or approver decides nothing', async () => {
    const { teams } = whole;
    const { ben, decisions } = world;
    const other = await ask('U0FAY', 'Sealed');
    const number = await ask('U0FAY', 'Forged');
    const { teams: card } = await cards('Forged');
    const said = pressedData(card.card, buttonOf(card.card, 'Approve'))['usher'];
    if (!isJson(said) || !isJson(said['data'])) throw new Error('the button says nothing');
    const { data } = said;
    const press = (person: TeamsPerson, verb: string, forged: Json) =>
      teams.invoke(
        person,
        'adaptiveCard/action',
        {
          action: { type: 'Action.Execute', verb, data: { usher: { ...said, verb, data: { ...data, ...forged } } } },
          trigger: 'manual',
        },
        { replyToId: card.id },
      );
    const [sealed] = await whole.sql<{ id: string }>(`select id from requests where number = ${other}`);
    const ana = teams.person('Ana');
    const notAsked = (of: number) => `You are not asked to decide R-${of}.`;
    const stale = `R-${number} is at step 1 by now, which this did not show. Nothing was decided`;
    const forgeries: [TeamsPerson, string, Json, string][] = [
      [ben, 'approval.approve', { request: sealed?.id }, notAsked(other)],
      [ben, 'approval.approve', { request: NOTHING }, 'I know no such request of yours.'],
      [ben, 'approval.approve', { v: 2 }, stale],
      [ben, 'approval.approve', { v: '1' }, stale],
      [ben, 'approval.decide', {}, 'This card is out of date.'],
      [ben, 'request.cancel', {}, 'I know no such request of yours.'],
      [
        ana,
        'approval.approve',
        { approver: ben.aadObjectId, actor: ben.aadObjectId },
        'does not stand where I sent it',
      ],
    ];
    for (const [person, verb, forged, sentence] of forgeries) {
      const { status, body } = await press(person, verb, forged);
      expect([verb, forged, status]).toEqual([verb, forged, 200]);
      expect(JSON.stringify(body)).toContain(sentence);
    }
    for (const name of ['Forged', 'Sealed'])
      expect([await decisions(name), (await whole.request(name)).state]).toEqual([0, 'pendingApproval']);
    expect(JSON.stringify((await press(ben, 'approval.approve', {})).body)).toContain(`Done. R-${number} is approved.`);
    expect(await decisions('Forged')).toBe(1);
  });

  test('row 62: of clicks in the same moment in both places one decides, and whoever may not decide by then does not', async () => {
    const { slack, teams, sql } = whole;
    const { ben, decisions } = world;
    const outcome = async (number: number) =>
      (
        await sql<{ what: string }>(`select d.decision || ' ' || r.state as what from requests r
          join decisions d on d.request_id = r.id where r.number = ${number} and r.state in ('delivered', 'denied')`)
      ).map(({ what }) => what);
    for (const [round, name] of ['Race', 'Chase'].entries()) {
      const number = await ask('U0FAY', name);
      const card = await cards(name);
      // Not whoever asked, be they among the approvers, and not somebody who was never asked: not even with the very button.
      const copied = { ...card.slack, channel: 'C0TEAM' };
      await slack.press('U0FAY', copied, 'Approve');
      await whole.slackMessage('U0FAY', 'does not stand where I sent it');
      await slack.press('U0DANA', copied, 'Approve');
      await whole.slackMessage('U0DANA', 'does not stand where I sent it');
      for (const [user, said] of [
        ['U0FAY', `R-${number} is your own request`],
        ['U0DANA', `You are not asked to decide R-${number}`],
      ] as const) {
        await slack.command(user, `approve R-${number}`);
        await whole.slackMessage(user, said);
      }
      expect(await decisions(name)).toBe(0);

      const before = slack.messagesOf('U0CLEO').length;
      const approve = () => teams.press(ben, card.teams, 'Approve');
      const deny = () => slack.command('U0CLEO', `deny R-${number} because no`);
      const clicks = round === 0 ? [approve(), deny(), approve()] : [deny(), approve(), approve()];
      for (const { status } of await Promise.all(clicks)) expect(status).toBe(200);
      await until('Cleo is told', () =>
        slack
          .messagesOf('U0CLEO')
          .slice(before)
          .some((one) => /is denied|was faster/.test(wordsOf(one))),
      );
      await until('it is over', async () => (await outcome(number)).length > 0);
      expect(await decisions(name)).toBe(1);
      expect(['approve delivered', 'deny denied']).toContain((await outcome(number)).join());
      await whole.rested();
    }

    const number = await ask('U0FAY', 'Relay');
    const card = await cards('Relay');
    await whole.configure('groups: [{ name: Deciders, people: [dana] }]');
    await slack.press('U0CLEO', card.slack, 'Approve');
    await whole.slackMessage('U0CLEO', `You are not asked to decide R-${number}`);
    expect(await decisions('Relay')).toBe(0);
    await teams.press(ben, card.teams, 'Approve');
    await until('it is over', async () => (await outcome(number)).join() === 'approve delivered');
  });

  test('row 64: whoever is switched off is refused at once, and one sweep later nothing of theirs goes on', async () => {
    const { slack } = whole;
    await slack.command('U0DANA', 'request audit');
    await slack.submit(await whole.slackView('U0DANA', 'Request Audit'));
    await until('the role is there', () => whole.holds('dana', 'Audit'));
    await ask('U0DANA', 'Shift');
    await ask('U0FAY', 'Watch');
    const asked = await whole.slackMessage('U0CLEO', 'Dana Reed asks for Shift');
    const old = { ...asked };
    const danas = { ...(await whole.slackMessage('U0DANA', 'Fay Long asks for Watch')) };
    await whole.configure('people: [{ key: dana, name: Dana Reed, enabled: false }]');

    await slack.press('U0DANA', danas, 'Approve');
    await whole.slackMessage('U0DANA', 'Your account is switched off');
    await slack.press('U0CLEO', old, 'Approve');
    await whole.pass(0, 'end-for-leavers', 'cancel-for-leavers', 'reroute-approvals');
    await until('the role is gone', async () => !(await whole.holds('dana', 'Audit')));
    await until('the card closes', () => !JSON.stringify(asked.blocks).includes('"Approve"'));
    await until('what she asked for is over', async () => (await whole.request('Shift')).state === 'canceled');
    await until('nothing is left', async () => {
      const left = await whole.sql(`select 1 from assignments a join people p on p.id = a.target_id
        where p.directory_key = 'dana' and a.ended_at is null`);
      return left.length === 0;
    });
    expect([await world.decisions('Watch'), (await whole.request('Watch')).state]).toEqual([0, 'pendingApproval']);
    await slack.press('U0CLEO', await whole.slackMessage('U0CLEO', 'Fay Long asks for Watch'), 'Approve');
    await whole.slackMessage('U0FAY', 'You now have Watch');
  });

  test('row 65: both approvers read the same moment, each in the zone of their own clock, by its name', async () => {
    const number = await ask('U0FAY', 'Hour');
    const { slack, teams } = await cards('Hour');
    const [stage] = await whole.sql<{ decide_by: Date }>(
      `select s.decide_by from approval_stages s join requests r on r.id = s.request_id where r.number = ${number}`,
    );
    const clock = (timeZone: string): string =>
      new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(
        stage?.decide_by,
      );
    // Ben's directory says London, and his client Berlin: what he looks at shows the time of the latter.
    expect(teamsTextOf(teams)).toMatch(new RegExp(`${clock('Europe/Berlin')} CES?T`));
    for (const shown of [slack.text, wordsOf({ blocks: slack.blocks })])
      expect(shown).toMatch(new RegExp(`${clock('America/New_York')} E[SD]T`));
    expect(`${wordsOf(slack)} ${teamsTextOf(teams)}`).not.toMatch(/ (GMT|BST|UTC)\b/);
  });
}
