// Light, dark or as the system: set before the first paint, so this one is a plain script in the head.
(() => {
  const KEY = 'usher-theme';
  const root = document.documentElement;
  const themes = ['system', 'light', 'dark'];
  const read = () => {
    const stored = localStorage.getItem(KEY) ?? 'system';
    return themes.includes(stored) ? stored : 'system';
  };
  const apply = (/** @type {string} */ theme) => {
    if (theme === 'system') delete root.dataset.theme;
    else root.dataset.theme = theme;
  };
  apply(read());

  /** Gives the button its state and moves to the next theme with each click. */
  const bind = (/** @type {HTMLButtonElement} */ button) => {
    const show = () => {
      const theme = read();
      button.dataset.theme = theme;
      button.setAttribute('aria-label', `Theme: ${theme}. Change`);
      button.title = `Theme: ${theme}`;
    };
    button.addEventListener('click', () => {
      const next = themes[(themes.indexOf(read()) + 1) % themes.length] ?? 'system';
      localStorage.setItem(KEY, next);
      apply(next);
      show();
    });
    show();
  };
  document.addEventListener('DOMContentLoaded', () => {
    const button = document.getElementById('theme');
    if (button instanceof HTMLButtonElement) bind(button);
  });
})();
