// How does a plane of two numbers become a picture? The frame that every plot shares: round numbers along both axes, and
// the way between values and pixels. It knows no data.

import { ticks } from './chart.js';
import { shape } from './dom.js';

const LEFT = 48, RIGHT = 10, TOP = 10, BOTTOM = 44;

/** @typedef {{ low: number, high: number, name: string }} Axis */

/** @param {SVGSVGElement} svg @param {Axis} across @param {Axis} up */
export function frameOf(svg, across, up) {
  const { width, height } = svg.getBoundingClientRect();
  svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
  const inner = { left: LEFT, top: TOP, width: Math.max(1, width - LEFT - RIGHT), height: Math.max(1, height - TOP - BOTTOM) };
  const x = (/** @type {number} */ value) => LEFT + ((value - across.low) / (across.high - across.low)) * inner.width;
  const y = (/** @type {number} */ value) => TOP + inner.height - ((value - up.low) / (up.high - up.low)) * inner.height;
  const inside = (/** @type {Axis} */ { low, high }) => (/** @type {number} */ tick) => tick >= low && tick <= high;
  const parts = [];
  for (const tick of ticks(across.low, across.high, Math.max(4, width / 100)).filter(inside(across))) {
    parts.push(shape('line', { class: 'rule', x1: x(tick), x2: x(tick), y1: TOP, y2: TOP + inner.height }));
    parts.push(shape('text', { x: x(tick), y: height - BOTTOM + 18, 'text-anchor': 'middle' }, `${tick}`));
  }
  for (const tick of ticks(up.low, up.high, 5).filter(inside(up))) {
    parts.push(shape('line', { class: 'rule', x1: LEFT, x2: LEFT + inner.width, y1: y(tick), y2: y(tick) }));
    parts.push(shape('text', { x: LEFT - 8, y: y(tick) + 4, 'text-anchor': 'end' }, `${tick}`));
  }
  parts.push(shape('text', { x: LEFT + inner.width, y: height - 6, 'text-anchor': 'end' }, across.name));
  parts.push(shape('text', { x: LEFT + 6, y: TOP + 16 }, up.name));
  const back = {
    x: (/** @type {number} */ pixel) => across.low + ((pixel - LEFT) / inner.width) * (across.high - across.low),
    y: (/** @type {number} */ pixel) => up.low + ((TOP + inner.height - pixel) / inner.height) * (up.high - up.low),
  };
  return { parts, inner, x, y, back };
}

/** An axis with some room around the values. @param {number} low @param {number} high @param {string} name @returns {Axis} */
export function axis(low, high, name) {
  const room = 0.06 * (high - low || 1);
  return { low: low - room, high: high + room, name };
}
