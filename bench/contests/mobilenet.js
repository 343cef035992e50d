// MobileNetV2 as users of TensorFlow.js write it: its fused convolutions, images channels-last.

export function tensorflow(tf, weights, { nodes }) {
  const tensors = Object.fromEntries(weights.map(({ name, array, shape }) => [name, tf.tensor(array, shape)]));
  const compute = {
    ADD: (node, a, b) => tf.add(a, b),
    MEAN: (node, x) => tf.mean(x, [1, 2]),
    CONV_2D: (node, x) => tf.fused.conv2d(options(node, x)),
    DEPTHWISE_CONV_2D: (node, x) => tf.fused.depthwiseConv2d(options(node, x)),
  };
  const options = ({ output, stride, pad, clipped }, x) => ({
    x, filter: tensors[`${output}/kernel`], bias: tensors[`${output}/bias`], strides: stride, pad, dimRoundingMode: 'floor',
    activation: clipped ? 'relu6' : 'linear',
  });
  return ({ image }) => {
    const values = { image };
    for (const node of nodes) values[node.output] = compute[node.kind](node, ...node.inputs.map((name) => values[name]));
    return values[nodes.at(-1).output];
  };
}
