// How Slack's Web API is fetched: what comes back is bounded in time and size, redirects lead nowhere, and a wait that Slack names
// is understood in every form that HTTP allows. The SDK bounds nothing of a body, and takes whole seconds only.

import { readAnswer } from '../../chat/body';

/** A fetch for the SDK. The deadline covers the body as well; `now` is the clock that dates are compared with. */
export function boundedFetch(deadlineMs: number, now: () => number): typeof fetch {
  return async (input, init) => {
    const deadline = AbortSignal.timeout(deadlineMs);
    const signal = init?.signal ? AbortSignal.any([deadline, init.signal]) : deadline;
    const response = await fetch(input, { ...init, redirect: 'error', signal });
    const body = await readAnswer(response);
    const headers = new Headers(response.headers);
    // Said of the bytes on the wire, which were unpacked by now.
    headers.delete('content-encoding');
    headers.delete('content-length');
    if (response.status === 429) headers.set('retry-after', String(seconds(headers.get('retry-after'), now())));
    return new Response(body.byteLength === 0 ? null : body, { status: response.status, headers });
  };
}

/** Whole seconds, never too few; 0 where none can be told. */
function seconds(value: string | null, now: number): number {
  if (value === null) return 0;
  if (/^\d{1,9}(\.\d+)?$/.test(value)) return Math.ceil(Number(value));
  // Only what looks like a date: "-5" would be one, too.
  const until = /^[A-Z]/i.test(value) ? Date.parse(value) : NaN;
  return Number.isNaN(until) ? 0 : Math.max(0, Math.ceil((until - now) / 1000));
}
