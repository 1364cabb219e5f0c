// The organization that the README shows really works.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { aWorld, cardOf, textOf } from '../support/world';

const yaml = /```yaml\n([\s\S]*?)```/.exec(readFileSync(join(__dirname, '../../README.md'), 'utf8'))?.[1] ?? '';

test('the example of the README applies, applies again without a change, and can be asked for', async () => {
  const world = await aWorld(yaml);
  expect(await world.configure(yaml)).toContain('Nothing to change');
  await world.configure(
    'people:\n  - { key: tara, name: Tara Lind, manager: max, identities: [{ platform: web, tenant: demo, user: tara }] }\ninstallations:\n  - { platform: web, tenant: demo }\n',
  );
  const form = textOf(cardOf(await world.say('tara', 'request read the ledger')));
  expect(form).toContain('Step 1: Max Thorn will be asked.');
});
