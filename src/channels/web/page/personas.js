// The list of people that one may be: grouped by organization and department, filtered as one types, walked with the arrow
// keys (one tab stop). On a phone it is a sheet over the conversation.
import { avatar, byId, h } from './dom.js';

/**
 * @typedef {import('./api.js').Persona} Persona
 * @param {{ choose: (key: string) => void }} host
 */
export function createPersonas(host) {
  const sheet = byId('people');
  const main = byId('main');
  const list = byId('persona-list');
  const filter = /** @type {HTMLInputElement} */ (byId('filter'));
  const none = byId('no-match');
  const opener = byId('open-people');
  const phone = window.matchMedia('(max-width: 760px)');
  /** @type {Persona[]} */
  let people = [];
  /** The organization of the installation comes first. */
  let home = '';
  /** @type {string | null} */
  let me = null;
  /** @type {Map<string, { option: HTMLElement, badge: HTMLElement, text: string }>} */
  const rows = new Map();

  const visible = () => [...rows.values()].map((row) => row.option).filter((option) => !option.hidden);
  /** Exactly one option can be reached by Tab. @param {HTMLElement | undefined} option */
  const rove = (option) => {
    for (const { option: other } of rows.values()) other.tabIndex = other === option ? 0 : -1;
  };

  const draw = () => {
    rows.clear();
    const groups = Map.groupBy(
      [...people].sort(
        (a, b) =>
          Number(b.organization === home) - Number(a.organization === home) ||
          a.organization.localeCompare(b.organization) ||
          (a.department ?? '').localeCompare(b.department ?? '') ||
          a.name.localeCompare(b.name),
      ),
      (person) => JSON.stringify([person.organization, person.department]),
    );
    const organizations = new Set(people.map((person) => person.organization));
    list.replaceChildren(
      ...[...groups.values()].map((members) => {
        const { organization, department } = members[0] ?? { organization: '', department: null };
        const several = organizations.size > 1;
        const name = [several || department === null ? organization : null, department]
          .filter((part) => part !== null)
          .join(' · ');
        return h(
          'div',
          { role: 'group', 'aria-label': name, class: 'persona-group' },
          h('p', { class: 'group-name', 'aria-hidden': 'true', title: name }, name),
          members.map(row),
        );
      }),
    );
    narrow();
  };

  /** @param {Persona} person */
  const row = (person) => {
    const badge = h('span', { class: 'badge', hidden: true });
    const option = h(
      'div',
      {
        role: 'option',
        class: 'persona',
        'data-key': person.key,
        title: person.name,
        onclick: () => choose(person.key),
      },
      avatar(person),
      h(
        'span',
        { class: 'persona-text' },
        h('span', { class: 'persona-name' }, person.name),
        person.title === null ? null : h('span', { class: 'persona-title' }, person.title),
        person.note === null ? null : h('span', { class: 'persona-note' }, person.note),
      ),
      badge,
    );
    const text = [person.name, person.title, person.department, person.organization, person.note]
      .join(' ')
      .toLocaleLowerCase();
    rows.set(person.key, { option, badge, text });
    return option;
  };

  const select = () => {
    for (const [key, { option }] of rows) option.setAttribute('aria-selected', String(key === me));
    const own = me === null ? undefined : rows.get(me)?.option;
    const candidates = visible();
    rove(own !== undefined && candidates.includes(own) ? own : candidates[0]);
  };

  const narrow = () => {
    const words = filter.value.toLocaleLowerCase().split(/\s+/u).filter(Boolean);
    for (const { option, text } of rows.values()) option.hidden = !words.every((word) => text.includes(word));
    for (const group of list.children)
      if (group instanceof HTMLElement) group.hidden = group.querySelector('.persona:not([hidden])') === null;
    none.hidden = visible().length > 0;
    none.textContent = people.length === 0 ? 'There is nobody yet.' : 'Nobody matches.';
    select();
  };

  /** @param {string} key */
  const choose = (key) => {
    close();
    if (filter.value !== '') {
      filter.value = '';
      narrow();
    }
    host.choose(key);
  };

  const open = () => {
    sheet.classList.add('open');
    opener.setAttribute('aria-expanded', 'true');
    main.inert = true;
    filter.focus();
  };
  const close = () => {
    if (!sheet.classList.contains('open')) return;
    sheet.classList.remove('open');
    opener.setAttribute('aria-expanded', 'false');
    main.inert = false;
    opener.focus();
  };

  filter.addEventListener('input', narrow);
  filter.addEventListener('keydown', (event) => {
    const first = visible()[0];
    if (event.key === 'ArrowDown' && first !== undefined) {
      event.preventDefault();
      rove(first);
      first.focus();
    } else if (event.key === 'Enter' && first?.dataset.key !== undefined && filter.value.trim() !== '') {
      event.preventDefault();
      choose(first.dataset.key);
    } else if (event.key === 'Escape' && filter.value !== '') {
      event.stopPropagation();
      filter.value = '';
      narrow();
    }
  });
  list.addEventListener('keydown', (event) => {
    const options = visible();
    const at = options.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    if (at < 0) return;
    const to = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      Home: 0,
      End: options.length - 1,
      PageDown: at + 8,
      PageUp: at - 8,
    }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      if (event.key === 'ArrowUp' && at === 0) {
        filter.focus();
        return;
      }
      const option = options[Math.max(0, Math.min(options.length - 1, to))];
      rove(option);
      option?.focus();
    } else if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      const key = options[at]?.dataset.key;
      if (key !== undefined) choose(key);
    } else if (event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey) filter.focus();
  });
  opener.addEventListener('click', open);
  byId('close-people').addEventListener('click', close);
  byId('veil').addEventListener('click', close);
  sheet.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') close();
  });
  phone.addEventListener('change', close);

  return {
    /** @param {Persona[]} next @param {string | null} chosen @param {string} organization */
    show(next, chosen, organization) {
      me = chosen;
      home = organization;
      if (JSON.stringify(next) === JSON.stringify(people)) select();
      else {
        people = next;
        draw();
      }
      rows.get(me ?? '')?.option.scrollIntoView({ block: 'nearest' });
    },
    /** Counts per persona; the one that is shown has none, because it is being read. @param {Record<string, number>} counts */
    unread(counts) {
      let total = 0;
      for (const [key, { badge, option }] of rows) {
        const count = key === me ? 0 : (counts[key] ?? 0);
        total += count;
        badge.hidden = count === 0;
        badge.textContent = count > 99 ? '99+' : String(count);
        badge.setAttribute('aria-label', `${count} unread`);
        option.classList.toggle('has-unread', count > 0);
      }
      const sum = byId('unread-total');
      sum.hidden = total === 0;
      sum.textContent = total > 99 ? '99+' : String(total);
      sum.setAttribute('aria-label', `${total} unread for others`);
      return total;
    },
    /** Opens the sheet where there is one, else moves to the filter. */
    ask() {
      if (phone.matches) open();
      else filter.focus();
    },
  };
}
