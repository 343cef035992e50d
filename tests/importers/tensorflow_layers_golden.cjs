// Models of layers as TensorFlow.js saves them, with what it computes from them.
//
// `npm i @tensorflow/tfjs@4.22` in a FOLDER, then `node tests/importers/tensorflow_layers_golden.cjs FOLDER`: writes
// tensorflow/layers/NAME/model.json with its weights, and expected.json, which the tests read.
'use strict';

const fs = require('fs');
const path = require('path');
const tf = require(path.resolve(process.argv[2], 'node_modules/@tensorflow/tfjs'));

const FOLDER = path.join(__dirname, 'tensorflow', 'layers');
const { layers: L, input, sequential } = tf;
const rows = 3;

let seed = 1;
const next = () => ((seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) / 2 ** 32);
const numbers = (shape, low = -1, high = 1) =>
  tf.tensor(Array.from({ length: tf.util.sizeFromShape(shape) }, () => low + (high - low) * next()), shape);

const functional = (inputs, outputs) => tf.model({ inputs, outputs });
const picture = (first) => ({ ...first, inputShape: [8, 7, 3] });

const MODELS = {
  dense: () =>
    sequential({
      layers: [
        L.dense({ units: 6, activation: 'relu', inputShape: [5] }),
        L.dropout({ rate: 0.3 }),
        L.dense({ units: 4, activation: 'hardSigmoid', useBias: false }),
        L.activation({ activation: 'logSoftmax' }),
      ],
    }),
  two_ends: () => {
    const [a, b] = [input({ shape: [4], name: 'first' }), input({ shape: [4], name: 'second' })];
    const shared = L.dense({ units: 5, activation: 'tanh', name: 'shared' });
    const both = L.concatenate().apply([shared.apply(a), shared.apply(b)]);
    const one = L.dense({ units: 2, activation: 'softmax', name: 'classes' }).apply(both);
    return functional([a, b], [one, L.dense({ units: 1, name: 'value' }).apply(both)]);
  },
  convolution: () =>
    sequential({
      layers: [
        L.conv2d(picture({ filters: 4, kernelSize: 3, padding: 'same', strides: 2, useBias: false })),
        L.batchNormalization({ epsilon: 0.01 }),
        L.reLU({ maxValue: 6 }),
        L.zeroPadding2d({ padding: [[1, 0], [0, 2]] }),
        L.maxPooling2d({ poolSize: 2, strides: 1 }),
        L.conv2d({ filters: 3, kernelSize: [2, 3], dilationRate: 1, activation: 'elu' }),
        L.averagePooling2d({ poolSize: 2, strides: 1, padding: 'same' }),
        L.globalMaxPooling2d({}),
      ],
    }),
  depthwise: () =>
    sequential({
      layers: [
        L.separableConv2d(picture({ filters: 5, kernelSize: 3, padding: 'same', strides: 2 })),
        L.depthwiseConv2d({ kernelSize: 2, depthMultiplier: 2, activation: 'relu6' }),
        L.globalAveragePooling2d({}),
        L.dense({ units: 2 }),
      ],
    }),
  recurrent: () =>
    sequential({
      layers: [
        L.lstm({ units: 4, returnSequences: true, inputShape: [6, 3] }),
        L.gru({ units: 5, returnSequences: true, resetAfter: false, recurrentActivation: 'sigmoid' }),
        L.simpleRNN({ units: 3, goBackwards: true }),
      ],
    }),
  gated: () => {
    const x = input({ shape: [5, 3] });
    const [y, ...states] = L.lstm({ units: 4, returnState: true, returnSequences: true, unitForgetBias: true }).apply(x);
    const cells = [L.gruCell({ units: 3 }), L.lstmCell({ units: 4 })];
    return functional(x, [L.rnn({ cell: cells }).apply(y), ...states]);
  },
  bidirectional: () =>
    sequential({
      layers: [
        L.bidirectional({
          layer: L.lstm({ units: 3, returnSequences: true }), mergeMode: 'concat', inputShape: [5, 4],
        }),
        L.bidirectional({ layer: L.gru({ units: 2 }), mergeMode: 'sum' }),
        L.dense({ units: 2 }),
      ],
    }),
  words: () =>
    sequential({
      layers: [
        L.embedding({ inputDim: 11, outputDim: 6, inputLength: 7 }),
        L.spatialDropout1d({ rate: 0.2 }),
        L.globalAveragePooling1d({}),
        L.dense({ units: 3, activation: 'sigmoid' }),
      ],
    }),
  masked: () =>
    sequential({
      layers: [
        L.embedding({ inputDim: 11, outputDim: 4, inputLength: 7, maskZero: true }),
        L.lstm({ units: 5 }),
        L.dense({ units: 3, activation: 'softmax' }),
      ],
    }),
  sequence: () =>
    sequential({
      layers: [
        L.conv1d({ filters: 4, kernelSize: 3, dilationRate: 2, inputShape: [12, 3] }),
        L.maxPooling1d({ poolSize: 2 }),
        L.conv1d({ filters: 5, kernelSize: 3, padding: 'same', activation: 'softplus' }),
        L.averagePooling1d({ poolSize: 2 }),
        L.globalMaxPooling1d(),
      ],
    }),
  upwards: () =>
    sequential({
      layers: [
        L.conv2dTranspose({ filters: 4, kernelSize: 3, strides: 2, padding: 'same', inputShape: [3, 4, 2] }),
        L.upSampling2d({ size: [2, 3], interpolation: 'bilinear' }),
        L.conv2dTranspose({ filters: 2, kernelSize: 2, strides: 1, activation: 'selu' }),
        L.upSampling2d({ size: [2, 1] }),
        L.cropping2D({ cropping: [[1, 2], [0, 3]] }),
      ],
    }),
  volume: () =>
    sequential({
      layers: [
        L.conv3d({ filters: 3, kernelSize: 2, padding: 'same', activation: 'swish', inputShape: [4, 4, 5, 2] }),
        L.maxPooling3d({ poolSize: 2 }),
        L.conv3dTranspose({ filters: 2, kernelSize: 2, strides: 2 }),
        L.averagePooling3d({ poolSize: [2, 2, 1] }),
      ],
    }),
  merged: () => {
    const [a, b] = [input({ shape: [4, 3] }), input({ shape: [4, 3] })];
    const c = L.dense({ units: 3 }).apply(a);
    const all = [L.add(), L.multiply(), L.average(), L.maximum(), L.minimum()].map((each) => each.apply([a, b, c]));
    const joined = L.concatenate({ axis: 1 }).apply(all);
    return functional([a, b], [joined, L.dot({ axes: 2, normalize: true }).apply([a, b]), L.dot({ axes: 1 }).apply([a, c])]);
  },
  bent: () =>
    sequential({
      layers: [
        L.dense({ units: 8, inputShape: [3, 6] }),
        L.layerNormalization({ epsilon: 0.001 }),
        L.prelu({ sharedAxes: [1] }),
        L.leakyReLU({ alpha: 0.2 }),
        L.elu(),
        L.dense({ units: 6, activation: 'softsign' }),
        L.thresholdedReLU({ theta: 0.05 }),
        L.gaussianNoise({ stddev: 0.1 }),
        L.gaussianDropout({ rate: 0.1 }),
        L.alphaDropout({ rate: 0.1 }),
        L.dense({ units: 5, activation: 'gelu' }),
        L.dense({ units: 5, activation: 'gelu_new' }),
        L.dense({ units: 5, activation: 'mish' }),
        L.softmax({ axis: -1 }),
      ],
    }),
  shapes: () =>
    sequential({
      layers: [
        L.repeatVector({ n: 4, inputShape: [6] }),
        L.reshape({ targetShape: [2, 4, 3] }),
        L.permute({ dims: [3, 1, 2] }),
        L.timeDistributed({ layer: L.dense({ units: 5, activation: 'selu' }) }),
        L.masking({ maskValue: 0 }),
        L.flatten(),
        L.dense({ units: 6 }),
        L.reshape({ targetShape: [-1, 2] }),
      ],
    }),
  prepared: () => {
    const x = input({ shape: [9, 8, 3], name: 'picture' });
    const y = L.rescaling({ scale: 1 / 127.5, offset: -1 }).apply(x);
    const middle = L.centerCrop({ height: 4, width: 5 }).apply(x);
    return functional(x, [L.conv2d({ filters: 2, kernelSize: 3 }).apply(y), middle]);
  },
  film: () =>
    sequential({
      layers: [
        L.convLstm2d({ filters: 3, kernelSize: 3, padding: 'same', returnSequences: true, inputShape: [4, 5, 5, 2] }),
        L.timeDistributed({ layer: L.conv2d({ filters: 2, kernelSize: 2 }) }),
        L.convLstm2d({ filters: 2, kernelSize: 2 }),
      ],
    }),
  nested: () => {
    const inner = sequential({ name: 'inner', layers: [L.dense({ units: 4, inputShape: [4], name: 'a' }), L.dense({ units: 4, name: 'b' })] });
    const x = input({ shape: [4] });
    const trunk = functional(x, L.add().apply([inner.apply(x), x]));
    trunk.layers.forEach((each) => (each.trainable = false));
    return sequential({ layers: [trunk, L.dense({ units: 2, name: 'head' })] });
  },
};
const RANGE = { words: [0, 11], masked: [0, 11], prepared: [0, 255] };

function weighted(model) {
  const given = model.getWeights().map((each, k) => {
    const name = model.weights[k].name;
    if (/moving_variance/.test(name)) return numbers(each.shape, 0.5, 1.5);
    return numbers(each.shape, /gamma/.test(name) ? 0.5 : -0.6, /gamma/.test(name) ? 1.5 : 0.6);
  });
  model.setWeights(given);
  return model;
}

function arguments_of(model, [low, high] = [-1, 1]) {
  return model.inputs.map(({ shape, dtype }, k) => {
    const whole = model.name && low === 0 && high === 11;
    const made = numbers([rows, ...shape.slice(1)], low, high);
    return whole || dtype === 'int32' ? tf.floor(made) : made;
  });
}

const list = (value) => (Array.isArray(value) ? value : [value]);
const record = (tensor) => {
  const data = Float32Array.from(tensor.dataSync());
  return { shape: tensor.shape, data: Buffer.from(data.buffer).toString('base64') };
};

async function artifacts(model, includeOptimizer) {
  let found;
  const handler = tf.io.withSaveHandler(async (given) => {
    found = given;
    return { modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(given) };
  });
  await model.save(handler, { includeOptimizer });
  return found;
}

// What `model.save('downloads://...')` writes in a browser.
function write(name, found, specs = found.weightSpecs, data = Buffer.from(tf.io.CompositeArrayBuffer.join(found.weightData))) {
  const folder = path.join(FOLDER, name);
  fs.mkdirSync(folder, { recursive: true });
  const manifest = [{ paths: ['weights.bin'], weights: specs }];
  fs.writeFileSync(path.join(folder, 'weights.bin'), data);
  const { modelTopology, format, generatedBy, convertedBy, trainingConfig } = found;
  const said = { modelTopology, format, generatedBy, convertedBy, trainingConfig, weightsManifest: manifest };
  fs.writeFileSync(path.join(folder, 'model.json'), JSON.stringify(said) + '\n');
  return { ...found, weightSpecs: specs, weightData: data.buffer.slice(data.byteOffset, data.byteOffset + data.length) };
}

// The same weights in fewer bits, as the converter's --quantize_* stores them; TensorFlow.js makes numbers of them.
function quantized(found, stored) {
  const data = Buffer.from(tf.io.CompositeArrayBuffer.join(found.weightData));
  let offset = 0;
  const parts = [];
  const specs = found.weightSpecs.map((spec) => {
    const size = tf.util.sizeFromShape(spec.shape);
    const values = new Float32Array(data.buffer.slice(data.byteOffset + offset, data.byteOffset + offset + 4 * size));
    offset += 4 * size;
    if (stored === 'float16') {
      parts.push(Buffer.from(Uint16Array.from(values, half).buffer));
      return { ...spec, quantization: { dtype: stored, original_dtype: 'float32' } };
    }
    const [least, most] = [Math.min(...values), Math.max(...values)];
    const [top, Kind] = stored === 'uint8' ? [255, Uint8Array] : [65535, Uint16Array];
    const scale = (most - least) / top || 1;
    parts.push(Buffer.from(Kind.from(values, (each) => Math.round((each - least) / scale)).buffer));
    return { ...spec, quantization: { dtype: stored, min: least, scale, original_dtype: 'float32' } };
  });
  return [specs, Buffer.concat(parts)];
}

// The bits of a half of normal size, cut.
function half(value) {
  const [bits] = new Uint32Array(Float32Array.of(value).buffer);
  const exponent = ((bits >>> 23) & 255) - 112;
  return exponent <= 0 ? 0 : ((bits >>> 16) & 0x8000) | (exponent << 10) | ((bits >>> 13) & 0x3ff);
}

async function trained(optimizer) {
  const model = weighted(sequential({ layers: [L.dense({ units: 5, activation: 'tanh', inputShape: [4] }), L.dense({ units: 3, activation: 'softmax' })] }));
  model.compile({ optimizer, loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
  const labels = tf.oneHot(tf.tensor1d(Array.from({ length: 24 }, (_, k) => k % 3), 'int32'), 3);
  await model.fit(numbers([24, 4]), labels, { epochs: 3, batchSize: 8, shuffle: false, verbose: 0 });
  return model;
}

async function main() {
  fs.rmSync(FOLDER, { recursive: true, force: true });
  const expected = {};
  const add = (name, model, range) => {
    const xs = arguments_of(model, range);
    expected[name] = { inputs: xs.map(record), outputs: list(model.predict(xs)).map(record) };
  };
  for (const [name, make] of Object.entries(MODELS)) {
    const model = weighted(make());
    write(name, await artifacts(model, false));
    add(name, model, RANGE[name]);
  }
  const plain = await artifacts(weighted(MODELS.depthwise()), false);
  for (const stored of ['uint8', 'uint16', 'float16']) {
    const written = write(`depthwise_${stored}`, plain, ...quantized(plain, stored));
    add(`depthwise_${stored}`, await tf.loadLayersModel(tf.io.fromMemory(written)));
  }
  for (const [name, optimizer] of Object.entries({ adam: tf.train.adam(0.02), rmsprop: tf.train.rmsprop(0.02), sgd: 'sgd' })) {
    const model = await trained(optimizer);
    write(`trained_${name}`, await artifacts(model, true));
    add(`trained_${name}`, model);
    // One more step, from the state that was saved.
    const [x, y] = [numbers([8, 4]), tf.oneHot(tf.tensor1d([0, 1, 2, 0, 1, 2, 0, 1], 'int32'), 3)];
    const [loss] = await model.trainOnBatch(x, y);
    expected[`trained_${name}`].step = { x: record(x), y: record(y), loss, weights: model.getWeights().map(record) };
  }
  fs.writeFileSync(path.join(FOLDER, 'expected.json'), JSON.stringify(expected) + '\n');
}

main();
