// The norm's own two numbers: a stretches the normalized data, b moves them, and gradient descent can find both.

import { el, set, lessMotion } from './dom.js';
import { button, choices, dragNumber, prediction, slider } from './controls.js';
import { plot } from './plot.js';
import { bracketed, fixed, significant, t } from './text.js';
import { formula, fraction, term } from './formula.js';
import { statistics } from './five_dots.js';
import { INPUTS, TARGETS, Y, bars, learnedStep, loss, outlineBars, placed } from './affine_maths.js';

const RANGE = { a: { min: -2.5, max: 2.5, step: 0.01 }, b: { min: -3, max: 3, step: 0.01 } };
const AXIS = [-11, 11];
const HIGHEST = 0.9;
const LEARNING = { steps: 30, pause: 80 };

/** The lines of the two derivations, and the terms that each highlights. */
const DERIVATION = {
  mean: [
    { left: ['E[', 'a', 'Y + ', 'b', ']'], right: ['a', '·E[Y] + ', 'b'], why: 's4.why_linear', lit: ['a', 'b'] },
    { left: [''], right: ['a', '·0 + ', 'b'], why: 's4.why_centred', lit: ['mean'] },
    { left: [''], right: ['b'], lit: ['b'] },
  ],
  variance: [
    { left: ['V[', 'a', 'Y + ', 'b', ']'], right: ['a', '²·V[Y]'], why: 's4.why_moved', lit: ['b'] },
    { left: [''], right: ['a', '²·1'], why: 's4.why_scaled', lit: ['sigma'] },
    { left: [''], right: ['a', '²'], lit: ['a'] },
  ],
};

/** @param {object} context @returns {HTMLElement[]} */
export function create(context) {
  const { state } = context;
  state.a ??= 1;
  state.b ??= 0;
  state.target ??= 'wide';
  state.losses ??= [loss(state.a, state.b, TARGETS[state.target])];
  const view = { data: dataPicture(state), losses: lossPicture(state),
    answer: el('p', { class: 'answer s4-answer' }) };
  const sliders = { a: knob('a', slider), b: knob('b', slider) };
  const numbers = { a: knob('a', dragNumber), b: knob('b', dragNumber) };
  const show = () => {
    view.data.redraw();
    view.losses.redraw();
    for (const name of ['a', 'b']) for (const knobs of [sliders, numbers]) knobs[name].setValue(state[name]);
    say(view.answer, state);
  };
  /** The reader changed something: discards what was learned so far. */
  const restart = () => {
    state.learning = null;
    state.losses = [loss(state.a, state.b, TARGETS[state.target])];
    show();
    context.announce(view.answer.textContent);
  };
  function knob(name, make) {
    return make({ ...RANGE[name], label: t(`s4.${name}`), term: name, value: state[name],
      show: make === dragNumber ? bracketed : fixed, change: (value) => {
        state[name] = value;
        restart();
      } });
  }
  const step = () => {
    Object.assign(state, learnedStep(state.a, state.b, TARGETS[state.target]));
    state.losses.push(loss(state.a, state.b, TARGETS[state.target]));
    show();
  };
  show();
  return [
    el('h2', {}, t('s4.title')),
    el('p', {}, t('s4.question')),
    prediction({ id: 's4', question: t('s4.guess'), right: 1,
      answers: ['ab', 'right', 'square'].map((one) => t(`s4.guess_${one}`)),
      because: t('s4.because'), state }),
    el('div', { class: 'wide s4-pair' },
      el('figure', {}, withNumbers(numbers), view.data, el('div', { class: 'controls' }, sliders.a, sliders.b)),
      el('figure', {}, targets(state, restart), view.losses, learnRow(context, state, view, step),
        el('figcaption', {}, t('s4.loss_is', { n: Y.length })))),
    view.answer,
    el('div', { class: 's4-derivations' }, derivation('mean'), derivation('variance')),
  ];
}

/** The outlines to choose from. */
function targets(state, restart) {
  return choices({ label: t('s4.target'), value: state.target,
    options: Object.keys(TARGETS).map((value) => ({ value, text: t(`s4.target_${value}`) })),
    change: (value) => {
      state.target = value;
      restart();
    } });
}

/** The buttons that learn. */
function learnRow(context, state, view, step) {
  const learn = () => {
    const ours = (state.learning = {});
    let left = LEARNING.steps;
    const go = () => {
      if (state.learning !== ours || !view.data.isConnected) return;
      step();
      left -= 1;
      if (left > 0) return lessMotion() ? go() : setTimeout(go, LEARNING.pause);
      state.learning = null;
      context.announce(view.answer.textContent);
    };
    go();
  };
  const once = () => {
    state.learning = null;
    step();
  };
  return el('div', { class: 'row controls s4-learn' }, button(t('s4.learn'), learn, { class: 's4-start' }),
    button(t('s4.step'), once, { class: 's4-step' }));
}

/** The data aY + b as bars, the outline, and the terms. */
function dataPicture(state) {
  return plot({
    label: t('s4.picture'),
    height: 300,
    x: { domain: AXIS, label: t('s4.x') },
    y: { domain: [0, HIGHEST], label: t('s4.y'), ticks: [0, 0.3, 0.6, 0.9], show: (value) => fixed(value, 1) },
    margin: { top: 40 },
    draw: (p) => {
      const { a, b } = state;
      bars(a, b).forEach(({ from, to, height }, at) => {
        const [left, right] = [p.x(Math.min(from, to)), p.x(Math.max(from, to))];
        const top = p.y(Math.min(HIGHEST, height));
        p.mark(`bar-${at}`, 'rect', { class: 's4-bar', x: left, y: top, width: Math.max(1, right - left - 0.5),
          height: p.bottom - top });
      });
      p.line('outline', outline(TARGETS[state.target]), { class: 's4-outline' });
      const [low, high] = [p.x(b - Math.abs(a)), p.x(b + Math.abs(a))];
      p.mark('spread', 'path', { class: 's4-spread', 'data-term': 'a', d: `M${low} ${p.top - 9}v6v-3H${high}v-3v6` });
      p.mark('middle', 'path', { class: 's4-middle', 'data-term': 'b', d: `M${p.x(b)} ${p.top - 14}V${p.bottom}` });
      const words = t('s4.marks', { b: fixed(b), a: fixed(Math.abs(a)) });
      p.text('name-middle', p.x(b), p.top - 22, words, { anchor: 'middle' });
    },
  });
}

/** The outline of a target as steps. */
function outline(target) {
  const steps = outlineBars(target).flatMap(({ from, to, height }) => [[from, height], [to, height]]);
  return [[steps[0][0], 0], ...steps, [steps.at(-1)[0], 0]];
}

/** The loss over the steps of learning. */
function lossPicture(state) {
  return plot({
    label: t('s4.loss_picture'),
    height: 190,
    x: () => ({ domain: [0, Math.max(LEARNING.steps, state.losses.length - 1)], label: t('s4.loss_x') }),
    y: () => ({ domain: [0, Math.max(0.1, ...state.losses) * 1.05], label: t('s4.loss_y') }),
    margin: { right: 56 },
    draw: (p) => {
      const { losses } = state;
      const last = losses.length - 1;
      p.line('losses', losses.map((value, at) => [at, value]), { class: 's4-losses' });
      p.dot('now', last, losses[last], { r: 4, class: 's4-now' });
      p.text('value', p.x(last) + 8, p.y(losses[last]) - 4, significant(losses[last]), {});
    },
  });
}

/** The formula with numbers, of which a and b can be dragged. @param {{a: HTMLElement, b: HTMLElement}} numbers */
function withNumbers({ a, b }) {
  const { mean, deviation } = statistics(INPUTS);
  const norm = (mu, sigma) => fraction(['x − ', term('mean', mu)], [term('sigma', sigma)]);
  const plain = [term('a', 'a'), ' · ', norm(t('s2.mean'), 'σ'), ' + ', term('b', 'b')];
  const numbers = [a, ' · ', norm(fixed(mean), fixed(deviation)), ' + ', b];
  return formula(...plain, ' = ', el('span', { class: 's4-numbers' }, ...numbers));
}

/** Gives the statistics of the data and the loss. */
function say(answer, { a, b, losses }) {
  const { mean, deviation, variance } = statistics(placed(a, b));
  const now = losses.at(-1);
  set(answer, { 'data-mean': mean, 'data-deviation': deviation, 'data-loss': now });
  const numbers = { mean: fixed(mean), deviation: fixed(deviation), variance: fixed(variance) };
  const said = t(a === 0 ? 's4.say_flat' : 's4.say', numbers);
  const learned = losses.length > 1 ? t('s4.learned', { steps: losses.length - 1, first: significant(losses[0]),
    now: significant(now) }) : t('s4.loss_now', { now: significant(now) });
  answer.textContent = `${said} ${learned}`;
}

/** A derivation in lines: the line pointed at highlights its terms everywhere. @param {'mean'|'variance'} which */
function derivation(which) {
  const words = (parts) => parts.map((part) => (part === 'a' || part === 'b' ? term(part, part) : part));
  const lines = DERIVATION[which].map(({ left, right, why, lit }) => {
    const light = (on) => () => lit.forEach((name) =>
      document.querySelectorAll(`[data-term="${name}"]`).forEach((one) => one.classList.toggle('lit', on)));
    return el('li', { tabindex: 0, 'data-lights': lit.join(' '), onfocus: light(true), onblur: light(false),
      onpointerenter: light(true), onpointerleave: light(false) },
    el('span', { class: 's4-left' }, ...words(left)), el('span', {}, '= ', ...words(right)),
    why ? el('small', {}, t(why)) : null);
  });
  return el('ol', { class: 's4-derivation', 'aria-label': t(`s4.derive_${which}`) }, ...lines);
}
