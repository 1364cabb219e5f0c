// The conversation of one persona: messages by day, cards in both forms, changes in place. Scrolls only for somebody who
// is at the end already.
import { drawPanes } from './panes.js';
import { avatar, byId, dayName, h, timeOf } from './dom.js';

/** How far from the end still counts as being there. */
const NEAR = 120;

/**
 * @typedef {import('./api.js').WireMessage} WireMessage
 * @param {{
 *   press: (message: WireMessage, press: import('./api.js').Press, busy: (waiting: boolean) => void) => void,
 *   submit: (message: WireMessage, values: Record<string, string>, busy: (waiting: boolean) => void, errors: (fields: Record<string, string>) => void) => void,
 *   search: (draft: string | null, name: string, query: string, values: Record<string, string>) => Promise<any>,
 *   earlier: (before: string) => Promise<{ messages: WireMessage[], more: boolean }>,
 *   product: () => string,
 *   me: () => import('./api.js').Persona | null,
 * }} host
 */
export function createConversation(host) {
  const scroller = byId('scroller');
  const list = byId('messages');
  const earlier = /** @type {HTMLButtonElement} */ (byId('earlier'));
  const jump = byId('jump');
  const typing = byId('typing');
  /** @type {Map<string, { message: WireMessage, element: HTMLElement }>} */
  const shown = new Map();
  /** What was said and is not known to the server yet. @type {{ text: string, element: HTMLElement }[]} */
  let underWay = [];
  let waits = 0;

  const atEnd = () => scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR;
  const toEnd = (smooth = false) => {
    scroller.scrollTo({ top: scroller.scrollHeight, behavior: smooth ? 'smooth' : 'instant' });
    jump.hidden = true;
  };
  /** Goes to the end; a new message that is higher than the window is read from its top. @param {string} id @param {string} what */
  const show = (id, what) => {
    const element = shown.get(id)?.element;
    if (what === 'new' && element !== undefined && element.offsetHeight > scroller.clientHeight) {
      element.scrollIntoView({ block: 'start' });
      reading = false;
    } else toEnd();
  };
  jump.addEventListener('click', () => toEnd(true));
  /** Who reads the end stays there when the window, the shown form of the cards or a card itself changes its size. */
  let reading = true;
  scroller.addEventListener('scroll', () => {
    reading = atEnd();
    if (reading) jump.hidden = true;
  });
  const sizes = new ResizeObserver(() => {
    if (reading) toEnd();
  });
  for (const part of [scroller, list]) sizes.observe(part);

  /** @param {WireMessage} message */
  const draw = (message) => {
    const own = message.direction === 'in';
    const me = host.me();
    const name = own ? 'You' : host.product();
    const body = h('div', { class: 'message-body' });
    const element = h(
      'article',
      {
        class: own ? 'message own' : 'message',
        'aria-label': `${name}: ${message.text ?? message.card?.summary ?? ''}`,
        tabindex: '-1',
      },
      own && me !== null ? avatar(me) : h('span', { class: 'bot-avatar', 'aria-hidden': 'true' }),
      h(
        'div',
        { class: 'message-main' },
        h(
          'p',
          { class: 'message-head' },
          h('b', {}, name),
          timeOf(message.at),
          message.changedAt === null ? null : h('span', { class: 'changed' }, timeOf(message.changedAt, 'changed ')),
        ),
        body,
      ),
    );
    if (message.text !== null) body.append(h('p', { class: 'bubble' }, message.text));
    const card = message.card;
    if (card !== null) {
      const panes = drawPanes(
        card,
        {
          press: (press, busy) => host.press(message, press, busy),
          submit: (values, busy) => host.submit(message, values, busy, (fields) => panes.showErrors(fields)),
          search: (search, query, values) => host.search(card.draft, search, query, values),
          // A form that stands in the conversation is no dialog: there is nothing to close.
          close: null,
        },
        { product: host.product(), at: message.at },
      );
      body.append(panes.element);
      element.classList.add('has-card');
    }
    return element;
  };

  /** Day lines stand before the first message of each day. */
  const drawDays = () => {
    for (const line of list.querySelectorAll('.day')) line.remove();
    let last = '';
    for (const { message, element } of sorted()) {
      const name = dayName(new Date(message.at));
      if (name !== last) element.before(h('h2', { class: 'day' }, h('span', {}, name)));
      last = name;
    }
  };
  const sorted = () => [...shown.values()].sort((a, b) => compareIds(a.message.id, b.message.id));

  /** @param {WireMessage} message @returns {'new' | 'changed' | 'same'} */
  const put = (message) => {
    const known = shown.get(message.id);
    if (known !== undefined && JSON.stringify(known.message) === JSON.stringify(message)) return 'same';
    // A slower answer must not bring back what an event already changed.
    if (known !== undefined && (known.message.changedAt ?? '') > (message.changedAt ?? '')) return 'same';
    const element = draw(message);
    if (known !== undefined) {
      const focused = known.element.contains(document.activeElement) ? document.activeElement : null;
      known.element.replaceWith(element);
      shown.set(message.id, { message, element });
      if (focused !== null) refocus(element, focused);
      element.classList.add('just-changed');
      return 'changed';
    }
    if (message.direction === 'in') arrived(underWay.find(({ text }) => text === message.text));
    shown.set(message.id, { message, element });
    const after = sorted().find((other) => compareIds(other.message.id, message.id) > 0);
    if (after === undefined) list.append(element);
    else after.element.before(element);
    return 'new';
  };

  /** @param {{ text: string, element: HTMLElement } | undefined} one */
  const arrived = (one) => {
    one?.element.remove();
    underWay = underWay.filter((other) => other !== one);
  };

  earlier.addEventListener('click', () => {
    const first = sorted()[0];
    if (first === undefined) return;
    earlier.disabled = true;
    host
      .earlier(first.message.id)
      .then(({ messages, more }) => {
        const from = scroller.scrollHeight - scroller.scrollTop;
        for (const message of messages) put(message);
        drawDays();
        scroller.scrollTop = scroller.scrollHeight - from;
        earlier.hidden = !more;
      })
      .catch(() => undefined)
      .finally(() => {
        earlier.disabled = false;
      });
  });

  return {
    /** Another persona, or the same after a broken line. @param {WireMessage[]} messages @param {boolean} more @param {boolean} keep */
    reset(messages, more, keep) {
      const stay = keep && !atEnd();
      if (!keep) {
        shown.clear();
        underWay = [];
        list.replaceChildren();
      }
      for (const message of messages) put(message);
      if (!keep) earlier.hidden = !more;
      drawDays();
      if (!stay) toEnd();
    },
    /** @param {WireMessage} message */
    put(message) {
      const end = atEnd() || message.direction === 'in';
      const what = put(message);
      if (what === 'new') drawDays();
      if (what !== 'same' && end) show(message.id, what);
      else if (what === 'new') jump.hidden = false;
      return what;
    },
    /** A line that only this page shows, until the next reset. @param {HTMLElement} element */
    aside(element) {
      list.append(element);
      toEnd();
    },
    /**
     * Shows what was just said at once, in a lighter tone, until its message is there or what is returned is called.
     * @param {string} text
     */
    saying(text) {
      const at = new Date().toISOString();
      const element = draw({ id: '', direction: 'in', at, changedAt: null, text, card: null });
      element.classList.add('under-way');
      const one = { text, element };
      underWay.push(one);
      list.append(element);
      toEnd();
      return () => arrived(one);
    },
    /** The dots while an answer is on its way. */
    wait() {
      const end = atEnd();
      waits += 1;
      typing.hidden = false;
      if (end) toEnd();
      let ended = false;
      return () => {
        if (ended) return;
        ended = true;
        waits -= 1;
        typing.hidden = waits > 0 ? false : true;
      };
    },
    isEmpty: () => shown.size === 0 && underWay.length === 0,
    /** What the persona said, oldest first. */
    said: () =>
      sorted().flatMap(({ message }) => (message.direction === 'in' && message.text !== null ? [message.text] : [])),
    /** The newest message of the bot. */
    lastOut: () => sorted().findLast(({ message }) => message.direction === 'out')?.message.id ?? null,
    focusLast: () => sorted().at(-1)?.element.focus(),
    toEnd,
  };
}

/** Ids ascend; longer numbers are larger. @param {string} a @param {string} b */
function compareIds(a, b) {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}

/** Puts the focus where it was: the button of the same name, else the message. @param {HTMLElement} element @param {Element} focused */
function refocus(element, focused) {
  const side = focused.closest('.pane-slack') === null ? '.pane-teams' : '.pane-slack';
  const same = [...element.querySelectorAll(`${side} button`)].find(
    (button) => button.textContent === focused.textContent,
  );
  if (same instanceof HTMLElement && same.textContent !== '') same.focus();
  else element.focus();
}
