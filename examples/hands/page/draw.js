// How are hands shown? The picture, and over it a box for each hand with its id and what it does, a dot where it points.

const COLOURS = ['#5b7cff', '#ff9d4d', '#3fd0ad', '#e77bd3', '#d6cf5a', '#ff8585'];

/** @param {HTMLCanvasElement} canvas @param {{ hands: any[], faces: any[] }} seen @param {{ picture?: CanvasImageSource, width: number, height: number, mirror?: boolean }} of */
export function draw(canvas, { hands, faces }, { picture, width, height, mirror }) {
  Object.assign(canvas, { width, height });
  const context = canvas.getContext('2d');
  if (picture) {
    context.save();
    if (mirror) context.setTransform(-1, 0, 0, 1, width, 0);
    context.drawImage(picture, 0, 0, width, height);
    context.restore();
  }
  const line = Math.max(width / 160, 2);
  context.lineWidth = line;
  context.font = `600 ${6 * line}px system-ui, sans-serif`;
  context.textBaseline = 'top';
  context.strokeStyle = 'rgba(255, 255, 255, 0.55)';
  for (const { box } of faces) frame(context, box, width, height, 3 * line);
  for (const { id, label, box, tip } of hands) {
    const colour = context.strokeStyle = context.fillStyle = COLOURS[id % COLOURS.length];
    const [x, y] = frame(context, box, width, height, 3 * line);
    const text = `${id} ${label}`, wide = context.measureText(text).width + 4 * line;
    context.fillRect(x, Math.max(y - 8 * line, 0), wide, 8 * line);
    context.fillStyle = '#10131a';
    context.fillText(text, x + 2 * line, Math.max(y - 8 * line, 0) + line);
    context.beginPath();
    context.arc(tip.x * width, tip.y * height, 2.5 * line, 0, 7);
    context.fillStyle = colour;
    context.fill();
    context.strokeStyle = '#fff';
    context.stroke();
  }
}

function frame(context, box, width, height, radius) {
  const [x, y] = [box.x * width, box.y * height];
  context.beginPath();
  context.roundRect(x, y, box.width * width, box.height * height, radius);
  context.stroke();
  return [x, y];
}
