// The five inputs that sections 1 and 2 share: their positions, what a ReLU does to them, and how they are moved.

import { dragNumber } from './controls.js';
import { set } from './dom.js';
import { moments } from './norms.js';
import { fixed, t } from './text.js';

/** How far an input may be dragged from 0 before the shift, and how far the shift goes. */
const REACH = 4;
export const SHIFT = 3;
/** A new batch is closer to 0 than the shift reaches, so that the shift alone can bring it to one side. */
const FRESH_REACH = 2.8;
const GRID = 20;
const GRAB = 26;

/**
 * The five dots at the start.
 * @typedef {{values: number[], shift: number, watchers: Record<string, () => void>}} Dots
 */
const firstDots = () => ({ values: [-1.6, -0.6, 0.4, 1.1, 2.3], shift: 0, watchers: {} });

/** The dots that the sections share. @param {Record<string, object>} states @returns {Dots} */
export function sharedDots(states) {
  states.s1.dots ??= firstDots();
  return states.s1.dots;
}

const snap = (value) => Math.round(value * GRID) / GRID;
const clamp = (value, reach) => Math.min(reach, Math.max(-reach, value));

/** The dots' positions: equal ones are equal to the bit. @param {Dots} dots */
export const positions = ({ values, shift }) => values.map((value) => snap(value + shift));

/** Moves a dot within its limits. @param {Dots} dots @param {number} place @param {number} position */
function moveDot(dots, place, position) {
  dots.values[place] = clamp(snap(position - dots.shift), REACH);
}

/** Five new inputs, normally distributed. @param {() => number} [random] */
export function newBatch(random = Math.random) {
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Array.from({ length: 5 }, () => clamp(snap(1.4 * normal()), FRESH_REACH));
}

/** Notifies the sections that show the dots. @param {Dots} dots */
export const changed = (dots) => Object.values(dots.watchers).forEach((watch) => watch());

/** The shift as a number to drag. @param {Dots} dots */
export const shiftNumber = (dots) => dragNumber({ label: t('s1.shift'), min: -SHIFT, max: SHIFT, step: 0.1,
  value: dots.shift, show: (value) => fixed(value, 1), change: (value) => {
    dots.shift = value;
    changed(dots);
  } });

export const relu = (x) => Math.max(0, x);

/** The slope of ReLU; at 0 it is 0, as in the shaders. */
export const reluSlope = (x) => (x > 0 ? 1 : 0);

/**
 * What a ReLU does to inputs between `smallest` and `largest`. Inputs that are all exactly 0 give no output
 * and no gradient: they are silent.
 * @returns {'straight'|'silent'|'bent'}
 */
export function batchState(smallest, largest) {
  if (largest <= 0) return 'silent';
  return smallest >= 0 ? 'straight' : 'bent';
}

/** Mean, variance and deviation; values that are all equal have a variance of exactly 0. @param {number[]} values */
export function statistics(values) {
  const { mean, variance } = moments(values);
  return { mean, variance, deviation: Math.sqrt(variance) };
}

/**
 * The values with their mean subtracted, divided by their deviation, or both; null if the deviation to divide
 * by is 0. @param {number[]} values @param {'none'|'centre'|'scale'|'both'} how
 */
export function normalize(values, how) {
  const { mean, deviation } = statistics(values);
  const scales = how === 'scale' || how === 'both';
  if (scales && deviation === 0) return null;
  const from = how === 'centre' || how === 'both' ? mean : 0;
  return values.map((value) => (value - from) / (scales ? deviation : 1));
}

/** Draws the draggable dots at a height in a picture. @param {import('./plot.js').Picture} p @param {Dots} dots */
export function drawDots(p, dots, height) {
  positions(dots).forEach((x, place) => {
    p.dot(`input-${place}`, x, height, { r: 9, class: 'five-dot', role: 'slider', tabindex: 0, 'data-dot': place,
      'aria-label': t('s1.dot', { n: place + 1 }), 'aria-valuenow': x, 'aria-valuetext': fixed(x),
      'aria-valuemin': dots.shift - REACH, 'aria-valuemax': dots.shift + REACH });
  });
}

const KEYS = { ArrowRight: 0.1, ArrowUp: 0.1, ArrowLeft: -0.1, ArrowDown: -0.1, PageUp: 1, PageDown: -1 };

/**
 * Lets the dots of a picture be dragged and moved with keys.
 * @param {ReturnType<import('./plot.js').plot>} whole @param {Dots} dots
 */
export function dragDots(whole, dots) {
  let held = null;
  const move = (place, position) => {
    moveDot(dots, place, position);
    changed(dots);
  };
  const pixel = (event) => event.clientX - whole.getBoundingClientRect().left;
  whole.addEventListener('pointerdown', (event) => {
    held = nearest(whole, event);
    if (held === null) return;
    event.preventDefault();
    whole.setPointerCapture(event.pointerId);
    whole.querySelector(`[data-dot="${held}"]`).focus();
  });
  whole.addEventListener('pointermove', (event) => {
    if (held !== null) move(held, whole.picture.x.invert(pixel(event)));
  });
  for (const end of ['pointerup', 'pointercancel']) whole.addEventListener(end, () => (held = null));
  whole.addEventListener('keydown', (event) => {
    const place = event.target.dataset.dot;
    if (place === undefined || !(event.key in KEYS)) return;
    event.preventDefault();
    move(Number(place), positions(dots)[place] + KEYS[event.key]);
  });
  set(whole, { class: 'plot five-plot' });
}

/** The dot under or next to a pointer, so that a finger need not hit it exactly. @returns {number|null} */
function nearest(whole, { clientX, clientY }) {
  const far = [...whole.querySelectorAll('[data-dot]')].map((dot) => {
    const { left, top, width, height } = dot.getBoundingClientRect();
    const distance = Math.hypot(left + width / 2 - clientX, top + height / 2 - clientY);
    return { place: Number(dot.dataset.dot), distance };
  });
  const best = far.reduce((one, other) => (other.distance < one.distance ? other : one));
  return best.distance <= GRAB ? best.place : null;
}
