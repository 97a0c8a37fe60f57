// The same five inputs with their mean subtracted, divided by their deviation, or both.

import { el } from './dom.js';
import { button, choices, prediction, write } from './controls.js';
import { plot } from './plot.js';
import { bracketed, fixed, t } from './text.js';
import { formula, fraction, term } from './formula.js';
import { batchState, changed, dragDots, drawDots, newBatch, normalize, positions, sharedDots, shiftNumber, statistics,
} from './five_dots.js';

const HOW = ['none', 'centre', 'scale', 'both'];
const AXIS = [-7, 7];
/** The lanes: their height, and on which side their mean and deviation are written. */
const BEFORE = { height: 0.72, side: -1 };
const AFTER = { height: 0.3, side: 1 };

/** @param {object} context @returns {HTMLElement[]} */
export function create(context) {
  const { state, states } = context;
  const dots = sharedDots(states);
  state.how ??= 'both';
  const picture = lanes(dots, state);
  dragDots(picture, dots);
  const parts = { table: el('table', { class: 's2-table' }), answer: el('p', { class: 'answer s2-answer' }),
    sum: el('div', {}) };
  const number = shiftNumber(dots);
  const show = () => {
    const inputs = positions(dots);
    picture.redraw();
    parts.table.replaceChildren(...rows(inputs, normalize(inputs, state.how)));
    parts.sum.replaceChildren(withNumbers(state.how, statistics(inputs)));
    number.setValue(dots.shift);
    write(parts.answer, `${t('s1.shifted')} ${sentence(inputs, state.how)}`, { shift: number });
  };
  const change = (moves) => {
    state.moves = moves;
    show();
    context.announce(parts.answer.textContent);
  };
  dots.watchers.s2 = () => change(false);
  show();
  const how = choices({ label: t('s2.how'), options: HOW.map((value) => ({ value, text: t(`s2.how_${value}`) })),
    value: state.how, change: (value) => {
      state.how = value;
      change(true);
    } });
  return [
    el('h2', {}, t('s2.title')),
    el('p', {}, t('s2.question')),
    prediction({ id: 's2', question: t('s2.guess'), answers: [t('s2.guess_yes'), t('s2.guess_no')], right: 1,
      because: t('s2.because'), state }),
    el('div', { class: 'wide s2-pair' },
      el('figure', {}, picture, el('div', { class: 'controls' }, how, batches(dots))),
      el('div', {}, parts.sum, parts.table)),
    parts.answer,
    el('details', {}, el('summary', {}, t('s2.more')), el('p', {}, t('s2.epsilon'))),
  ];
}

/** Buttons that make other batches. */
function batches(dots) {
  const take = (values) => () => {
    dots.values = values();
    changed(dots);
  };
  return el('div', { class: 'row' }, button(t('s1.new_batch'), take(newBatch), { class: 's2-new' }),
    button(t('s2.equal'), take(() => dots.values.map(() => dots.values[0])), { class: 's2-equal' }));
}

/** The picture: the batch before, the batch after, and where each dot went. */
function lanes(dots, state) {
  return plot({
    label: t('s2.picture'),
    height: 270,
    x: { domain: AXIS, label: t('s2.x') },
    margin: { left: 62 },
    draw: (p) => {
      const inputs = positions(dots);
      // Lanes have no values: their heights are shares of the picture's.
      p.y = (share) => p.bottom - share * (p.bottom - p.top);
      p.mark('zero', 'path', { class: 's1-kink', d: `M${p.x(0)} ${p.top}V${p.bottom}` });
      lane(p, 'before', BEFORE, inputs);
      const after = normalize(inputs, state.how);
      if (after) lane(p, 'after', AFTER, after);
      else p.text('cannot', p.x(0), p.y(AFTER.height) - 14, t('s2.cannot'), { anchor: 'middle', class: 's2-cannot' });
      if (after) inputs.forEach((x, place) => drawAfter(p, place, x, after[place], state.moves));
      drawDots(p, dots, BEFORE.height);
    },
  });
}

/** The line of a lane with its mean and its deviation. @param {import('./plot.js').Picture} p */
function lane(p, name, { height, side }, values) {
  const { mean, deviation } = statistics(values);
  const y = p.y(height);
  const x = (value) => p.x(inside(value));
  p.mark(`lane-${name}`, 'path', { class: 'axis', d: `M${p.left} ${y}H${p.right}` });
  p.text(`name-${name}`, 0, y + 4, t(`s2.${name}`));
  p.mark(`sigma-${name}`, 'path', { class: 's2-sigma', 'data-term': 'sigma',
    d: `M${x(mean - deviation)} ${y + side * 21 - 3}v6v-3H${x(mean + deviation)}v-3v6` });
  p.mark(`mean-${name}`, 'path', { class: 's2-mean', 'data-term': 'mean',
    d: `M${x(mean)} ${y - side * 14}v${side * 41}` });
  const words = `${t('s2.mean')} ${fixed(mean)}, σ ${fixed(deviation)}`;
  const middle = Math.min(p.right - 65, Math.max(p.left + 65, x(mean)));
  p.text(`words-${name}`, middle, y + (side > 0 ? 43 : -33), words, { anchor: 'middle' });
}

const inside = (value) => Math.min(AXIS[1], Math.max(AXIS[0], value));
const outside = (values) => values.filter((value) => inside(value) !== value).length;

/** A dot after normalization, and its path; if outside the picture, it is a hollow dot at the edge. */
function drawAfter(p, place, from, to, moves) {
  const end = inside(to);
  p.mark(`way-${place}`, 'path', { class: 's1-stem',
    d: `M${p.x(from)} ${p.y(BEFORE.height)}L${p.x(end)} ${p.y(AFTER.height)}` });
  const mark = end === to ? 's1-passes' : 's1-stops';
  p.dot(`after-${place}`, end, AFTER.height, { r: 6.5, class: `s1-output ${mark}${moves ? ' moves' : ''}` });
}

/** The table of the dots before and after, with mean and variance. */
function rows(inputs, after) {
  const values = after ?? inputs.map(() => null);
  const show = (value) => (value === null ? t('s2.none') : fixed(value));
  const row = (name, one, two, key, word) => el('tr', { 'data-row': key }, el('th', { scope: 'row' }, word ?? name),
    el('td', { 'data-value': one }, show(one)), el('td', { 'data-value': two }, show(two)));
  const [was, is] = [statistics(inputs), after && statistics(after)];
  return [
    el('tr', {}, el('td', {}), ...['before', 'after'].map((name) => el('th', { scope: 'col' }, t(`s2.${name}`)))),
    ...inputs.map((x, place) => row(t('s1.dot', { n: place + 1 }), x, values[place], 'dot')),
    row('', was.mean, is && is.mean, 'mean', term('mean', t('s2.mean'))),
    row('', was.variance, is && is.variance, 'variance', term('sigma', t('s2.variance'))),
  ];
}

/** The formula of the chosen operation, with its numbers. */
function withNumbers(how, { mean, deviation }) {
  const minus = how === 'centre' || how === 'both';
  const over = how === 'scale' || how === 'both';
  const top = (word) => (minus ? ['x − ', term('mean', word)] : ['x']);
  const side = (mu, sigma) => (over ? [fraction(top(mu), [term('sigma', sigma)])] : top(mu));
  if (how === 'none') return formula('y = x');
  return formula('y = ', ...side(t('s2.mean'), 'σ'), ' = ', ...side(bracketed(mean), fixed(deviation)));
}

/** What was done to the batch, in words. @param {number[]} inputs */
export function sentence(inputs, how) {
  const after = normalize(inputs, how);
  if (!after) return t('s2.flat');
  const { mean, variance } = statistics(after);
  const now = t(`s2.relu_${batchState(Math.min(...after), Math.max(...after))}`);
  const out = outside(after);
  const values = { mean: fixed(mean), variance: fixed(variance), now };
  const already = how !== 'both' && values.mean === fixed(0) && values.variance === fixed(1);
  return t(already ? 's2.say_both_already' : `s2.say_${how}`, values) + (out ? ` ${t('s2.out', { out })}` : '');
}
