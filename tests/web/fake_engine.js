// Stands in for a model's WebAssembly in the tests of the page: the same memory, the same functions, written by hand. One
// hidden layer that really learns (Adam); all else is the real runtime. Served as engine.js, beside the real one.

import { RealEngine } from './real_engine.js';
import { TYPES, count } from './layout.js';

export class Engine extends RealEngine {
  constructor(manifest, module) {
    super(manifest, module); // an empty module
    const network = new Network(this);
    this.exports = Object.fromEntries(Object.keys(manifest.functions).map((name) => [name, (...sizes) => network[name](...sizes)]));
  }
}

class Network {
  constructor(engine) {
    this.engine = engine;
    this.s = Object.fromEntries(engine.manifest.state.map((slot) => [slot.name, this.view(slot, {})]));
    const find = (name) => engine.manifest.state.find((slot) => slot.name === name).shape;
    [this.D, this.H] = find('hidden/kernel');
    [, this.K] = find('output/kernel');
    this.isClasses = engine.manifest.meanings[engine.manifest.functions.predict.outputs[0].name]?.kind === 'classes';
  }

  view({ dtype, shape, offset }, sizes) {
    return new TYPES[dtype](this.engine.memory.buffer, offset, count(shape, sizes));
  }

  /** An input or output of a function, as it lies in memory. */
  slot(name, side, i, batch) {
    return this.view(this.engine.manifest.functions[name][side][i], { batch });
  }

  forward(x, row) {
    const { D, H, K, s } = this;
    const h = new Float64Array(H), p = new Float64Array(K);
    for (let j = 0; j < H; j++) {
      let sum = s['hidden/bias'][j];
      for (let i = 0; i < D; i++) sum += x[row * D + i] * s.scale[0] * s['hidden/kernel'][i * H + j];
      h[j] = Math.tanh(sum);
    }
    for (let k = 0; k < K; k++) {
      p[k] = s['output/bias'][k];
      for (let j = 0; j < H; j++) p[k] += h[j] * s['output/kernel'][j * K + k];
      if (s.class_mask && !s.class_mask[k]) p[k] = -Infinity;
    }
    if (this.isClasses) {
      const most = Math.max(...p);
      let total = 0;
      for (let k = 0; k < K; k++) total += p[k] = Math.exp(p[k] - most);
      for (let k = 0; k < K; k++) p[k] /= total;
    }
    return { h, p };
  }

  init() {
    const [high, low] = this.slot('init', 'inputs', 0, 0);
    let state = (high ^ low ^ 0x9e3779b9) >>> 0;
    const random = () => {
      state = (state + 0x6d2b79f5) >>> 0;
      let t = Math.imul(state ^ (state >>> 15), 1 | state);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
    for (const [name, values] of Object.entries(this.s)) {
      const spread = Math.sqrt(3 / (name === 'hidden/kernel' ? this.D : this.H));
      if (name.endsWith('/kernel')) values.forEach((_, i) => { values[i] = (2 * random() - 1) * spread * (this.isClasses ? 1 : 2); });
      else if (!/mask|scale|rate/.test(name)) values.fill(0);
    }
    return 0;
  }

  predict(batch) {
    const x = this.slot('predict', 'inputs', 0, batch), y = this.slot('predict', 'outputs', 0, batch);
    for (let n = 0; n < batch; n++) y.set(this.forward(x, n).p, n * this.K);
    return 0;
  }

  /** Ink is centred by its weight and counted in blocks. */
  prepare(batch) {
    const side = 112, raw = this.slot('prepare', 'inputs', 0, batch), out = this.slot('prepare', 'outputs', 0, batch);
    out.fill(0);
    for (let n = 0; n < batch; n++) {
      const ink = raw.subarray(n * side * side, (n + 1) * side * side);
      let left = side, right = 0, top = side, bottom = 0;
      ink.forEach((value, i) => {
        if (!value) return;
        left = Math.min(left, i % side); right = Math.max(right, i % side);
        top = Math.min(top, (i / side) | 0); bottom = Math.max(bottom, (i / side) | 0);
      });
      const size = Math.max(right - left, bottom - top) + 1;
      const sums = new Float64Array(64), areas = (size / 8) ** 2;
      for (let y = top; y <= bottom; y++) {
        for (let x = left; x <= right; x++) {
          const cx = Math.floor(((x - (left + right) / 2) / size + 0.5) * 8 * 0.999), cy = Math.floor(((y - (top + bottom) / 2) / size + 0.5) * 8 * 0.999);
          sums[cy * 8 + cx] += ink[y * side + x] / 255;
        }
      }
      for (let i = 0; i < 64; i++) out[n * 64 + i] = Math.round(16 * Math.min(1, sums[i] / areas));
    }
    return 0;
  }

  measure(name, batch, learn) {
    const { D, H, K, s } = this;
    const x = this.slot(name, 'inputs', 0, batch), y = this.slot(name, 'inputs', 1, batch);
    const g = Object.fromEntries(['hidden/kernel', 'hidden/bias', 'output/kernel', 'output/bias'].map((key) => [key, new Float64Array(s[key].length)]));
    let loss = 0, right = 0;
    for (let n = 0; n < batch; n++) {
      const { h, p } = this.forward(x, n);
      const error = Float64Array.from(p);
      if (this.isClasses) {
        loss -= Math.log(Math.max(1e-7, p[y[n]]));
        if (p.indexOf(Math.max(...p)) === y[n]) right++;
        error[y[n]] -= 1;
      } else {
        loss += (p[0] - y[n]) ** 2;
        error[0] = 2 * (p[0] - y[n]);
      }
      if (!learn) continue;
      for (let j = 0; j < H; j++) {
        let back = 0;
        for (let k = 0; k < K; k++) {
          g['output/kernel'][j * K + k] += h[j] * error[k] / batch;
          back += s['output/kernel'][j * K + k] * error[k];
        }
        back *= (1 - h[j] * h[j]) / batch;
        g['hidden/bias'][j] += back;
        for (let i = 0; i < D; i++) g['hidden/kernel'][i * H + j] += back * x[n * D + i] * s.scale[0];
      }
      for (let k = 0; k < K; k++) g['output/bias'][k] += error[k] / batch;
    }
    if (learn) {
      const t = ++s['adam/iterations'][0];
      for (const [key, slope] of Object.entries(g)) {
        const m = s[`adam/${key}/m`], v = s[`adam/${key}/v`], w = s[key];
        for (let i = 0; i < w.length; i++) {
          m[i] += 0.1 * (slope[i] - m[i]);
          v[i] += 0.001 * (slope[i] ** 2 - v[i]);
          w[i] -= s.learning_rate[0] * (m[i] / (1 - 0.9 ** t)) / (Math.sqrt(v[i] / (1 - 0.999 ** t)) + 1e-7);
        }
      }
    }
    this.slot(name, 'outputs', 0, batch)[0] = loss / batch;
    if (this.isClasses) this.slot(name, 'outputs', 1, batch)[0] = right / batch;
    return 0;
  }

  train_step(batch) { return this.measure('train_step', batch, true); }
  evaluate_step(batch) { return this.measure('evaluate_step', batch, false); }
  step(batch) { return this.measure('step', batch, true); }
}
