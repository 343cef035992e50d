// How does a number change while the model learns? A small line chart in SVG: axes with round numbers, a legend, one line for
// training and one for validation. Colours and text come from the style sheet.

import { shape } from './dom.js';

const MOST = 400; // points a line: more cannot be told apart
const LEFT = 50, RIGHT = 8, TOP = 58, BOTTOM = 36;

/** @param {number} low @param {number} high @param {number} about @returns {number[]} round numbers from low to high, both inside the outer ones */
export function ticks(low, high, about) {
  const rough = (high - low || 1) / about;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10);
  const first = Math.floor(low / step + 1e-9), last = Math.ceil(high / step - 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

export class Chart {
  /** @type {{ name: string, x: number[], y: number[] }[]} */
  #lines = [];
  #span = 1;

  /**
   * @param {SVGSVGElement} svg
   * @param {{ title: string, along: string, lines: string[], span?: number, isLog?: boolean, format?: (y: number) => string, range?: [number, number] }} options
   *   isLog: each line across is ten times the one below
   */
  constructor(svg, options) {
    this.svg = svg;
    this.options = options;
    this.clear(options.span ?? 1);
    new ResizeObserver(() => this.draw()).observe(svg);
  }

  /** @param {number} span how far the horizontal axis reaches at least */
  clear(span) {
    this.#span = span;
    this.#lines = this.options.lines.map((name) => ({ name, x: [], y: [] }));
    this.draw();
  }

  /** @param {number} line @param {number} x @param {number} y */
  add(line, x, y) {
    const { [line]: points } = this.#lines;
    if (!Number.isFinite(y)) return;
    if (this.options.isLog) y = Math.log10(Math.max(y, 1e-5));
    points.x.push(x);
    points.y.push(y);
    if (points.x.length <= MOST) return;
    // Neighbours become their mean, so that the line keeps its shape.
    const halve = (/** @type {number[]} */ values) => values.flatMap((value, i) => (i % 2 ? [(values[i - 1] + value) / 2] : []));
    Object.assign(points, { x: halve(points.x), y: halve(points.y) });
  }

  draw() {
    const { width, height } = this.svg.getBoundingClientRect();
    if (!width) return;
    const { title, along, isLog, range } = this.options;
    const format = this.options.format ?? (isLog ? (/** @type {number} */ y) => `${Number((10 ** y).toPrecision(2))}` : String);
    const values = this.#lines.flatMap((line) => line.y);
    const [low, high] = range ?? [isLog ? Math.min(0, ...values) : 0, Math.max(...(values.length ? values : [1]))];
    const rows = isLog ? ticks(Math.floor(low), Math.ceil(high), 4).filter(Number.isInteger) : ticks(low, high, 4);
    const end = Math.max(this.#span, ...this.#lines.map((line) => line.x[line.x.length - 1] ?? 0));
    const columns = ticks(0, end, Math.max(2, Math.min(6, width / 90))).filter((tick) => tick <= end * 1.001);
    const top = rows[rows.length - 1], base = rows[0];
    const at = (/** @type {number} */ x) => LEFT + (x / end) * (width - LEFT - RIGHT);
    const up = (/** @type {number} */ y) => height - BOTTOM - ((Math.min(y, top) - base) / (top - base)) * (height - TOP - BOTTOM);
    const text = (/** @type {number} */ x, /** @type {number} */ y, /** @type {string} */ anchor, /** @type {string} */ words, kind = '') =>
      shape('text', { x, y, 'text-anchor': anchor, class: kind }, words);

    /** @type {SVGElement[]} */
    const parts = [text(0, 14, 'start', title, 'title')];
    for (const row of rows) {
      parts.push(shape('line', { x1: LEFT, x2: width - RIGHT, y1: up(row), y2: up(row), class: row === base ? 'axis' : 'rule' }));
      parts.push(text(LEFT - 8, up(row) + 4, 'end', format(row)));
    }
    for (const column of columns) parts.push(text(at(column), height - BOTTOM + 18, 'middle', column.toLocaleString('en')));
    parts.push(text(width - RIGHT, height - 2, 'end', along));
    let from = 0;
    this.#lines.forEach(({ name, x, y }, i) => {
      const kind = i ? 'two' : 'one';
      parts.push(shape('polyline', { points: `${from},32 ${from + 24},32`, class: kind }), text(from + 31, 36, 'start', name));
      from += 50 + name.length * 7;
      const points = x.map((value, k) => `${at(value).toFixed(1)},${up(y[k]).toFixed(1)}`);
      if (points.length) parts.push(shape('polyline', { points: points.join(' '), class: kind }));
    });
    this.svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
    this.svg.setAttribute('aria-label', `${title}. ${this.#lines.map(({ name, y }) => `${name}: ${y.length ? format(y[y.length - 1]) : 'nothing yet'}`).join(', ')}`);
    this.svg.replaceChildren(...parts);
  }
}
