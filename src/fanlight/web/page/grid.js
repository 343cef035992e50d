// What does the model say of examples that it never learnt from? A grid of held-out pictures with its answers; wrong ones
// are marked. It follows the weights as they change.

import { argmax, rowsOf } from './app.js';
import { element, latest, percent } from './dom.js';
import { fullInk, picture } from './sight.js';

const SHOWN = 60;

/** @param {import('./app.js').App} app @param {HTMLElement} place */
export async function start(app, place) {
  const { test, train } = await app.data();
  const rows = test ?? train;
  const count = Math.min(SHOWN, rows.x.shape[0]);
  const full = await fullInk(app);
  const title = element('h3');
  const list = element('ul', { class: 'digits', id: 'digits' });
  place.replaceChildren(title, list);
  const tiles = Array.from({ length: count }, (_, i) => {
    const canvas = element('canvas');
    const answer = element('span');
    const tile = element('li', { 'data-truth': `${rows.y.data[i]}` }, canvas, answer);
    list.append(tile);
    return { canvas, answer, tile };
  });
  const paint = () => tiles.forEach(({ canvas }, i) => picture(app, canvas, /** @type {Float32Array} */ (rowsOf(rows.x, i, i + 1)), full));
  const update = latest(async () => {
    const answers = await app.predict(/** @type {Float32Array} */ (rowsOf(rows.x, 0, count)));
    let right = 0;
    tiles.forEach(({ answer, tile }, i) => {
      const said = argmax(answers.subarray(i * app.width, (i + 1) * app.width));
      const truth = Number(rows.y.data[i]);
      const isRight = said === truth;
      if (isRight) right++;
      tile.className = isRight ? 'right' : 'wrong';
      answer.textContent = isRight ? app.labels[said] : `✕ ${app.labels[said]}`;
      tile.title = `It is ${app.labels[truth]}. The network says ${app.labels[said]}.`;
    });
    title.textContent = `${count} ${test ? 'it never learnt from' : 'it learnt from'}, and its answers: ${percent(right / count)} right`;
  });
  paint();
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', paint);
  app.on('weights labels', update);
  update();
}
