// What is the model made of? The table that `model.summary()` shows in Python: a row for each layer, in order.

import { element } from '../page/dom.js';
import { UnknownNameError } from '../errors.js';
import { broken, dress, headOf, rowOf, scroller } from './dress.js';
import { factsOf } from './facts.js';

const NUMBERS = [false, false, true, false];

/** @param {Element | string} place @param {import('../types.d.ts').Model} model @param {{ title?: string }} [options] */
export async function layerTable(place, model, { title = 'Layers' } = {}) {
  const { layers } = await factsOf(model, 'layerTable');
  if (!layers) throw new UnknownNameError(`layerTable: "${model.name}" is made of functions and has no layers`);
  const root = dress(place, 'layers', title);
  const rows = layers.map(({ name, kind, outputs, parameters, trainable }) => rowOf('th', [
    element('span', {}, ...broken(name), element('small', {}, kind)), outputs.join(', '), parameters ? parameters.toLocaleString('en') : '–',
    !parameters ? '–' : trainable === parameters ? 'all' : trainable ? trainable.toLocaleString('en') : 'frozen',
  ], NUMBERS));
  const total = layers.reduce((sum, { parameters }) => sum + parameters, 0);
  const learnt = layers.reduce((sum, { trainable }) => sum + trainable, 0);
  const foot = element('tfoot', {}, rowOf('th', [`${layers.length} layers`, '', total.toLocaleString('en'), learnt.toLocaleString('en')], NUMBERS));
  root.append(scroller(title, element('table', {}, headOf(['Layer', 'Gives', 'Parameters', 'Learns'], NUMBERS), element('tbody', {}, ...rows), foot)));
  return { element: root };
}
