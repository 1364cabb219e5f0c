// What a page must have for people who cannot see it well or use no mouse: run inside the browser, gives problems in words.
import type { Page } from 'playwright-core';

/** Names of controls, labels of fields, unique ids, contrast of texts (WCAG AA: 4.5, 3 for large text). */
export async function audit(page: Page): Promise<string[]> {
  // Fades would be measured half way.
  await page.evaluate(async () => {
    await Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => undefined)));
  });
  return await page.evaluate(() => {
    const problems: string[] = [];
    const visible = (element: Element): boolean => element.checkVisibility({ visibilityProperty: true });
    const describe = (element: Element): string =>
      `<${element.tagName.toLowerCase()} class="${element.getAttribute('class') ?? ''}"> ${(element.textContent || '').trim().slice(0, 40)}`;

    const ids = [...document.querySelectorAll('[id]')].map((element) => element.id);
    for (const id of new Set(ids.filter((id, index) => ids.indexOf(id) !== index))) problems.push(`id twice: ${id}`);

    const nameOf = (element: Element): string => {
      const by = element.getAttribute('aria-labelledby');
      if (by !== null)
        return by
          .split(' ')
          .map((id) => document.getElementById(id)?.textContent ?? '')
          .join(' ');
      const label = element.getAttribute('aria-label');
      if (label !== null) return label;
      if (
        element instanceof HTMLInputElement ||
        element instanceof HTMLSelectElement ||
        element instanceof HTMLTextAreaElement
      )
        return [...(element.labels ?? [])].map((own) => own.textContent).join(' ');
      return element.textContent || '';
    };
    for (const element of document.querySelectorAll(
      'button, a[href], input, select, textarea, [role=option], [role=combobox], [role=listbox], [role=group], dialog[open]',
    ))
      if (visible(element) && nameOf(element).trim() === '') problems.push(`no name: ${describe(element)}`);

    type Colour = [number, number, number, number];
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    const parse = (text: string): Colour => {
      if (canvas === null) return [0, 0, 0, 1];
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = text;
      canvas.fillRect(0, 0, 1, 1);
      const [r = 0, g = 0, b = 0, a = 0] = canvas.getImageData(0, 0, 1, 1).data;
      return [r, g, b, a / 255];
    };
    const over = (top: Colour, below: Colour): Colour => {
      const mix = (a: number, b: number): number => a * top[3] + b * (1 - top[3]);
      return [mix(top[0], below[0]), mix(top[1], below[1]), mix(top[2], below[2]), 1];
    };
    const ground = (element: Element | null): Colour => {
      if (element === null) return [255, 255, 255, 1];
      const own = parse(getComputedStyle(element).backgroundColor);
      return own[3] === 1 ? own : over(own, ground(element.parentElement));
    };
    const light = ([r, g, b]: Colour): number => {
      const part = (value: number): number =>
        value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4;
      return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
    };
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const seen = new Set<Element>();
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const element = node.parentElement;
      if (element === null || seen.has(element) || (node.textContent ?? '').trim() === '') continue;
      seen.add(element);
      if (!visible(element) || element.closest('.hidden, :disabled, .avatar, [inert], script, style, option') !== null)
        continue;
      const style = getComputedStyle(element);
      const back = ground(element);
      const fore = over(parse(style.color), back);
      const [a, b] = [light(fore), light(back)];
      const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      const size = parseFloat(style.fontSize);
      const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
      if (ratio < (large ? 3 : 4.5)) problems.push(`contrast ${ratio.toFixed(2)}: ${describe(element)}`);
    }
    return problems;
  });
}
