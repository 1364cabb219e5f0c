// A real Chromium for tests, through playwright-core. Where none is installed the tests that need it are skipped, with one
// line that says so and what to do; in the gate (CI) they fail, because a check that skips quietly is none.
import { accessSync, constants } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** The program named by CHROMIUM, else a usual place; null where there is none. */
export function findChromium(): string | null {
  const named = process.env['CHROMIUM'];
  const candidates = named === undefined || named === '' ? PLACES : [named];
  return candidates.find(isExecutable) ?? null;
}

/** Whether a missing browser is a fault: where CI is set. */
export function isGate(): boolean {
  return !['', '0', 'false', undefined].includes(process.env['CI']);
}

/** `describe` where a browser was found, else a skipped one and a line on the console. */
export function describeInBrowser(name: string, tests: () => void): void {
  if (findChromium() !== null) {
    describe(name, tests);
    return;
  }
  const missing = 'No Chromium found; install it or set CHROMIUM to its path.';
  if (isGate()) {
    test(`${name} need a browser`, () => {
      throw new Error(missing);
    });
    return;
  }
  process.stderr.write(`SKIPPED: ${name}. ${missing}\n`);
  describe.skip(name, tests);
}

/** Starts the browser. The flags keep it off the network and let it run as root in a container. */
export async function openBrowser(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === null) throw new Error('no Chromium found: set CHROMIUM to its path');
  return await chromium.launch({
    executablePath,
    headless: true,
    timeout: 120_000,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--disable-dev-shm-usage',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
