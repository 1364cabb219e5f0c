// The organization that the README shows really works, and its list of fields is the format's.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { parseBlueprint } from '../../src/operations/blueprint';
import { nouns } from '../../src/operations/blueprint/schema';
import { aWorld, cardOf, textOf } from '../support/world';

const readme = readFileSync(join(__dirname, '../../README.md'), 'utf8');
const yaml = /```yaml\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
const fields = /<!-- fields -->\s*```yaml\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';

test('the example of the README applies, applies again without a change, and can be asked for', async () => {
  const world = await aWorld(yaml);
  expect(await world.configure(yaml)).toContain('Nothing to change');
  await world.configure(
    'people:\n  - { key: tara, name: Tara Lind, manager: max, identities: [{ platform: web, tenant: demo, user: tara }] }\ninstallations:\n  - { platform: web, tenant: demo }\n',
  );
  const form = textOf(cardOf(await world.say('tara', 'request read the ledger')));
  expect(form).toContain('Step 1: Max Thorn will be asked.');
});

test('the README writes every field of the format, and only such', () => {
  expect(parseBlueprint([{ name: 'README', text: fields }])).not.toHaveProperty('problems');
  const written = new Map<string, Set<string>>();
  const walk = (value: unknown, path: string): void => {
    if (Array.isArray(value)) for (const one of value) walk(one, path);
    else if (typeof value === 'object' && value !== null)
      for (const [key, inside] of Object.entries(value)) {
        written.set(path, (written.get(path) ?? new Set<string>()).add(key));
        walk(inside, path === '' ? key : `${path}.${key}`);
      }
  };
  walk(parse(fields, { merge: true }), '');
  for (const [path, { noun, fields: all }] of Object.entries(nouns))
    expect([noun, ...(written.get(path) ?? [])].toSorted()).toEqual([noun, ...all].toSorted());
});
