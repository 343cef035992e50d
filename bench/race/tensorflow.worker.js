// TensorFlow.js trains in this worker. In: the data and the settings. Out: a message for each step, then the accuracy.

importScripts('peers/tf.min.js');

const network = () => tf.sequential({ layers: [
  tf.layers.conv2d({ inputShape: [28, 28, 1], kernelSize: 5, filters: 8, activation: 'relu' }),
  tf.layers.maxPooling2d({ poolSize: 2, strides: 2 }),
  tf.layers.conv2d({ kernelSize: 5, filters: 16, activation: 'relu' }),
  tf.layers.maxPooling2d({ poolSize: 2, strides: 2 }),
  tf.layers.flatten(),
  tf.layers.dense({ units: 10, activation: 'softmax' }),
] });

onmessage = async ({ data: { train, test, epochs, batch, backend } }) => {
  try {
    tf.enableProdMode();
    if (!(await tf.setBackend(backend).catch(() => false))) throw new Error(`this browser gives a worker no ${backend}`);
    await tf.ready();
    const model = network();
    model.compile({ optimizer: tf.train.adam(), loss: 'categoricalCrossentropy' });
    const images = (set) => tf.tensor(set.images, [set.labels.length, 28, 28, 1]);
    const [x, y] = [images(train), tf.oneHot(tf.tensor1d(train.labels, 'int32'), 10)];
    postMessage({ ready: true });
    await new Promise((resolve) => { onmessage = resolve; });
    await model.fit(x, y, {
      epochs, batchSize: batch, yieldEvery: 'never',
      callbacks: { onBatchEnd: (_, { loss, size }) => postMessage({ loss, samples: size }) },
    });
    const found = await model.predict(images(test)).argMax(1).data();
    const right = found.reduce((sum, label, i) => sum + (label === test.labels[i]), 0);
    postMessage({ accuracy: right / found.length, backend: tf.getBackend() });
  } catch (error) {
    postMessage({ error: String(error?.message ?? error) });
  }
};
