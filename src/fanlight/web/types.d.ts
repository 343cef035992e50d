// What users and the runtime's own modules call things. An exported index.d.ts narrows Model to one model's names.

export type Dtype = 'float32' | 'int32' | 'uint32' | 'int64' | 'uint8' | 'int8' | 'bool';
export type TypedArray =
  | Float32Array | Float64Array | Int32Array | Uint32Array | Int16Array | Uint16Array | Int8Array | Uint8Array
  | Uint8ClampedArray | BigInt64Array;
/** A picture: its pixels are read at the size that the model asks for. */
export type Picture = ImageData | CanvasImageSource;
/** Numbers, nested or flat, in the order of the axes. */
export type Numbers = TypedArray | readonly Numbers[] | readonly number[] | readonly bigint[] | readonly boolean[];
/** An array whose shape cannot be told from its length, because two axes are open. */
export interface Shaped { data: TypedArray; shape: readonly number[] }
/** One row of a table, by column. */
export type Row = Record<string, number | string>;
export type Input = Numbers | Shaped | Picture | Row | readonly (Picture | Row | string)[];
export type Inputs = Record<string, Input>;
export type Arrays = Record<string, TypedArray>;
/** The logs of a step, an epoch or an evaluation: loss, accuracy, val_loss, ... */
export type Logs = Record<string, number>;
/** The logs of every epoch, in order. */
export type History = Record<string, number[]>;

/** Texts beside the arrays of a saved file: `saved` is when it was; a page adds its own, such as names of new classes. */
export type Metadata = Record<string, string>;

export interface Progress { loaded: number; total: number; file: string }

export interface LoadOptions {
  /** Where the functions run; 'auto' takes what is there. */
  backend?: 'auto' | 'wasm';
  /** The same bits in every browser, in Node and in Python; a little slower. */
  reproducible?: boolean;
  /** 'auto': a worker, and the calling thread for what takes less than a millisecond. */
  thread?: 'auto' | 'page' | 'worker';
  /** How many threads a call may use; 'auto': up to 4, where the page is isolated from other origins. A model that lives on the
   * calling thread because it takes less than a millisecond uses one. */
  threads?: 'auto' | number;
  signal?: AbortSignal;
  onProgress?: (progress: Progress) => void;
}

/** A bundle that lies nowhere: its manifest and its files by name. */
export interface Files { manifest: Manifest; files: Record<string, string | URL | Blob | BufferSource> }

/** Batches in turn: `[inputs, targets]` or `[inputs, targets, sampleWeight]`, or the same by name. */
export type Batch<I = Inputs, T = Input> =
  | readonly [I, T] | readonly [I, T, Numbers] | { inputs: I; targets: T; sampleWeight?: Numbers };
/** Where batches come from: a generator or anything else that `for await` goes through, or a function that gives something to iterate, anew for
 * each epoch. */
export type Source<I = Inputs, T = Input> =
  | AsyncIterable<Batch<I, T>> | Iterator<Batch<I, T>>
  | ((epoch: number) => AsyncIterable<Batch<I, T>> | Iterable<Batch<I, T>> | Promise<AsyncIterable<Batch<I, T>>>);

/** What callbacks see of the training that they are called in. */
export interface FitContext {
  model: Model;
  /** Where the last epoch ends. */
  epochs: number;
  batchSize?: number;
  /** Steps of an epoch, where they are known. */
  steps?: number;
  /** Of the epochs before. */
  history: History;
  /** Ends the training after this step; `fit` gives its history. */
  stop(): void;
}

/** Hears of a training, and is awaited. `false` from a hook ends the training. */
export interface Callback {
  onTrainBegin?(context: FitContext): unknown;
  onTrainEnd?(logs: Logs, context: FitContext): unknown;
  onEpochBegin?(epoch: number, context: FitContext): unknown;
  /** What it adds to the logs stands in the history. */
  onEpochEnd?(epoch: number, logs: Logs, context: FitContext): unknown;
  /** From a worker, the calls of several quick steps come together. */
  onBatchEnd?(batch: number, logs: Logs, context: FitContext): unknown;
  /** What a checkpoint keeps of it: JSON, and `weights`, which may be arrays. */
  state?: any;
}

/** Which value of the logs counts, and when it is better: 'auto' goes by its name. */
export interface Monitor {
  monitor?: string;
  mode?: 'auto' | 'min' | 'max';
  /** A change of less than this is none. */
  minDelta?: number;
}
export interface EarlyStopping extends Monitor {
  /** Epochs without a better value that are borne. */
  patience?: number;
  restoreBestWeights?: boolean;
  baseline?: number | null;
  startFromEpoch?: number;
}
export interface ReduceLROnPlateau extends Monitor {
  factor?: number;
  patience?: number;
  cooldown?: number;
  minLR?: number;
}
export interface ModelCheckpoint extends Monitor {
  saveBestOnly?: boolean;
  initialValueThreshold?: number | null;
}

/** Where the whole state of a training is kept, and how often; after each epoch by default. */
export interface Checkpoint {
  /** 'indexeddb://name' or 'opfs://name'. */
  to: string;
  everySteps?: number;
  everySeconds?: number;
  everyEpoch?: boolean;
}
/** What is kept as a checkpoint: the next step is step `batch` of `epoch`. */
export interface KeptCheckpoint { model: string; epoch: number; batch: number; saved: string; history: History }

export interface FitOptions<I = Inputs, T = Input> {
  /** The number of epochs; with `initialEpoch`, where the last one ends. */
  epochs?: number;
  /** The number of the first epoch, as in Keras. */
  initialEpoch?: number;
  batchSize?: number;
  shuffle?: boolean;
  /** Makes the order of the samples repeatable. */
  seed?: number;
  /** Which epoch is the first, for the order of samples; after earlier trainings it goes on from there. */
  firstEpoch?: number;
  /** The last part of the samples, set aside before shuffling. */
  validationSplit?: number;
  validationData?: readonly [I, T] | readonly [I, T, Numbers];
  /** How much each sample, or each class by its number, counts; where the model was exported with weights of samples. */
  sampleWeight?: Numbers;
  classWeight?: Record<number, number>;
  /** Batches of an epoch, where they come from a source; by default until it ends. */
  stepsPerEpoch?: number;
  /** Objects with onTrainBegin, onEpochBegin, onBatchEnd, onEpochEnd, onTrainEnd; ready ones are in callbacks.js. */
  callbacks?: readonly Callback[];
  checkpoint?: Checkpoint;
  /** Goes on from the checkpoint at this address: to the bit, in a model loaded with `reproducible`. */
  resume?: string;
  /** Called after each step; `false` ends the training. From a worker, several calls come together. */
  onBatchEnd?: (batch: number, logs: Logs) => unknown;
  /** Called after each epoch and awaited; `false` ends the training. */
  onEpochEnd?: (epoch: number, logs: Logs) => unknown;
  /** Ends the training; the promise is rejected with the signal's reason, and the model keeps what it has learnt. */
  signal?: AbortSignal;
}

/** A training under way: a promise of its history that can be held up. Other calls of the model go on meanwhile. */
export interface Run extends Promise<History> {
  /** After the step under way, until `resume`. */
  pause(): void;
  resume(): void;
  /** Ends it after the step under way; the promise gives the history of the whole epochs. */
  stop(): void;
}

export interface SelfTest { passed: boolean; error: number; tolerance: number; functions: Record<string, number> }

export interface Diagnostics {
  backend: 'wasm';
  variant: string;
  thread: 'page' | 'worker';
  /** How many threads a large call may use. */
  threads: number;
  /** What is not as fast or as good as it could be, and why, in plain words. */
  notes: string[];
  crossOriginIsolated: boolean;
  memory: Manifest['memory'];
  requests: number;
  bytesReceived: number;
  bytesSent: 0;
}

export interface Model<I = Inputs, O = Arrays, T = Input> {
  readonly name: string;
  readonly manifest: Manifest;
  readonly backend: 'wasm';
  readonly memory: Manifest['memory'];
  /** The runtime reads its own files and sends nothing. */
  readonly bytesSent: 0;
  readonly requests: number;
  /** Of the last training. */
  readonly stats: { msPerStep: number; samplesPerSecond: number };
  predict(inputs: I): Promise<O>;
  /** `predict` on the calling thread; only where the model runs there. */
  predictSync(inputs: I): O;
  /** Any exported function. */
  call(name: string, inputs: Inputs): Promise<Arrays>;
  fit(inputs: I, targets: T, options?: FitOptions<I, T>): Run;
  fit(source: Source<I, T>, options?: FitOptions<I, T>): Run;
  /** One step on one batch. */
  trainStep(inputs: I, targets: T): Promise<Logs>;
  evaluate(inputs: I, targets: T, options?: { batchSize?: number; sampleWeight?: Numbers; signal?: AbortSignal }): Promise<Logs>;
  /** The arrays of a safetensors file of the page, such as its examples. */
  arrays(file: string): Promise<Record<string, Shaped>>;
  /** A copy of the parameters and statistics; of all state with { all: true }, of some arrays with { names }. */
  weights(options?: { all?: boolean; names?: string[] }): Promise<Arrays>;
  setWeights(arrays: Record<string, Numbers>): Promise<void>;
  /** 'indexeddb://name', 'download' (a safetensors file), or 'buffer', which is the file's bytes. */
  save(target: 'buffer', options?: { metadata?: Metadata }): Promise<ArrayBuffer>;
  save(target: string, options?: { metadata?: Metadata }): Promise<void>;
  /** The metadata of what is saved as 'indexeddb://name', without restoring it. */
  saved(address: string): Promise<Metadata | undefined>;
  /** From 'indexeddb://name', or from a safetensors file. */
  restore(source: string | Blob | BufferSource): Promise<Metadata>;
  /** New initial weights. */
  reset(seed?: number): Promise<void>;
  selfTest(): Promise<SelfTest>;
  diagnostics(): Diagnostics;
  dispose(): void;
}

export declare class FanlightError extends Error {}
export declare class ShapeError extends FanlightError {}
export declare class DtypeError extends FanlightError {}
export declare class UnknownNameError extends FanlightError {}
export declare class ModelFormatError extends FanlightError {}
/** `epoch`, `batch` and `step` say where it happened in a training. */
export declare class NonFiniteLossError extends FanlightError { epoch?: number; batch?: number; step?: number }
export declare class StorageError extends FanlightError {}
export declare class IntegrityError extends FanlightError {}
export declare class BrowserError extends FanlightError {}

// callbacks.js

export declare function earlyStopping(options?: EarlyStopping): Callback & { readonly stoppedEpoch: number | null; readonly bestEpoch: number | null; readonly best: number | null };
export declare function reduceLROnPlateau(options?: ReduceLROnPlateau): Callback;
export declare function learningRateScheduler(schedule: (epoch: number, rate: number) => number): Callback;
/** `to`: as `save` takes it; {epoch} (from 1) and names of logs in braces are filled in. */
export declare function modelCheckpoint(to: string, options?: ModelCheckpoint): Callback;
export declare function csvLogger(options?: { separator?: string }): Callback & { readonly text: string; download(name?: string): void };
export declare function history(): Callback & { readonly epoch: number[]; readonly history: History };
/** What is kept at an address, undefined where nothing is. */
export declare function findCheckpoint(address: string): Promise<KeptCheckpoint | undefined>;
export declare function removeCheckpoint(address: string): Promise<void>;

// data.js

export interface CSVOptions {
  /** The column that is to be predicted; without it there are no targets. */
  target?: string;
  /** The columns of the rows, all others by default. */
  columns?: readonly string[];
  /** By default the one that the first line has most of: a comma, a semicolon, a tab or a bar. */
  separator?: string;
  /** What to do where a value is missing: refuse the file, drop the row, or take the mean of the column's numbers. */
  missing?: 'refuse' | 'drop' | 'mean';
}
export interface Table {
  columns: string[];
  types: Record<string, 'number' | 'boolean' | 'category'>;
  /** The words of each column of categories, in order. */
  categories: Record<string, string[]>;
  /** As `fit` and `predict` take them where the model has `fl.Table`. */
  rows: Record<string, any>[];
  /** The same as float32 [rows, columns], categories by their place, for models without. */
  numbers: { data: Float32Array; shape: [number, number] };
  targets: any[];
  /** How many rows were dropped. */
  dropped: number;
}
export declare function csv(source: string | Blob, options?: CSVOptions): Promise<Table>;

export interface Pictures {
  /** Paths, in order. */
  names: string[];
  /** The folder that each is in. */
  labels: string[];
  classes: string[];
  decode(number: number): Promise<ImageBitmap>;
  /** Batches for `fit`, decoded one ahead of the step; `order` chooses and orders pictures, `targets` are labels by default. */
  batches(options?: { batchSize?: number; order?: readonly number[]; targets?: readonly any[] }): AsyncGenerator<[ImageBitmap[], any[]]>;
}
export declare function images(source: FileList | readonly File[] | DataTransfer): Promise<Pictures>;

/** A device that is in use until `stop`, or until the loop over its frames is left. */
export interface Device<F> extends AsyncIterable<F> { readonly stream: MediaStream; stop(): void }
export declare function webcam(options?: MediaTrackConstraints): Promise<Device<ImageBitmap>>;
export declare function microphone(options?: { size?: number; sampleRate?: number; most?: number }): Promise<Device<Float32Array> & { readonly sampleRate: number }>;

// widgets.js. Each stands in `place`, an element or a selector of one, and gives the figure that it made.

type Place = Element | string;
export interface LossChart extends Callback { readonly element: HTMLElement; clear(): void; show(epoch: number, logs: Logs): void }
export declare function lossChart(place: Place, options?: { title?: string; epochs?: number; metrics?: readonly string[] }): LossChart;

export interface ConfusionMatrix {
  readonly element: HTMLElement;
  /** A row for what it was, a column for what the model said. */
  readonly counts: number[][];
  clear(labels?: readonly string[]): void;
  add(truths: ArrayLike<number | bigint>, answers: ArrayLike<number | bigint>): void;
  /** Asks the model, and shows that alone; `truths` are numbers of classes. */
  measure(model: Model, inputs: any, truths: ArrayLike<number | bigint>): Promise<void>;
}
export declare function confusionMatrix(place: Place, options: { labels: readonly string[]; title?: string }): ConfusionMatrix;

export interface WeightHistogram extends Callback { readonly element: HTMLElement; update(): void; readonly spread: Record<string, any> | undefined }
export declare function weightHistogram(place: Place, model: Model, options?: { title?: string; name?: string }): Promise<WeightHistogram>;
/** Needs an export with `inside=True`, as kernelTimes does. */
export declare function layerTable(place: Place, model: Model, options?: { title?: string }): Promise<{ readonly element: HTMLElement }>;
export interface KernelTime { name: string; kind: string; rounds: number | null; milliseconds: number; sometimes: boolean }
/** A button that measures on this thread, on a copy of the model; `measure` does the same. */
export declare function kernelTimes(place: Place, model: Model, options?: { title?: string; name?: string; sizes?: Record<string, number> }): Promise<{
  readonly element: HTMLElement;
  measure(): Promise<{ whole: number; kernels: KernelTime[] }>;
}>;

// The manifest, format 1. A dim is a length or terms [[coefficient, name, ...], ...].
export type Dim = number | [number, ...string[]][];
/** An input without an offset is read by nothing. */
export interface Slot { name: string; dtype: Dtype; shape: Dim[]; offset: number | null }
export interface FunctionSpec {
  sizes: { name: string; low: number; high: number }[];
  inputs: Slot[];
  outputs: Slot[];
  writes: string[];
  guarded: boolean;
  operations?: number;
}
export interface StateSlot {
  name: string;
  dtype: Dtype;
  shape: number[];
  offset: number;
  group: number;
  role: 'parameter' | 'slot' | 'statistic' | 'hyperparameter' | 'key' | 'counter' | 'carried' | 'metric' | 'data';
  trainable: boolean;
  initial?: number;
}
export interface Meaning {
  kind: string;
  height?: number;
  width?: number;
  channels?: number;
  fit?: 'stretch' | 'crop' | 'pad';
  labels?: string[];
  columns?: string[];
  categories?: Record<string, string[]>;
}
export interface Training {
  optimizer: string;
  loss: string;
  metrics: string[];
  batch: number;
  input_names: string[];
  target_names: string[];
  weight_names?: string[];
  outputs: string[];
}
export interface Manifest {
  format: number;
  fanlight: string;
  name: string;
  functions: Record<string, FunctionSpec>;
  state: StateSlot[];
  memory: { pages: number; bytes: number; versions: number };
  meanings: Record<string, Meaning>;
  training?: Training;
  code: Record<string, string>;
  weights: string[];
  files: Record<string, { bytes: number; sha256: string; gzip: number }>;
  selftest?: string;
  inside?: string;
  page?: Record<string, unknown>;
}
