// Which answer does a row of a table get? Sliders and choices for the columns, with ranges from the shipped data; the answer
// moves with them. Where the visitor stands is told to the other parts as `app.point`.

import { argmax } from './app.js';
import { Bars } from './bars.js';
import { byId, element, latest, percent, short } from './dom.js';

/** @typedef {import('./app.js').App} App */
/** @typedef {{ low: number, high: number, middle: number, step: number }} Range */

/** @param {App} app @returns {Promise<{ probabilities: () => number[] }>} */
export async function start(app) {
  const { columns = [], categories = {} } = app.seen;
  const isClasses = app.meant.kind === 'classes';
  const answer = byId('form-answer');
  const bars = new Bars(byId('form-bars'));
  const ranges = await rangesOf(app);
  const point = columns.map((column, k) => (categories[column] ? 0 : ranges[k].middle));
  /** @type {number[]} */
  let shown = [];

  const update = latest(async () => {
    const now = Array.from(await app.predict(await app.prepare(point)));
    shown = isClasses ? now.slice(0, app.labels.length) : now;
    if (isClasses) {
      const best = argmax(shown);
      bars.show(shown);
      answer.replaceChildren(`${percent(shown[best])} sure it is`, element('b', {}, app.labels[best]));
    } else {
      answer.replaceChildren('The answer is', element('b', {}, `${now.map(short).join(', ')} ${/** @type {{ unit?: string }} */ (app.meant).unit ?? ''}`.trim()));
    }
  });
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let announcement;
  const change = () => {
    app.point = point;
    app.tell('point');
    clearTimeout(announcement);
    announcement = setTimeout(() => { byId('form-live').textContent = answer.textContent; }, 700);
  };

  const fields = columns.map((column, k) => (categories[column] ? choice(column, categories[column], k) : slider(column, ranges[k], k)));
  byId('form-fields').replaceChildren(...fields.map(({ field }) => field));
  fields.forEach(({ inputs }, k) => inputs.forEach((input) => input.addEventListener('input', () => {
    const value = Number(input.value);
    if (input.value === '' || !Number.isFinite(value)) return;
    point[k] = value;
    fields[k].show(value, input);
    change();
  })));
  // Another part, such as the plot, moves the visitor too.
  app.on('point', () => {
    point.forEach((_, k) => fields[k].show(point[k], /** @type {HTMLInputElement} */ (document.activeElement)));
    update();
  });
  app.on('weights labels', update);

  const examples = app.page.examples.filter((example) => example.values);
  byId('form-examples').replaceChildren(...examples.map(({ name, values = {} }) => {
    const button = element('button', { type: 'button' }, name);
    button.addEventListener('click', () => {
      columns.forEach((column, k) => {
        const { [column]: value } = values;
        if (value !== undefined) point[k] = categories[column] ? Math.max(0, categories[column].indexOf(String(value))) : Number(value);
      });
      change();
    });
    return button;
  }));
  if (isClasses) {
    byId('form-bars').hidden = false;
    bars.name(app.labels);
  }
  change();
  return { probabilities: () => shown };
}

/** @param {string} column @param {Range} range @param {number} k */
function slider(column, { low, high, middle, step }, k) {
  const line = element('input', { type: 'range', min: `${low}`, max: `${high}`, step: `${step}`, id: `form-range-${k}`, 'aria-label': column });
  const number = element('input', { type: 'number', step: 'any', id: `form-number-${k}`, 'aria-label': `${column}, as a number`, inputmode: 'decimal' });
  const show = (/** @type {number} */ value, /** @type {Element} */ except = document.body) => {
    if (line !== except) line.value = `${value}`;
    if (number !== except) number.value = `${Number(value.toFixed(3))}`;
  };
  show(middle);
  return { field: element('div', { class: 'slider' }, element('span', {}, column), line, number), inputs: [line, number], show };
}

/** @param {string} column @param {string[]} words @param {number} k */
function choice(column, words, k) {
  const list = element('select', { id: `form-choice-${k}` }, ...words.map((word, i) => element('option', { value: `${i}` }, word)));
  const show = (/** @type {number} */ value) => { list.value = `${value}`; };
  return { field: element('label', { class: 'field' }, element('span', {}, column), list), inputs: [list], show };
}

/** From where to where each column goes in the shipped data. @param {App} app @returns {Promise<Range[]>} */
export async function rangesOf(app) {
  const { columns = [] } = app.seen;
  const parts = Object.values(await app.data());
  return columns.map((_, k) => {
    const values = parts.flatMap(({ raw }) => Array.from(/** @type {Float32Array} */ (raw.data)).filter((_, i) => i % columns.length === k)).sort((a, b) => a - b);
    if (!values.length) return { low: 0, high: 1, middle: 0.5, step: 0.01 };
    const low = values[0], high = values[values.length - 1];
    const step = 10 ** Math.floor(Math.log10((high - low || 1) / 40));
    return { low: Number(low.toPrecision(6)), high: Number(high.toPrecision(6)), middle: Number(values[values.length >> 1].toPrecision(6)), step };
  });
}
