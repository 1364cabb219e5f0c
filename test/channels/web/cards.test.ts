// Every card of the product, with every sample, drawn by the page in a real browser: both forms show the same words and the
// same buttons, and nothing that the writers emit is unknown to the page.
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { hasInputs, type Card } from '../../../src/chat/card';
import type { CardName } from '../../../src/chat/card-data';
import { loadCards } from '../../../src/chat/cards';
import { bind } from '../../../src/chat/render';
import type { Drawn } from '../../../src/chat/views';
import type { Who } from '../../../src/chat/who';
import type { CardId, DraftId } from '../../../src/domain/model';
import { ID, samples } from '../../chat/samples';
import { describeInBrowser, openBrowser } from '../../support/browser';
import { aPerson } from '../../support/builders';
import { openWorld, type World } from './world';

const book = loadCards(join(__dirname, '../../../cards'));
const who: Who = { person: aPerson(), zone: 'Europe/Berlin', locale: 'en' };

const all: { readonly name: CardName; readonly sample: string; readonly card: Card }[] = (
  Object.keys(samples) as CardName[]
).flatMap((name) =>
  Object.entries(samples[name] as Record<string, unknown>).map(([sample, data]) => ({
    name,
    sample,
    card: bind(book, { card: name, data, draft: ID as DraftId } as unknown as Drawn, who, ID as CardId),
  })),
);

describeInBrowser('the cards of the product on the page', () => {
  let browser: Browser;
  let world: World;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    browser = await openBrowser();
    world = await openWorld();
    for (const { card } of all)
      await world.channel.send({ tenant: 'demo', user: 'ana', conversation: 'ana', serviceUrl: null }, card);
    page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
    page.setDefaultTimeout(60_000);
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(world.url);
    await page.getByRole('option', { name: 'Ana Silva' }).click();
    const shown = page.getByRole('article');
    await shown.first().waitFor();
    // The page shows the newest ones, and as many more with each press.
    for (let count = await shown.count(); count < all.length; count = await shown.count()) {
      await page.getByRole('button', { name: 'Earlier messages' }).click();
      await shown.nth(count).waitFor();
    }
  });
  afterAll(async () => {
    await browser.close();
    await world.stop();
  });

  test.each(all.map(({ name, sample }, index) => ({ name, sample, index })))(
    '$name ($sample) is drawn in both forms with the same buttons and fields',
    async ({ index }) => {
      const card = all[index]?.card;
      if (card === undefined) throw new Error('no card');
      const article = page.getByRole('article').nth(index);
      const sides = await Promise.all(
        ['As in Teams', 'As in Slack'].map(async (side) => {
          const pane = article.getByRole('region', { name: side });
          return {
            // What people wrote is broken up by an invisible space where Teams would read it as a template.
            buttons: (await pane.locator('button, a.s-button').allTextContents())
              .map((text) => text.replaceAll('\u200B', ''))
              .filter((text) => text !== '')
              .sort(),
            fields: await pane
              .locator(
                'input:not([type=radio], [type=checkbox]), select, textarea, .s-boxes, .ac-choiceSetInput-expanded',
              )
              .count(),
            gaps: await pane.locator('.s-missing').count(),
            wide: await pane.evaluate((element) => element.scrollWidth > element.clientWidth),
          };
        }),
      );
      expect(sides[0]).toEqual(sides[1]);
      expect(sides[0]).toMatchObject({ gaps: 0, wide: false });
      expect((sides[0]?.fields ?? 0) > 0).toBe(hasInputs(card));
    },
  );

  test('nothing was complained about', () => {
    expect(complaints).toEqual([]);
    expect(world.logged).toEqual([]);
  });
});
