// What did it learn from? A section of its own for the picture of the shipped data.

import { byId } from './dom.js';
import { showView } from './view.js';

/** @param {import('./app.js').App} app */
export async function start(app) {
  const { train, test } = await app.data();
  const count = (/** @type {import('./app.js').Rows} */ rows) => rows.x.shape[0].toLocaleString('en');
  byId('data-about').textContent = `${count(train)} examples came with this page${test ? `, and ${count(test)} more that it never learns from` : ''}.`;
  await showView(app, byId('data-view'));
}
