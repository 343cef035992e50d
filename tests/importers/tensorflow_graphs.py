"""Functions whose graphs are written frozen; `tensorflow_models.py` writes them."""

from __future__ import annotations

import numpy as np
import tensorflow as tf  # pyright: ignore[reportMissingImports]  # only who writes the files has it

from importers.tensorflow_models import graph, numbers, random

raw = tf.raw_ops


@graph
def resizes():
    """Both ways to resize, by corners, by middles and by neither."""
    flags = ((False, False), (True, False), (False, True))

    def run(x):
        return [way(images=x, size=size, align_corners=corners, half_pixel_centers=middles)
                for way in (raw.ResizeBilinear, raw.ResizeNearestNeighbor) for corners, middles in flags
                for size in ([7, 3], [4, 11])]  # fmt: skip

    return run, {"x": numbers(2, 5, 6, 2)}


@graph
def pictures():
    """What tf.image does before a model."""

    def run(x):
        y = tf.image.convert_image_dtype(x, tf.float32)
        grey = tf.image.rgb_to_grayscale(y)
        box = tf.image.crop_to_bounding_box(y, 1, 2, 5, 4)
        return [
            tf.image.resize(y, [4, 5]), tf.image.resize(y, [11, 9], "nearest"), tf.image.central_crop(y, 0.5),
            tf.image.per_image_standardization(y), tf.image.flip_left_right(grey), tf.image.rot90(box),
            tf.image.pad_to_bounding_box(box, 1, 0, 7, 6), tf.image.resize_with_crop_or_pad(y, 6, 12),
            tf.image.resize_with_pad(y, 6, 6), tf.image.adjust_brightness(y, 0.1), tf.image.adjust_contrast(y, 1.5),
            tf.image.adjust_gamma(y, 0.7), tf.image.rgb_to_yuv(y), tf.image.total_variation(y),
            tf.image.extract_patches(y, [1, 2, 2, 1], [1, 2, 2, 1], [1, 1, 1, 1], "SAME"),
        ]  # fmt: skip

    return run, {"x": random.integers(0, 255, (2, 8, 9, 3)).astype("uint8")}


@graph
def colours():
    """Colours as hue, saturation and value."""

    def run(x):
        return [tf.image.rgb_to_hsv(x), tf.image.hsv_to_rgb(x), tf.image.adjust_saturation(x, 1.7),
                tf.image.adjust_hue(x, 0.2)]  # fmt: skip

    return run, {"x": random.uniform(0, 1, (2, 3, 4, 3)).astype("float32")}


@graph
def antialiased():
    """Made smaller with a filter as wide as the new pixels."""

    def run(x):
        return [tf.image.resize(x, [3, 4], method, antialias=True) for method in ("bilinear", "bicubic", "lanczos3")]

    return run, {"x": random.uniform(0, 1, (1, 9, 8, 2)).astype("float32")}


@graph
def products():
    w, v = tf.constant(numbers(4, 3, 2)), tf.constant(numbers(2, 3))

    def run(x):
        y = tf.einsum("bti,ihd->bhtd", x, w)
        return [y, tf.einsum("bhtd,bhsd->bhts", y, y), tf.tensordot(x, w, [[2], [0]]),
                tf.einsum("b...i,ihd,dh->b...", x, w, v),
                tf.linalg.matmul(y, y, transpose_b=True)]  # fmt: skip

    return run, {"x": numbers(2, 5, 4)}


@graph
def normalized():
    """Batch normalization by the statistics of the batch, as in training, and by stored ones."""
    scale, offset, mean = (tf.constant(numbers(3)) for _ in range(3))
    spread = tf.constant(np.abs(numbers(3)) + 0.5)

    def run(x):
        trained = tf.compat.v1.nn.fused_batch_norm(x, scale, offset, is_training=True, epsilon=0.01)
        stored = tf.compat.v1.nn.fused_batch_norm(x, scale, offset, mean, spread, is_training=False)
        return [*trained, stored[0]]

    return run, {"x": numbers(2, 4, 5, 3)}


@graph
def multiplied():
    """Depthwise convolutions with several results for each channel."""
    kernel, points = tf.constant(numbers(3, 2, 3, 2)), tf.constant(numbers(1, 1, 6, 4))

    def run(x):
        return [tf.nn.depthwise_conv2d(x, kernel, [1, 2, 2, 1], "SAME"),
                tf.nn.separable_conv2d(x, kernel, points, [1, 1, 1, 1], "VALID"),
                tf.nn.depthwise_conv2d(x, kernel, [1, 1, 1, 1], "VALID", dilations=[2, 2])]  # fmt: skip

    return run, {"x": numbers(2, 7, 6, 3)}


@graph
def conditions():
    """Branches in branches and in loops, whose sides read other things."""
    w = tf.constant(numbers(3, 3))

    def run(x):
        total = tf.reduce_sum(x)
        y = tf.cond(total > 0.0, lambda: tf.cond(total > 1.0, lambda: x * 2.0, lambda: x @ w), lambda: x - 1.0)
        z = tf.cond(total > -100.0, lambda: tf.cond(total > 100.0, lambda: tf.tanh(x), lambda: y + 1.0), lambda: y)

        def body(k, u):
            return k + 1, tf.cond(tf.reduce_max(u) > 1.0, lambda: u * 0.5, lambda: u @ w + z)

        return [y, z, tf.while_loop(lambda k, u: k < 7, body, (0, x))[1],
                tf.while_loop(lambda u: tf.reduce_max(tf.abs(u)) < 90.0, lambda u: tf.cond(
                    tf.reduce_max(u) > 9.0, lambda: u * 3.0, lambda: u + tf.abs(z) + 0.1), (x,)),
                tf.switch_case(tf.cast(total, tf.int32) % 3 + 1, [lambda: x, lambda: x @ w, lambda: z])]  # fmt: skip

    return run, {"x": np.abs(numbers(3, 3))}


@graph
def constant_sides():
    """Branches whose sides read nothing, in a loop and inside each other."""

    def run(x):
        total = tf.reduce_sum(x)
        rate = tf.cond(total > 0.0, lambda: tf.constant(0.25), lambda: tf.constant(4.0))
        step = tf.cond(total > 0.0, lambda: tf.cond(total > 100.0, lambda: tf.constant(7.0), lambda: tf.constant(9.0)),
                       lambda: tf.zeros([]) + tf.square(tf.constant(3.0)))  # fmt: skip

        def body(k, u):
            return k + 1, u * tf.cond(tf.reduce_max(u) > 2.0, lambda: tf.constant(0.5), lambda: tf.constant(1.5))

        return [x * rate, x + step, tf.while_loop(lambda k, u: k < 5, body, (0, x))[1]]

    return run, {"x": np.abs(numbers(3, 3))}


@graph
def sequences():
    """Rows of different lengths, as a padded array with their lengths."""

    def run(x, lengths):
        mask = tf.sequence_mask(lengths, 6, tf.float32)[:, :, None]
        return [tf.reduce_sum(x * mask, 1) / tf.reduce_sum(mask, 1), tf.reverse_sequence(x, lengths, 1, 0),
                tf.where(mask > 0, x, -1.0)]  # fmt: skip

    return run, {"x": numbers(3, 6, 2), "lengths": np.array([2, 6, 1], "int32")}


@graph
def channels_first():
    """A network whose pictures are channels-first, which no CPU of TensorFlow runs; the truth is that of its twin."""
    kernel, bias, deep = numbers(3, 3, 3, 4), numbers(4), numbers(2, 2, 4, 2)
    scale, offset, mean, spread = numbers(4), numbers(4), numbers(4), np.abs(numbers(4)) + 0.5

    def network(x, order):
        def each(height, width):
            return [1, 1, height, width] if order == "NCHW" else [1, height, width, 1]

        y = raw.Conv2D(input=x, filter=kernel, strides=each(2, 1), padding="SAME", data_format=order)
        y = raw.BiasAdd(value=y, bias=bias, data_format=order)
        y = raw.FusedBatchNormV3(x=y, scale=scale, offset=offset, mean=mean, variance=spread, is_training=False,
                                 data_format=order).y  # fmt: skip
        y = raw.DepthwiseConv2dNative(input=y, filter=deep, strides=[1, 1, 1, 1], padding="VALID", data_format=order)
        y = raw.MaxPool(input=tf.nn.relu(y), ksize=each(2, 2), strides=each(1, 1), padding="SAME", data_format=order)
        return raw.AvgPool(value=y, ksize=each(1, 2), strides=each(1, 2), padding="VALID", data_format=order)

    def truth(x):
        return tf.transpose(network(tf.transpose(x, [0, 2, 3, 1]), "NHWC"), [0, 3, 1, 2])

    return lambda x: network(x, "NCHW"), {"x": numbers(2, 3, 7, 8)}, truth
