"""Models with lists of tensors, for tensorflow_models.py: those of TensorFlow 2, and TensorFlow 1's TensorArray."""

import tensorflow as tf  # pyright: ignore[reportMissingImports]  # only who writes the files has it

from importers.tensorflow_models import graph, model, numbers, saved


@model
def lists():
    """Lists that are written, pushed to and gathered from outside of any loop, and in one with a known end."""

    class Lists(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([3, 4], tf.float32, name="x")])
        def __call__(self, x):
            kept = tf.TensorArray(tf.float32, 3, element_shape=[4]).unstack(x)
            grown = tf.TensorArray(tf.float32, 0, dynamic_size=True, element_shape=[4])
            for k in range(3):
                grown = grown.write(k, kept.read(2 - k) * float(k))
            return {"turned": grown.stack(), "some": kept.gather([2, 0]), "flat": kept.concat()}

    module = Lists()
    return saved(module, serving_default=module.__call__), {"x": numbers(3, 4)}, None


def empty():
    """A list of rows of 4 that may become longer."""
    return tf.raw_ops.EmptyTensorList(element_shape=[4], max_num_elements=-1, element_dtype=tf.float32)


def stack(found):
    """The rows of 4 of a list, as an array."""
    return tf.raw_ops.TensorListStack(input_handle=found, element_shape=[4], element_dtype=tf.float32)


@graph
def lists_grow():
    """Lists that items are pushed to and taken from, in a loop too; scattered, split and resized."""
    raw = tf.raw_ops

    def function(x):
        pushed = empty()

        def push(k, kept):
            return k + 1, raw.TensorListPushBack(input_handle=kept, tensor=x[k % 3] * tf.cast(k, "float32"))

        _, pushed = tf.while_loop(lambda k, kept: k < 6, push, (0, pushed))
        popped, last = raw.TensorListPopBack(input_handle=pushed, element_shape=[4], element_dtype=tf.float32)
        longer = raw.TensorListResize(input_handle=popped, size=7)
        placed = raw.TensorListScatterV2(tensor=x, indices=[4, 0, 2], element_shape=[4], num_elements=5)
        halves = raw.TensorListSplit(tensor=x, element_shape=[-1, 4], lengths=tf.constant([1, 1, 1], "int64"))
        part = raw.TensorListGetItem(input_handle=halves, index=1, element_shape=[1, 4], element_dtype=tf.float32)
        return {"pushed": stack(pushed), "last": last, "placed": stack(placed), "part": part,
                "resized": stack(longer), "count": raw.TensorListLength(input_handle=longer)}  # fmt: skip

    return function, {"x": numbers(3, 4)}


def branched(x):
    """Lists that branches write to, push to, make and only pass on: where data tell which, and where constants do."""
    raw, total = tf.raw_ops, tf.reduce_sum(x)
    kept = tf.TensorArray(tf.float32, 3)

    def step(k, kept):
        return k + 1, tf.cond(x[k, 0] > 0.0, lambda: kept.write(k, x[k] * 2.0), lambda: kept)

    steps = tf.while_loop(lambda k, _: k < 3, step, (0, kept))[1]

    def late(k, kept):
        return k + 1, tf.cond(k > 0, lambda: kept.write(k - 1, x[k] * 3.0), lambda: kept)

    lates = tf.while_loop(lambda k, _: k < 3, late, (0, kept))[1].write(2, x[0])
    filled = kept.unstack(x)
    case = tf.cast(tf.abs(total) * 10.0, tf.int32) % 3
    cased = tf.switch_case(case, [lambda: filled.write(0, x[1]), lambda: filled, lambda: filled.write(2, x[0] * 3.0)])
    made = tf.cond(total > 0.0, lambda: kept.unstack(x + 1.0), lambda: kept.unstack(x - 1.0))
    pushed = empty()

    def push(factor):
        return lambda: raw.TensorListPushBack(input_handle=pushed, tensor=x[0] * factor)

    known = tf.cond(tf.shape(x)[0] > 2, push(1.0), push(2.0))
    open_ = tf.cond(total > 0.0, push(3.0), push(4.0))
    return {"steps": steps.stack(), "cased": cased.stack(), "made": made.stack(), "known": stack(known),
            "open": stack(open_), "late": lates.stack()}  # fmt: skip


@graph
def lists_branched():
    return branched, {"x": numbers(3, 4)}


@model
def lists_branched_functions():
    """The same, with branches as functions."""

    class Branched(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([3, 4], tf.float32, name="x")])
        def __call__(self, x):
            return branched(x)

    module = Branched()
    return saved(module, serving_default=module.__call__), {"x": numbers(3, 4)}, None


@graph
def lists_read_and_written():
    """Lists whose items are made of their own items, and of each other's."""

    def run(x):
        kept = tf.TensorArray(tf.float32, 4, clear_after_read=False).write(0, x[0])
        other = tf.TensorArray(tf.float32, 4, clear_after_read=False).write(0, x[1])
        for k in range(1, 4):
            step = tf.tanh(kept.read(k - 1) + other.read(k - 1))
            other = other.write(k, step * 2.0)
            kept = kept.write(k, other.read(k) - x[2])
        alone = tf.TensorArray(tf.float32, 3).unstack(x).stack() * 2.0
        return [kept.stack(), other.stack(), tf.TensorArray(tf.float32, 3).unstack(alone).read(1)]

    return run, {"x": numbers(3, 4)}


@graph
def lists_grow_nested():
    """Lists that grow in loops inside of loops."""
    raw = tf.raw_ops

    def function(x):
        kept = empty()

        def outer(k, kept):
            def inner(n, kept):
                item = x[n] * tf.cast(k, "float32")
                return n + 1, raw.TensorListPushBack(input_handle=kept, tensor=item)

            return k + 1, tf.while_loop(lambda n, _: n < 3, inner, (0, kept))[1]

        _, kept = tf.while_loop(lambda k, _: k < 6, outer, (0, kept))
        return stack(kept)

    return function, {"x": numbers(3, 4)}


@graph
def lists_long_enough():
    """Lists that may grow, and are as long as they become from the beginning: in more rounds than are written out."""

    def run(x):
        def step(k, kept, other):
            return k + 1, kept.write(k, x[k % 3]), other.write(99 - k, tf.reduce_sum(x) * tf.cast(k, "float32"))

        kept = tf.TensorArray(tf.float32, 100, dynamic_size=True, element_shape=[4])
        other = tf.TensorArray(tf.float32, 100, dynamic_size=True)
        _, kept, other = tf.while_loop(lambda k, *_: k < 100, step, (0, kept, other))
        return [kept.stack(), other.write(100, 1.0).stack()]

    return run, {"x": numbers(3, 4)}


@graph
def refused_growth():
    """A list that grows by as many items as the data say."""
    raw = tf.raw_ops

    def function(x):
        kept = empty()

        def push(k, kept):
            return k + 1, raw.TensorListPushBack(input_handle=kept, tensor=x[k % 3])

        most = tf.cast(tf.reduce_max(x), "int32") + 3
        _, kept = tf.while_loop(lambda k, kept: k < most, push, (0, kept))
        return stack(kept)

    return function, {"x": numbers(3, 4)}


@graph
def refused_rounds():
    """A list that grows in more rounds than are written out."""

    def run(x):
        kept = tf.TensorArray(tf.float32, 99, dynamic_size=True, element_shape=[4])
        kept = tf.while_loop(lambda k, _: k < 100, lambda k, kept: (k + 1, kept.write(k, x[k % 3])), (0, kept))[1]
        return kept.stack()

    return run, {"x": numbers(3, 4)}


@graph
def refused_sides():
    """A list that data make longer."""
    raw = tf.raw_ops

    def function(x):
        kept = raw.TensorListFromTensor(tensor=x, element_shape=[4])

        def push():
            return raw.TensorListPushBack(input_handle=kept, tensor=x[0])

        kept = tf.cond(tf.reduce_sum(x) > 0.0, push, lambda: kept)
        return stack(kept)

    return function, {"x": numbers(3, 4)}


@model
def arrays_of_1():
    """TensorFlow 1: its own lists, in loops that are written out and in others, one of which makes them grow."""
    v1 = tf.compat.v1
    x, w = numbers(9, 2, 4), numbers(4, 4)

    def write(folder):
        v1.disable_control_flow_v2()
        try:
            with tf.Graph().as_default(), v1.Session() as session:
                given = v1.placeholder("float32", [9, 2, 4], name="x")
                kernel = v1.get_variable("kernel", initializer=w, use_resource=False)
                steps = tf.TensorArray("float32", 9).unstack(given)
                results = tf.TensorArray("float32", 9, clear_after_read=False)

                def step(k, state, results):
                    state = tf.tanh(steps.read(k) + state @ kernel)
                    return k + 1, state, results.write(k, state)

                def grow(k, kept):
                    return k + 1, kept.write(k, given[k] * tf.cast(k, "float32"))

                loop = v1.while_loop(lambda k, *_: k < 9, step, [0, tf.zeros([2, 4]), results])
                grown = tf.TensorArray("float32", 0, dynamic_size=True)
                grown = v1.while_loop(lambda k, _: k < 6, grow, [0, grown])[1]
                parts = tf.TensorArray("float32", 3, infer_shape=False).split(given, [3, 3, 3])
                ys = {
                    "states": loop[2].stack(),
                    "last": loop[1],
                    "some": loop[2].gather([8, 0]),
                    "grown": grown.concat(),
                    "part": parts.read(1),
                    "count": grown.size() + tf.shape(given)[0],
                }
                session.run(v1.global_variables_initializer())
                ys = {key: tf.identity(y, name=f"end_{key}") for key, y in ys.items()}
                v1.saved_model.simple_save(session, str(folder), {"x": given}, ys)
        finally:
            v1.enable_control_flow_v2()

    return write, {"x": x}, None


@model
def arrays_of_1_branched():
    """TensorFlow 1: its lists on the sides of Switch and Merge, in a loop too."""
    v1 = tf.compat.v1

    def write(folder):
        v1.disable_control_flow_v2()
        try:
            with tf.Graph().as_default(), v1.Session() as session:
                x = v1.placeholder("float32", [5, 4], name="x")
                kept = tf.TensorArray("float32", 5, clear_after_read=False)
                other = tf.TensorArray("float32", 5, clear_after_read=False)

                def step(k, kept):
                    return k + 1, v1.cond(x[k, 0] > 0, lambda: kept.write(k, x[k] * 2.0), lambda: kept.write(k, -x[k]))

                kept = v1.while_loop(lambda k, _: k < 5, step, [0, kept])[1]
                made = v1.cond(x[0, 0] > 0, lambda: other.unstack(x), lambda: other.unstack(x * 3.0))
                y = tf.identity(kept.stack() + made.stack(), name="end")
                v1.saved_model.simple_save(session, str(folder), {"x": x}, {"y": y})
        finally:
            v1.enable_control_flow_v2()

    return write, {"x": numbers(5, 4)}, None
