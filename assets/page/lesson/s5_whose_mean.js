// S5: whose mean is it? A matrix of five examples and three units, and which of its cells each norm averages over.

import { button, choices, dragNumber, prediction, slider, write } from './controls.js';
import { el, rich, set } from './dom.js';
import { EPSILON, groupOf, normalize, parametersOf, runningAfter, statisticsOf } from './norms.js';
import { Stream } from './random.js';
import { runningPicture } from './s5_running.js';
import { bracketed, fixed, plain, t } from './text.js';

const EXAMPLES = 5;
const UNITS = 3;
const NORMS = ['batch', 'layer', 'rms'];

/** The population of the examples: mean and deviation of each unit. */
const POPULATION = [
  { mean: 1.5, deviation: 1 },
  { mean: -1, deviation: 0.6 },
  { mean: 0.5, deviation: 1.4 },
];

/** Below this deviation the ε under the root affects the first two digits. */
const SMALL = 0.1;

/** The stream of random numbers that batches are drawn from. */
const BATCHES = 101;

/** A batch of examples from the population, rounded to the displayed digits. @param {number} seed */
function drawBatch(seed, rows = EXAMPLES) {
  const stream = new Stream(seed, BATCHES, 0);
  return Array.from({ length: rows }, () =>
    POPULATION.map(({ mean, deviation }) => Math.round(10 * (mean + deviation * stream.normal())) / 10));
}

/** Batch norm's running statistics before its first batch. */
const untrained = () => ({ mean: Array(UNITS).fill(0), variance: Array(UNITS).fill(1) });

/** Sets defaults for everything that the reader can change. */
function begin(state) {
  state.x ??= drawBatch(0);
  state.rows ??= EXAMPLES;
  state.a ??= Array(UNITS).fill(1);
  state.b ??= Array(UNITS).fill(0);
  state.shared ??= { a: 1, b: 0 };
  state.affine ??= 'per_unit';
  state.mode ??= 'training';
  state.norm ??= 'batch';
  state.cell ??= [0, 0];
  state.draws ??= 0;
  state.running ??= untrained();
  state.history ??= [state.running.mean];
}

/** A norm's a and b, one of each per unit. */
function affineOf(state, norm) {
  if (norm === 'batch' || state.affine === 'per_unit') return { a: state.a, b: state.b };
  return { a: Array(UNITS).fill(state.shared.a), b: Array(UNITS).fill(state.shared.b) };
}

/** The running statistics, if batch norm uses them. */
const runningOf = (state, norm) => (norm === 'batch' && state.mode === 'inference' ? state.running : undefined);

/** A norm's outputs for the current examples. */
function outputsOf(state, norm, rows = state.rows) {
  return normalize(norm, state.x.slice(0, rows), affineOf(state, norm), runningOf(state, norm));
}

/** The greatest change of a norm's outputs for the first example from the full batch; 0 means bit-identical. */
function movedBy(state, norm) {
  const [whole, now] = [EXAMPLES, state.rows].map((rows) => outputsOf(state, norm, rows)[0]);
  return Math.max(...whole.map((value, unit) => (Object.is(value, now[unit]) ? 0 : Math.abs(value - now[unit]))));
}

/** The arithmetic of the focused cell, one paragraph per line. @returns {Node[]} */
function arithmetic(state) {
  const { norm, cell: [row, unit] } = state;
  const x = state.x.slice(0, state.rows);
  const running = runningOf(state, norm);
  const { mean, variance } = statisticsOf(norm, x, state.cell, running);
  const deviation = Math.sqrt(variance);
  const values = groupOf(norm, x.length, UNITS, state.cell).map(([at, one]) => x[at][one]);
  const count = values.length;
  const { a, b } = affineOf(state, norm);
  const y = outputsOf(state, norm)[row][unit];
  const lines = [el('p', { class: 's5-title' },
    t('s5.cell', { norm: t(`s5.${norm}`), row: row + 1, unit: unit + 1 }))];
  const line = (text) => lines.push(el('p', {}, ...rich(text)));
  if (running) {
    line(`[${t('s5.running_mean')}]{mean} = ${fixed(mean)}  ·  [σ]{sigma} = √${fixed(variance)} = ${fixed(deviation)}`);
  } else {
    const centre = (value) => (norm === 'rms' ? bracketed(value, 1) : `(${fixed(value, 1)} − ${bracketed(mean)})`);
    if (norm !== 'rms') {
      const sum = values.map((value, at) => (at ? bracketed(value, 1) : fixed(value, 1))).join(' + ');
      line(`[${t('s5.mean')}]{mean} = (${sum}) / ${count} = [${fixed(mean)}]{mean}`);
    }
    const squares = values.map((value) => `${centre(value)}²`).join(' + ');
    const name = norm === 'rms' ? 'RMS' : 'σ';
    line(`[${name}]{sigma}² = (${squares}) / ${count} = ${fixed(variance)}  →  [${name} = ${fixed(deviation)}]{sigma}`);
  }
  const top = norm === 'rms' ? fixed(x[row][unit], 1) : `(${fixed(x[row][unit], 1)} − [${bracketed(mean)}]{mean})`;
  const shift = norm === 'rms' ? '' : ` + [${bracketed(b[unit])}]{b}`;
  const below = deviation < SMALL ? `√([${fixed(deviation)}]{sigma}² + ${EPSILON})` : `[${fixed(deviation)}]{sigma}`;
  line(`y = [${bracketed(a[unit])}]{a} · ${top} / ${below}${shift} = *${fixed(y)}*`);
  if (deviation < SMALL) line(t('s5.epsilon', { epsilon: String(EPSILON) }));
  return lines;
}

/** A cell of a table of outputs; arrow keys move through the table. */
function outputCell(norm, row, unit, look) {
  const cell = el('td', { role: 'gridcell', tabindex: -1 });
  const walk = (event) => {
    const by = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (!by) return;
    event.preventDefault();
    look(norm, [row + by[0], unit + by[1]], true);
  };
  return set(cell, { onkeydown: walk, onfocus: () => look(norm, [row, unit]),
    onpointerenter: () => look(norm, [row, unit]) });
}

/** A table with a row per example and a column per unit. */
function table(caption, cells, attributes = {}) {
  const units = Array.from({ length: UNITS }, (_, unit) =>
    el('th', { scope: 'col', 'aria-label': t('s5.unit', { unit: unit + 1 }) }, String(unit + 1)));
  const head = el('tr', {}, el('th', { scope: 'col', class: 's5-corner' }, t('s5.units')), ...units);
  const body = cells.map((row, at) =>
    el('tr', {}, el('th', { scope: 'row', 'aria-label': t('s5.example', { row: at + 1 }) }, String(at + 1)), ...row));
  return el('table', { class: 's5-table', ...attributes }, el('caption', {}, ...[caption].flat()), head, ...body);
}

/** The tables: the inputs, which can be dragged, and each norm's outputs. */
function tables(state, { look, change }) {
  const places = Array.from({ length: EXAMPLES }, (_, row) => Array.from({ length: UNITS }, (_, unit) => [row, unit]));
  const inputs = places.map((all) => all.map(([row, unit]) => {
    const number = dragNumber({ label: t('s5.input', { row: row + 1, unit: unit + 1 }), min: -5, max: 5, step: 0.1,
      value: state.x[row][unit], show: (value) => fixed(value, 1),
      change: (value) => {
        state.x[row][unit] = Math.round(value * 10) / 10;
        change();
      } });
    return el('td', { onfocusin: () => look(state.norm, [row, unit]),
      onpointerenter: () => look(state.norm, [row, unit]) }, number);
  }));
  const outputs = Object.fromEntries(NORMS.map((norm) =>
    [norm, places.map((all) => all.map(([row, unit]) => outputCell(norm, row, unit, look)))]));
  const counts = Object.fromEntries(NORMS.map((norm) => [norm, el('span', { class: 's5-count' })]));
  const whole = el('div', { class: 'wide s5-tables' }, table(t('s5.inputs'), inputs),
    ...NORMS.map((norm) => table([el('b', {}, t(`s5.${norm}`)), counts[norm]], outputs[norm],
      { role: 'grid', class: `s5-table s5-${norm}` })));
  return { whole, inputs, outputs, counts };
}

/** Shows the numbers, the cells averaged over, and the focus. */
function show(state, { inputs, outputs, counts }) {
  const group = groupOf(state.norm, state.rows, UNITS, state.cell);
  const together = (row, unit) => group.some(([at, one]) => at === row && one === unit);
  const here = ([row, unit]) => row === state.cell[0] && unit === state.cell[1];
  inputs.forEach((cells, row) => cells.forEach((cell, unit) => {
    cell.classList.toggle('s5-together', together(row, unit) && !runningOf(state, state.norm));
    cell.classList.toggle('s5-here', here([row, unit]));
    cell.classList.toggle('s5-gone', row >= state.rows);
    set(cell, { 'data-term': together(row, unit) ? 'mean' : null });
    set(cell.firstChild, { tabindex: row < state.rows ? 0 : -1, 'aria-disabled': row >= state.rows || null });
    cell.firstChild.setValue(state.x[row][unit]);
  }));
  for (const norm of NORMS) {
    const y = outputsOf(state, norm);
    const flat = norm === 'batch' && state.rows === 1 && !runningOf(state, norm);
    outputs[norm].forEach((cells, row) => cells.forEach((cell, unit) => {
      const there = row < state.rows;
      cell.textContent = there ? fixed(y[row][unit]) : '·';
      cell.classList.toggle('s5-gone', !there || flat);
      cell.classList.toggle('s5-here', norm === state.norm && here([row, unit]));
      const stop = there && (norm === state.norm ? here([row, unit]) : row === 0 && unit === 0);
      set(cell, { tabindex: stop ? 0 : -1 });
    }));
    const [scales, shifts] = parametersOf(norm, state.affine, UNITS);
    counts[norm].replaceChildren(...rich(` [${scales} a]{a} + [${shifts} b]{b}`));
  }
}

/** The sentence on what moved when examples were removed, with a placeholder for the number left. */
function answer(state) {
  const inference = state.mode === 'inference';
  if (state.rows === EXAMPLES) return t(inference ? 's5.answer_inference' : 's5.answer_whole');
  if (state.rows === 1 && !inference) return t('s5.answer_one');
  const [batch, layer] = ['batch', 'layer'].map((norm) => movedBy(state, norm));
  const key = batch === 0 ? 's5.answer_same' : 's5.answer_moved';
  return t(key, { batch: fixed(batch), layer: fixed(layer, 0) });
}

/** The control of the batch size: a slider, or a number to drag. @param {typeof slider} make */
const sizeOfBatch = (state, change, make, show) => make({ label: t('s5.batch_size'), min: 1, max: EXAMPLES, step: 1,
  value: state.rows, show, change: (value) => {
    state.rows = value;
    state.cell = [Math.min(state.cell[0], value - 1), state.cell[1]];
    change();
  } });

/** The controls below the tables. */
function controls(state, change) {
  const set1 = (name) => (value) => {
    if (state.norm !== 'batch' && state.affine === 'shared') state.shared[name] = value;
    else state[name][state.cell[1]] = value;
    change();
  };
  const scaleOrShift = (name, min, max) => slider({ label: '', min, max, step: 0.1, value: 0, term: name,
    show: (value) => fixed(value, 1), change: set1(name) });
  const [a, b] = [scaleOrShift('a', -3, 3), scaleOrShift('b', -3, 3)];
  const tell = () => {
    rows.setValue(state.rows);
    const shared = state.norm !== 'batch' && state.affine === 'shared';
    for (const [name, control] of [['a', a], ['b', b]]) {
      control.firstChild.textContent = t(shared ? 's5.of_layer' : 's5.of_unit', { name, unit: state.cell[1] + 1 });
      control.setValue(shared ? state.shared[name] : state[name][state.cell[1]]);
    }
    b.querySelector('input').disabled = state.norm === 'rms';
  };
  const rows = sizeOfBatch(state, change, slider,
    (value) => t(value === 1 ? 's5.one_example' : 's5.examples', { rows: value }));
  const pick = (key, values) => choices({ label: t(`s5.${key}`), value: state[key],
    options: values.map((value) => ({ value, text: t(`s5.${value}`) })),
    change: (value) => {
      state[key] = value;
      change();
    } });
  const whole = el('div', { class: 'controls' }, rows, pick('affine', ['per_unit', 'shared']), a, b,
    pick('mode', ['training', 'inference']));
  return { whole, tell };
}

/** The batches that fill the running statistics. */
function batches(state, change) {
  const draw = (count) => {
    for (let at = 0; at < count; at++) {
      state.draws += 1;
      const batch = drawBatch(state.draws);
      batch.forEach((row, place) => (state.x[place] = row));
      state.running = runningAfter(state.running, state.x.slice(0, state.rows));
      state.history.push(state.running.mean);
    }
    change();
  };
  const forget = () => {
    state.running = untrained();
    state.history = [state.running.mean];
    change();
  };
  return el('div', { class: 'row controls-row' },
    button(t('s5.another'), () => draw(1), { id: 's5-another' }),
    button(t('s5.twenty'), () => draw(20), { id: 's5-twenty' }),
    button(t('s5.forget'), forget, { id: 's5-forget' }));
}

/** The current running statistics, in words. */
function runningAnswer(state) {
  const count = state.history.length - 1;
  const unit = state.cell[1];
  if (count === 0) return t('s5.running_none');
  const { mean, deviation } = POPULATION[unit];
  return t('s5.running_after', { count, unit: unit + 1, mean: fixed(state.running.mean[unit]), true_mean: fixed(mean),
    variance: fixed(state.running.variance[unit]), true_variance: fixed(deviation ** 2),
    left: fixed(100 * 0.9 ** count, count < 30 ? 0 : 1) });
}

/** Builds the section. @param {object} context @returns {HTMLElement[]} */
export function create({ id, state, announce }) {
  begin(state);
  const words = el('div', { class: 's5-arithmetic' });
  const said = el('p', { class: 'answer', id: 's5-answer' });
  const filled = el('p', { class: 'answer', id: 's5-running-answer' });
  const picture = runningPicture(state, POPULATION);
  const update = () => {
    show(state, grid);
    hold.tell();
    words.replaceChildren(...arithmetic(state));
    number.setValue(state.rows);
    write(said, answer(state), { rows: number });
    filled.textContent = runningAnswer(state);
  };
  const change = () => {
    update();
    picture.redraw();
    announce(said.textContent);
  };
  const look = (norm, cell, focus = false) => {
    if (cell[0] < 0 || cell[0] >= state.rows || cell[1] < 0 || cell[1] >= UNITS) return;
    const same = norm === state.norm && cell.every((value, at) => value === state.cell[at]);
    Object.assign(state, { norm, cell });
    if (!same) update();
    if (focus) grid.outputs[norm][cell[0]][cell[1]].focus();
  };
  const grid = tables(state, { look, change });
  const hold = controls(state, change);
  const number = sizeOfBatch(state, change, dragNumber, plain);
  const guess = prediction({ id, question: t('s5.ask'), state, right: 1, because: t('s5.because'),
    answers: [t('s5.guess_input'), t('s5.guess_b'), t('s5.guess_nan')] });
  update();
  return [el('h2', {}, t('s5.title')), el('p', {}, t('s5.question')), guess, grid.whole, words, hold.whole, said,
    el('h3', {}, t('s5.running_title')), picture, batches(state, change), filled];
}
