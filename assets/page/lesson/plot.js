// The drawing layer for all pictures of the page: axes with names and units, marks that keep their identity
// from one drawing to the next so that they can move, and sizes in real pixels.

import { el, svg, set, eachFrame } from './dom.js';
import { plain } from './text.js';

/** A scale from values to pixels. @param {[number, number]} domain @param {[number, number]} range @param {boolean} log */
export function scale(domain, range, log = false) {
  const place = log ? Math.log10 : (value) => value;
  const [low, high] = domain.map(place);
  const to = (value) => range[0] + ((place(value) - low) / (high - low)) * (range[1] - range[0]);
  to.invert = (pixel) => {
    const value = low + ((pixel - range[0]) / (range[1] - range[0])) * (high - low);
    return log ? 10 ** value : value;
  };
  return Object.assign(to, { domain, range, log });
}

/** Round values over a domain, about `count` of them. @param {[number, number]} domain */
export function ticks([low, high], count = 5, log = false) {
  if (log) {
    const [first, last] = [Math.ceil(Math.log10(low) - 1e-9), Math.floor(Math.log10(high) + 1e-9)];
    const every = Math.max(1, Math.ceil((last - first) / count));
    return Array.from({ length: Math.floor((last - first) / every) + 1 }, (_, at) => 10 ** (first + at * every));
  }
  const rough = (high - low) / count;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = unit * ([1, 2, 5].find((one) => one * unit >= rough) ?? 10);
  const first = Math.ceil(low / step - 1e-9);
  const length = Math.floor(high / step + 1e-9) - first + 1;
  // A single value says nothing about the scale.
  if (length < 2) return ticks([low, high], count + 1);
  return Array.from({ length }, (_, at) => (first + at) * step);
}

/**
 * Heights moved apart until none is closer to the next than `gap`, as far as there is room between `top` and
 * `bottom`. @param {number[]} heights
 */
export function apart(heights, gap, top, bottom) {
  const order = heights.map((_, place) => place).sort((one, other) => heights[one] - heights[other]);
  const placed = [...heights];
  let floor = top;
  for (const place of order) floor = (placed[place] = Math.max(placed[place], floor)) + gap;
  let ceiling = bottom;
  for (const place of order.reverse()) ceiling = (placed[place] = Math.min(placed[place], ceiling)) - gap;
  return placed;
}

/**
 * A picture: `draw(p)` is called for each drawing, with `p.x`, `p.y` (scales), `p.width`, `p.height` and the
 * marks below. It redraws itself when its width changes; call `redraw()` when its data did.
 *
 * @param {{label: string, height: number | ((width: number) => number), draw: (p: Picture) => void,
 *   x?: Axis, y?: Axis, margin?: Partial<Margin>}} options `label` describes it to screen readers;
 *   an axis `{domain, label, log?, ticks?, show?}` (or a function that gives one) may be left out.
 * @typedef {{domain: [number, number], label: string, log?: boolean, ticks?: number[], show?: (v: number) => string}} Axis
 * @returns {HTMLElement & {redraw: () => void, render: () => void, picture: Picture}} `render` draws at once
 */
export function plot({ label, height, draw, x, y, margin = {} }) {
  const root = svg('svg', { role: 'img', 'aria-label': label });
  const whole = el('div', { class: 'plot' }, root);
  const picture = new Picture(root);
  const render = () => {
    const width = whole.clientWidth;
    if (width === 0) return;
    const tall = typeof height === 'function' ? height(width) : height;
    picture.begin(width, tall, resolve(x), resolve(y), margin);
    draw(picture);
    picture.end();
  };
  const redraw = eachFrame(render);
  new ResizeObserver(redraw).observe(whole);
  return Object.assign(whole, { redraw, render, picture });
}

const resolve = (axis) => (typeof axis === 'function' ? axis() : axis);

/** The drawing interface of `draw`. Marks have keys: an existing mark is moved, not recreated. */
export class Picture {
  #root; #marks = new Map(); #used; #last;

  constructor(root) {
    this.#root = root;
  }

  /** Begins a drawing: sizes, scales, axes. */
  begin(width, height, x, y, margin) {
    this.#used = new Set();
    this.#last = null;
    const room = { top: 10, right: 12, bottom: x ? 40 : 8, left: y ? 48 : 8, ...margin };
    Object.assign(this, { width, height, left: room.left, top: room.top });
    this.right = width - room.right;
    this.bottom = height - room.bottom;
    set(this.#root, { viewBox: `0 0 ${width} ${height}`, width, height });
    this.x = x && scale(x.domain, [this.left, this.right], x.log);
    this.y = y && scale(y.domain, [this.bottom, this.top], y.log);
    if (x) this.#axisX(x);
    if (y) this.#axisY(y);
  }

  /** Ends a drawing: removes what was not drawn again. */
  end() {
    for (const [key, mark] of this.#marks) {
      if (this.#used.has(key)) continue;
      mark.remove();
      this.#marks.delete(key);
    }
  }

  /** A mark of any kind. @param {string} key @param {string} tag @param {object} attributes @param {string} [text] */
  mark(key, tag, attributes, text) {
    let mark = this.#marks.get(key);
    if (!mark) {
      mark = svg(tag);
      this.#marks.set(key, mark);
    }
    set(mark, attributes);
    if (text !== undefined && mark.textContent !== text) mark.textContent = text;
    const next = this.#last ? this.#last.nextSibling : this.#root.firstChild;
    if (next !== mark) this.#root.insertBefore(mark, next);
    this.#last = mark;
    this.#used.add(key);
    return mark;
  }

  /** A line through points in values. @param {string} key @param {[number, number][]} points */
  line(key, points, attributes = {}) {
    const seen = points.filter((point) => point.every(Number.isFinite));
    const d = seen.map(([a, b], at) => `${at ? 'L' : 'M'}${this.x(a).toFixed(1)} ${this.y(b).toFixed(1)}`).join('');
    return this.mark(key, 'path', { fill: 'none', d: d || 'M0 0', ...attributes });
  }

  /** A dot at values. */
  dot(key, x, y, attributes = {}) {
    const style = `transform: translate(${this.x(x).toFixed(1)}px, ${this.y(y).toFixed(1)}px)`;
    return this.mark(key, 'circle', { r: 6, style, ...attributes });
  }

  /** Text at pixels. `anchor` is start, middle or end. */
  text(key, x, y, words, { anchor = 'start', ...attributes } = {}) {
    return this.mark(key, 'text', { x, y, 'text-anchor': anchor, ...attributes }, words);
  }

  #axisX({ domain, label, log, ticks: given, show = plain }) {
    this.mark('axis-x', 'path', { class: 'axis', d: `M${this.left} ${this.bottom}H${this.right}` });
    const count = Math.max(2, Math.floor((this.right - this.left) / 70));
    for (const tick of given ?? ticks(domain, count, log)) {
      this.mark(`tick-x-${tick}`, 'path', { class: 'axis', d: `M${this.x(tick)} ${this.bottom}v4` });
      const attributes = { anchor: 'middle', class: 'tick' };
      this.text(`name-x-${tick}`, this.x(tick), this.bottom + 16, tidy(show(tick)), attributes);
    }
    this.text('label-x', (this.left + this.right) / 2, this.bottom + 33, label, { anchor: 'middle', class: 'label' });
  }

  #axisY({ domain, label, log, ticks: given, show = plain }) {
    this.mark('axis-y', 'path', { class: 'axis', d: `M${this.left} ${this.top}V${this.bottom}` });
    const count = Math.max(2, Math.floor((this.bottom - this.top) / 40));
    for (const tick of given ?? ticks(domain, count, log)) {
      this.mark(`tick-y-${tick}`, 'path', { class: 'axis', d: `M${this.left} ${this.y(tick)}h-4` });
      this.text(`name-y-${tick}`, this.left - 7, this.y(tick) + 4, tidy(show(tick)), { anchor: 'end', class: 'tick' });
    }
    const [x, y] = [12, (this.top + this.bottom) / 2];
    this.text('label-y', x, y, label, { anchor: 'middle', class: 'label', transform: `rotate(-90 ${x} ${y})` });
  }
}

/** A tick without artefacts of binary fractions, with a real minus sign. */
const tidy = (text) => text.replace(/(\.\d*?[1-9]?)0{5,}\d*$/, '$1').replace(/\.$/, '').replace('-', '−');
