// Five inputs and one ReLU: a straight line, nothing at all, or a bend; and the same for the real units of a layer.

import { el, set, svg } from './dom.js';
import { button, prediction, slider, write } from './controls.js';
import { plot } from './plot.js';
import { fixed, significant, t } from './text.js';
import { SHIFT, batchState, changed, dragDots, drawDots, newBatch, positions, relu, reluSlope, sharedDots,
  shiftNumber } from './five_dots.js';

const STATES = ['straight', 'silent', 'bent'];
const NORMS = ['none', 'batch'];
const CELL = 18;
/** A ReLU as a unit sees it: only its rising part, only its flat part, or both. */
const GLYPHS = { straight: 'M4 14L14 4', silent: 'M4 13H14', bent: 'M2.5 13H8L15 5' };
const AXIS = [-7, 7];
const LANE = -1;

/** The states of the units of a recorded layer. @param {{smallest: number[], largest: number[]}} layer */
const unitStates = ({ smallest, largest }) => smallest.map((low, unit) => batchState(low, largest[unit]));

/** How many units are in each state. @param {string[]} states @returns {Record<string, number>} */
const countStates = (states) =>
  Object.fromEntries(STATES.map((state) => [state, states.filter((one) => one === state).length]));

/** @param {object} context @returns {HTMLElement[]} */
export function create(context) {
  const { state, states, record } = context;
  const dots = sharedDots(states);
  const picture = batchPicture(dots);
  dragDots(picture, dots);
  const table = el('table', { class: 's1-table' });
  const answer = el('p', { class: 'answer s1-answer' });
  const shift = slider({ label: t('s1.shift'), min: -SHIFT, max: SHIFT, step: 0.1, value: dots.shift,
    show: (value) => fixed(value, 1), change: (value) => {
      dots.shift = value;
      changed(dots);
    } });
  const number = shiftNumber(dots);
  const another = button(t('s1.new_batch'), () => {
    dots.values = newBatch();
    changed(dots);
  }, { class: 's1-new' });
  const show = () => {
    picture.redraw();
    table.replaceChildren(...rows(positions(dots)));
    shift.setValue(dots.shift);
    number.setValue(dots.shift);
    say(answer, positions(dots), number);
  };
  dots.watchers.s1 = () => {
    show();
    context.announce(answer.textContent);
  };
  show();
  return [
    el('h2', {}, t('s1.title')),
    el('p', {}, t('s1.question')),
    prediction({ id: 's1', question: t('s1.guess'), answers: STATES.map((one) => t(`s1.guess_${one}`)), right: 0,
      because: t('s1.because'), state }),
    el('div', { class: 'wide s1-pair' },
      el('figure', {}, picture, el('div', { class: 'controls' }, shift, el('div', { class: 'row' }, another)), table,
        answer),
      realUnits(record, state)),
  ];
}

/** The picture of the five inputs and their outputs. */
function batchPicture(dots) {
  return plot({
    label: t('s1.picture'),
    height: 320,
    x: { domain: AXIS, label: t('s1.x') },
    y: { domain: [-1.8, AXIS[1]], label: t('s1.y'), ticks: [0, 2, 4, 6] },
    draw: (p) => {
      p.mark('kink', 'path', { class: 's1-kink', d: `M${p.x(0)} ${p.top}V${p.bottom}` });
      p.line('relu', [[AXIS[0], 0], [0, 0], [AXIS[1], AXIS[1]]], { class: 's1-relu' });
      p.text('flat', p.x(-6.8), p.y(0) - 12, t('s1.flat'), { class: 'tick' });
      p.text('rising', p.x(5.6) - 16, p.y(5.6), t('s1.rising'), { class: 'tick', anchor: 'end' });
      positions(dots).forEach((x, place) => {
        p.line(`stem-${place}`, [[x, LANE], [x, relu(x)]], { class: 's1-stem' });
        const mark = reluSlope(x) ? 's1-passes' : 's1-stops';
        p.dot(`output-${place}`, x, relu(x), { r: 5.5, class: `s1-output ${mark}`, 'data-slope': reluSlope(x) });
      });
      drawDots(p, dots, LANE);
    },
  });
}

/** The numbers of the batch: input, output, slope. @param {number[]} inputs */
function rows(inputs) {
  const row = (name, show) =>
    el('tr', {}, el('th', { scope: 'row' }, name), ...inputs.map((x) => el('td', {}, show(x))));
  return [
    row(t('s1.row_input'), (x) => fixed(x)),
    row(t('s1.row_output'), (x) => fixed(relu(x))),
    row(t('s1.row_slope'), (x) => String(reluSlope(x))),
  ];
}

/** Says how far the batch was shifted, and what the ReLU then does to it. */
function say(answer, inputs, shift) {
  const now = batchState(Math.min(...inputs), Math.max(...inputs));
  const left = inputs.filter((x) => x <= 0).length;
  set(answer, { 'data-state': now });
  const words = `${t('s1.shifted')} *${t(`s1.word_${now}`)}* ${t(`s1.say_${now}`, { left, right: 5 - left })}`;
  write(answer, words, { shift });
}

/** The real units of the last hidden layer at the start, without a norm and with BN. */
function realUnits(record, state) {
  const tracks = NORMS.map((norm) => record.networks.find((one) => one.name === `relu-${norm}`));
  const layers = tracks.map((track) => track.moments[0].layers.at(-1));
  const units = layers[0].smallest.length;
  state.unit ??= 1;
  const grids = layers.map((layer, at) => unitGrid(layer, t(`s1.grid_${NORMS[at]}`), choose));
  const reading = el('p', { class: 's1-reading' });
  const unit = slider({ label: t('s1.unit'), min: 1, max: units, step: 1, value: state.unit,
    show: (value) => t('s1.unit_of', { unit: value, units }), change: choose });
  function choose(next) {
    state.unit = next;
    unit.setValue(next);
    grids.forEach((grid) => grid.choose(next - 1));
    const [none, batch] = layers.map((layer) => unitWords(layer, next - 1));
    reading.textContent = t('s1.reading', { unit: next, none, batch });
  }
  choose(state.unit);
  return el('figure', { class: 's1-units' },
    el('p', { class: 's1-units-title' }, t('s1.units_title', { units, layer: record.depth })),
    el('div', { class: 's1-grids' }, ...grids),
    el('div', { class: 'controls' }, unit),
    reading,
    counts(layers.map((layer) => countStates(unitStates(layer)))),
    el('figcaption', {}, t('s1.units_caption', { step: tracks[0].moments[0].step })));
}

/** A layer's units, each as a little ReLU. `choose(unit)` marks one. */
function unitGrid(layer, name, chosen) {
  const states = unitStates(layer);
  const columns = Math.ceil(Math.sqrt(states.length));
  const size = [columns * CELL, Math.ceil(states.length / columns) * CELL];
  const cells = states.map((state, unit) => {
    const place = `translate(${(unit % columns) * CELL} ${Math.floor(unit / columns) * CELL})`;
    return svg('g', { transform: place, class: `s1-unit s1-${state}`, 'data-state': state,
      onpointerenter: () => chosen(unit + 1), onclick: () => chosen(unit + 1) },
    svg('rect', { x: 1, y: 1, width: CELL - 2, height: CELL - 2 }), svg('path', { d: GLYPHS[state] }));
  });
  const tally = STATES.map((state) => `${t(`s1.name_${state}`)} ${countStates(states)[state]}`).join(', ');
  const grid = el('figure', { class: 's1-grid' }, el('figcaption', {}, name),
    svg('svg', { role: 'img', 'aria-label': `${name}: ${tally}`, viewBox: `0 0 ${size.join(' ')}` }, ...cells));
  grid.choose = (unit) => cells.forEach((cell, at) => cell.classList.toggle('s1-chosen', at === unit));
  return grid;
}

/** A unit's inputs and its state in words. */
function unitWords({ smallest, largest }, unit) {
  const [low, high] = [smallest[unit], largest[unit]];
  const name = t(`s1.name_${batchState(low, high)}`);
  return t('s1.range', { low: significant(low), high: significant(high), name });
}

/** A table of how many units are in which state. @param {Record<string, number>[]} tallies */
function counts(tallies) {
  const glyph = (state) => svg('svg', { class: `s1-key s1-unit s1-${state}`, viewBox: `0 0 ${CELL} ${CELL}`,
    'aria-hidden': 'true' }, svg('path', { d: GLYPHS[state] }));
  const head = el('tr', {}, el('td', {}), ...NORMS.map((norm) => el('th', { scope: 'col' }, t(`s1.grid_${norm}`))));
  const body = STATES.map((state) => el('tr', {}, el('th', { scope: 'row' }, glyph(state), t(`s1.name_${state}`)),
    ...tallies.map((tally) => el('td', { 'data-state': state }, String(tally[state])))));
  return el('table', { class: 's1-counts' }, head, ...body);
}
