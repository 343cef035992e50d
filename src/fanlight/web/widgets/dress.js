// How does a widget look? A figure with a caption, and rules that a strict policy lets in: a style sheet that is built, not
// written into the page. Colours are the page's variables where it has them, and follow the visitor's system where not.

import { UnknownNameError } from '../errors.js';
import { element } from '../page/dom.js';

const LIGHT = { ink: '#15171c', soft: '#5a5f6b', line: '#dcdcd6', edge: '#8b8f99', surface: '#fff', sunk: '#f0f0ec', accent: '#2f4bd8', 'on-accent': '#fff', second: '#b35c00' };
const DARK = { ink: '#f1f2f5', soft: '#a3a9b6', line: '#2b303a', edge: '#767d8b', surface: '#16191f', sunk: '#1e222a', accent: '#93a4ff', 'on-accent': '#0d0f13', second: '#ffb25c' };
const variables = (/** @type {Record<string, string>} */ colours) => Object.entries(colours).map(([name, colour]) => `--w-${name}: var(--${name}, ${colour});`).join('');

const SHEET = `
.fanlight-widget { ${variables(LIGHT)} margin: 0; min-width: 0; display: grid; grid-template-columns: minmax(0, 1fr); gap: 10px; color: var(--w-ink); font-size: 0.9375rem; line-height: 1.4; }
@media (prefers-color-scheme: dark) { .fanlight-widget { ${variables(DARK)} } }
.fanlight-widget figcaption { font-weight: 620; font-size: 1.0625rem; }
.fanlight-widget p { margin: 0; color: var(--w-soft); }
.fanlight-widget .charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 300px), 1fr)); gap: 20px; }
.fanlight-widget svg { display: block; width: 100%; overflow: visible; font: 12px system-ui, sans-serif; }
.fanlight-widget .chart { height: 240px; }
.fanlight-widget svg text { fill: var(--w-soft); font-variant-numeric: tabular-nums; }
.fanlight-widget svg .title { fill: var(--w-ink); font-weight: 600; font-size: 14px; }
.fanlight-widget .rule { stroke: var(--w-line); }
.fanlight-widget .axis { stroke: var(--w-edge); }
.fanlight-widget polyline { fill: none; stroke-width: 2.25; stroke-linejoin: round; stroke-linecap: round; }
.fanlight-widget .one { stroke: var(--w-accent); }
.fanlight-widget .two { stroke: var(--w-second); stroke-dasharray: 7 5; }
.fanlight-widget .bar { fill: var(--w-accent); }
.fanlight-widget .scroll { overflow: auto; max-height: 26em; border: 1px solid var(--w-line); border-radius: 10px; position: relative; }
.fanlight-widget .scroll:focus-visible { outline: 3px solid var(--w-accent); outline-offset: 2px; }
.fanlight-widget table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
.fanlight-widget th, .fanlight-widget td { padding: 7px 12px; text-align: left; font-weight: 400; vertical-align: top; border-bottom: 1px solid var(--w-line); }
.fanlight-widget thead th { position: sticky; top: 0; z-index: 1; background: var(--w-sunk); color: var(--w-soft); font-size: 0.8125rem; white-space: nowrap; }
.fanlight-widget tbody tr:last-child > * { border-bottom: 0; }
.fanlight-widget tfoot th, .fanlight-widget tfoot td { border-top: 1px solid var(--w-edge); border-bottom: 0; font-weight: 620; }
.fanlight-widget tbody th { overflow-wrap: anywhere; min-width: 9em; }
.fanlight-widget .number { text-align: right; white-space: nowrap; }
.fanlight-widget small { display: block; color: var(--w-soft); font-size: 0.8125rem; }
.fanlight-widget select, .fanlight-widget button { font: inherit; color: var(--w-ink); background-color: var(--w-surface); border: 1px solid var(--w-edge); border-radius: 10px; min-height: 44px; padding: 8px 14px; max-width: 100%; }
.fanlight-widget button { justify-self: start; cursor: pointer; font-weight: 560; }
.fanlight-widget button:disabled { color: var(--w-soft); background: var(--w-sunk); border-color: transparent; cursor: default; }
.fanlight-widget label { display: grid; gap: 4px; max-width: 26em; color: var(--w-soft); }
.fanlight-widget.confusion .scroll { max-height: none; justify-self: start; max-width: 100%; }
.fanlight-widget.confusion table { width: auto; }
.fanlight-widget.confusion thead th { position: static; white-space: normal; max-width: 9em; overflow-wrap: break-word; vertical-align: bottom; text-align: center; }
.fanlight-widget.confusion thead th:first-child { text-align: left; white-space: nowrap; }
.fanlight-widget.confusion td { text-align: center; min-width: 3.6em; border: 1px solid var(--w-line); background: color-mix(in srgb, var(--w-shade) calc(100% * var(--share, 0)), var(--w-surface)); }
.fanlight-widget.confusion td { --w-shade: var(--w-second); }
.fanlight-widget.confusion td.right { --w-shade: var(--w-accent); }
.fanlight-widget.confusion td.strong { color: var(--w-on-accent); }
.fanlight-widget .share { display: block; height: 6px; margin-top: 5px; border-radius: 3px; background: linear-gradient(var(--w-accent) 0 0) 0 / calc(100% * var(--share, 0)) no-repeat var(--w-sunk); }
`;

/** @type {CSSStyleSheet | undefined} */
let sheet;

/** A figure in `place`, dressed. @param {Element | string} place an element, or a selector of one @param {string} kind @param {string} title @returns {HTMLElement} */
export function dress(place, kind, title) {
  const found = typeof place === 'string' ? document.querySelector(place) : place;
  if (!(found instanceof Element)) throw new UnknownNameError(`${kind}: expected an element or a selector of one, got ${place}`);
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(SHEET);
  }
  if (!document.adoptedStyleSheets.includes(sheet)) document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  const root = element('figure', { class: `fanlight-widget ${kind}` }, element('figcaption', {}, title));
  found.append(root);
  return root;
}

/** Something wide that scrolls inside its own frame, with keys too. @param {string} label @param {...Node} content */
export const scroller = (label, ...content) => element('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': label }, ...content);

/** A name that may be broken after its underscores. @param {string} name */
export const broken = (name) => name.split(/(?<=_)/).flatMap((part, k) => (k ? [document.createElement('wbr'), part] : [part]));

/** A row of a table. @param {'td' | 'th'} first what its first cell is @param {(string | Node)[]} cells @param {boolean[]} [numbers] which of them are */
export const rowOf = (first, cells, numbers = []) => element('tr', {}, ...cells.map((cell, k) => {
  const isHead = first === 'th' && !k;
  return element(isHead ? 'th' : 'td', { ...(isHead ? { scope: 'row' } : {}), ...(numbers[k] ? { class: 'number' } : {}) }, cell);
}));

/** The head of a table. @param {string[]} names @param {boolean[]} [numbers] which columns hold numbers */
export const headOf = (names, numbers = []) => element('thead', {}, element('tr', {}, ...names.map((name, k) =>
  element('th', { scope: 'col', ...(numbers[k] ? { class: 'number' } : {}) }, name))));
