// The manifest: valid against the schema that Slack publishes (github.com/slackapi/manifest-schema, MIT), equal to the copy
// in manifest/, and asking for nothing that is not used.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv';
import { EVENTS, SCOPES, slackManifest } from '../../../src/channels/slack/manifest';

const root = join(__dirname, '../../..');
const read = (path: string): unknown => JSON.parse(readFileSync(join(root, path), 'utf8'));
const options = { publicUrl: 'https://usher.example', command: '/usher', socketMode: false };

/** Problems of a manifest, empty when Slack takes it. */
function problems(manifest: unknown): string[] {
  // The schema has notes of its own (`regex`, `_note`) and formats that are words only.
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
  const validate = ajv.compile(read('test/support/schemas/slack-manifest-2.0.0.schema.json') as object);
  validate(manifest);
  return (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message ?? ''}`);
}

describe('row 33: the manifest', () => {
  test.each([false, true])('is valid, Socket Mode %s', (socketMode) => {
    expect(problems(slackManifest({ ...options, socketMode }))).toEqual([]);
  });

  test('the schema can tell a bad one', () => {
    expect(problems({ ...slackManifest(options), display_information: { name: 'x'.repeat(36) } })).not.toEqual([]);
    expect(problems({ ...slackManifest(options), surprise: true })).not.toEqual([]);
  });

  test('its copy for people is the same', () => {
    expect(read('manifest/slack.json')).toEqual(slackManifest(options));
  });

  test('asks for the scopes of the research and no others', () => {
    expect(Object.keys(SCOPES).sort()).toEqual([
      'app_mentions:read',
      'chat:write',
      'commands',
      'im:history',
      'im:write',
      'links:read',
      'links:write',
      'users:read',
      'users:read.email',
    ]);
  });

  test('names one address for everything, and none for Socket Mode', () => {
    const http = JSON.stringify(slackManifest({ ...options, publicUrl: 'https://usher.example/' }));
    expect(http.match(/https:\/\/usher\.example\/slack\/events/g)).toHaveLength(4);
    expect(JSON.stringify(slackManifest({ ...options, socketMode: true }))).not.toContain('https://');
  });

  test.each([
    ['no address', { publicUrl: null, socketMode: true }],
    ['an address of this machine', { publicUrl: 'http://127.0.0.1:3978', socketMode: true }],
  ])('with %s it asks for nothing that links need, for Slack wants a domain', (_name, more) => {
    const manifest = slackManifest({ ...options, ...more });
    expect(problems(manifest)).toEqual([]);
    expect(JSON.stringify(manifest)).not.toMatch(/link|unfurl/);
    const named = JSON.stringify(slackManifest({ ...options, publicUrl: 'https://usher.example:8443' }));
    expect(named).toContain('"unfurl_domains":["usher.example"]');
    expect(named).toMatch(/"links:read".*"links:write".*"link_shared"/);
  });

  test('subscribes to the events that the listeners know, and every method that is called has its scope', () => {
    const folder = join(root, 'src/channels/slack');
    const source = readdirSync(folder)
      .map((file) => readFileSync(join(folder, file), 'utf8'))
      .join('\n');
    // One listener knows the events; what it has no case for it passes over.
    const listener = /const event = objectAt[\s\S]*?default:/.exec(source)?.[0] ?? '';
    const known = [...listener.matchAll(/case '(\w+)'/g)].map(([, name]) => name);
    expect(known.toSorted()).toEqual(EVENTS.map((event) => event.replace(/\..*/, '')).toSorted());
    const called = new Set(
      [...source.matchAll(/(?:\.call|\.look|\[how\])\('([a-zA-Z.]+)'/g)].map((match) => match[1] ?? ''),
    );
    const scopes: Record<string, keyof typeof SCOPES | null> = {
      'auth.test': null,
      'bots.info': 'users:read',
      'users.info': 'users:read',
      'users.lookupByEmail': 'users:read.email',
      'conversations.open': 'im:write',
      'chat.postMessage': 'chat:write',
      'chat.postEphemeral': 'chat:write',
      'chat.update': 'chat:write',
      'chat.delete': 'chat:write',
      'chat.unfurl': 'links:write',
      'conversations.history': 'im:history',
      'views.open': null,
      'views.update': null,
    };
    expect([...called].sort()).toEqual(Object.keys(scopes).sort());
    for (const scope of Object.values(scopes)) if (scope !== null) expect(SCOPES).toHaveProperty([scope]);
  });
});
