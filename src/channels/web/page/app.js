// Joins the parts of the page: state from the server, events from the server, acts of the person, what an answer shows.
import { api, ApiError, listen } from './api.js';
import { createComposer } from './composer.js';
import { createConversation } from './conversation.js';
import { createForm } from './form.js';
import { createPersonas } from './personas.js';
import { avatar, byId, h } from './dom.js';
import { drawEmpty } from './empty.js';
import { announce, clearToasts, toast } from './notices.js';
import { bindView } from './view.js';

/** @typedef {import('./api.js').WireReply} WireReply @typedef {import('./api.js').State} State */

/** @type {State} */
let state = {
  labels: { product: 'Usher', organization: '', suggestions: [] },
  token: '',
  me: null,
  personas: [],
  unread: {},
  messages: [],
  more: false,
};
const me = () => state.personas.find((persona) => persona.key === state.me) ?? null;

const conversation = createConversation({
  press: (message, press, busy) => {
    const body = { ...press, card: message.card?.id ?? null, message: message.id, inForm: false };
    void act(
      (delivery) => api.press({ ...body, delivery }),
      busy,
      (reply) => showReply(reply, { message: message.id }),
    );
  },
  submit: (message, values, busy, errors) => {
    const { submit = null, draft = null } = message.card ?? {};
    if (submit === null) return;
    const body = { ...submit, draft, values, message: message.id, inForm: false };
    void act(
      (delivery) => api.submit({ ...body, delivery }),
      busy,
      (reply) => {
        if (reply.kind === 'errors') errors(reply.fields ?? {});
        if (reply.kind === 'errors' && reply.say) toast(reply.say);
        else showReply(reply, { message: message.id });
      },
    );
  },
  search: (draft, search, query, values) => api.search({ draft, search, query, values }),
  earlier: (before) => api.messages(before),
  product: () => state.labels.product,
  me,
});

const form = createForm({
  act: (what, open, busy) => {
    const { card, message } = open;
    const send =
      what.kind === 'press'
        ? (/** @type {string} */ delivery) =>
            api.press({ ...what.press, card: card.id, message, inForm: true, delivery })
        : (/** @type {string} */ delivery) =>
            api.submit({ ...card.submit, draft: card.draft, values: what.values, message, inForm: true, delivery });
    void act(send, busy, (reply) => {
      if (reply.kind === 'errors' && form.isOpen(open))
        form.showErrors(reply.fields ?? {}, reply.say ?? null, reply.form ?? null);
      else showReply(reply, { message, form: open });
    });
  },
  search: (draft, search, query, values) => api.search({ draft, search, query, values }),
  abandoned: (open) => {
    const again = h('button', { type: 'button', class: 'link' }, 'Open it again');
    const line = h('p', { class: 'aside' }, 'Form closed, nothing was sent. ', again);
    again.addEventListener('click', () => {
      line.remove();
      form.show(open);
    });
    conversation.aside(line);
  },
  product: () => state.labels.product,
});

const personas = createPersonas({ choose: (key) => void become(key) });
const composer = createComposer({ say: (text) => void say(text), said: () => conversation.said() });

/** Another tab of this browser changed the persona: the cookie is the browser's, so this tab follows. */
const tabs = new BroadcastChannel('usher-persona');
tabs.addEventListener('message', () => void refresh('another tab'));

// --- acts

/** @param {string} text */
async function say(text) {
  const delivery = crypto.randomUUID();
  const arrived = conversation.saying(text);
  const done = conversation.wait();
  empty();
  try {
    const { said, reply } = await api.say({ delivery, text });
    conversation.put(said);
    showReply(reply, { message: null });
  } catch (error) {
    composer.giveBack(text);
    fail(error, null);
  } finally {
    arrived();
    done();
    empty();
  }
}

/**
 * One act with its own delivery key; trying again keeps the key, so that it can happen only once.
 * @param {(delivery: string) => Promise<WireReply>} send
 * @param {(waiting: boolean) => void} busy
 * @param {(reply: WireReply) => void} answered
 */
async function act(send, busy, answered, delivery = crypto.randomUUID()) {
  const done = conversation.wait();
  busy(true);
  try {
    const reply = await send(delivery);
    busy(false);
    answered(reply);
  } catch (error) {
    busy(false);
    fail(error, () => void act(send, busy, answered, delivery));
  } finally {
    done();
  }
}

/**
 * @param {WireReply} reply
 * @param {{ message: string | null, form?: import('./form.js').OpenForm }} from
 */
function showReply(reply, from) {
  const inOpenForm = from.form !== undefined && form.isOpen(from.form);
  switch (reply.kind) {
    case 'form':
      if (reply.card && (from.form === undefined || inOpenForm)) form.show({ card: reply.card, message: from.message });
      break;
    case 'card':
      if (reply.message) {
        received(reply.message);
        if (inOpenForm) form.done();
      } else if (reply.card && inOpenForm) form.show({ card: reply.card, message: from.message });
      break;
    case 'text':
      if (reply.message) received(reply.message);
      else toast(reply.say ?? '');
      if (inOpenForm) form.done();
      return;
    case 'none':
      if (inOpenForm) form.done();
      break;
    default:
      break;
  }
  if (reply.say) toast(reply.say);
}

/** @param {import('./api.js').WireMessage} message */
function received(message) {
  const what = conversation.put(message);
  empty();
  if (what === 'same') return;
  if (message.direction === 'out')
    announce(`${what === 'changed' ? 'Changed: ' : ''}${message.card?.summary ?? message.text ?? ''}`);
  read();
}

/** @param {unknown} error @param {(() => void) | null} again */
function fail(error, again) {
  const code = error instanceof ApiError ? error.code : 'failed';
  if (code === 'token' || code === 'persona') void refresh('stale');
  else if (code === 'offline') toast('The server did not answer. Nothing is known to have changed.', again);
  else if (error instanceof ApiError && error.say !== null) toast(error.say, again);
  else toast('That did not work. Try again.', again);
  if (!(error instanceof ApiError)) console.error(error);
}

// --- state

/** @param {string} key */
async function become(key) {
  if (key === state.me) {
    composer.focus();
    return;
  }
  form.done();
  clearToasts();
  byId('main').setAttribute('aria-busy', 'true');
  try {
    show(await api.persona(key), false);
    tabs.postMessage(key);
    events.reopen();
    announce(`You are ${me()?.name ?? ''}`);
    composer.focus();
    follow();
  } catch (error) {
    fail(error, () => void become(key));
  } finally {
    byId('main').removeAttribute('aria-busy');
  }
}

/** Asks for everything again. @param {'start' | 'line' | 'stale' | 'another tab'} why */
async function refresh(why) {
  const before = state.me;
  try {
    const next = await api.state();
    const other = next.me !== before;
    if (other) form.done();
    show(next, !other && why !== 'start');
    if (other && why !== 'start') {
      events.reopen();
      const name = me()?.name;
      toast(name === undefined ? 'Pick somebody to go on.' : `This browser now speaks as ${name}.`);
    } else if (why === 'stale') toast('The page was out of date and is fresh now. Try again.');
  } catch (error) {
    if (why !== 'line') fail(error, () => void refresh(why));
  }
}

/** @param {State} next @param {boolean} keep */
function show(next, keep) {
  state = next;
  const person = me();
  document.documentElement.classList.add('ready');
  byId('brand-name').textContent = state.labels.product;
  byId('brand-note').textContent = state.labels.organization;
  personas.show(state.personas, state.me, state.labels.organization);
  unread(state.unread);
  const who = byId('who');
  who.replaceChildren();
  if (person === null) who.append(h('h1', { class: 'who-name' }, state.labels.product));
  else {
    const place = [person.title, person.department, person.organization].filter(Boolean).join(' · ');
    who.append(
      avatar(person),
      h(
        'div',
        { class: 'who-text' },
        h('h1', { class: 'who-name', title: person.name }, person.name),
        h('p', { class: 'who-place', title: place }, place),
      ),
    );
  }
  composer.suggest(state.labels.suggestions);
  composer.speakAs(person?.name ?? null);
  conversation.reset(state.messages, state.more, keep);
  empty();
  read();
}

/** What stands where there are no messages. */
function empty() {
  const place = byId('empty');
  place.hidden = !conversation.isEmpty();
  if (!place.hidden)
    drawEmpty(place, {
      product: state.labels.product,
      me: me(),
      personas: state.personas,
      choose: (key) => void become(key),
      all: () => personas.ask(),
    });
}

/** @param {Record<string, number>} counts */
function unread(counts) {
  state.unread = counts;
  const total = personas.unread(counts);
  document.title = `${total > 0 ? `(${total}) ` : ''}${state.labels.product}`;
}

/** What is on the screen is read. */
function read() {
  const last = conversation.lastOut();
  if (state.me === null || last === null || document.hidden || !((state.unread[state.me] ?? 0) > 0)) return;
  state.unread = { ...state.unread, [state.me]: 0 };
  api.read(last).catch(() => undefined);
}
document.addEventListener('visibilitychange', read);

// --- events

const line = byId('line');
let broken = false;
const events = listen(
  {
    hello: ({ persona }) => {
      // Until the first state is there it is on its way, and who was picked before is no news.
      if (broken || (state.token !== '' && persona !== state.me)) void refresh('line');
      broken = false;
    },
    message: received,
    changed: received,
    unread: (counts) => {
      unread(counts);
      read();
    },
  },
  (what) => {
    if (what === 'open') line.hidden = true;
    else {
      broken = true;
      line.hidden = false;
      line.replaceChildren(
        ...(what === 'broken'
          ? [h('span', { class: 'spinner', 'aria-hidden': 'true' }), 'Reconnecting…']
          : [
              'Paused, because this page is open in many tabs. ',
              h('button', { type: 'button', class: 'link', onclick: () => events.reopen() }, 'Resume here'),
            ]),
      );
    }
  },
);

// The link to a package: whoever is picked asks for it, once.
let linked = /^\/go\/([0-9a-z]{20})$/.exec(location.pathname)?.[1] ?? null;

function follow() {
  if (linked === null || state.me === null) return;
  const code = linked;
  linked = null;
  history.replaceState(null, '', '/');
  void say(`request ${code}`);
}

bindView();
void refresh('start').then(follow);
