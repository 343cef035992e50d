// The files as users of TensorFlow.js open them: a graph, of which one node is read, or layers.

export async function tensorflow(tf, weights, { name, read }) {
  const place = new URL(`../${name}/tfjs/model.json`, import.meta.url).href;
  if (!read) {
    const model = await tf.loadLayersModel(place);
    return (inputs) => model.predict(Object.values(inputs));
  }
  const model = await tf.loadGraphModel(place);
  // It has a loop, which only executeAsync runs.
  return Object.assign((inputs) => model.executeAsync(Object.values(inputs)[0], read), { isAwaited: true });
}
