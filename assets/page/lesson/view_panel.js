// One plot of a view: curves over steps, or over layers, with a label at the end of each curve.

import { el, set, svg } from './dom.js';
import { apart, Picture, ticks } from './plot.js';
import { plain, raised, t } from './text.js';

/** Pixels from one label to the next, and the number of characters that fit next to a plot. */
const [LINE, WIDEST] = [14, 7];

/**
 * Labels that do not overlap: each as close to its proper place as the others allow. If there is no room for
 * all, those of the least weight are dropped. @template {{y: number, weight: number}} T @param {T[]} labels
 * @param {number} top @param {number} bottom @param {number} [line] height of a label @returns {(T & {at: number})[]}
 */
export function relax(labels, top, bottom, line = LINE) {
  const room = Math.max(1, Math.floor((bottom - top) / line) + 1);
  const kept = [...labels].sort((one, other) => other.weight - one.weight).slice(0, room);
  kept.sort((one, other) => one.y - other.y);
  const places = apart(kept.map(({ y }) => y), line, top, bottom);
  return kept.map((label, place) => ({ ...label, at: places[place] }));
}

/** A power of ten: 10⁻³. @param {number} value */
export function power(value) {
  const exponent = Math.round(Math.log10(value));
  return `10${raised(exponent)}`;
}

/**
 * A logarithmic axis with room for exact zeros below.
 * @param {number[]} values all values to be drawn @param {string} label
 * @returns {Axis & {zero: number, place: (value: number) => number}} `place` is where a value is drawn: 0 at `zero`
 */
export function logAxis(values, label) {
  const positive = values.filter((value) => value > 0 && Number.isFinite(value));
  const exponents = positive.length ? [Math.min(...positive), Math.max(...positive)].map(Math.log10) : [-3, 0];
  const low = Math.floor(exponents[0]);
  const high = Math.max(Math.ceil(exponents[1]), low + 2);
  const lane = (high - low) * 0.17;
  const zero = 10 ** (low - lane * 0.85);
  const decades = ticks([10 ** low, 10 ** high], 4, true);
  return {
    domain: [10 ** (low - lane), 10 ** high],
    log: true,
    label,
    zero,
    ticks: [zero, ...decades],
    show: (value) => (value === zero ? '0' : power(value)),
    place: (value) => (value === 0 ? zero : value),
  };
}

/** Numbers from here on are too long for a tick. */
const LONG = 1e4;

/** A linear axis from 0 (or below) to the largest value. @param {number[]} values @param {string} label */
export function linearAxis(values, label, { least = 0, most = 0, show } = {}) {
  const finite = values.filter(Number.isFinite);
  const [low, high] = [Math.min(least, ...finite), Math.max(most, ...finite)];
  const upper = high > low ? high + (high - low) * 0.05 : low + 1;
  const largest = Math.max(-low, high);
  // If a network diverges, there is no room for all digits of the ticks.
  const unit = largest >= LONG ? 10 ** Math.floor(Math.log10(largest)) : 1;
  return {
    domain: [low < least ? low - (upper - low) * 0.05 : low, upper],
    label: unit === 1 ? label : `${label}, ×${power(unit)}`,
    place: (value) => value,
    show: show ?? ((value) => plain(value / unit)),
  };
}

/** The path through points in pixels; broken where one is not finite. @param {[number, number][]} points */
export function path(points) {
  let d = '';
  let on = false;
  for (const [x, y] of points) {
    const here = Number.isFinite(x) && Number.isFinite(y);
    if (here) d += `${on ? 'L' : 'M'}${Math.round(x * 10) / 10} ${Math.round(y * 10) / 10}`;
    on = here;
  }
  return d || 'M0 0';
}

/**
 * A plot that the scene draws.
 * @param {object} scene @param {string} owner @param {{label: () => string, height: number, room?: number,
 *   x: () => Axis, y: () => Axis, draw: (p: Picture, place: (value: number) => number) => void}} options
 * `room` is the space for labels at the right.
 * @returns {HTMLElement & {picture: Picture}}
 */
export function panel(scene, owner, { label, height, room = 16, x, y, draw }) {
  const root = svg('svg', { 'aria-hidden': 'true' });
  const whole = el('div', { class: 'plot view-plot', tabindex: 0, role: 'slider', 'aria-label': label() });
  // Reserves the height, so that nothing moves when the plot is drawn.
  whole.style.minHeight = `${height}px`;
  const picture = new Picture(root);
  whole.append(root);
  scene.piece(owner, whole, (width) => {
    const [across, up] = [x(), y()];
    picture.begin(width, height, across, up, { right: room, left: 54 });
    draw(picture, (value) => picture.y(up.place(value)));
    picture.end();
    set(whole, { 'aria-label': label() });
  });
  return Object.assign(whole, { picture });
}

/**
 * Curves with a label at the end of each; `joins` lets a label merge with its neighbours.
 * @param {Picture} p @param {(value: number) => number} place
 * @param {{key: string, points: [number, number][], class: string, text: string, weight?: number, joins?: boolean,
 *   layer?: number}[]} curves
 */
export function curves(p, place, curves) {
  const labels = [];
  for (const one of curves) {
    const points = one.points.map(([at, value]) => [p.x(at), Number.isFinite(value) ? place(value) : NaN]);
    p.mark(`line-${one.key}`, 'path', { class: one.class, fill: 'none', d: path(points), 'data-layer': one.layer });
    const end = points.findLast((point) => Number.isFinite(point[1]));
    if (end && one.text) labels.push({ ...one, x: end[0], y: end[1], weight: one.weight ?? 0 });
  }
  for (const label of relax(join(labels), p.top + 2, p.bottom - 2)) {
    const x = label.x + 8;
    const d = Math.abs(label.at - label.y) > 3 ? `M${label.x + 2} ${label.y}L${x - 1} ${label.at}` : 'M0 0';
    p.mark(`lead-${label.key}`, 'path', { class: 'view-lead', d });
    p.text(`end-${label.key}`, x, label.at + 4, label.text, { class: `${label.class} view-halo` });
  }
}

/** Merges labels of layers whose curves end in the same place, such as 1–4, unless `joins` is unset. */
function join(labels) {
  const groups = [];
  for (const label of labels.toSorted((one, other) => one.y - other.y)) {
    const group = groups.at(-1);
    const near = group && label.y - group[0].y < 5 && Math.abs(label.x - group[0].x) < 5;
    if (near && label.joins && group[0].joins) group.push(label);
    else groups.push([label]);
  }
  return groups.map((group) => ({
    ...group[0],
    y: group.reduce((sum, label) => sum + label.y / group.length, 0),
    weight: Math.max(...group.map((label) => label.weight)),
    text: joined(group),
  }));
}

/** The text of merged labels: their layers or, if these are too many, their range. */
function joined(group) {
  if (group.length === 1) return group[0].text;
  const layers = group.map(({ layer }) => layer);
  const all = ranges(layers);
  return all.length <= WIDEST ? all : `${Math.min(...layers) + 1}…${Math.max(...layers) + 1}`;
}

/** Layers as ranges: 1–3, 5. @param {number[]} layers from 0 @returns {string} */
export function ranges(layers) {
  const sorted = [...layers].sort((one, other) => one - other);
  const runs = [];
  for (const layer of sorted) {
    if (runs.at(-1)?.[1] === layer - 1) runs.at(-1)[1] = layer;
    else runs.push([layer, layer]);
  }
  return runs.map(([first, last]) => (first === last ? `${first + 1}` : `${first + 1}–${last + 1}`)).join(', ');
}

/** Dots on curves at the selected step (or at layers). */
export function dots(p, place, marks) {
  for (const { key, at, value, class: name, layer } of marks) {
    if (!Number.isFinite(value) || !Number.isFinite(place(value))) continue;
    p.mark(`dot-${key}`, 'circle', {
      class: `view-dot ${name}`,
      r: 3.2,
      cx: p.x(at),
      cy: place(value),
      'data-layer': layer,
    });
  }
}

/** The vertical lines at the selected step and at the step pointed at. */
export function cursor(scene, p) {
  const line = (key, step) =>
    p.mark(key, 'path', { class: `view-${key}`, 'data-step': step, d: `M${p.x(step)} ${p.top}V${p.bottom}` });
  line('now', Math.min(Math.max(scene.step, scene.span[0]), scene.span[1]));
  if (scene.hover !== null) line('hover', scene.hover);
}

/**
 * Lets a reader point at a plot over steps: all views follow the pointer, a click selects the step, and the arrow
 * keys go from step to step.
 * @param {object} scene @param {ReturnType<typeof panel>} plot
 * @param {{layerAt?: (step: number, y: number) => number|null, say: () => string}} options
 */
export function overSteps(scene, plot, { layerAt = () => null, say }) {
  const leave = () => {
    scene.point(null);
    scene.light(null);
  };
  const move = (event) => {
    const box = plot.getBoundingClientRect();
    if (!plot.picture.x) return;
    scene.point(Math.min(Math.max(plot.picture.x.invert(event.clientX - box.left), scene.span[0]), scene.span[1]));
    scene.light(layerAt(scene.from(), event.clientY - box.top));
  };
  for (const kind of ['pointerdown', 'pointermove']) plot.addEventListener(kind, move);
  // A finger has left the plot by the time of the click.
  plot.addEventListener('click', (event) => {
    move(event);
    scene.go();
    if (event.pointerType === 'touch') leave();
  });
  plot.addEventListener('pointerleave', leave);
  plot.addEventListener('pointercancel', leave);
  plot.addEventListener('focus', () => {
    if (plot.matches(':focus-visible')) scene.point(scene.from());
    tell();
  });
  plot.addEventListener('blur', leave);
  const tell = () =>
    set(plot, {
      'aria-valuemin': scene.steps[0] ?? 0,
      'aria-valuemax': scene.steps.at(-1) ?? 0,
      'aria-valuenow': scene.from(),
      'aria-valuetext': say(),
    });
  plot.addEventListener('keydown', (event) => {
    const at = scene.steps.findLastIndex((step) => step <= scene.from());
    const before = scene.steps[at] < scene.from() ? at : at - 1;
    const next = {
      ArrowRight: at + 1,
      ArrowUp: at + 1,
      ArrowLeft: before,
      ArrowDown: before,
      PageUp: at + 5,
      PageDown: at - 5,
      Home: 0,
      End: scene.steps.length - 1,
    }[event.key];
    if (next === undefined || scene.steps.length === 0) return;
    event.preventDefault();
    scene.point(scene.steps[Math.min(Math.max(next, 0), scene.steps.length - 1)]);
    scene.go();
    tell();
  });
  tell();
  return tell;
}

/** The axis that all plots over steps share. */
export const stepAxis = (scene) => ({ domain: scene.span, label: t('view.axis.step') });
