// How much does a frozen trunk save? The same network is trained in two exports: one whose trunk is frozen, where fit stores
// features in the first epoch, and one where every weight is trained. Epochs of both take turns.

import { load as loadFrozen } from './frozen/index.js';
import { load as loadWhole } from './whole/index.js';
import { median, report } from './measure.js';

/** Milliseconds of each epoch of a `fit`; the first one's are from the call on, the storing of features included. */
async function epochs(model, xs, ys, options) {
  const times = [];
  let before = performance.now();
  const callbacks = [{
    onEpochEnd() {
      const now = performance.now();
      times.push(now - before);
      before = now;
    },
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
  const [first] = await epochs(frozen, xs, ys, { ...options, epochs: 3 }); // later fits of these rows find the features stored
  const found = { first: [first], later: [], whole: [] };
  for (let round = 0; round < rounds; round++) {
    found.later.push(median((await epochs(frozen, xs, ys, { ...options, epochs: 11 })).slice(1)));
    found.whole.push(...await epochs(whole, xs, ys, { ...options, epochs: 1 }));
  }
  const steps = Math.ceil(rows / batch);
  const milliseconds = Object.fromEntries(Object.entries(found).map(([name, times]) => [name, median(times) / steps]));
  return { times: found, step: milliseconds, variant: whole.diagnostics().variant };
});
