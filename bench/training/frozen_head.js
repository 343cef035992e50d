// How much does a frozen trunk save? The same network is trained in two exports: one whose trunk is frozen, where fit stores
// features in the first epoch, and one where every weight is trained. Epochs of both take turns.

import { load as loadFrozen } from './frozen/index.js';
import { load as loadWhole } from './whole/index.js';
import { median, report } from './measure.js';

/** Milliseconds of each epoch of a `fit`. */
async function epochs(model, xs, ys, options) {
  const times = [];
  let before;
  const callbacks = [{
    onEpochBegin() { before = performance.now(); },
    onEpochEnd() { times.push(performance.now() - before); },
  }];
  await model.fit(xs, ys, { ...options, callbacks });
  return times;
}

report(async ({ rounds, rows, batch, side, classes }) => {
  const options = { batchSize: batch, shuffle: false };
  const [frozen, whole] = [await loadFrozen({ threads: 1 }), await loadWhole({ threads: 1 })];
  const xs = Float32Array.from({ length: rows * side * side * 3 }, (_, i) => Math.sin(i * 0.37));
  const ys = Int32Array.from({ length: rows }, (_, i) => i % classes);
  await epochs(whole, xs.subarray(0, batch * side * side * 3), ys.subarray(0, batch), { ...options, epochs: 2 }); // warm
  await epochs(frozen, xs, ys, { ...options, epochs: 3 });
  const found = { first: [], later: [], whole: [] };
  for (let round = 0; round < rounds; round++) {
    const [first, ...later] = await epochs(frozen, xs, ys, { ...options, epochs: 11 });
    found.first.push(first);
    found.later.push(median(later));
    found.whole.push(...await epochs(whole, xs, ys, { ...options, epochs: 1 }));
  }
  const steps = Math.ceil(rows / batch);
  const milliseconds = Object.fromEntries(Object.entries(found).map(([name, times]) => [name, median(times) / steps]));
  return { times: found, step: milliseconds, variant: whole.diagnostics().variant };
});
