// Speaks with the server of this page. Each act carries the token of the persona that this tab shows, so a tab that still
// shows somebody else is refused instead of acting in the wrong name.

/**
 * @typedef {{ key: string, name: string, title: string | null, department: string | null, organization: string, note: string | null }} Persona
 * @typedef {{ verb: string, data: Record<string, string | number | boolean | null> }} Press
 * @typedef {{ name: string, id: string | null, draft: string | null, summary: string, form: boolean, submit: Press | null, teams: any, slack: any }} WireCard
 * @typedef {{ id: string, direction: 'in' | 'out', at: string, changedAt: string | null, text: string | null, card: WireCard | null }} WireMessage
 * @typedef {{ title: string, value: string }} Choice
 * @typedef {{ kind: string, message?: WireMessage | null, card?: WireCard, say?: string | null, fields?: Record<string, string>, form?: WireCard, choices?: Choice[], more?: string | null }} WireReply
 * @typedef {{ product: string, organization: string, suggestions: { title: string, text: string }[] }} Labels
 * @typedef {{ labels: Labels, token: string, me: string | null, personas: Persona[], unread: Record<string, number>, messages: WireMessage[], more: boolean }} State
 */

/** `code` is the server's, or `offline` where it could not be reached. */
export class ApiError extends Error {
  /** @param {string} code @param {string | null} say */
  constructor(code, say = null) {
    super(code);
    this.code = code;
    this.say = say;
  }
}

let token = '';

/** @param {string} path @param {RequestInit} [init] */
async function call(path, init = {}) {
  /** @type {Response} */
  let response;
  try {
    response = await fetch(path, { credentials: 'same-origin', cache: 'no-store', ...init });
  } catch {
    throw new ApiError('offline');
  }
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new ApiError(typeof body.error === 'string' ? body.error : 'failed', body.say ?? null);
  return body;
}

/** @param {string} path @param {object} body */
function post(path, body) {
  return call(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-usher-token': token },
    body: JSON.stringify(body),
  });
}

/** @param {State} state */
function keepToken(state) {
  token = state.token;
  return state;
}

export const api = {
  /** @returns {Promise<State>} */
  state: () => call('/api/state').then(keepToken),
  /** @param {string} before @returns {Promise<{ messages: WireMessage[], more: boolean }>} */
  messages: (before) => call(`/api/messages?before=${encodeURIComponent(before)}`),
  /** @param {string} key @returns {Promise<State>} */
  persona: (key) => post('/api/persona', { key }).then(keepToken),
  /** @param {{ delivery: string, text: string }} body @returns {Promise<{ said: WireMessage, reply: WireReply }>} */
  say: (body) => post('/api/say', body),
  /** @param {object} body @returns {Promise<WireReply>} */
  press: (body) => post('/api/press', body).then((answer) => answer.reply),
  /** @param {object} body @returns {Promise<WireReply>} */
  submit: (body) => post('/api/submit', body).then((answer) => answer.reply),
  /** @param {{ search: string, draft: string | null, query: string, values: Record<string, string> }} body @returns {Promise<{ choices: Choice[], more: string | null }>} */
  search: (body) =>
    post('/api/search', body).then(({ reply }) =>
      reply.kind === 'choices' ? reply : { choices: [], more: reply.say ?? null },
    ),
  /** @param {string} upTo */
  read: (upTo) => post('/api/read', { upTo }),
};

/**
 * Listens to the server's events and comes back by itself after a broken line.
 * @param {Record<string, (data: any) => void>} on events by name
 * @param {(line: 'open' | 'broken' | 'paused') => void} onLine
 */
export function listen(on, onLine) {
  /** @type {EventSource | null} */
  let source = null;
  let wait = 500;
  /** @type {number | undefined} */
  let timer;
  const open = () => {
    clearTimeout(timer);
    source?.close();
    const own = new EventSource('/api/events');
    source = own;
    own.addEventListener('open', () => {
      wait = 500;
      onLine('open');
    });
    own.addEventListener('error', () => {
      onLine('broken');
      // EventSource tries again by itself after a broken line, but not after a refusal (a restarted server, for one).
      if (own.readyState !== EventSource.CLOSED) return;
      timer = setTimeout(open, wait);
      wait = Math.min(wait * 2, 10_000);
    });
    own.addEventListener('bye', () => {
      own.close();
      onLine('paused');
    });
    for (const [name, handle] of Object.entries(on))
      own.addEventListener(name, (event) => handle(JSON.parse(/** @type {MessageEvent} */ (event).data)));
  };
  open();
  return { reopen: open };
}
