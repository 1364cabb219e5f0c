// What the card of a request has no room for, page by page.
import { z } from 'zod';
import type { Answer, Verb } from '../verb';
import { read } from '../verb';
import { requestOf } from './requests';

const page = z.object({ page: z.string().max(1500) });

const lists = (view: 'requestTimeline' | 'requestHolds'): Verb => ({
  kind: 'reads',
  opens: false,
  press: (_context, data) => {
    const cursor = read(page, data)?.page ?? null;
    const params = { request: requestOf(data), page: cursor };
    return Promise.resolve<Answer>({ view, params, place: cursor === null ? 'new' : 'replace' });
  },
});

export const listingVerbs = {
  'request.timeline': lists('requestTimeline'),
  'request.holds': lists('requestHolds'),
} as const satisfies Record<string, Verb>;
