// A bell of inputs over a sigmoid: in the middle it is nearly a straight line, far out its slope dies.

import { el, set } from './dom.js';
import { ACTIVATIONS } from './activations.js';
import { button, dragNumber, prediction, slider, write } from './controls.js';
import { plot } from './plot.js';
import { fixed, percent, significant, t } from './text.js';
import { bendAndSlope, bestLine, outputShares } from './sigmoid_maths.js';

const { of: sigmoid } = ACTIVATIONS.sigmoid;
const MEAN = { min: -8, max: 8, step: 0.1 };
const SIGMA = { min: 0.1, max: 4, step: 0.1 };
const PRESETS = { middle: [0, 1], wide: [0, 4], far: [-6, 1] };
const STEEPEST = 0.25;
const AXIS = [-12, 12];
const BINS = 40;
/** Below this the gradient counts as dead, and the outputs as a straight line. */
const DEAD_SLOPE = 0.02;
const STRAIGHT_BEND = 0.03;

const evenly = ([low, high], count) => Array.from({ length: count + 1 }, (_, at) => low + ((high - low) * at) / count);
/** A share of the variance; small ones keep their significant digits. */
const inPercent = (share) => percent(share, significant);

/** @param {object} context @returns {HTMLElement[]} */
export function create(context) {
  const { state } = context;
  state.mean ??= 0;
  state.sigma ??= 1;
  const pictures = [bellPicture(state), mapPicture(state)];
  const meters = { bend: meter('bend', 1), slope: meter('slope', STEEPEST) };
  const answer = el('p', { class: 'answer s3-answer' });
  const show = () => {
    const { bend, slope } = bendAndSlope(state.mean, state.sigma);
    pictures.forEach((picture) => picture.redraw());
    meters.bend.tell(bend, inPercent(bend));
    meters.slope.tell(slope, significant(slope, 2));
    for (const name of ['mean', 'sigma']) for (const knob of [sliders, numbers]) knob[name].setValue(state[name]);
    write(answer, sentence(bend, slope), numbers);
    context.announce(answer.textContent);
  };
  const sliders = knobs(state, show, slider);
  const numbers = knobs(state, show, dragNumber);
  const presets = Object.entries(PRESETS).map(([name, [mean, sigma]]) => button(t(`s3.${name}`), () => {
    Object.assign(state, { mean, sigma });
    show();
  }, { class: `s3-${name}` }));
  show();
  const normal = bendAndSlope(0, 1);
  return [
    el('h2', {}, t('s3.title')),
    el('p', {}, t('s3.question')),
    prediction({ id: 's3', question: t('s3.guess'), right: 2,
      answers: ['half', 'tenth', 'none'].map((one) => t(`s3.guess_${one}`)),
      because: t('s3.because', { bend: inPercent(normal.bend) }), state }),
    el('div', { class: 'wide s3-pair' },
      el('figure', {}, pictures[0], el('div', { class: 'controls' }, sliders.mean, sliders.sigma,
        el('div', { class: 'row' }, ...presets))),
      el('figure', {}, meters.bend, meters.slope, pictures[1])),
    answer,
  ];
}

/** Controls for mean and σ: sliders, or numbers to drag. @param {typeof slider} make */
function knobs(state, show, make) {
  const one = (name, label, range, term) => make({ ...range, label, term, value: state[name],
    show: (value) => fixed(value, 1), change: (value) => {
      state[name] = value;
      show();
    } });
  return { mean: one('mean', t('s3.mean'), MEAN, 'mean'), sigma: one('sigma', t('s3.sigma'), SIGMA, 'sigma') };
}

/** A meter: its name, a bar, its value. @param {'bend'|'slope'} name @param {number} most */
function meter(name, most) {
  const bar = el('span', { class: 's3-fill' });
  const value = el('output', {});
  const gauge = el('div', { class: 's3-bar', role: 'meter', 'aria-label': t(`s3.${name}`), 'aria-valuemin': 0,
    'aria-valuemax': most }, bar);
  const whole = el('div', { class: `s3-meter s3-meter-${name}` },
    el('p', {}, el('em', {}, t(`s3.${name}`)), ` ${t(`s3.${name}_what`)}`), gauge, value);
  whole.tell = (now, words) => {
    set(gauge, { 'aria-valuenow': now, 'aria-valuetext': words });
    bar.style.width = `${(100 * now) / most}%`;
    value.textContent = words;
  };
  return whole;
}

/** The bell of the inputs with the sigmoid, and the outputs next to it. */
function bellPicture(state) {
  return plot({
    label: t('s3.picture'),
    height: (width) => (width < 500 ? 280 : 360),
    x: { domain: AXIS, label: t('s3.x') },
    y: { domain: [0, 1], label: t('s3.y') },
    margin: {
      top: 22,
      get right() {
        return innerWidth < 600 ? 76 : 130;
      },
    },
    draw: (p) => {
      const { mean, sigma } = state;
      const bell = evenly(AXIS, 240).map((x) => [x, 0.55 * Math.exp(-(((x - mean) / sigma) ** 2) / 2)]);
      p.line('bell', [[AXIS[0], 0], ...bell, [AXIS[1], 0]], { class: 's3-bell' });
      p.line('mean', [[mean, 0], [mean, 0.55]], { class: 's3-mean', 'data-term': 'mean' });
      p.line('sigma', [[mean - sigma, 0.334], [mean + sigma, 0.334]], { class: 's3-sigma', 'data-term': 'sigma' });
      p.line('sigmoid', evenly(AXIS, 160).map((x) => [x, sigmoid(x)]), { class: 's3-sigmoid' });
      const { middle, steepness } = bestLine(mean, sigma);
      const line = evenly([-2.5, 2.5], 200).map((z) => [mean + sigma * z, middle + steepness * z]);
      p.line('best', line.filter(([x, y]) => y >= 0 && y <= 1 && x >= AXIS[0] && x <= AXIS[1]), { class: 's3-best' });
      p.text('name-sigmoid', p.right - 4, p.y(1) - 7, t('s3.curve'), { anchor: 'end' });
      p.text('name-best', p.left + 8, p.y(1) - 7, t('s3.best'), { class: 's3-best-name' });
      const at = (x) => Math.min(p.right, Math.max(p.left, p.x(x)));
      p.text('name-mean', at(mean), p.y(0.55) - 6, t('s3.mean_name'), { anchor: 'middle', class: 's3-mean-name' });
      p.text('name-sigma', at(mean + sigma) + 3, p.y(0.334) + 4, 'σ', { class: 's3-sigma-name' });
      drawOutputs(p, state);
    },
  });
}

/** The distribution of the outputs, as bars next to the picture. @param {import('./plot.js').Picture} p */
function drawOutputs(p, { mean, sigma }) {
  const shares = outputShares(mean, sigma, BINS);
  const most = Math.max(...shares);
  const left = p.right + 14;
  const room = p.width - left - 4;
  p.mark('outputs-axis', 'path', { class: 'axis', d: `M${left} ${p.top}V${p.bottom}` });
  shares.forEach((share, bin) => {
    const y = p.y((bin + 1) / BINS);
    p.mark(`output-${bin}`, 'rect', { class: 's3-output', x: left, y: y + 0.5, width: (room * share) / most,
      height: p.y(bin / BINS) - y - 1 });
  });
  p.text('name-outputs', left + room / 2, p.bottom + 16, t('s3.outputs'), { anchor: 'middle', class: 'tick' });
}

/** Bend and slope over the means at a σ; they are symmetric about 0. */
function overMeans(sigma) {
  const right = evenly([0, MEAN.max], 32).map((mean) => ({ mean, ...bendAndSlope(mean, sigma) }));
  return [...right.slice(1).reverse().map((one) => ({ ...one, mean: -one.mean })), ...right];
}

/** Bend and slope over all means at the current σ, as shares of their maxima. */
function mapPicture(state) {
  const domain = [MEAN.min, MEAN.max];
  let map = {};
  return plot({
    label: t('s3.map'),
    height: 230,
    x: () => ({ domain, label: t('s3.map_x', { sigma: fixed(state.sigma, 1) }) }),
    y: { domain: [0, 1], label: t('s3.map_y'), show: (value) => fixed(100 * value, 0) },
    margin: { top: 24 },
    draw: (p) => {
      if (map.sigma !== state.sigma) map = { sigma: state.sigma, all: overMeans(state.sigma) };
      const now = bendAndSlope(state.mean, state.sigma);
      p.line('now', [[state.mean, 0], [state.mean, 1]], { class: 's3-mean', 'data-term': 'mean' });
      p.line('bend', map.all.map(({ mean, bend }) => [mean, bend]), { class: 's3-curve-bend' });
      p.line('slope', map.all.map(({ mean, slope }) => [mean, slope / STEEPEST]), { class: 's3-curve-slope' });
      p.dot('now-bend', state.mean, now.bend, { r: 4.5, class: 's3-now' });
      p.dot('now-slope', state.mean, now.slope / STEEPEST, { r: 4.5, class: 's3-now' });
      p.text('name-slope', p.left + 4, p.top - 9, t('s3.map_slope'));
      p.text('name-bend', p.right, p.top - 9, t('s3.map_bend'), { anchor: 'end' });
    },
  });
}

/** What the sigmoid does to these inputs, in words, with placeholders for their mean and σ. */
function sentence(bend, slope) {
  const key = slope < DEAD_SLOPE ? 'dead' : bend < STRAIGHT_BEND ? 'straight' : 'both';
  return t(`s3.say_${key}`, { bend: inPercent(bend), slope: significant(slope, 2) });
}
