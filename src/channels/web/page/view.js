// Which form of the cards is shown: as in Teams, as in Slack, or both. Wide windows begin with both, narrow ones have one.
const KEY = 'usher-view';
const NARROW = '(max-width: 1080px)';

/** Joins the radio buttons of the header with the attribute that the styles read. */
export function bindView() {
  const narrow = window.matchMedia(NARROW);
  const buttons = /** @type {HTMLInputElement[]} */ ([...document.querySelectorAll('input[name=view]')]);
  const apply = () => {
    const wanted = localStorage.getItem(KEY) ?? 'both';
    const view = wanted === 'both' && narrow.matches ? 'teams' : wanted;
    document.documentElement.dataset.view = view;
    for (const button of buttons) {
      button.checked = button.value === view;
      if (button.value === 'both') button.disabled = narrow.matches;
    }
  };
  for (const button of buttons)
    button.addEventListener('change', () => {
      localStorage.setItem(KEY, button.value);
      apply();
    });
  narrow.addEventListener('change', apply);
  apply();
}
