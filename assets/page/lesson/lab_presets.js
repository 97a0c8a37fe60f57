// The laboratory's presets: settings with a question that is asked before they run, and the answer that a run
// gives. Pure functions, except for the texts.

import { rich, el, set } from './dom.js';
import { button } from './controls.js';
import { DEFAULTS } from './lab_settings.js';
import { fixed, percent, share, significant, t } from './text.js';
import { evaluationAt, gradientShare, momentAt, nameOf } from './view_data.js';

/** Accuracy above which a network has learned something: twice chance. */
const LEARNED = 0.2;

/** The track of a norm. */
const of = (tracks, norm) => tracks.find((track) => track.norm === norm);

/** The first layer's gradient as a share of the last layer's at a step; NaN if there is none. */
export function gradientRatio(track, step) {
  const moment = track && momentAt(track, step);
  return moment && moment.step > 0 ? gradientShare(moment) : NaN;
}

/** Whether batch norm's hidden weights get a gradient of exactly 0 at a step after the first. */
export function isSilent(track, step) {
  const moment = track && momentAt(track, step);
  return Boolean(moment) && moment.step > 0 && moment.layers.every(({ gradient }) => gradient === 0);
}

/** A value of every network, as a list in words. */
const listed = (tracks, figure) => tracks.map((track) => `${nameOf(track, tracks)} ${figure(track)}`).join(', ');

/** A network's gradient ratio in words; if no unit of the last layer is active, neither layer has a gradient. */
function ratioInWords(track, step) {
  const { layers: [first], output } = momentAt(track, step);
  return first.gradient === 0 && output.gradient === 0 ? t('s7.both_zero') : share(gradientRatio(track, step));
}

/** The gradient ratios of all networks, in words. */
export const ratiosInWords = (tracks, step) => listed(tracks, (track) => ratioInWords(track, step));

/** The last accuracy of a network; NaN if it has diverged. */
const accuracy = (track, step) => (track.failed ? NaN : evaluationAt(track, step)[1]);

/** Their accuracies, in words. */
const accuraciesInWords = (tracks, step) =>
  listed(tracks, (track) => (track.failed ? t('s7.diverged') : percent(accuracy(track, step))));

/** The index of the answer that names exactly the norms that fulfil a condition; −1 if none does. */
function whichOf(tracks, norms, sets, holds) {
  const good = norms.filter((norm) => of(tracks, norm) && holds(of(tracks, norm)));
  return sets.findIndex((set) => set.join() === good.join());
}

/** The step of the moment shown at a step. */
const momentStep = (tracks, step) => Math.max(...tracks.map((track) => momentAt(track, step)?.step ?? 0));

/** The answer, once all networks that have not failed were evaluated at or after a step; else null. */
const evaluated = (tracks, step, from, judge) =>
  (tracks.every((track) => track.failed || (evaluationAt(track, step)?.[0] ?? 0) >= from) ? judge() : null);

/** The step of the last evaluation. */
const evaluatedStep = (tracks, step) => Math.max(...tracks.map((track) => evaluationAt(track, step)?.[0] ?? 0));

const SETS = [['none', 'batch', 'layer'], ['batch', 'layer'], ['batch'], []];

/** How far the median of the last hidden layer's inputs moves from step 0 on, in widths of its middle 70 %. */
function shiftOf(track, step) {
  const [first, now] = [momentAt(track, 0), momentAt(track, step)].map((one) => one?.layers.at(-1).percentiles);
  return first && now ? Math.abs(now[1] - first[1]) / (first[2] - first[0]) : NaN;
}

/** The answer of the lesson's figure. */
function judgeFigure(tracks, step) {
  const track = of(tracks, 'none');
  if (!track || step < 4) return null;
  const shift = shiftOf(track, step);
  return { right: shift < 1 ? 0 : 1, values: { list: listed(tracks, (one) => fixed(shiftOf(one, step), 2)) } };
}

/**
 * The presets. `judge` returns the run's own answer at a step: `right`, −1 if it matches no answer to click, and the
 * values for the sentence; null as long as it has not run far enough.
 * @type {Record<string, {settings: object, answers: number,
 *   judge: (tracks: object[], step: number) => {right: number, values: object} | null}>}
 */
export const PRESETS = {
  vanishes: {
    settings: { steps: 200 },
    answers: 3,
    judge(tracks, step) {
      const ratio = gradientRatio(of(tracks, 'none'), step);
      if (step < 20 || !Number.isFinite(ratio)) return null;
      return { right: ratio > 0.1 ? 0 : ratio > 1e-3 ? 1 : 2, values: { list: ratiosInWords(tracks, step) } };
    },
  },
  relu: {
    settings: { activation: 'relu', steps: 500 },
    answers: 3,
    judge: (tracks, step) => evaluated(tracks, step, 200, () => {
      const [none, batch] = ['none', 'batch'].map((norm) => accuracy(of(tracks, norm), step));
      const right = none > LEARNED ? (batch - none > 0.1 ? 1 : 2) : 0;
      return { right, values: { list: accuraciesInWords(tracks, step), step: evaluatedStep(tracks, step) } };
    }),
  },
  one: {
    settings: { batch: 1, rate: 0.01, steps: 1000 },
    answers: 3,
    judge(tracks, step) {
      const [batch, layer] = ['batch', 'layer'].map((norm) => momentAt(of(tracks, norm), step)?.layers[0].gradient);
      if (step < 1 || layer === undefined) return null;
      const right = isSilent(of(tracks, 'batch'), step) ? 0 : batch < layer / 2 ? 1 : 2;
      return { right, values: { batch: significant(batch), layer: significant(layer) } };
    },
  },
  rate: {
    settings: { activation: 'relu', rate: 3, steps: 300 },
    answers: 4,
    judge: (tracks, step) => evaluated(tracks, step, 100, () => ({
      right: whichOf(tracks, SETS[0], SETS, (track) => accuracy(track, step) > LEARNED),
      values: { list: accuraciesInWords(tracks, step), step: evaluatedStep(tracks, step) },
    })),
  },
  saturated: {
    settings: { init: 'normal:1', steps: 200 },
    answers: 3,
    judge(tracks, step) {
      const flat = (track) => momentAt(track, step)?.layers.at(-1).saturated;
      const none = flat(of(tracks, 'none'));
      if (step < 1 || none === undefined) return null;
      const list = listed(tracks, (track) => percent(flat(track)));
      return { right: none < 0.1 ? 0 : none < 0.5 ? 1 : 2, values: { list } };
    },
  },
  twenty: {
    settings: { depth: 20, steps: 100 },
    answers: 4,
    judge: (tracks, step) => (step < 20 ? null : {
      right: whichOf(tracks, SETS[0], SETS, (track) => gradientRatio(track, step) > 0.01),
      values: { list: ratiosInWords(tracks, step) },
    }),
  },
  figure: { settings: { norm: ['none', 'batch'], steps: 4 }, answers: 2, judge: judgeFigure },
  figure_relu: { settings: { activation: 'relu', norm: ['none', 'batch'], steps: 4 }, answers: 2, judge: judgeFigure },
};

/** The settings of a preset. @param {string} id */
export const settingsOf = (id) => ({ ...DEFAULTS, ...PRESETS[id].settings });

/** Whether a recorded run can show a preset: there only the activation can be chosen. */
const isRecorded = (id) => Object.keys(PRESETS[id].settings).every((key) => ['activation', 'steps'].includes(key));

/**
 * The presets' buttons, the question asked before one runs, and the run's verdict on the guess.
 * @param {import('./lab_session.js').Session} session @param {object} state the section's
 */
export function createPresets(session, state) {
  const place = el('div', { 'aria-live': 'polite' });
  const buttons = Object.keys(PRESETS).map((id) => button(t(`s7.preset.${id}`), () => {
    Object.assign(state, { asked: id, guess: state.preset === id ? state.guess : null });
    ask();
  }, { 'data-preset': id }));
  let verdict = null;
  const ask = () => {
    const id = state.asked;
    buttons.forEach((one) => set(one, { 'aria-pressed': String(one.dataset.preset === id) }));
    if (!id) return;
    const answers = Array.from({ length: PRESETS[id].answers }, (_, at) => {
      const pressed = { 'aria-pressed': String(state.guess === at) };
      return button(t(`s7.preset.${id}.answer${at + 1}`), () => guess(id, at), pressed);
    });
    verdict = el('p', { class: 'verdict' });
    const question = el('p', { class: 'ask' }, ...rich(t(`s7.preset.${id}.ask`)));
    place.replaceChildren(el('div', { class: 'prediction', role: 'group', 'aria-label': t(`s7.preset.${id}`) },
      question, el('div', { class: 'answers' }, ...answers), verdict));
    tell();
  };
  const guess = (id, at) => {
    const runs = state.preset !== id;
    state.guess = at;
    if (runs) session.apply(settingsOf(id), id);
    ask();
    place.querySelector(`.answers button:nth-child(${at + 1})`).focus();
    if (runs) session.run();
  };
  /** Shows the run's verdict at the selected step. */
  const tell = () => {
    const id = state.asked;
    if (!verdict || !id) return;
    const words = state.guess === null ? '' : verdictOf(id, state.guess, session.engine.tracks, session.step);
    if (verdict.textContent !== words) verdict.textContent = words;
  };
  const update = () => {
    buttons.forEach((one) => set(one, { disabled: Boolean(session.reason) && !isRecorded(one.dataset.preset) }));
    tell();
  };
  ask();
  return { element: el('div', { class: 's7-presets' }, el('div', { class: 'row' }, ...buttons), place), update };
}

/** A run's verdict on a guess, in words. */
function verdictOf(id, guess, tracks, step) {
  const found = tracks.length > 0 ? PRESETS[id].judge(tracks, step) : null;
  if (!found) return t('s7.verdict.wait');
  const judged = t(found.right === guess ? 'guess.right' : 'guess.wrong');
  return `${judged} ${t(`s7.preset.${id}.verdict`, { step: momentStep(tracks, step), ...found.values })}`;
}
