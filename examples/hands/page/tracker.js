// Which hand is which? Boxes and scores of one frame become hands that keep their ids over frames, move smoothly, and change
// what they do only when two frames say so. Knows no camera and no page.

/** The model's classes, in their order. */
export const LABELS = ['open', 'closed', 'pinch', 'point', 'face', 'tip', 'pinchtip'];
const HANDS = 4; // the first ones are hands
const FACE = LABELS.indexOf('face'), TIPS = { point: LABELS.indexOf('tip'), pinch: LABELS.indexOf('pinchtip') };
const OVERLAP = 0.45; // of two boxes around the same thing, as intersection over union
const NEAR = 1.2; // box sizes that a hand may move between two frames
const PATIENCE = 400; // milliseconds that a hand may be out of sight
const SURE = 2; // frames before a change counts
const HOLDS = new Set(['pinch', 'closed']);

export class Tracker {
  #score;
  #mirror;
  #tracks = [];
  #last = 0;

  constructor({ score, mirror }) {
    this.#score = score;
    this.#mirror = mirror;
  }

  /** @param {Float32Array} scores of each box, one a class @param {Float32Array} boxes top, left, bottom, right @param {number} now in milliseconds */
  update(scores, boxes, now) {
    const found = seen(scores, boxes, this.#score, this.#mirror);
    const events = [];
    const emit = (name, track) => events.push([name, handOf(track)]);
    const free = new Set(this.#tracks);
    for (const hand of found.hands) {
      const track = closest(free, hand);
      if (track) {
        free.delete(track);
        follow(track, hand, found.tips, now, emit);
      } else {
        const started = { ...hand, id: ++this.#last, at: now, next: '', count: 0, tip: tipOf(hand, found.tips) };
        this.#tracks.push(started);
        emit('enter', started);
        emit(started.label, started);
      }
    }
    for (const track of free) {
      if (now - track.at < PATIENCE) continue;
      this.#tracks.splice(this.#tracks.indexOf(track), 1);
      if (HOLDS.has(track.label)) emit('release', track);
      emit('leave', track);
    }
    return { hands: this.#tracks.filter((track) => track.at === now).map(handOf), faces: found.faces, events };
  }
}

const handOf = ({ id, label, score, box, tip }) => ({ id, label, score, box: { ...box }, tip: { ...tip } });

/** The hands, faces and finger tips of one frame, each thing once: of boxes that overlap, the surest one. */
export function seen(scores, boxes, least, mirror) {
  const all = [];
  for (let k = 0; k < boxes.length / 4; k++) {
    const own = Array.from(scores.subarray(k * LABELS.length, (k + 1) * LABELS.length));
    const score = Math.max(...own), kind = own.indexOf(score);
    // A finger tip is small, and the model seldom sure of it: it counts where a hand is.
    if (score < (kind > FACE ? least / 2 : least)) continue;
    const [top, left, bottom, right] = boxes.subarray(4 * k, 4 * k + 4);
    all.push({ kind, label: LABELS[kind], score, box: { x: mirror ? 1 - right : left, y: top, width: right - left, height: bottom - top } });
  }
  all.sort((a, b) => b.score - a.score);
  const kept = { hands: [], faces: [], tips: [] };
  for (const one of all) {
    const among = kept[one.kind < HANDS ? 'hands' : one.kind === FACE ? 'faces' : 'tips'];
    if (among.every((other) => shared(one.box, other.box) < OVERLAP)) among.push(one);
  }
  return kept;
}

/** Intersection over union of two boxes. */
function shared(a, b) {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  if (width <= 0 || height <= 0) return 0;
  return width * height / (a.width * a.height + b.width * b.height - width * height);
}

const middle = ({ x, y, width, height }) => ({ x: x + width / 2, y: y + height / 2 });

/** The track whose hand this is: the one that overlaps most, else the nearest one within reach. */
function closest(tracks, hand) {
  let best, most = 0;
  const here = middle(hand.box), size = Math.max(hand.box.width, hand.box.height);
  for (const track of tracks) {
    const there = middle(track.box), reach = NEAR * Math.max(size, track.box.width, track.box.height);
    const near = 1 - Math.hypot(here.x - there.x, here.y - there.y) / reach;
    const fit = shared(hand.box, track.box) + Math.max(near, 0) / 2;
    if (fit > most) [best, most] = [track, fit];
  }
  return best;
}

/** The track after one more frame: what jitters is smoothed, what moves is followed. */
function follow(track, hand, tips, now, emit) {
  const size = Math.max(hand.box.width, hand.box.height);
  const moved = Math.hypot(middle(hand.box).x - middle(track.box).x, middle(hand.box).y - middle(track.box).y) / size;
  const part = Math.min(0.35 + 4 * moved, 1);
  const blend = (from, to) => Object.fromEntries(Object.keys(to).map((key) => [key, from[key] + part * (to[key] - from[key])]));
  track.box = blend(track.box, hand.box);
  track.score = hand.score;
  track.at = now;
  track.count = hand.label === track.next ? track.count + 1 : 1;
  track.next = hand.label;
  if (hand.label !== track.label && track.count >= SURE) {
    if (HOLDS.has(track.label) && !HOLDS.has(hand.label)) emit('release', track);
    track.label = hand.label;
    emit(hand.label, track);
  }
  track.tip = blend(track.tip, tipOf({ ...hand, label: track.label }, tips));
}

/** Where a hand points: the tip that was found in it or close to it, else the place where fingers end in such a box. */
function tipOf({ label, box }, tips) {
  const { x, y, width, height } = box;
  const own = tips.find((tip) => {
    const at = middle(tip.box);
    return tip.kind === TIPS[label] && at.x > x - width / 4 && at.x < x + 1.25 * width && at.y > y - height / 4 && at.y < y + 1.25 * height;
  });
  if (own) return middle(own.box);
  const high = { point: 0.08, pinch: 0.3, closed: 0.5, open: 0.5 }[label] ?? 0.5;
  return { x: x + width / 2, y: y + high * height };
}
