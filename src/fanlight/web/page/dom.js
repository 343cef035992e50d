// How are elements found and made, and numbers written? What every part of the page shares; it knows no model.

/** @template {Element} [T=HTMLElement] @param {string} id @returns {T} the element, which the page's HTML must have */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`expected an element with the id "${id}" in this page, got none`);
  return /** @type {any} */ (found);
}

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag @param {Record<string, string>} [attributes] @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/**
 * @template {keyof SVGElementTagNameMap} K
 * @param {K} tag @param {Record<string, string | number>} [attributes] @param {...(Node | string)} children
 * @returns {SVGElementTagNameMap[K]}
 */
export function shape(tag, attributes = {}, ...children) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, `${value}`);
  made.append(...children);
  return made;
}

/** @param {number} n */
export const percent = (n) => `${Math.round(100 * n)}%`;

/** @param {number} n a number for people: three digits that mean something */
export function short(n) {
  if (!Number.isFinite(n)) return '–';
  const size = Math.abs(n);
  if (size >= 1000) return Math.round(n).toLocaleString('en');
  return size >= 100 ? n.toFixed(0) : size >= 10 ? n.toFixed(1) : size >= 0.01 || !size ? n.toFixed(2) : n.toPrecision(1);
}

/** @param {number} n */
export const bytes = (n) => (n < 1000 ? `${n} bytes` : n < 1e6 ? `${short(n / 1000)} KB` : `${short(n / 1e6)} MB`);

/** A browser's clock may tick every 0.1 ms only: nothing was seen of what is quicker. @param {number} n milliseconds */
export const duration = (n) => (n < 1000 ? `${n < 0.095 ? n ? n.toPrecision(1) : '< 0.1' : short(n)} ms` : `${short(n / 1000)} s`);

/** Whether the visitor asked the system for less motion. */
export const isCalm = () => matchMedia('(prefers-reduced-motion: reduce)').matches;

/**
 * A function that asks for `work`: done at most once a frame and never twice at a time; asked for again while it runs,
 * it is done once more afterwards, so that the last word counts and stale ones are dropped.
 * @param {() => unknown} work
 */
export function latest(work) {
  let wanted = false, running = false;
  const turn = async () => {
    wanted = false;
    running = true;
    try {
      await work();
    } finally {
      running = false;
      if (wanted) requestAnimationFrame(turn);
    }
  };
  return () => {
    if (!wanted && !running) requestAnimationFrame(turn);
    wanted = true;
  };
}

/** Lets the screen be drawn before going on; a hidden tab draws nothing and goes on too. */
export const frame = () => new Promise((resolve) => {
  if (document.hidden) setTimeout(resolve);
  else requestAnimationFrame(() => setTimeout(resolve));
});
