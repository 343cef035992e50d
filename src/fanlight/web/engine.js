// How is a compiled module called? One WebAssembly instance with its memory: arrays go in, a function runs, copies come
// out. Trusts what inputs.js has checked, and knows no files.

import { BrowserError, FanlightError, NonFiniteLossError } from './errors.js';
import { TYPES, batchOf, count, hasRows } from './layout.js';

/** @typedef {import('./types.d.ts').Manifest} Manifest */
/** @typedef {import('./types.d.ts').Arrays} Arrays */
/** @typedef {import('./types.d.ts').TypedArray} TypedArray */
/** @typedef {import('./layout.js').Sizes} Sizes */
/** @typedef {import('./layout.js').FunctionSpec} FunctionSpec */
/** Inputs that fit: flat arrays by name, the sizes they have, and raw forms that a function of the model turns into inputs first.
 * @typedef {{ arrays: Arrays, sizes: Sizes, prepare?: Record<string, { by: string, raw: Encoded }> }} Encoded */

export class Engine {
  /** @param {Manifest} manifest @param {WebAssembly.Module} module @param {import('./loader.js').Shared} [shared] */
  constructor(manifest, module, { memory, bell } = {}) {
    const { pages } = manifest.memory;
    this.manifest = manifest;
    this.module = module;
    try {
      this.memory = memory ?? new WebAssembly.Memory({ initial: pages, maximum: pages });
    } catch {
      throw new BrowserError(`the browser refused ${pages / 16} MB of memory; close other tabs`);
    }
    const ring = () => bell && Atomics.add(bell, 0, 1) + Atomics.notify(bell, 0);
    this.exports = /** @type {Record<string, (...sizes: number[]) => number>} */ (
      new WebAssembly.Instance(module, { env: { memory: this.memory, ring } }).exports);
  }

  /** Memory itself, not a copy. @param {{ dtype: import('./types.d.ts').Dtype, offset: any, shape: readonly any[] }} slot @param {Sizes} [sizes] @returns {any} */
  view({ dtype, offset, shape }, sizes = {}) {
    return new TYPES[dtype](this.memory.buffer, offset, count(shape, sizes));
  }

  /** Copies samples into the inputs: those from `start` on, or in an order `order[start]`, ...
   * @param {FunctionSpec} spec @param {Arrays} arrays @param {Sizes} sizes @param {number} start @param {Uint32Array} [order] */
  place(spec, arrays, sizes, start, order) {
    const samples = sizes[batchOf(spec)];
    for (const slot of spec.inputs) {
      if (slot.offset === null) continue;
      const to = this.view(slot, sizes);
      const from = /** @type {any} */ (arrays[slot.name]);
      const row = hasRows(slot) ? to.length / samples : 0;
      if (!order || !row) to.set(from.subarray(start * row, start * row + to.length));
      else for (let i = 0; i < samples; i++) to.set(from.subarray(order[start + i] * row, (order[start + i] + 1) * row), i * row);
    }
  }

  /** Runs a function on what was placed. @param {string} name @param {Sizes} sizes */
  run(name, sizes) {
    let status;
    try {
      status = this.exports[name](...this.manifest.functions[name].sizes.map((size) => sizes[size.name]));
    } catch (error) {
      throw new FanlightError(`${name} stopped: ${error}`);
    }
    if (status) throw new NonFiniteLossError('the loss is not finite, nothing was changed: lower the learning rate, or look for NaN in the data');
  }

  /** Runs a function on any number of samples, as many at a time as it takes. @param {string} name @param {Encoded} encoded @returns {Arrays} copies */
  call(name, encoded) {
    const spec = this.manifest.functions[name];
    const { sizes } = encoded;
    const arrays = this.prepared(encoded);
    const batch = batchOf(spec);
    const total = batch ? sizes[batch] : 1;
    const most = spec.sizes.find((size) => size.name === batch)?.high ?? 1;
    const outputs = Object.fromEntries(spec.outputs.map((slot) => [slot.name, /** @type {any} */ (new TYPES[slot.dtype](count(slot.shape, sizes)))]));
    for (let start = 0; start < total; start += most) {
      const now = { ...sizes, [batch]: Math.min(most, total - start) };
      this.place(spec, arrays, now, start);
      this.run(name, now);
      for (const slot of spec.outputs) outputs[slot.name].set(this.view(slot, now), outputs[slot.name].length / total * start);
    }
    return outputs;
  }

  /** The arrays of a call, made from their raw form where needed. @param {Encoded} encoded @returns {Arrays} */
  prepared({ arrays, prepare = {} }) {
    const made = Object.entries(prepare).map(([name, { by, raw }]) => [name, this.call(by, raw)[name]]);
    return { ...arrays, ...Object.fromEntries(made) };
  }

  /** Copies of state arrays. @param {readonly string[]} [names] all by default @returns {Arrays} */
  read(names) {
    const slots = this.manifest.state.filter(({ name }) => names?.includes(name) ?? true);
    return Object.fromEntries(slots.map((slot) => [slot.name, this.view(slot).slice()]));
  }

  /** Writes state; what was derived from it is computed anew in the next call. @param {Arrays} arrays */
  write(arrays) {
    const { state, memory } = this.manifest;
    for (const group of new Set(state.flatMap((slot) => {
      const array = arrays[slot.name];
      if (!array) return [];
      // As bytes: the array may be a part of a file, at any address.
      new Uint8Array(this.memory.buffer, slot.offset).set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
      return [slot.group];
    }))) new Int32Array(this.memory.buffer, memory.versions)[group]++;
  }
}
