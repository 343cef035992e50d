// What do all parts of a page share? The model with what its manifest says of it, the names of its classes, the shipped
// data, and the events by which one part tells the others: `weights` (they changed), `labels`, `busy`,
// `point`, `samples`, `timed`, `restored`.

/** @typedef {import('../types.d.ts').Model} Model */
/** Rows one after the other. @typedef {number[] | Float32Array | Uint8Array} Numbers */
/** @typedef {import('../types.d.ts').Slot} Slot */
/** @typedef {import('../types.d.ts').Shaped} Shaped */
/** What fl.Page says, as bundle/page.py writes it.
 * @typedef {{ show: string[], view?: 'grid' | 'regions' | 'curve' | null, epochs: number, examples: Example[], data?: string, onefile?: string }} Description */
/** @typedef {{ name: string, strokes?: number[][], size?: number, values?: Record<string, number | string> }} Example */
/** One part of the shipped data, row by row: `raw` is what came with the page, `x` what the model sees of it.
 * @typedef {{ x: Shaped, y: Shaped, raw: Shaped }} Rows */
/** A class that the visitor added, with what was drawn for it, as the model sees it.
 * @typedef {{ name: string, drawings: number[][] }} Invented */

export class App extends EventTarget {
  busy = false;
  /** @type {Invented[]} */
  invented = [];
  /** What the visitor calls the classes. @type {string[] | undefined} */
  names;
  /** Where a table's visitor stands: one row, as the model takes it. @type {number[] | undefined} */
  point;
  /** Samples that the visitor changed: learnt from instead of the shipped ones. @type {Rows | undefined} */
  edited;
  /** Of the last predictions, in milliseconds. @type {number[]} */
  times = [];
  #asked = 0;
  #answered = 0;
  /** @type {Promise<Record<string, Rows>> | undefined} */
  #data;

  /** @param {Model} model */
  constructor(model) {
    super();
    const { functions, meanings } = model.manifest;
    this.model = model;
    this.page = /** @type {Description} */ (/** @type {unknown} */ (model.manifest.page));
    this.input = functions.predict.inputs[0];
    this.output = functions.predict.outputs[0];
    this.seen = meanings[this.input.name] ?? { kind: 'array' };
    this.meant = meanings[this.output.name] ?? { kind: 'array' };
    this.spare = /** @type {{ spare?: number }} */ (this.meant).spare ?? 0;
  }

  /** The names of all classes in use. @returns {string[]} */
  get labels() {
    return [...(this.names ?? this.meant.labels ?? []), ...this.invented.map((symbol) => symbol.name)];
  }

  /** @param {'weights' | 'labels' | 'busy' | 'point' | 'samples' | 'timed' | 'restored'} event */
  tell(event) {
    this.dispatchEvent(new Event(event));
  }

  /** @param {string} events @param {() => void} listener */
  on(events, listener) {
    for (const event of events.split(' ')) this.addEventListener(event, listener);
  }

  /** Keeps other work on the weights away for as long as `work` takes. @template T @param {() => Promise<T>} work @returns {Promise<T>} */
  async alone(work) {
    this.busy = true;
    this.tell('busy');
    try {
      return await work();
    } finally {
      this.busy = false;
      this.tell('busy');
    }
  }

  /** What the model says of rows: its first output, flat. Classes are probabilities. @param {Numbers} rows */
  async predict(rows) {
    const start = performance.now();
    const mine = ++this.#asked;
    const { [this.output.name]: y } = await this.model.predict({ [this.input.name]: rows });
    this.#answered++;
    // One row that waited for no other call is what a prediction takes.
    if (this.#answered === mine && this.#asked === mine && !this.busy && rows.length === rowLength(this.input)) {
      this.times = [...this.times.slice(-30), performance.now() - start];
      this.tell('timed');
    }
    return probabilities(/** @type {Float32Array} */ (y), this.meant.kind === 'classes' ? this.width : 0);
  }

  /** Outputs a row: how many classes there is room for. */
  get width() {
    return rowLength(this.output);
  }

  /** The data that travels with the page: { train, test }, what was exported of it. */
  data() {
    this.#data ??= this.#readData();
    return this.#data;
  }

  async #readData() {
    /** @type {Record<string, any>} */
    const parts = {};
    const arrays = this.page.data ? await this.model.arrays(this.page.data) : {};
    for (const [name, array] of Object.entries(arrays)) {
      const [part, letter] = name.split('/');
      (parts[part] ??= {})[letter] = array;
    }
    for (const rows of Object.values(parts)) {
      rows.raw = rows.x;
      const raw = this.model.manifest.functions.prepare?.inputs[0];
      // Pixels, and tables with words, may be shipped as they were before `prepare`.
      if (!raw || !isOf(raw, rows.x) || isOf(this.input, rows.x)) continue;
      rows.x = { data: await this.prepare(rows.raw.data), shape: [rows.raw.shape[0], ...this.input.shape.slice(1)] };
    }
    return parts;
  }

  /** What the model sees of raw rows. @param {Numbers} raw @returns {Promise<Numbers>} */
  async prepare(raw) {
    const { prepare } = this.model.manifest.functions;
    if (!prepare) return raw;
    const outputs = await this.model.call('prepare', { [prepare.inputs[0].name]: raw });
    return /** @type {Numbers} */ (outputs[this.input.name] ?? Object.values(outputs)[0]);
  }

  /** Gives the classes that a visitor added their place among the outputs. @param {Invented[]} invented */
  async invent(invented) {
    const mask = this.model.manifest.state.find((slot) => slot.name.endsWith('class_mask'));
    if (mask) {
      const used = (this.meant.labels ?? []).length + invented.length;
      await this.model.setWeights({ [mask.name]: Float32Array.from({ length: mask.shape[0] }, (_, k) => (k < used ? 1 : 0)) });
    }
    this.invented = invented;
    this.tell('labels');
  }
}

/** @param {Slot} slot @returns {number} how many numbers one row has */
export const rowLength = ({ shape }) => shape.slice(1).reduce((/** @type {number} */ n, dim) => n * (typeof dim === 'number' ? dim : 1), 1);

/** Whether an array could be rows of this input. @param {Slot} slot @param {Shaped} array */
const isOf = (slot, { data, shape }) => rowLength(slot) * shape[0] === data.length && data.constructor.name.toLowerCase().startsWith(slot.dtype);

/** Rows of a part of the data. @param {Shaped} array @param {number} from @param {number} to */
export function rowsOf({ data, shape }, from, to) {
  const row = data.length / shape[0];
  return data.subarray(from * row, to * row);
}

/** @param {ArrayLike<number>} values @returns {number} where the largest one is */
export function argmax(values) {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
  return best;
}

/** Rows of scores become probabilities, unless they are already. @param {Float32Array} values @param {number} width 0: not classes */
function probabilities(values, width) {
  if (width < 2 || values.every((value) => value >= 0 && value <= 1.0001)) return values;
  for (let start = 0; start < values.length; start += width) {
    const row = values.subarray(start, start + width);
    const most = Math.max(...row);
    let sum = 0;
    row.forEach((value, k) => { sum += row[k] = Math.exp(value - most); });
    row.forEach((value, k) => { row[k] = value / sum; });
  }
  return values;
}
