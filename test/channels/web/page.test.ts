// The local page in a real browser: asking, approving, keeping up with others, by mouse, by keyboard, on a phone, in the dark.
import type { Browser, BrowserContext, BrowserContextOptions, Page, Route } from 'playwright-core';
import { describeInBrowser, openBrowser } from '../../support/browser';
import { freePort } from '../../support/port';
import { audit } from './audit';
import { HOSTILE } from './script';
import { openWorld, persona, PERSONAS, type World } from './world';

const LONG = 'Maximiliane-Josephine von und zu Hohenstein-Wallersdorf-Tiefenbach-Unterammergau';

describeInBrowser('the local page in a browser', () => {
  let browser: Browser;
  let world: World;
  let contexts: BrowserContext[];
  /** What the pages complained about: console errors and warnings, uncaught errors, violations of the policy. */
  let complaints: string[];

  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser.close();
  });
  beforeEach(async () => {
    world = await openWorld();
    contexts = [];
    complaints = [];
  });
  afterEach(async () => {
    for (const context of contexts) await context.close();
    await world.stop();
  });

  /** A browser of its own, with its own cookie. */
  async function open(options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext({ viewport: { width: 1400, height: 900 }, ...options });
    contexts.push(context);
    return await tab(context);
  }
  async function tab(context: BrowserContext): Promise<Page> {
    const page = await context.newPage();
    page.setDefaultTimeout(60_000);
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (event) => {
        console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`);
      });
    });
    await page.goto(world.url);
    await page.locator('html.ready').waitFor();
    return page;
  }
  const become = async (page: Page, name: string): Promise<void> => {
    await page.getByRole('option', { name }).click();
    await page.getByPlaceholder(`Write as ${name}`).waitFor();
  };
  const say = async (page: Page, text: string): Promise<void> => {
    await page.getByLabel('Message').fill(text);
    await page.keyboard.press('Enter');
  };
  const teams = (page: Page) => page.getByRole('region', { name: 'As in Teams' });
  const slack = (page: Page) => page.getByRole('region', { name: 'As in Slack' });
  const ask = async (page: Page, reason = 'quarter end'): Promise<void> => {
    await say(page, 'request');
    const form = page.getByRole('dialog');
    await teams(page).getByRole('combobox', { name: 'Package' }).last().fill('payroll a');
    await page.getByRole('option', { name: 'Payroll administration' }).click();
    await form.getByRole('textbox', { name: 'Reason' }).first().fill(reason);
    await form.getByRole('button', { name: 'Submit' }).first().click();
    await form.waitFor({ state: 'hidden' });
  };
  const quiet = (): void => {
    expect(complaints).toEqual([]);
  };

  test('ask, see the badge, approve in the Slack form: every copy changes in place, in every browser', async () => {
    const bens = await open();
    await become(bens, 'Ben Okafor');
    const anas = await open();
    await become(anas, 'Ana Silva');
    const doras = await open();
    await become(doras, 'Dora Lindqvist');
    await become(anas, 'Chris Naidu');

    await ask(bens);
    await bens.getByText('Sent. It waits for the approver.').waitFor();
    // Ana is not shown anywhere now, so her badge appears to all others.
    for (const page of [bens, anas, doras])
      await page.getByRole('option', { name: 'Ana Silva' }).getByLabel('1 unread').waitFor();
    expect(await bens.title()).toBe('(1) Usher');

    await become(anas, 'Ana Silva');
    await doras.getByRole('option', { name: 'Ana Silva' }).getByLabel('1 unread').waitFor({ state: 'hidden' });
    const card = anas.getByRole('article', { name: 'Usher: ben asks for Payroll administration' });
    await card.getByRole('region', { name: 'As in Slack' }).getByRole('button', { name: 'Approve' }).click();
    for (const side of ['As in Teams', 'As in Slack'])
      await card.getByRole('region', { name: side }).getByText('Approved by Ana Silva').waitFor();
    expect(await card.count()).toBe(1);
    expect(await card.getByRole('button').count()).toBe(0);

    const own = bens.getByRole('article', { name: 'Usher: Your request for Payroll administration' });
    await own.getByText('Approved by Ana Silva').first().waitFor();
    expect(await own.count()).toBe(1);
    expect(world.chat.heard.at(-1)).toMatchObject({
      user: 'ana',
      act: { kind: 'press', verb: 'approval.approve', data: { request: 'r-1042', v: 1 }, card: 'approval-1042' },
    });
    quiet();
  });

  test('the link to a package asks for it as whoever is picked, once', async () => {
    const page = await open();
    await page.goto(`${world.url}/go/0a1b2c3d4e5f6g7h8j9k`);
    await page.locator('html.ready').waitFor();
    const texts = () => world.chat.heard.flatMap(({ act, user }) => (act.kind === 'text' ? [[user, act.text]] : []));
    expect(texts()).toEqual([]);
    await become(page, 'Ana Silva');
    await page.getByText('request 0a1b2c3d4e5f6g7h8j9k').first().waitFor();
    expect(new URL(page.url()).pathname).toBe('/');
    // Whoever was picked before is no news, whichever comes first, the state or the line.
    const line = page.waitForResponse('**/api/events');
    const afterTheLine = async (route: Route): Promise<void> => {
      await line;
      await route.continue();
    };
    await page.route('**/api/state', afterTheLine, { times: 1 });
    await page.goto(`${world.url}/go/1a1b2c3d4e5f6g7h8j9k`);
    await page.getByText('request 1a1b2c3d4e5f6g7h8j9k').first().waitFor();
    expect(await page.getByText('now speaks as').count()).toBe(0);
    await page.locator('#typing').waitFor({ state: 'hidden' });
    await page.reload();
    await page.locator('html.ready').waitFor();
    expect(texts()).toEqual([
      ['ana', 'request 0a1b2c3d4e5f6g7h8j9k'],
      ['ana', 'request 1a1b2c3d4e5f6g7h8j9k'],
    ]);
    expect(complaints).toEqual([]);
  });

  test('everything works by keyboard alone', async () => {
    const page = await open();
    const focused = () =>
      page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent);
    await page.keyboard.press('Tab');
    expect(await focused()).toBe('Skip to the message line');
    await page.keyboard.press('Tab');
    await page.keyboard.type('ben');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByPlaceholder('Write as Ben Okafor').waitFor();
    await page.keyboard.type('request');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    // The first field has the focus. The list opens, the second choice is taken, Escape closes only the list.
    // At once: a list that is drawn while somebody types slowly is drawn anew.
    await page.keyboard.insertText('payroll');
    await page.getByRole('option', { name: 'Payroll reports' }).waitFor();
    // What else is filled in goes along with a search.
    const searched = world.chat.heard.findLast(({ act }) => act.kind === 'search');
    expect(searched?.act).toMatchObject({ values: { policy: 'standard' } });
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    expect(await slack(page).getByRole('combobox', { name: 'Package' }).inputValue()).toBe('Payroll reports');
    await page.keyboard.press('ArrowDown');
    await page.getByRole('option', { name: 'Ledger read' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('option', { name: 'Ledger read' }).waitFor({ state: 'hidden' });
    await page.keyboard.press('Tab');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Tab');
    await page.keyboard.type('because I need it');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByText('Sent. It waits for the approver.').waitFor();
    expect(world.chat.heard.at(-1)?.act).toMatchObject({
      kind: 'submit',
      draft: 'draft-1',
      values: { package: 'Payroll reports', policy: 'urgent', reason: 'because I need it' },
    });
    // The focus came back to the line, which remembers.
    await page.keyboard.press('ArrowUp');
    expect(await page.getByLabel('Message').inputValue()).toBe('request');
    await page.keyboard.press('ArrowDown');
    expect(await page.getByLabel('Message').inputValue()).toBe('');
    quiet();
  });

  test('wrong answers are shown at their fields on both sides and nothing typed is lost', async () => {
    const page = await open();
    await become(page, 'Ben Okafor');
    await say(page, 'request');
    const form = page.getByRole('dialog');
    // What was said just before is heard when its form stands, not when Enter was pressed.
    await form.waitFor();
    const heard = world.chat.heard.length;
    await teams(page).getByRole('button', { name: 'Submit' }).click();
    await form.getByText('Package is needed.').waitFor();
    await slack(page).getByRole('button', { name: 'Submit' }).click();
    expect(await form.getByText('Please complete this required field.').count()).toBe(2);
    // A field may look for its choices meanwhile; nothing was sent.
    expect(world.chat.heard.slice(heard).filter(({ act }) => act.kind !== 'search')).toEqual([]);

    await slack(page).getByRole('combobox').fill('ledger');
    await page.getByRole('option', { name: 'Ledger read' }).click();
    const [one, two] = [teams(page).getByLabel('Reason'), slack(page).getByLabel('Reason')];
    await two.fill('abc');
    expect(await one.inputValue()).toBe('abc');
    await teams(page).getByRole('button', { name: 'Submit' }).click();
    await form.getByRole('alert').getByText('One answer is missing.').waitFor();
    expect(await form.getByText('Say a little more: at least five letters.').count()).toBe(2);
    for (const field of [one, two])
      expect([await field.inputValue(), await field.getAttribute('aria-invalid')]).toEqual(['abc', 'true']);
    await one.fill('abcdef');
    expect(await form.getByText('Say a little more').count()).toBe(0);
    quiet();
  });

  test('a form that asks for something else by now is drawn anew, with what was typed', async () => {
    const page = await open();
    await become(page, 'Ben Okafor');
    await say(page, 'request');
    const form = page.getByRole('dialog');
    await slack(page).getByRole('combobox').fill('ledger');
    await page.getByRole('option', { name: 'Ledger read' }).click();
    await teams(page).getByLabel('Reason').fill('open since last week');
    await teams(page).getByRole('button', { name: 'Submit' }).click();
    await form.getByRole('alert').getByText('The period is fixed.').waitFor();
    expect(await form.getByText('Please answer: Why not paper?').count()).toBe(2);
    for (const side of [teams(page), slack(page)])
      expect(await side.getByLabel('Reason').inputValue()).toBe('open since last week');
    await teams(page).getByLabel('Why not paper?').fill('too slow');
    await teams(page).getByRole('button', { name: 'Submit' }).click();
    await form.waitFor({ state: 'hidden' });
    expect(world.chat.heard.at(-1)?.act).toMatchObject({ values: { reason: 'open since last week', why: 'too slow' } });
    quiet();
  });

  test('Escape closes a form, and it can be opened again', async () => {
    const page = await open();
    await become(page, 'Ben Okafor');
    await say(page, 'request');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    await page.getByText('Form closed, nothing was sent.').waitFor();
    await page.getByRole('button', { name: 'Open it again' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click();
    await page.getByText('Form closed, nothing was sent.').waitFor();
    quiet();
  });

  test('a form that was closed by a slip is opened again with what was written in it, and sends it', async () => {
    const page = await open();
    await become(page, 'Ben Okafor');
    await say(page, 'request');
    const form = page.getByRole('dialog');
    await teams(page).getByRole('combobox', { name: 'Package' }).last().fill('payroll a');
    await page.getByRole('option', { name: 'Payroll administration' }).click();
    await form.getByRole('textbox', { name: 'Reason' }).first().fill('five minutes of thought');
    await page.keyboard.press('Escape');
    await form.waitFor({ state: 'hidden' });
    await page.getByRole('button', { name: 'Open it again' }).click();
    expect(await form.getByRole('textbox', { name: 'Reason' }).first().inputValue()).toBe('five minutes of thought');
    await form.getByRole('button', { name: 'Submit' }).first().click();
    await form.waitFor({ state: 'hidden' });
    expect(world.chat.heard.at(-1)?.act).toMatchObject({ values: { reason: 'five minutes of thought' } });
    quiet();
  });

  test('a second Enter closes what the first one led to, and presses nothing in it', async () => {
    const page = await open();
    await become(page, 'Ben Okafor');
    await say(page, 'request');
    const form = page.getByRole('dialog');
    await teams(page).getByRole('combobox', { name: 'Package' }).last().fill('payroll a');
    await page.getByRole('option', { name: 'Payroll administration' }).click();
    await form.getByRole('textbox', { name: 'Reason' }).first().fill('show me');
    await form.getByRole('button', { name: 'Submit' }).first().press('Enter');
    await form.getByRole('button', { name: 'Approve' }).first().waitFor();
    const heard = world.chat.heard.length;
    await page.keyboard.press('Enter');
    await form.waitFor({ state: 'hidden' });
    expect(world.chat.heard).toHaveLength(heard);
    quiet();
  });

  test.each(['As in Teams', 'As in Slack'])('every kind of field is filled and sent %s', async (side) => {
    const page = await open();
    await become(page, 'Ben Okafor');
    await say(page, 'all fields');
    const pane = page.getByRole('dialog').getByRole('region', { name: side });
    await pane.getByLabel('Country').selectOption('Japan');
    await pane.getByRole('checkbox', { name: 'Writer' }).check();
    await pane.getByRole('checkbox', { name: 'Reader' }).uncheck();
    await pane.getByLabel('Days').fill('7');
    await pane.getByLabel('From').fill('2026-12-24');
    await pane.getByLabel(/^At/).fill('17:45');
    await pane.getByRole('checkbox').last().uncheck();
    // Sent from the other side: what was filled in here is there.
    const other = side === 'As in Teams' ? slack(page) : teams(page);
    await page.getByRole('dialog').locator(other).getByRole('button', { name: 'Submit' }).click();
    await page.getByText('Taken.').waitFor();
    expect(world.chat.heard.at(-1)?.act).toMatchObject({
      verb: 'all.submit',
      values: {
        country: 'Japan',
        roles: 'Writer,Owner',
        days: '7',
        from: '2026-12-24',
        at: '17:45',
        tell: 'false',
        note: 'costs ${{x}}',
      },
    });
    quiet();
  });

  test('hostile text stays text, in a line and in both forms of a card', async () => {
    const page = await open();
    await become(page, 'Ben Okafor');
    await say(page, 'hostile');
    await page.locator('.bubble', { hasText: HOSTILE }).waitFor();
    await ask(page, HOSTILE);
    await become(page, 'Ana Silva');
    await page.getByText('<img src=x onerror=alert(1)>').first().waitFor();
    expect(await page.getByText('<img src=x onerror=alert(1)>').count()).toBe(2);
    expect(await page.locator('#messages :is(img, script, mark, .s-mention)').count()).toBe(0);
    expect(
      await slack(page)
        .locator('b', { hasText: /^bold$/ })
        .count(),
    ).toBe(0);
    quiet();
  });

  test('a button waits for its answer and cannot be pressed twice meanwhile', async () => {
    const page = await open();
    await become(page, 'Ben Okafor');
    let release: () => void = () => undefined;
    world.chat.hold = new Promise((resolve) => {
      release = resolve;
    });
    const button = teams(page).getByRole('button', { name: 'Request access' });
    const heard = world.chat.heard.length;
    await button.click();
    await page.getByText('Waiting for the answer').waitFor({ state: 'attached' });
    expect(await button.isDisabled()).toBe(true);
    expect(await slack(page).getByRole('button', { name: 'Request access' }).isDisabled()).toBe(true);
    await button.click({ force: true }).catch(() => undefined);
    release();
    await page.getByRole('dialog').waitFor();
    expect(world.chat.heard.slice(heard).filter(({ act }) => act.kind !== 'search')).toHaveLength(1);
    expect(await button.isDisabled()).toBe(false);
    quiet();
  });

  test('what is said stands there at once, however slow the answer, and once when it comes; unsent, it is given back', async () => {
    const page = await open();
    await become(page, 'Ben Okafor');
    let answer: (route: Route) => Promise<void> = (route) => route.continue();
    await page.route('**/api/say', (route) => answer(route));
    const own = page.getByRole('article', { name: 'You: my access' });
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    answer = (route) => held.then(() => route.continue());
    await say(page, 'my access');
    await own.waitFor();
    expect(world.chat.heard.some(({ act }) => act.kind === 'text')).toBe(false);
    release();
    await page.locator('#typing').waitFor({ state: 'hidden' });
    expect(await own.count()).toBe(1);
    answer = (route) => route.abort();
    await say(page, 'approvals');
    await page.getByText('The server did not answer.').waitFor();
    expect(await page.getByRole('article', { name: 'You: approvals' }).count()).toBe(0);
    expect(await page.getByLabel('Message').inputValue()).toBe('approvals');
    expect(complaints.filter((text) => !text.includes('ERR_FAILED'))).toEqual([]);
  });

  test('a failure is said, and trying again is the same delivery', async () => {
    const page = await open();
    await become(page, 'Ben Okafor');
    world.chat.breakNext = true;
    await teams(page).getByRole('button', { name: 'Request access' }).click();
    await page.getByText('That could not be stored. Nothing was changed; try again.').waitFor();
    await page.getByRole('button', { name: 'Retry' }).click();
    await page.getByRole('dialog').waitFor();
    const [first, second] = world.chat.heard.slice(-2);
    expect(second?.delivery).toBe(first?.delivery);
    // The browser itself notes the failed request; nothing else may be there.
    expect(complaints.filter((text) => !text.includes('503'))).toEqual([]);
  });

  test('a broken line is told, mended by itself, and nothing is missed', async () => {
    // The page tries again and again meanwhile: no other listener and no connection may get its port.
    await world.stop();
    world = await openWorld(PERSONAS, await freePort());
    const page = await open();
    await become(page, 'Ben Okafor');
    const { port, messages } = world;
    await world.stop();
    await page.getByText('Reconnecting…').waitFor();
    await messages.append('ben', { direction: 'out', text: 'Said while you were away', card: null, key: null });
    world = await openWorld(PERSONAS, port, messages);
    await page.locator('.bubble', { hasText: 'Said while you were away' }).waitFor();
    await page.getByText('Reconnecting…').waitFor({ state: 'hidden' });
  });

  test('a second tab follows the persona of its browser', async () => {
    const first = await open();
    await become(first, 'Ben Okafor');
    const context = contexts[0];
    if (context === undefined) throw new Error('no context');
    const second = await tab(context);
    await second.getByPlaceholder('Write as Ben Okafor').waitFor();
    await become(second, 'Ana Silva');
    await first.getByPlaceholder('Write as Ana Silva').waitFor();
    await first.getByText('This browser now speaks as Ana Silva.').waitFor();
    quiet();
  });

  test('300 people and a very long name: the list filters, the layout holds', async () => {
    await world.stop();
    const many = Array.from({ length: 300 }, (_, index) =>
      persona(`p${index}`, `Person ${index}`, 'Specialist', `Department ${index % 7}`, null),
    );
    world = await openWorld([...PERSONAS, persona('long', LONG, LONG, LONG, LONG), ...many]);
    const page = await open();
    expect(await page.getByRole('option').count()).toBe(306);
    await page.getByRole('searchbox', { name: 'Speak as' }).fill('specialist person 29');
    expect(await page.getByRole('option').allTextContents()).toHaveLength(13);
    await page.getByRole('searchbox').fill('nobody at all');
    await page.getByText('Nobody matches.').waitFor();
    await page.getByRole('searchbox').fill('maximiliane');
    await become(page, LONG);
    // The search has done its work: everybody is there for the next choice.
    expect(await page.getByRole('option').count()).toBe(306);
    await say(page, 'x'.repeat(400));
    await page.locator('.bubble', { hasText: `You said: ${'x'.repeat(400)}` }).waitFor();
    for (const width of [1400, 1000, 375]) {
      await page.setViewportSize({ width, height: 800 });
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
      expect(await page.locator('#scroller').evaluate((element) => element.scrollWidth - element.clientWidth)).toBe(0);
    }
    quiet();
  });

  test('on a phone there is a sheet of people, one form of the cards, and nothing to scroll sideways', async () => {
    const page = await open({ viewport: { width: 375, height: 780 }, hasTouch: true, isMobile: true });
    expect(await page.getByRole('option').first().isVisible()).toBe(false);
    await page.getByRole('button', { name: 'People', exact: true }).tap();
    await page.getByRole('option', { name: 'Ben Okafor' }).tap();
    await page.getByText('Hello ben').first().waitFor();
    await page.getByRole('option').first().waitFor({ state: 'hidden' });
    expect([await teams(page).isVisible(), await slack(page).isVisible()]).toEqual([true, false]);
    await page.getByRole('radio', { name: 'Slack' }).check();
    expect([await teams(page).isVisible(), await slack(page).isVisible()]).toEqual([false, true]);
    await say(page, 'my access');
    await page.getByText('Your access').last().waitFor();
    await slack(page).getByRole('button', { name: 'Request access' }).tap();
    const box = await page.getByRole('dialog').boundingBox();
    expect(box?.width).toBeLessThanOrEqual(375);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(375);
    // Escape closes the sheet and gives the focus back.
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'People', exact: true }).tap();
    await page.keyboard.press('Escape');
    expect(
      await page
        .getByRole('button', { name: 'People', exact: true })
        .evaluate((element) => element === document.activeElement),
    ).toBe(true);
    quiet();
  });

  test('dark follows the system, the button overrides it, and the choice is kept', async () => {
    const page = await open({ colorScheme: 'dark' });
    const brightness = () =>
      page.evaluate(() => Number(/\d+/.exec(getComputedStyle(document.body).backgroundColor)?.[0] ?? -1));
    expect(await brightness()).toBeLessThan(60);
    await page.getByRole('button', { name: 'Theme: system. Change' }).click();
    expect(await brightness()).toBeGreaterThan(200);
    await page.reload();
    await page.locator('html.ready').waitFor();
    expect(await brightness()).toBeGreaterThan(200);
    await page.getByRole('button', { name: 'Theme: light. Change' }).click();
    expect(await brightness()).toBeLessThan(60);
    quiet();
  });

  test.each(['light', 'dark'] as const)('controls have names and texts have contrast (%s)', async (colorScheme) => {
    const page = await open({ colorScheme });
    expect(await audit(page)).toEqual([]);
    await become(page, 'Ben Okafor');
    await say(page, 'my access');
    await page.getByText('Your access').first().waitFor();
    await ask(page);
    expect(await audit(page)).toEqual([]);
    await say(page, 'all fields');
    await page.getByRole('dialog').waitFor();
    expect(await audit(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await become(page, 'Ana Silva');
    await teams(page).getByRole('button', { name: 'Approve' }).waitFor();
    expect(await audit(page)).toEqual([]);
    await teams(page).getByRole('button', { name: 'Approve' }).click();
    await page.getByText('Approved by Ana Silva').first().waitFor();
    expect(await audit(page)).toEqual([]);
    quiet();
  });

  test('a new message is announced once, by its summary', async () => {
    const page = await open();
    await become(page, 'Ben Okafor');
    await say(page, 'my access');
    await page.locator('#announcer', { hasText: 'You have 4 packages' }).waitFor({ state: 'attached' });
    expect(await page.locator('#messages').getAttribute('aria-live')).toBe('off');
    quiet();
  });
});
