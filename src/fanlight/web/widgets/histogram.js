// How are the weights spread? Bars over the values of one array at a time, with its mean, its spread, and how many are zero. As a
// callback of `fit` it follows the training.

import { UnknownNameError } from '../errors.js';
import { ticks } from '../page/chart.js';
import { element, latest, percent, shape, short } from '../page/dom.js';
import { dress } from './dress.js';

const BINS = 41;
const LEFT = 8, RIGHT = 8, TOP = 10, BOTTOM = 26;

/** @typedef {import('../types.d.ts').Model} Model */
/** @typedef {{ bins: number[], low: number, high: number, mean: number, deviation: number, least: number, most: number, zeros: number, count: number }} Spread */

/** @param {Element | string} place @param {Model} model @param {{ title?: string, name?: string }} [options] `name`: the array to begin with */
export async function weightHistogram(place, model, { title = 'Weights', name } = {}) {
  const slots = model.manifest.state.filter(({ role, dtype }) => (role === 'parameter' || role === 'statistic') && dtype === 'float32');
  if (!slots.length) throw new UnknownNameError(`weightHistogram: "${model.name}" has no weights that are float32`);
  const first = name ?? slots.find(({ trainable, shape: sides }) => trainable && sides.length > 1)?.name ?? slots[0].name;
  if (!slots.some((slot) => slot.name === first)) throw new UnknownNameError(`weightHistogram: expected one of ${slots.map((slot) => slot.name).join(', ')}, got ${first}`);
  const root = dress(place, 'weights', title);
  const list = element('select', {}, ...slots.map((slot) => element('option', { value: slot.name }, `${slot.name}  [${slot.shape.join(', ')}]`)));
  list.value = first;
  const svg = shape('svg', { class: 'chart', role: 'img' });
  const note = element('p');
  root.append(element('label', {}, 'Array', list), svg, note);
  /** @type {Spread | undefined} */
  let spread;
  const draw = () => {
    if (!spread) return;
    const { width, height } = svg.getBoundingClientRect();
    if (!width) return;
    const { bins, low, high } = spread;
    const tallest = Math.max(...bins);
    const base = height - BOTTOM, step = (width - LEFT - RIGHT) / BINS;
    const at = (/** @type {number} */ value) => LEFT + ((value - low) / (high - low)) * (width - LEFT - RIGHT);
    const bars = bins.map((count, k) => {
      const tall = (count / tallest) * (base - TOP);
      return shape('rect', { class: 'bar', x: LEFT + k * step + 0.5, width: Math.max(1, step - 1), y: base - tall, height: tall });
    });
    const marks = ticks(low, high, Math.max(2, width / 110)).filter((tick) => tick >= low && tick <= high);
    svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
    svg.replaceChildren(shape('line', { class: 'axis', x1: LEFT, x2: width - RIGHT, y1: base, y2: base }), ...bars,
      ...marks.map((tick) => shape('text', { x: at(tick), y: height - 8, 'text-anchor': 'middle' }, `${tick}`)));
    svg.setAttribute('aria-label', `${list.value}: ${words(spread)} Most lie around ${short(low + ((bins.indexOf(tallest) + 0.5) / BINS) * (high - low))}.`);
    note.textContent = words(spread);
  };
  const spreadNow = async () => {
    const { value } = list;
    return spreadOf(/** @type {Float32Array} */ ((await model.weights({ names: [value] }))[value]));
  };
  const read = latest(async () => {
    spread = await spreadNow();
    draw();
  });
  list.addEventListener('change', read);
  new ResizeObserver(draw).observe(svg);
  spread = await spreadNow();
  draw();
  return {
    element: root,
    /** Reads the weights anew. */
    update: read,
    /** Of the array that is shown. */
    get spread() { return spread; },
    onEpochEnd() { read(); },
  };
}

/** @param {Spread} spread */
const words = ({ count, mean, deviation, least, most, zeros }) =>
  `${count.toLocaleString('en')} numbers from ${short(least)} to ${short(most)}, mean ${short(mean)}, standard deviation ${short(deviation)}${zeros ? `, ${percent(zeros / count)} are zero` : ''}.`;

/** @param {Float32Array} array @returns {Spread} */
export function spreadOf(array) {
  let least = Infinity, most = -Infinity, sum = 0, zeros = 0;
  for (const value of array) {
    if (value < least) least = value;
    if (value > most) most = value;
    if (value === 0) zeros++;
    sum += value;
  }
  const mean = sum / array.length;
  let squares = 0;
  for (const value of array) squares += (value - mean) ** 2;
  const room = most > least ? 0 : Math.abs(most) || 1; // all alike: one bar in the middle
  const low = least - room, high = most + room;
  const bins = new Array(BINS).fill(0);
  for (const value of array) bins[Math.min(BINS - 1, Math.floor(((value - low) / (high - low)) * BINS))]++;
  return { bins, low, high, mean, deviation: Math.sqrt(squares / array.length), least, most, zeros, count: array.length };
}
