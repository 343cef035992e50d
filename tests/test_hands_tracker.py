"""Do hands keep their ids, and what they do, over frames? The tracker of examples/hands, in Node."""

import json
from pathlib import Path

import pytest

from web.browser import run_node

TRACKER = Path(__file__).parents[1] / "examples" / "hands" / "page" / "tracker.js"
START = f"const {{ Tracker, seen, LABELS }} = await import({json.dumps(TRACKER.as_uri())});"
# frames: lists of [label, score, x, y, width, height]; what comes out of each of them.
FOLLOW = (
    START
    + """
const tracker = new Tracker({ score: 0.5, mirror: given.mirror ?? false });
return given.frames.map((frame, k) => {
  const scores = new Float32Array(7 * frame.length), boxes = new Float32Array(4 * frame.length);
  frame.forEach(([label, score, x, y, width, height], n) => {
    scores[7 * n + LABELS.indexOf(label)] = score;
    boxes.set([y, x, y + height, x + width], 4 * n);
  });
  const { hands, faces, events } = tracker.update(scores, boxes, given.times?.[k] ?? 40 * k);
  return { hands, faces, events: events.map(([name, { id }]) => `${name} ${id}`) };
});"""
)


def followed(*frames, **given):
    return run_node(FOLLOW, {"frames": frames, **given})


def hand(label, x, y=0.4, score=0.9, size=0.2):
    return [label, score, x, y, size, size]


def test_a_hand_keeps_its_id_while_it_moves_and_another_gets_its_own():
    frames = followed(*([hand("open", 0.1 + 0.05 * k), hand("open", 0.7, 0.1)] for k in range(8)))
    assert all([each["id"] for each in frame["hands"]] == [1, 2] for frame in frames)
    assert frames[0]["events"] == ["enter 1", "open 1", "enter 2", "open 2"] and frames[7]["events"] == []
    assert frames[7]["hands"][0]["box"]["x"] == pytest.approx(0.45, abs=0.03)  # smoothed, but not far behind


def test_what_a_hand_does_changes_when_two_frames_say_so():
    labels = ["open", "pinch", "open", "pinch", "pinch", "open", "open"]
    frames = followed(*([hand(label, 0.4)] for label in labels))
    assert [frame["hands"][0]["label"] for frame in frames] == ["open"] * 4 + ["pinch"] * 2 + ["open"]
    assert [frame["events"] for frame in frames[4:]] == [["pinch 1"], [], ["release 1", "open 1"]]


def test_a_hand_may_be_out_of_sight_for_a_moment():
    frames = followed([hand("closed", 0.4)], [], [hand("closed", 0.45)], [], times=[0, 200, 390, 900])
    assert frames[1] == {"hands": [], "faces": [], "events": []}
    assert frames[2]["hands"][0]["id"] == 1 and frames[2]["events"] == []
    assert frames[3]["events"] == ["release 1", "leave 1"]


def test_of_boxes_around_one_thing_the_surest_stays():
    frames = followed([hand("open", 0.4, score=0.6), hand("pinch", 0.42, score=0.8), hand("point", 0.1, score=0.4)])
    assert [(each["label"], round(each["score"], 2)) for each in frames[0]["hands"]] == [("pinch", 0.8)]


def test_faces_are_no_hands():
    (frame,) = followed([hand("face", 0.4), hand("open", 0.4, score=0.7)])
    assert [each["label"] for each in frame["faces"]] == ["face"] and [each["label"] for each in frame["hands"]] == [
        "open"
    ]


def test_a_finger_points_with_its_tip():
    tip = ["tip", 0.4, 0.48, 0.36, 0.04, 0.06]
    (with_tip,), (alone,) = followed([hand("point", 0.4), tip]), followed([hand("point", 0.4)])
    assert with_tip["hands"][0]["tip"] == pytest.approx({"x": 0.5, "y": 0.39}, abs=1e-6)
    assert alone["hands"][0]["tip"] == pytest.approx({"x": 0.5, "y": 0.416}, abs=1e-6)


def test_a_mirror_swaps_left_and_right():
    (frame,) = followed([hand("open", 0.1)], mirror=True)
    assert frame["hands"][0]["box"]["x"] == pytest.approx(0.7, abs=1e-6)
