// From the page's request bodies to Inbound. Bodies are parsed once, here; what they do not declare is dropped.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Act, Inbound } from '../../chat/inbound';
import { readObject } from '../../chat/json';
import { Refusal } from './gate';

/** The one tenant of the page; personas are its accounts. */
export const TENANT = 'demo';

/** A chat identity that anybody at this computer may take. */
export interface Persona {
  /** User id of the identity on platform `web`. */
  readonly key: string;
  readonly name: string;
  readonly title: string | null;
  readonly department: string | null;
  readonly organization: string;
  /** What makes this person interesting: "approves Finance packages". */
  readonly note: string | null;
}

const id = z.string().min(1).max(200);
/** Names of the verb table and of searches. */
const word = z
  .string()
  .max(100)
  .regex(/^[A-Za-z][\w.-]*$/);
/** Made by the page for each click: a repeat after a lost answer carries the same one. */
const delivery = z.uuid();
const data = z.record(z.string().max(100), z.union([z.string().max(3000), z.number(), z.boolean(), z.null()]));

export const Bodies = {
  persona: z.object({ key: id }),
  say: z.object({ delivery, text: z.string().trim().min(1).max(3000) }),
  press: z.object({ delivery, verb: word, data, card: id.nullable(), message: id.nullable(), inForm: z.boolean() }),
  submit: z.object({
    delivery,
    verb: word,
    draft: id.nullable(),
    data,
    // A choice of several comes as one string; 25 uuids with commas are below this.
    values: z.record(z.string().max(100), z.string().max(4000)),
    message: id.nullable(),
    /** False for a form that stands in the conversation as a message. */
    inForm: z.boolean(),
  }),
  search: z.object({
    search: word,
    draft: id.nullable(),
    query: z.string().max(200),
    values: z.record(z.string().max(100), z.string().max(4000)).default({}),
  }),
  read: z.object({ upTo: id }),
};

/** A JSON body of this shape; anything else is refused without saying what was wrong with it. */
export function parseBody<T>(schema: z.ZodType<T>, contentType: string | undefined, body: Buffer): T {
  // Forms of other sites can send text/plain without asking first, never this.
  if (contentType?.split(';')[0]?.trim().toLowerCase() !== 'application/json') throw new Refusal(415, 'content-type');
  const parsed = schema.safeParse(readObject(body.toString('utf8')));
  if (!parsed.success) throw new Refusal(400, 'body');
  return parsed.data;
}

/** One act of a persona. The delivery key is the persona's own: nobody can repeat another's click. */
export function toInbound(persona: Persona, key: string, act: Act, message: string | null): Inbound {
  return {
    platform: 'web',
    tenant: TENANT,
    user: persona.key,
    delivery: `${persona.key}:${key}`,
    bodyHash: createHash('sha256').update(canonical({ act, message })).digest('hex'),
    profile: toProfile(persona),
    surface: { kind: 'personal', conversation: persona.key, message, serviceUrl: null, canOpenForm: true },
    act,
  };
}

/** What the page can vouch for. Time zone and language of the browser are not facts about the persona. */
export function toProfile(persona: Persona): NonNullable<Inbound['profile']> {
  return {
    name: persona.name,
    email: null,
    emailConfirmed: null,
    directoryKey: null,
    zone: null,
    locale: null,
    standing: 'member',
  };
}

/** JSON with sorted keys, so that the same content always has the same hash. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    typeof item === 'object' && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  );
}
