// What stands where there are no messages yet: people to pick from, or how to begin.
import { avatar, h } from './dom.js';

/** How many people are offered before the whole list. */
const OFFERED = 6;

/**
 * @typedef {import('./api.js').Persona} Persona
 * @param {HTMLElement} place
 * @param {{ product: string, me: Persona | null, personas: Persona[], choose: (key: string) => void, all: () => void }} now
 */
export function drawEmpty(place, { product, me, personas, choose, all }) {
  const mark = h('span', { class: 'bot-avatar large', 'aria-hidden': 'true' });
  if (me !== null) {
    place.replaceChildren(
      mark,
      h('h2', {}, 'Nothing said yet'),
      h('p', {}, `Everything ${product} tells ${me.name} appears here. Say “hi”, or use one of the suggestions below.`),
    );
    return;
  }
  if (personas.length === 0) {
    place.replaceChildren(
      mark,
      h('h2', {}, 'Nobody is here yet'),
      h('p', {}, 'This demo has no people. Apply a file that names some, then load the page again.'),
    );
    return;
  }
  const featured = personas.filter((persona) => persona.note !== null);
  const few = (featured.length > 0 ? featured : personas).slice(0, OFFERED);
  place.replaceChildren(
    mark,
    h('h2', {}, 'Who do you want to be?'),
    h(
      'p',
      {},
      'This is a demo: pick anybody, talk to the bot, then become the approver and decide. Every card is shown as in Teams and as in Slack.',
    ),
    h(
      'div',
      { class: 'picks' },
      few.map((persona) =>
        h(
          'button',
          { type: 'button', class: 'pick', onclick: () => choose(persona.key) },
          avatar(persona),
          h(
            'span',
            { class: 'persona-text' },
            h('span', { class: 'persona-name' }, persona.name),
            h('span', { class: 'persona-title' }, persona.note ?? persona.title ?? persona.organization),
          ),
        ),
      ),
    ),
  );
  if (personas.length > few.length)
    place.append(h('button', { type: 'button', class: 'link', onclick: all }, `All ${personas.length} people`));
}
