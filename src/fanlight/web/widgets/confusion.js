// Which classes does the model take for which? A table: a row for what it was, a column for what the model said. Counts, with a
// ground that is the stronger the larger their share of the row is.

import { ShapeError } from '../errors.js';
import { element, percent } from '../page/dom.js';
import { dress, rowOf, scroller } from './dress.js';

/** @typedef {import('../types.d.ts').Model} Model */

/** @param {Element | string} place @param {{ labels: readonly string[], title?: string }} options */
export function confusionMatrix(place, { labels, title = 'What it takes for what' }) {
  if (!Array.isArray(labels) || labels.length < 2) throw new ShapeError(`confusionMatrix: expected labels, at least two names, got ${JSON.stringify(labels)}`);
  const root = dress(place, 'confusion', title);
  const table = element('table');
  const note = element('p', { role: 'status' });
  root.append(scroller(title, table), note);
  let names = [...labels];
  /** @type {number[][]} */
  let counts = [];

  const draw = () => {
    const body = names.map((name, truth) => {
      const total = counts[truth].reduce((sum, count) => sum + count, 0);
      const row = rowOf('th', [name, ...counts[truth].map(String)]);
      Array.from(row.cells).slice(1).forEach((cell, answer) => {
        const share = total ? counts[truth][answer] / total : 0;
        cell.style.setProperty('--share', `${share}`);
        cell.classList.toggle('right', truth === answer);
        cell.classList.toggle('strong', share > 0.5);
        cell.title = `${name}, taken for ${names[answer]}: ${counts[truth][answer]} of ${total}`;
      });
      return row;
    });
    const head = element('tr', {}, element('th', { scope: 'col' }, 'it was ↓  it said →'), ...names.map((name) => element('th', { scope: 'col' }, name)));
    table.replaceChildren(element('thead', {}, head), element('tbody', {}, ...body));
    const total = counts.flat().reduce((sum, count) => sum + count, 0);
    const right = counts.reduce((sum, row, k) => sum + row[k], 0);
    const wrong = counts.flatMap((row, truth) => row.map((count, answer) => ({ count: truth === answer ? 0 : count, truth, answer }))).sort((a, b) => b.count - a.count)[0];
    note.textContent = !total ? 'Nothing was asked yet.' : `${right} of ${total} right (${percent(right / total)}).${
      wrong.count ? ` Most often mixed up: ${names[wrong.truth]}, taken for ${names[wrong.answer]} (${wrong.count}).` : ''}`;
  };
  const matrix = {
    element: root,
    get counts() { return counts.map((row) => [...row]); },
    /** Begins anew, with other names where they are given. @param {readonly string[]} [labels] */
    clear(labels = names) {
      names = [...labels];
      counts = names.map(() => names.map(() => 0));
      draw();
    },
    /** @param {ArrayLike<number | bigint>} truths the number of each sample's class @param {ArrayLike<number | bigint>} answers what the model said */
    add(truths, answers) {
      if (truths.length !== answers.length) throw new ShapeError(`confusionMatrix: got ${truths.length} truths and ${answers.length} answers`);
      const places = Array.from(truths, (truth, i) => [Number(truth), Number(answers[i])]);
      const off = places.flat().find((place) => !(Number.isInteger(place) && place >= 0 && place < names.length));
      if (off !== undefined) throw new ShapeError(`confusionMatrix: expected numbers of classes from 0 to ${names.length - 1}, got ${off}`);
      for (const [truth, answer] of places) counts[truth][answer]++;
      draw();
    },
    /** Asks the model about samples, and shows that alone. @param {Model} model @param {any} inputs @param {ArrayLike<number | bigint>} truths */
    async measure(model, inputs, truths) {
      const [scores] = Object.values(await model.predict(inputs));
      const answers = answersOf(/** @type {any} */ (scores), truths.length);
      matrix.clear();
      matrix.add(truths, answers);
    },
  };
  matrix.clear();
  return matrix;
}

/** The class that each row of scores says; one score a row is the probability of the second class. @param {ArrayLike<number>} scores @param {number} rows */
function answersOf(scores, rows) {
  const width = scores.length / rows;
  if (!Number.isInteger(width) || width < 1) throw new ShapeError(`confusionMatrix: got ${scores.length} scores for ${rows} truths`);
  return Array.from({ length: rows }, (_, i) => {
    if (width === 1) return scores[i] > 0.5 ? 1 : 0;
    let best = 0;
    for (let k = 1; k < width; k++) if (scores[i * width + k] > scores[i * width + best]) best = k;
    return best;
  });
}
