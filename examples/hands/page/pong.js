// Who hits the ball? Hands left and right of the middle move the paddles; a side without a hand is played by the page.

import { open } from './stage.js';

const court = document.getElementById('court'), context = court.getContext('2d');
const WIDE = 960, HIGH = 540, PADDLE = 96, THICK = 14, BALL = 9, EDGE = 26;
const STEP = 1000 / 120; // milliseconds of the game's own clock
const PAGE_SPEED = 3.1, KEY_SPEED = 7;

const sides = [0, 1].map(() => ({ y: HIGH / 2, aim: HIGH / 2, isHeld: false, points: 0, hits: 0 }));
const ball = { x: 0, y: 0, dx: 0, dy: 0 };
const keys = new Set();
let isOn = false, rest = 0, last = 0;

function serveBall(to) {
  Object.assign(ball, { x: WIDE / 2, y: HIGH / 2, dx: 3.2 * (to ? 1 : -1), dy: 2.4 * (Math.random() - 0.5) });
}

/** A side's paddle where a hand is, on its half of the picture; of several the nearest to where the paddle is. */
function hold(hands) {
  sides.forEach((side, k) => {
    const own = hands.map(({ box }) => ({ x: box.x + box.width / 2, y: (box.y + box.height / 2 - 0.15) / 0.7 * HIGH })).filter(({ x }) => (x >= 0.5) === Boolean(k));
    own.sort((a, b) => Math.abs(a.y - side.y) - Math.abs(b.y - side.y));
    side.isHeld = own.length > 0;
    if (own.length) side.aim = own[0].y;
  });
  isOn ||= hands.length > 0;
}

function step() {
  if (keys.size) {
    const [side] = sides;
    side.isHeld = isOn = true;
    side.aim = side.y + KEY_SPEED * (Number(keys.has('ArrowDown')) - Number(keys.has('ArrowUp')));
  }
  sides.forEach((side, k) => {
    const isComing = (ball.dx > 0) === Boolean(k);
    if (side.isHeld) side.y += 0.25 * (side.aim - side.y);
    else if (isComing) side.y += Math.max(-PAGE_SPEED, Math.min(PAGE_SPEED, ball.y - side.y));
    side.y = Math.max(PADDLE / 2, Math.min(HIGH - PADDLE / 2, side.y));
  });
  if (!isOn) return;
  ball.x += ball.dx;
  ball.y += ball.dy;
  if ((ball.y < BALL && ball.dy < 0) || (ball.y > HIGH - BALL && ball.dy > 0)) ball.dy *= -1;
  const k = Number(ball.dx > 0), side = sides[k];
  const at = k ? WIDE - EDGE - THICK : EDGE + THICK;
  const isThere = k ? ball.x + BALL >= at && ball.x < at + THICK : ball.x - BALL <= at && ball.x > at - THICK;
  if (isThere && Math.abs(ball.y - side.y) < PADDLE / 2 + BALL) {
    ball.dx *= -1.04;
    ball.dy += 3.2 * (ball.y - side.y) / PADDLE;
    side.hits++;
  } else if (ball.x < -40 || ball.x > WIDE + 40) {
    sides[1 - k].points++;
    document.getElementById('score').textContent = `${sides[0].points} : ${sides[1].points}`;
    serveBall(1 - k);
  }
}

function paint(now) {
  rest = Math.min(rest + now - last, 100);
  last = now;
  for (; rest >= STEP; rest -= STEP) step();
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name);
  context.fillStyle = colour('--court');
  context.fillRect(0, 0, WIDE, HIGH);
  context.fillStyle = colour('--chalk');
  for (let y = 10; y < HIGH; y += 30) context.fillRect(WIDE / 2 - 2, y, 4, 16);
  sides.forEach(({ y, isHeld }, k) => {
    context.fillStyle = isHeld ? colour('--accent') : colour('--soft');
    context.beginPath();
    context.roundRect(k ? WIDE - EDGE - THICK : EDGE, y - PADDLE / 2, THICK, PADDLE, 7);
    context.fill();
  });
  context.fillStyle = colour('--second');
  context.beginPath();
  context.arc(ball.x, ball.y, BALL, 0, 7);
  context.fill();
  if (!isOn) {
    context.fillStyle = colour('--ink');
    context.font = '600 26px system-ui, sans-serif';
    context.textAlign = 'center';
    context.fillText('Show a hand to begin', WIDE / 2, HIGH / 2 - 60);
  }
  requestAnimationFrame(paint);
}

for (const [event, change] of [['keydown', 'add'], ['keyup', 'delete']]) {
  court.addEventListener(event, (pressed) => {
    if (!/^Arrow(Up|Down)$/.test(pressed.key)) return;
    pressed.preventDefault();
    keys[change](pressed.key);
  });
}
serveBall(1);
requestAnimationFrame(paint);
/** What a test asks for. */
globalThis.pong = { sides, ball };
const hands = await open();
hands.on('hands', ({ hands: all }) => hold(all));
