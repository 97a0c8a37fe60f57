// Ridges in space: histograms one behind the other in time, over the activation's curve. No perspective.

import { ACTIVATIONS } from './activations.js';
import { plain } from './text.js';

/** Half the length of the time axis; half of the inputs' axis is 1, and so is the height of the tallest bin. */
const DEPTH = 0.9;
/** How far the activation's curve hangs below the floor. */
const DROP = 0.65;

/**
 * The projection of a box into a rectangle of pixels: turned by `yaw` about the vertical, seen from `pitch` above, as
 * large as fits. @param {{yaw: number, pitch: number}} turn in radians
 * @param {{left: number, right: number, top: number, bottom: number}} room in pixels
 * @returns {(x: number, y: number, z: number) => [number, number]} pixels, of x in ±1, y from −DROP to 1, z in ±DEPTH
 */
export function camera({ yaw, pitch }, room) {
  const [c, s, cp, sp] = [Math.cos(yaw), Math.sin(yaw), Math.cos(pitch), Math.sin(pitch)];
  const flat = (x, y, z) => [x * c + z * s, y * cp + (z * c - x * s) * sp];
  const corners = [-1, 1].flatMap((x) => [-DROP, 1].flatMap((y) => [-DEPTH, DEPTH].map((z) => flat(x, y, z))));
  const [across, up] = [0, 1].map((axis) => corners.map((corner) => corner[axis]));
  const [left, right, low, high] = [Math.min(...across), Math.max(...across), Math.min(...up), Math.max(...up)];
  const [kx, ky] = [(room.right - room.left) / (right - left), (room.bottom - room.top) / (high - low)];
  return (x, y, z) => {
    const [a, b] = flat(x, y, z);
    return [room.left + (a - left) * kx, room.bottom - (b - low) * ky];
  };
}

/**
 * The shares of a histogram's inputs within a domain, bin by bin: the middles of bins and their shares of all inputs.
 * @param {Layer} layer @param {[number, number]} domain @returns {[number, number][]}
 */
export function shares(layer, domain) {
  const { low, high, counts, below, above } = layer;
  const total = counts.reduce((sum, count) => sum + (count || 0), 0) + (below || 0) + (above || 0);
  if (!(total > 0)) return [];
  const width = (high - low) / counts.length;
  return counts
    .map((count, at) => [low + (at + 0.5) * width, (count || 0) / total])
    .filter(([middle]) => middle >= domain[0] && middle <= domain[1]);
}

/**
 * Paints a panel.
 * @param {CanvasRenderingContext2D} context scaled to CSS pixels
 * @param {{width: number, height: number, turn: {yaw: number, pitch: number}, domain: [number, number],
 *   ticks: number[], activation: string, ridges: {step: number, at: number, now: boolean, bars: [number, number][]}[],
 *   peak: number,
 *   colours: Record<'ink'|'faint'|'rule'|'paper'|'norm', string>,
 *   words: Record<'input'|'step'|'tallest', string>}} scene
 * `at` of a ridge is its place in time, from 0 (oldest) to 1.
 */
export function paintRidges(context, scene) {
  const { width, height, turn, domain, colours } = scene;
  context.clearRect(0, 0, width, height);
  const left = turn.yaw < 0;
  const see = camera(turn, { left: left ? 44 : 16, right: width - (left ? 16 : 44), top: 4, bottom: height - 38 });
  const x = (value) => ((value - domain[0]) / (domain[1] - domain[0])) * 2 - 1;
  const tools = { ...scene, context, see, x, side: left ? -1 : 1 };
  context.font = '12px system-ui, sans-serif';
  context.lineJoin = 'round';
  floor(tools);
  curve(tools);
  for (const ridge of scene.ridges) paintRidge(tools, ridge);
  const now = scene.ridges.find((ridge) => ridge.now);
  if (now) outline(tools, now, colours.ink, 1.6, 0.9);
  heights(tools);
  steps(tools);
}

/** A line through points in space. */
function trace({ context, see }, points, colour, width = 1) {
  context.beginPath();
  points.forEach((point, at) => context[at ? 'lineTo' : 'moveTo'](...see(...point)));
  context.lineWidth = width;
  context.strokeStyle = colour;
  context.stroke();
}

/** The axis of inputs at the front, and lines of equal input on the floor. */
function floor(tools) {
  const { context, see, x, ticks, colours, words, width, height } = tools;
  trace(
    tools,
    [
      [-1, 0, -DEPTH],
      [1, 0, -DEPTH],
      [1, 0, DEPTH],
      [-1, 0, DEPTH],
      [-1, 0, -DEPTH],
    ],
    colours.rule,
  );
  trace(
    tools,
    [
      [-1, -DROP, -DEPTH],
      [1, -DROP, -DEPTH],
    ],
    colours.rule,
  );
  context.fillStyle = colours.faint;
  context.textAlign = 'center';
  for (const tick of ticks) {
    trace(
      tools,
      [
        [x(tick), 0, DEPTH],
        [x(tick), 0, -DEPTH],
        [x(tick), -DROP, -DEPTH],
      ],
      colours.rule,
      tick === 0 ? 1.4 : 0.7,
    );
    const [px, py] = see(x(tick), -DROP, -DEPTH);
    context.fillText(plain(tick), px, py + 14);
  }
  context.fillText(words.input, width / 2, height - 3);
}

/** The axis of heights, drawn over the ridges so that its number is legible. */
function heights({ context, colours, words, side, see, ...tools }) {
  const end = -side;
  trace(
    { ...tools, context, see },
    [
      [end, 0, -DEPTH],
      [end, 1, -DEPTH],
    ],
    colours.faint,
  );
  const [px, py] = see(end, 1, -DEPTH);
  const place = [words.tallest, px + side * 4, Math.max(12, py + 4)];
  context.textAlign = side > 0 ? 'left' : 'right';
  context.lineWidth = 4;
  context.strokeStyle = colours.paper;
  context.strokeText(...place);
  context.fillStyle = colours.faint;
  context.fillText(...place);
}

/** The activation's curve at the front; the darker the shade below it, the greater its slope. */
function curve(tools) {
  const { context, see, x, domain, activation, colours } = tools;
  const known = ACTIVATIONS[activation];
  if (!known) return;
  const count = 48;
  const inputs = Array.from({ length: count + 1 }, (_, at) => domain[0] + ((domain[1] - domain[0]) * at) / count);
  const [low, high] = [known.of(domain[0]), known.of(domain[1])];
  const y = (value) => -DROP + ((known.of(value) - low) / (high - low || 1)) * (DROP - 0.08);
  context.fillStyle = colours.faint;
  for (let at = 0; at < count; at++) {
    context.globalAlpha = (known.slope((inputs[at] + inputs[at + 1]) / 2) / known.steepest) * 0.6;
    const [a, b] = [see(x(inputs[at]), -DROP, -DEPTH), see(x(inputs[at + 1]), -DROP, -DEPTH)];
    const [c, d] = [see(x(inputs[at + 1]), -0.02, -DEPTH), see(x(inputs[at]), -0.02, -DEPTH)];
    context.beginPath();
    for (const [place, point] of [a, b, c, d].entries()) context[place ? 'lineTo' : 'moveTo'](...point);
    context.fill();
  }
  context.globalAlpha = 1;
  trace(
    tools,
    inputs.map((value) => [x(value), y(value), -DEPTH]),
    colours.ink,
    1.6,
  );
}

/** The path of a ridge's top, from floor to floor. */
function top({ x, peak }, { at, bars }) {
  const z = DEPTH * (1 - 2 * at);
  return [[-1, 0, z], ...bars.map(([middle, share]) => [x(middle), Math.min(share / peak, 1), z]), [1, 0, z]];
}

function outline(tools, ridge, colour, width, alpha) {
  tools.context.globalAlpha = alpha;
  trace(tools, top(tools, ridge), colour, width);
  tools.context.globalAlpha = 1;
}

/** A ridge hides what is behind it, except in the side view. */
function paintRidge(tools, ridge) {
  const { context, see, colours, turn } = tools;
  if (turn.pitch > 0.08) {
    context.beginPath();
    top(tools, ridge).forEach((point, at) => context[at ? 'lineTo' : 'moveTo'](...see(...point)));
    context.fillStyle = colours.paper;
    context.globalAlpha = 0.85;
    context.fill();
    context.fillStyle = colours.norm;
    context.globalAlpha = ridge.now ? 0.45 : 0.1;
    context.fill();
  }
  outline(tools, ridge, colours.norm, 1.2, 0.45 + 0.55 * ridge.at);
}

/** Steps next to the ridges: the selected one first, others if there is room. */
function steps(tools) {
  const { context, see, ridges, colours, words, side } = tools;
  const places = ridges.map((ridge) => ({ ridge, point: see(side, 0, DEPTH * (1 - 2 * ridge.at)) }));
  const order = [...places.filter((one) => one.ridge.now), ...places.slice(-1), ...places];
  const taken = [];
  context.textAlign = side > 0 ? 'left' : 'right';
  for (const { ridge, point } of order) {
    if (taken.some((y) => Math.abs(y - point[1]) < 13)) continue;
    taken.push(point[1]);
    context.fillStyle = ridge.now ? colours.ink : colours.faint;
    context.font = `${ridge.now ? '600 ' : ''}12px system-ui, sans-serif`;
    context.fillText(plain(ridge.step), point[0] + side * 5, point[1] + 4);
  }
  if (places.length === 0) return;
  context.fillStyle = colours.faint;
  context.font = '12px system-ui, sans-serif';
  const highest = Math.min(...taken);
  const farthest = see(side, 0, DEPTH);
  context.fillText(words.step, farthest[0] + side * 5, Math.max(12, highest - 9));
}
