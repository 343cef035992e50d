// How does what a user passes become the arrays that a function takes? By name, dtype and shape; what has a meaning (pictures,
// rows of tables, labels) is read by meanings.js. All that is wrong is refused here, before anything runs.

import { DtypeError, ShapeError, UnknownNameError } from './errors.js';
import { TYPES, batchOf, count, hasRows, joined, length, nameOf, text } from './layout.js';

/** @typedef {import('./types.d.ts').Manifest} Manifest */
/** @typedef {import('./types.d.ts').TypedArray} TypedArray */
/** @typedef {import('./types.d.ts').Dtype} Dtype */
/** @typedef {import('./layout.js').Slot} Slot */
/** @typedef {import('./engine.js').Encoded} Encoded */
/** @typedef {TypedArray & { shape?: readonly number[] }} Flat */
/** The model, and meanings.js where its manifest states meanings.
 * @typedef {{ manifest: Manifest, meanings?: Pick<typeof import('./meanings.js'), 'isRaw' | 'rawFunction' | 'readRaw'> }} Reading */

/** @param {any} value */
const isPlain = (value) => value?.constructor === Object;
/** @param {any} value */
const isShaped = (value) => isPlain(value) && value.data && value.shape;
/** @param {any} value */
const kindOf = (value) => value?.constructor?.name ?? String(value);

/** @param {Manifest} manifest @param {string} name */
export function functionOf({ functions }, name) {
  if (functions[name]) return functions[name];
  throw new UnknownNameError(`the model has no function "${name}", only ${Object.keys(functions).join(', ')}; to train it, export it with train=True`);
}

/** @param {Reading} reading @param {string} name @param {any} inputs by name, or the only one @param {readonly string[]} [only] the inputs wanted, all by default @returns {Encoded} */
export function encode({ manifest, meanings }, name, inputs, only) {
  const spec = functionOf(manifest, name);
  const slots = spec.inputs.filter((slot) => only?.includes(slot.name) ?? true);
  const names = slots.map((slot) => slot.name);
  const isNamed = isPlain(inputs) && (names.length !== 1 || names[0] in inputs || !(isShaped(inputs) || meanings?.isRaw(inputs, manifest.meanings[names[0]])));
  const values = isNamed ? inputs : { [names[0]]: inputs };
  const got = Object.keys(values);
  if (got.length !== names.length || names.some((key) => values[key] === undefined)) {
    throw new UnknownNameError(`${name} expects { ${names.join(', ')} }, got ${isNamed ? got.join(', ') || 'nothing' : kindOf(inputs)}`);
  }

  /** @type {Encoded} */
  const encoded = { arrays: {}, sizes: {}, prepare: {} };
  const { arrays, sizes, prepare } = encoded;
  for (const slot of slots) {
    const value = values[slot.name];
    const by = meanings?.rawFunction(manifest, slot.name, value);
    if (by && by !== name) {
      const raw = encode({ manifest, meanings }, by, { [manifest.functions[by].inputs[0].name]: value });
      const shape = slot.shape.map((dim) => length(dim, raw.sizes));
      measure({ length: count(shape), shape }, slot, sizes, name);
      /** @type {any} */ (prepare)[slot.name] = { by, raw };
    } else {
      const flat = flatten(value, slot, (item) => meanings?.readRaw(item, slot, manifest.meanings[slot.name]));
      measure(flat, slot, sizes, name);
      arrays[slot.name] = flat;
    }
  }
  const isDivisible = !spec.writes.length && spec.outputs.every((slot) => hasRows(slot));
  for (const { name: size, low, high } of spec.sizes) {
    const { [size]: extent } = sizes;
    // Many samples are cut into several calls, and a training cuts its own.
    const isCut = size === batchOf(spec) && (only || isDivisible);
    const last = isCut && extent > high ? extent % high || high : extent;
    if (last < low || last > high) throw new ShapeError(`${name} expects ${size} from ${low} to ${high}, got ${extent}`);
  }
  return encoded;
}

/** Finds the sizes that an array has, or that none fit. @param {{ length: number, shape?: readonly number[] }} flat @param {Slot} slot @param {Record<string, number>} sizes @param {string} at */
function measure({ length: total, shape }, slot, sizes, at) {
  const expected = `${at}: "${slot.name}" expects ${slot.dtype} ${text(slot.shape, sizes)}`;
  const open = slot.shape.filter((dim) => Number.isNaN(length(dim, sizes)));
  if (!shape && open.length > 1) throw new ShapeError(`${expected}; pass { data, shape }: several axes are open`);
  if (!shape) sizes[nameOf(open[0])] = total / count(slot.shape, { ...sizes, [nameOf(open[0])]: 1 });
  else {
    if (shape.length < slot.shape.length && open[0]) shape = [1, ...shape];
    slot.shape.forEach((dim, axis) => { sizes[nameOf(dim)] ??= /** @type {any} */ (shape)[axis]; });
  }
  const isWhole = slot.shape.every((dim, axis) => Number.isInteger(length(dim, sizes)) && (!shape || shape[axis] === length(dim, sizes)));
  if (!isWhole || total !== count(slot.shape, sizes)) throw new ShapeError(`${expected}, got ${shape ? '[' + shape + ']' : total + ' values'}`);
}

/** One flat array of the slot's dtype. @param {any} value @param {Slot} slot @param {(item: any) => TypedArray | undefined} read reads what has a meaning @returns {Flat} */
function flatten(value, slot, read) {
  if (ArrayBuffer.isView(value)) return convert(/** @type {TypedArray} */ (value), slot);
  if (isShaped(value)) return Object.assign(convert(value.data, slot).slice(), { shape: value.shape });
  const list = Array.isArray(value) ? value : [value];
  if (list.every((item) => /number|boolean|bigint/.test(typeof item))) return convert(list, slot);
  /** @type {any[]} */
  const parts = Array.isArray(value) ? value.map((item) => flatten(item, slot, read)) : [read(value)];
  if (!parts[0]) throw new DtypeError(`"${slot.name}" expects a ${TYPES[slot.dtype].name} of ${text(slot.shape)}, got ${kindOf(value)}; to pass more, state a meaning in Python, as fl.Image(28, 28)`);
  return joined(parts, TYPES[slot.dtype]);
}

// What a dtype takes without loss besides its own array.
/** @type {Partial<Record<Dtype, RegExp>>} */
const WIDENED = { float32: /^U?[Ii]nt(8|16)/, int32: /^U?[Ii]nt(8|16)/, uint32: /^Uint(8|16)/, uint8: /^Uint8/, bool: /^Uint8/ };

/** @param {any} values a typed array or a list @param {{ name: string, dtype: Dtype }} slot @returns {TypedArray} the values in the slot's dtype, where none of them changes */
export function convert(values, { name, dtype }) {
  const Type = /** @type {any} */ (TYPES[dtype]);
  // A part of a larger buffer is copied out of it: a worker would get all of it.
  if (values instanceof Type) return values.byteLength < values.buffer.byteLength ? values.slice() : values;
  const isList = Array.isArray(values);
  const isExact = !isList
    ? WIDENED[dtype]?.test(kindOf(values))
    : dtype === 'float32' || values.every((/** @type {any} */ value) => Number.isInteger(Number(value)) && (dtype === 'int64' || Type.of(value)[0] === Number(value)));
  if (!isExact) throw new DtypeError(`"${name}" expects ${dtype}, got ${isList ? 'a list with other values' : kindOf(values)}; if they fit, pass ${Type.name}.from(...)`);
  return Type.from(values, dtype === 'int64' ? BigInt : Number);
}
