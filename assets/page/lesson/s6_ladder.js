// S6: the gradient's way back, layer by layer, as factors that multiply.

import { button, choices, dragNumber, prediction, slider, write } from './controls.js';
import { el, eachFrame, rich } from './dom.js';
import { BATCH, ladder, UNITS } from './ladder.js';
import { ladderPicture } from './s6_picture.js';
import { fixed, plain, share, significant, t } from './text.js';
import { factorALayer, firstTrained } from './verdicts.js';

const NORMS = ['none', 'batch', 'layer', 'rms'];

/** The initial settings: the lesson's network. */
export const DEFAULTS = { depth: 5, scale: 1, shift: 0, activation: 'sigmoid', norm: 'none', seed: 1 };

/** A gradient is kept if its factor per layer is between these: over five layers it changes less than threefold. */
const KEPT = { from: 0.8, to: 1.25 };

/** A sigmoid is near its steepest from STEEP of its greatest slope on, and saturated below SATURATED of it. */
const STEEPEST = 0.25;
const STEEP = 0.9;
const SATURATED = 0.4;

/** The shares of a gradient that separate the answers of the prediction. */
const SHARES = [0.1, 1e-3];

/** Everything that a ladder depends on except its norm. */
const keyOf = ({ depth, scale, shift, activation, seed }) => [depth, scale, shift, activation, seed].join();
const FIRST_KEY = keyOf(DEFAULTS);

/** The ladders computed so far for the current settings, by norm. */
function known(state) {
  const key = keyOf(state.set);
  const ladders = key === FIRST_KEY ? { [DEFAULTS.norm]: state.first } : {};
  if (state.key !== key) Object.assign(state, { key, ladders });
  return state.ladders;
}

/** Computes one norm's ladder if it is missing. */
function climb(state, norm) {
  const ladders = known(state);
  ladders[norm] ??= ladder({ ...state.set, norm });
  return ladders[norm];
}

/** The sentences about the current ladder. @returns {string} */
export function answer(settings, { sizes, factor, slope, weights, norm }) {
  const { depth, activation } = settings;
  if (depth === 1) return t('s6.answer_one');
  const steps = depth === 2 ? t('s6.one_step') : t('s6.many_steps', { count: depth - 1 });
  if (sizes[0] === 0 || !Number.isFinite(sizes[0])) return t('s6.answer_zero', { steps });
  const values = { slope: significant(slope), weights: significant(weights), norm: significant(norm),
    factor: significant(factor), steps, share: share(sizes[0]) };
  const product = t(settings.norm === 'none' ? 's6.product' : 's6.product_norm', values);
  const fate = factor < KEPT.from ? 's6.shrinks' : factor > KEPT.to ? 's6.grows' : 's6.kept';
  const shiftless = settings.norm === 'rms' && settings.shift !== 0 ? t('s6.no_b') : '';
  return [product, t(fate, values), cause(activation, slope, factor, values), shiftless].filter(Boolean).join(' ');
}

/** Why a sigmoid's gradient shrinks. */
function cause(activation, slope, factor, values) {
  if (activation !== 'sigmoid' || factor >= KEPT.from) return '';
  if (slope < SATURATED * STEEPEST) return t('s6.saturated', values);
  return slope >= STEEP * STEEPEST ? t('s6.steepest', values) : '';
}

/** The table of factors: measured, and expected from the sizes alone. */
function table(norm, { rungs, expected, sizes }) {
  const parts = norm === 'none' ? ['weights', 'slope'] : ['weights', 'slope', 'norm'];
  const product = (rung) => parts.reduce((all, part) => all * rung[part], 1);
  const row = (layer) => el('tr', {}, el('th', { scope: 'row' }, t('s6.step', { from: layer + 2, to: layer + 1 })),
    ...parts.map((part) => el('td', {}, significant(rungs[layer][part], 3))),
    el('td', {}, significant(product(rungs[layer]), 3)), el('td', {}, significant(product(expected[layer]), 3)),
    el('td', {}, significant(sizes[layer], 3)));
  const head = [t('s6.way'), ...parts.map((part) => t(`s6.${part}`)), t('s6.measured'), t('s6.expected'), t('s6.left')];
  return el('table', { class: 's6-table' }, el('tr', {}, ...head.map((text) => el('th', { scope: 'col' }, text))),
    ...rungs.map((_, layer) => row(rungs.length - 1 - layer)));
}

/** The formula, with terms styled like the bars. */
function formula(norm) {
  const term = (name) => el('span', { class: 's6-term', 'data-term': name === 'norm' ? 'sigma' : name, tabindex: 0 },
    el('span', { class: `s6-swatch s6-${name}`, 'aria-hidden': 'true' }), t(`s6.${name}`));
  const parts = norm === 'none' ? ['weights', 'slope'] : ['weights', 'slope', 'norm'];
  return [t('s6.one_back'), ' = ', ...parts.flatMap((name, at) => (at ? [' × ', term(name)] : [term(name)]))];
}

/** The factors of the recorded networks, in words. */
function recorded(record) {
  const factors = ['none', 'batch', 'layer'].map((norm) => {
    const track = record.networks.find((one) => one.activation === 'sigmoid' && one.norm === norm);
    const moment = track && firstTrained(track);
    return moment && { step: moment.step, factor: factorALayer(moment) };
  });
  if (factors.some((one) => !one || one.factor === null)) return '';
  const [none, batch, layer] = factors.map(({ factor }) => fixed(factor));
  return t('s6.recorded', { none, batch, layer, step: factors[0].step,
    units: [...new Set(record.widths)].map(plain).join(', ') });
}

const layersInWords = (count) => t(count === 1 ? 's6.one_layer' : 's6.layers', { count });

/** The controls of depth, weights and shift. @param {object} state @param {() => void} change */
function knobs({ set }, change) {
  const take = (name, of = (value) => value) => (value) => {
    set[name] = of(value);
    change();
  };
  return {
    depth: { label: t('s6.depth'), min: 1, max: 20, step: 1, value: set.depth, change: take('depth') },
    scale: { label: t('s6.scale'), min: -1, max: 1.5, step: 0.1, value: Math.log10(set.scale),
      show: (value) => `× ${significant(10 ** value)}`, change: take('scale', (value) => 10 ** value) },
    shift: { label: t('s6.shift'), min: -8, max: 8, step: 0.5, value: set.shift, term: 'b',
      show: (value) => fixed(value, 1), change: take('shift') },
  };
}

/** Sets sliders, or numbers to drag, to the settings. */
function put({ depth, scale, shift }, { set }) {
  depth.setValue(set.depth);
  scale.setValue(Math.log10(set.scale));
  shift.setValue(set.shift);
}

/** The controls below the picture: the sliders by name, and the element with all controls. */
function controls(state, change) {
  const take = (name) => (value) => {
    state.set[name] = value;
    change();
  };
  const all = knobs(state, change);
  const sliders = { depth: slider({ ...all.depth, show: layersInWords }), scale: slider(all.scale),
    shift: slider(all.shift) };
  const pick = (name, values) => choices({ label: t(`s6.${name}_choice`), value: state.set[name],
    options: values.map((value) => ({ value, text: t(`s6.${value}`) })), change: take(name) });
  const whole = el('div', { class: 'controls' }, ...Object.values(sliders), pick('activation', ['sigmoid', 'relu']),
    pick('norm', NORMS));
  return { sliders, whole };
}

/** Buttons to settings that are worth a look. */
function visits(state, visit) {
  const to = (name, settings) => button(t(`s6.to_${name}`), () => {
    Object.assign(state.set, settings());
    visit();
  }, { id: `s6-${name}` });
  return el('div', { class: 'row s6-visits' }, to('twenty', () => ({ depth: 20 })),
    to('saturate', () => ({ shift: -6 })),
    to('dice', () => ({ seed: state.set.seed + 1 })), to('reset', () => DEFAULTS));
}

/** The prediction: what is left after five layers. */
function guess(id, state) {
  const { sizes } = state.first;
  const right = SHARES.filter((limit) => sizes[0] < limit).length;
  return prediction({ id, question: t('s6.ask'), state, right, because: t('s6.because', { share: share(sizes[0]) }),
    answers: [t('s6.guess_much'), t('s6.guess_little'), t('s6.guess_nothing')] });
}

/** Builds the elements that show a state, and the function that updates them. */
function stage(state, announce) {
  const picture = ladderPicture(() => ({ ...state.set, ladders: known(state) }));
  const said = el('p', { class: 'answer', id: 's6-answer' });
  const equation = el('p', { class: 's6-formula' });
  const figures = el('details', {}, el('summary', {}, t('s6.figures')));
  // The other norms are for comparison: each is a separate task, so that the page stays responsive.
  let waiting = 0;
  const others = () => {
    const missing = NORMS.find((norm) => !known(state)[norm]);
    if (!missing) return;
    climb(state, missing);
    picture.redraw();
    waiting = setTimeout(others);
  };
  const show = () => {
    const here = climb(state, state.set.norm);
    said.textContent = answer(state.set, here);
    equation.replaceChildren(...formula(state.set.norm));
    figures.replaceChildren(figures.firstChild, el('p', {}, t('s6.figures_are', { units: UNITS, batch: BATCH })),
      here.rungs.length ? el('div', { class: 's6-scroll', tabindex: 0, role: 'region', 'aria-label': t('s6.figures') },
        table(state.set.norm, here)) : el('p', {}, t('s6.answer_one')));
    picture.redraw();
    clearTimeout(waiting);
    waiting = setTimeout(others);
    announce(said.textContent);
  };
  return { picture, said, equation, figures, show };
}

/** Builds the section. @param {object} context @returns {HTMLElement[]} */
export function create({ id, record, state, announce }) {
  state.set ??= { ...DEFAULTS };
  state.first ??= ladder(DEFAULTS);
  const { picture, said, equation, figures, show } = stage(state, announce);
  const change = eachFrame(() => {
    for (const one of [hold.sliders, numbers]) put(one, state);
    show();
  });
  const { depth, scale, shift } = knobs(state, change);
  const numbers = { depth: dragNumber({ ...depth, show: plain }), scale: dragNumber(scale), shift: dragNumber(shift) };
  const given = el('p', { class: 's6-given' });
  write(given, t('s6.given'), numbers);
  let hold = controls(state, change);
  const held = el('div', {}, hold.whole);
  const visit = () => {
    hold = controls(state, change);
    held.replaceChildren(hold.whole);
    put(numbers, state);
    show();
  };
  show();
  return [el('h2', {}, t('s6.title')), el('p', {}, ...rich(t('s6.question'))), guess(id, state), equation,
    el('div', { class: 'wide' }, picture), held, visits(state, visit), given, said,
    el('p', { class: 's6-recorded' }, recorded(record)), figures];
}
