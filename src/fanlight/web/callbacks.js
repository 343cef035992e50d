// Which ready callbacks does `fit` take? Keras's, with its options, defaults and decisions. What one remembers of a training
// is its `state`, which checkpoints keep. A page imports this file by its name.

import { ShapeError, UnknownNameError } from './errors.js';
import { download } from './storage.js';

export { findCheckpoint, removeCheckpoint } from './checkpoint.js';

/** @typedef {import('./types.d.ts').Callback} Callback */
/** @typedef {import('./types.d.ts').Logs} Logs */
/** @typedef {import('./types.d.ts').Monitor} Monitor */
/** @typedef {import('./types.d.ts').Model} Model */

// Metrics of which more is better; of these less is.
const MORE = /accuracy|precision|recall|auc|iou|f1|fbeta|r2|true_|_at_|cosine|correlation/i;
const LESS = /loss|error|entropy|hinge|divergence|poisson|false_|mse|mae/i;

/** Whether a value is better than another, or the first one. @param {Monitor} options @returns {(value: number, than: number | null) => boolean} */
function improvement({ monitor = 'val_loss', mode = 'auto', minDelta = 0 }) {
  if (!/^(auto|min|max)$/.test(mode)) throw new UnknownNameError(`mode: expected 'auto', 'min' or 'max', got ${mode}`);
  if (mode === 'auto' && LESS.test(monitor) === MORE.test(monitor)) throw new UnknownNameError(`monitor: is less or more of "${monitor}" better? Pass mode: 'min' or 'max'`);
  const isMin = mode === 'auto' ? LESS.test(monitor) : mode === 'min';
  const delta = Math.abs(minDelta);
  return (value, than) => than === null || (isMin ? value + delta < than : value - delta > than);
}

/** The value that is watched. @param {Logs} logs @param {string} name @param {string} at */
function watched(logs, name, at) {
  if (name in logs) return logs[name];
  throw new UnknownNameError(`${at}: expected monitor to be one of ${Object.keys(logs).join(', ')}, got ${name}; val_ ones need validationData or validationSplit`);
}

/** Ends a training that no longer gets better.
 * @param {import('./types.d.ts').EarlyStopping} [options] @returns {Callback & { stoppedEpoch: number | null, bestEpoch: number | null, best: number | null }} */
export function earlyStopping(options = {}) {
  const { monitor = 'val_loss', patience = 0, restoreBestWeights = false, baseline = null, startFromEpoch = 0 } = options;
  const isBetter = improvement(options);
  /** @type {{ wait: number, best: number | null, bestEpoch: number | null, stoppedEpoch: number | null, weights?: any }} */
  const fresh = { wait: 0, best: null, bestEpoch: null, stoppedEpoch: null };
  return {
    state: { ...fresh },
    get stoppedEpoch() { return this.state.stoppedEpoch; },
    get bestEpoch() { return this.state.bestEpoch; },
    get best() { return this.state.best; },
    onTrainBegin() { this.state = { ...fresh }; },
    async onEpochEnd(epoch, logs, { model }) {
      const { state } = this;
      const value = watched(logs, monitor, 'earlyStopping');
      if (epoch < startFromEpoch) return undefined;
      const isImproved = isBetter(value, state.best);
      if (restoreBestWeights && (isImproved || !state.weights)) Object.assign(state, { weights: await model.weights(), bestEpoch: epoch });
      state.wait++;
      if (isImproved) {
        Object.assign(state, { best: value, bestEpoch: epoch });
        if (baseline === null || isBetter(value, baseline)) state.wait = 0;
      } else if (state.wait >= patience && epoch > 0) {
        state.stoppedEpoch = epoch;
        return false;
      }
      return undefined;
    },
    async onTrainEnd(_, { model }) {
      if (this.state.weights) await model.setWeights(this.state.weights);
    },
  };
}

/** The state that a learning rate is. @param {Model} model */
function rateOf({ manifest }) {
  const slot = manifest.state.find(({ role, name }) => role === 'hyperparameter' && /(^|\/)learning_rate$/.test(name));
  if (slot) return slot.name;
  throw new UnknownNameError('the model has no learning rate to set: it has a schedule, or was exported without train=True');
}

/** @param {Model} model @returns {Promise<number>} */
const readRate = async (model) => Number((await model.weights({ names: [rateOf(model)] }))[rateOf(model)][0]);
/** @param {Model} model @param {number} rate */
const writeRate = (model, rate) => model.setWeights({ [rateOf(model)]: [rate] });

/** Lowers the learning rate where a training no longer gets better; the rate stands in the logs.
 * @param {import('./types.d.ts').ReduceLROnPlateau} [options] @returns {Callback} */
export function reduceLROnPlateau(options = {}) {
  const { monitor = 'val_loss', factor = 0.1, patience = 10, cooldown = 0, minLR = 0, minDelta = 1e-4 } = options;
  if (!(factor < 1)) throw new ShapeError(`reduceLROnPlateau: expected a factor below 1, got ${factor}`);
  const isBetter = improvement({ ...options, minDelta });
  /** @type {{ wait: number, cooling: number, best: number | null }} */
  const fresh = { wait: 0, cooling: 0, best: null };
  return {
    state: { ...fresh },
    onTrainBegin() { this.state = { ...fresh }; },
    async onEpochEnd(_, logs, { model }) {
      const { state } = this;
      const rate = logs.learning_rate = await readRate(model);
      const value = watched(logs, monitor, 'reduceLROnPlateau');
      if (state.cooling > 0) Object.assign(state, { cooling: state.cooling - 1, wait: 0 });
      if (isBetter(value, state.best)) Object.assign(state, { best: value, wait: 0 });
      else if (state.cooling <= 0 && ++state.wait >= patience && rate > Math.fround(minLR)) {
        await writeRate(model, Math.max(rate * factor, minLR));
        Object.assign(state, { cooling: cooldown, wait: 0 });
      }
    },
  };
}

/** Sets the learning rate before each epoch; it stands in the logs. @param {(epoch: number, rate: number) => number} schedule @returns {Callback} */
export const learningRateScheduler = (schedule) => ({
  async onEpochBegin(epoch, { model }) {
    const rate = schedule(epoch, await readRate(model));
    if (!Number.isFinite(rate)) throw new ShapeError(`learningRateScheduler: expected a number for epoch ${epoch}, got ${rate}`);
    await writeRate(model, rate);
  },
  async onEpochEnd(_, logs, { model }) { logs.learning_rate = await readRate(model); },
});

/** Saves the model after each epoch, or where it is better than before. `to`: where `save` takes it; {epoch} and names of logs are filled in.
 * @param {string} to @param {import('./types.d.ts').ModelCheckpoint} [options] @returns {Callback} */
export function modelCheckpoint(to, options = {}) {
  const { monitor = 'val_loss', saveBestOnly = false, initialValueThreshold = null } = options;
  const isBetter = saveBestOnly ? improvement(options) : () => true;
  return {
    state: { best: initialValueThreshold },
    async onEpochEnd(epoch, logs, { model }) {
      const value = saveBestOnly ? watched(logs, monitor, 'modelCheckpoint') : NaN;
      if (!isBetter(value, this.state.best)) return;
      if (saveBestOnly) this.state.best = value;
      const address = to.replace(/\{(\w+)\}/g, (all, name) => (name === 'epoch' ? `${epoch + 1}` : name in logs ? logs[name].toFixed(4) : all));
      await model.save(address, { metadata: { epoch: `${epoch}`, logs: JSON.stringify(logs) } });
    },
  };
}

/** A table of all epochs: `text` is CSV. @param {{ separator?: string }} [options] @returns {Callback & { readonly text: string, download(name?: string): void }} */
export const csvLogger = ({ separator = ',' } = {}) => ({
  /** @type {{ rows: (string | number)[][] }} */
  state: { rows: [] },
  onTrainBegin() { this.state = { rows: [] }; },
  onEpochEnd(epoch, logs) {
    const { rows } = this.state;
    if (!rows.length) rows.push(['epoch', ...Object.keys(logs).sort()]);
    rows.push([epoch, ...rows[0].slice(1).map((/** @type {string} */ name) => logs[name] ?? 'NA')]);
  },
  get text() { return this.state.rows.map((/** @type {any[]} */ row) => row.join(separator) + '\n').join(''); },
  download(name = 'training.csv') { download(this.text, name); },
});

/** What `fit` returns, at hand while it trains: one list a name, and the numbers of the epochs. @returns {Callback & { readonly epoch: number[], readonly history: import('./types.d.ts').History }} */
export const history = () => ({
  /** @type {{ epoch: number[], history: import('./types.d.ts').History }} */
  state: { epoch: [], history: {} },
  get epoch() { return this.state.epoch; },
  get history() { return this.state.history; },
  onTrainBegin() { this.state = { epoch: [], history: {} }; },
  onEpochEnd(epoch, logs) {
    this.state.epoch.push(epoch);
    for (const [name, value] of Object.entries(logs)) (this.state.history[name] ??= []).push(value);
  },
});
