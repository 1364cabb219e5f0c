// What the official parser and the published schema (microsoft/AdaptiveCards, schemas/1.5.0, MIT) say of an Adaptive Card.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv';
import draft06 from 'ajv/dist/refs/json-schema-draft-06.json';
import type * as AdaptiveCards from 'adaptivecards';

// The package's main file is ESM that Node cannot load; the bundle can be (microsoft/AdaptiveCards#9155).
const { AdaptiveCard, HostConfig, SerializationContext, Version } = jest.requireActual<typeof AdaptiveCards>(
  'adaptivecards/dist/adaptivecards.js',
);

/** What the official renderer's parser finds wrong with a card, at the version that the card declares. */
export function parserFindings(json: { readonly version: string }): string[] {
  const version = Version.parse(json.version, new SerializationContext());
  if (version === undefined) return ['no version'];
  const card = new AdaptiveCard();
  card.version = version;
  // Teams shows six buttons of a bar, the renderer's own default is five.
  card.hostConfig = new HostConfig({ actions: { maxActions: 6 } });
  const context = new SerializationContext(version);
  card.parse(json, context);
  const events = Array.from({ length: context.eventCount }, (_, index) => context.getEventAt(index));
  return [...events, ...card.validateProperties().validationEvents].map((event) => event.message);
}

const schema = JSON.parse(readFileSync(join(__dirname, 'schemas/adaptive-card-1.5.0.json'), 'utf8')) as Record<
  string,
  unknown
>;
// The published schema is draft-06 and names itself by an `id` that draft-06 does not know.
delete schema['id'];
const ajv = new Ajv({ strict: false, validateFormats: false });
ajv.addMetaSchema(draft06);
const valid = ajv.compile(schema);

/** What the published schema of 1.5 finds, without what Teams adds to it. */
export function schemaFindings(json: object): string[] {
  const teams = (key: string, value: unknown): boolean =>
    key === 'msteams' || key === 'choices.data' || (key === 'style' && value === 'filtered');
  const bare = JSON.parse(
    JSON.stringify(json, (key, value: unknown) => (teams(key, value) ? undefined : value)),
  ) as object;
  return valid(bare) ? [] : (valid.errors ?? []).map((error) => `${error.instancePath} ${error.message ?? ''}`);
}
