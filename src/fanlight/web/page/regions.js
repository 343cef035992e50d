// Where does one class end and the next begin? A plot of the shipped table over two of its columns, on a ground coloured by
// what the model says there. The other columns are where the visitor stands; a click moves the visitor.

import { argmax } from './app.js';
import { element, latest, shape } from './dom.js';
import { rangesOf } from './form.js';
import { axis, frameOf } from './plot.js';

/** @typedef {import('./app.js').App} App */

const FINE = 44; // places that are asked along each axis

/** @param {App} app @param {HTMLElement} place */
export async function start(app, place) {
  const { columns = [], categories = {} } = app.seen;
  const { train, test } = await app.data();
  const ranges = await rangesOf(app);
  const numeric = columns.map((_, k) => k).filter((k) => !categories[columns[k]]);
  let [across, up] = telling(train, columns.length, numeric);
  app.point ??= ranges.map(({ middle }) => middle);

  const canvas = element('canvas', { width: `${FINE}`, height: `${FINE}`, 'aria-hidden': 'true' });
  const svg = shape('svg', { class: 'chart', id: 'regions', role: 'img', 'aria-label': 'The shipped rows' });
  const legend = element('p', { class: 'legend' }, ...app.labels.map((label, k) => {
    const dot = element('i');
    dot.style.background = `var(--class-${k % 8})`;
    return element('span', {}, dot, label);
  }), element('span', { class: 'muted' }, test ? 'filled: learnt from, hollow: held back' : ''));
  const choose = (/** @type {string} */ words, /** @type {string} */ id, /** @type {number} */ chosen, /** @type {(k: number) => void} */ change) => {
    const list = element('select', { id }, ...numeric.map((k) => element('option', { value: `${k}` }, columns[k])));
    list.value = `${chosen}`;
    list.addEventListener('change', () => {
      change(Number(list.value));
      update();
    });
    return element('label', { class: 'field' }, element('span', {}, words), list);
  };
  place.replaceChildren(
    element('div', { class: 'pair' }, choose('Across', 'regions-across', across, (k) => { across = k; }), choose('Up', 'regions-up', up, (k) => { up = k; })),
    element('div', { class: 'plot' }, canvas, svg), legend,
  );
  const colours = app.labels.map((_, k) => colourOf(place, k));

  /** @type {ReturnType<typeof frameOf>} */
  let frame;
  const update = latest(async () => {
    const axes = [across, up].map((k) => axis(ranges[k].low, ranges[k].high, columns[k]));
    frame = frameOf(svg, axes[0], axes[1]);
    const point = /** @type {number[]} */ (app.point);
    const rows = [];
    for (let i = 0; i < FINE * FINE; i++) {
      const row = [...point];
      row[across] = axes[0].low + (((i % FINE) + 0.5) / FINE) * (axes[0].high - axes[0].low);
      row[up] = axes[1].high - ((Math.floor(i / FINE) + 0.5) / FINE) * (axes[1].high - axes[1].low);
      rows.push(...row);
    }
    const answers = await app.predict(await app.prepare([...rows, ...point]));
    paint(canvas, answers, app, colours);
    const { left, top, width, height } = frame.inner;
    Object.assign(canvas.style, { left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` });

    const dots = [train, test].flatMap((rows, isTest) => (rows ? Array.from({ length: rows.raw.shape[0] }, (_, i) => {
      const at = (/** @type {number} */ k) => Number(rows.raw.data[i * columns.length + k]);
      const dot = shape('circle', { cx: frame.x(at(across)), cy: frame.y(at(up)), r: isTest ? 4 : 4.5, class: 'dot' });
      const colour = `var(--class-${Number(rows.y.data[i]) % 8})`;
      Object.assign(dot.style, isTest ? { fill: 'var(--surface)', stroke: colour, strokeWidth: '2' } : { fill: colour });
      return dot;
    }) : []));
    const said = argmax(answers.subarray(FINE * FINE * app.width, FINE * FINE * app.width + app.labels.length));
    const here = shape('circle', { cx: frame.x(point[across]), cy: frame.y(point[up]), r: 10, class: 'here' });
    svg.replaceChildren(...frame.parts, ...dots, here);
    svg.setAttribute('aria-label', `The shipped rows by ${columns[across]} and ${columns[up]}, coloured by the model's answer. Where you stand, it says ${app.labels[said]}.`);
  });
  const move = (/** @type {PointerEvent} */ event) => {
    if (!frame) return; // not drawn yet
    const box = svg.getBoundingClientRect();
    const point = /** @type {number[]} */ (app.point);
    const within = (/** @type {number} */ value, /** @type {number} */ k) => Math.min(ranges[k].high, Math.max(ranges[k].low, value));
    point[across] = within(frame.back.x(event.clientX - box.left), across);
    point[up] = within(frame.back.y(event.clientY - box.top), up);
    app.tell('point');
  };
  svg.addEventListener('pointerdown', move);
  svg.addEventListener('pointermove', (event) => event.buttons && move(event));
  app.on('weights point labels', update);
  new ResizeObserver(update).observe(svg);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    app.labels.forEach((_, k) => { colours[k] = colourOf(place, k); });
    update();
  });
}

/** The two columns that tell the classes apart best: by the spread of the classes' means over the spread within them.
 * @param {import('./app.js').Rows | undefined} rows @param {number} width @param {number[]} numeric @returns {[number, number]} */
function telling(rows, width, numeric) {
  const score = (/** @type {number} */ k) => {
    /** @type {Record<number, number[]>} */
    const groups = {};
    rows?.y.data.forEach((label, i) => (groups[Number(label)] ??= []).push(Number(rows.raw.data[i * width + k])));
    const mean = (/** @type {number[]} */ values) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const spread = (/** @type {number[]} */ values) => mean(values.map((value) => (value - mean(values)) ** 2));
    const each = Object.values(groups);
    return each.length ? spread(each.map(mean)) / (mean(each.map(spread)) || 1) : 0;
  };
  const [first, second = first] = [...numeric].sort((a, b) => score(b) - score(a));
  return [Math.min(first, second), Math.max(first, second)];
}

/** @param {HTMLElement} place @param {number} k @returns {number[]} red, green, blue */
function colourOf(place, k) {
  const probe = element('i');
  probe.style.color = `var(--class-${k % 8})`;
  place.append(probe);
  const found = (getComputedStyle(probe).color.match(/[\d.]+/g) ?? []).map(Number);
  probe.remove();
  return found.slice(0, 3);
}

/** @param {HTMLCanvasElement} canvas @param {Float32Array} answers @param {App} app @param {number[][]} colours */
function paint(canvas, answers, app, colours) {
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  const image = context.createImageData(FINE, FINE);
  const count = app.labels.length;
  for (let i = 0; i < FINE * FINE; i++) {
    const row = answers.subarray(i * app.width, i * app.width + count);
    // Colours mix as the answers do, and are the stronger the surer the model is.
    const mixed = [0, 1, 2].map((c) => colours.reduce((sum, colour, k) => sum + row[k] * colour[c], 0));
    image.data.set([...mixed, 25 + (95 * (row[argmax(row)] - 1 / count)) / (1 - 1 / count)], 4 * i);
  }
  context.putImageData(image, 0, 0);
}
