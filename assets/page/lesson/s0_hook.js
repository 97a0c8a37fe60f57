// The hook: three recorded sigmoid networks race over the steps of their training.

import { el, lessMotion, rich } from './dom.js';
import { button, dragNumber, prediction, slider, write } from './controls.js';
import { apart, plot } from './plot.js';
import { fixed, percent, share, t } from './text.js';
import { gradientShare } from './view_data.js';

const NORMS = ['none', 'batch', 'layer'];
const SECONDS = 4;
const LABEL_HEIGHT = 16;

/** The evaluations up to a step. @param {[number, number, number][]} evaluations */
export const until = (evaluations, step) => evaluations.filter(([at]) => at <= step);

/** The accuracy at a step, on the line between two evaluations. @param {[number, number, number][]} evaluations */
export function between(evaluations, step) {
  const after = evaluations.findIndex(([at]) => at >= step);
  if (after <= 0) return evaluations.at(after === 0 ? 0 : -1)[1];
  const [[from, low], [to, high]] = [evaluations[after - 1], evaluations[after]];
  return low + ((step - from) / (to - from)) * (high - low);
}

/** @param {object} context @returns {HTMLElement[]} */
export function create(context) {
  const { record, state } = context;
  const tracks = NORMS.map((norm) => record.networks.find((one) => one.name === `sigmoid-${norm}`));
  const [alone, ...others] = tracks.map((track) => hasStarted(record, track));
  const stays = !alone && others.every(Boolean);
  state.step ??= lessMotion() ? record.steps : 0;
  const picture = race(record, tracks, state);
  const answer = el('p', { class: 'answer s0-answer' });
  const steps = slider({ label: t('s0.step'), min: 0, max: record.steps, step: 1, value: state.step,
    show: (value) => fixed(value, 0), change: (value) => {
      state.playing = false;
      show(value);
    } });
  const { evaluations } = tracks[0];
  const placeOf = (step) => Math.max(0, until(evaluations, step).length - 1);
  const number = dragNumber({ label: t('s0.step'), min: 0, max: evaluations.length - 1, step: 1, value: 0,
    show: (place) => fixed(evaluations[place][0], 0), change: (place) => {
      state.playing = false;
      show(evaluations[place][0]);
    } });
  const show = (step) => {
    state.step = step;
    steps.setValue(step);
    number.setValue(placeOf(step));
    write(answer, sentence(record, tracks, step), { step: number });
    picture.redraw();
  };
  const play = () => run(state, record.steps, picture, show, () => context.announce(answer.textContent));
  show(state.step);
  autoplay(picture, state, record.steps, play);
  const again = button(t('s0.again'), () => {
    state.step = 0;
    play();
  }, { class: 's0-again' });
  const go = el('a', { href: '#s7', class: 's0-go' }, t('s0.go'));
  return [
    el('h1', {}, t('s0.title')),
    el('p', { class: 's0-lead' }, t('s0.lead')),
    el('p', { class: 's0-question' }, t(stays ? 's0.question' : 's0.question_started', { layers: record.depth })),
    el('figure', { class: 'wide s0-figure' }, picture,
      el('div', { class: 'controls' }, steps, el('div', { class: 'row' }, again, go))),
    answer,
    // If every network learns, there is nothing to explain.
    ...(stays ? [why(state, tracks)] : []),
    newWords(),
  ];
}

/** A folded glossary for readers who have never trained a network. */
function newWords() {
  const words = ['layer', 'activation', 'batch', 'gradient', 'norm'];
  const list = words.flatMap((word) => [
    el('dt', {}, t(`s0.word.${word}`)),
    el('dd', {}, ...rich(t(`s0.word.${word}_is`))),
  ]);
  return el('details', {}, el('summary', {}, t('s0.words')), el('dl', {}, ...list));
}

/** The picture of the race up to the state's step. */
function race(record, tracks, state) {
  const narrow = () => innerWidth < 600;
  return plot({
    label: t('s0.picture'),
    height: () => (narrow() ? 270 : Math.min(380, Math.max(260, innerHeight - 500))),
    x: { domain: [0, record.steps], label: t('s0.x'), show: (value) => fixed(value, 0) },
    y: { domain: [0, 1], label: t('s0.y'), show: (value) => fixed(100 * value, 0) },
    margin: { right: 142 },
    draw: (p) => drawRace(p, record, tracks, state.step),
  });
}

/** @param {import('./plot.js').Picture} p */
function drawRace(p, record, tracks, step) {
  p.line('chance', [[0, record.chance], [record.steps, record.chance]], { class: 's0-chance' });
  p.text('chance-name', p.left + 6, p.y(record.chance) + 16, t('s0.chance'), { class: 'tick' });
  const heads = tracks.map(({ evaluations }) => between(evaluations, Math.max(step, evaluations[0][0])));
  const heights = apart(heads.map((head) => p.y(head)), LABEL_HEIGHT, -Infinity, p.bottom);
  tracks.forEach(({ norm, evaluations }, at) => {
    const points = until(evaluations, step).map(([x, y]) => [x, y]);
    p.line(`line-${norm}`, [...points, [step, heads[at]]], { class: norm });
    p.dot(`head-${norm}`, step, heads[at], { r: 4.5, class: `s0-head ${norm}` });
    p.text(`name-${norm}`, p.x(step) + 10, heights[at] + 4, `${t(`s0.${norm}`)} ${percent(latest(evaluations, step))}`,
      { class: norm, 'data-norm': norm });
  });
}

const latest = (evaluations, step) => (until(evaluations, step).at(-1) ?? evaluations[0])[1];

/** Whether a network ever got beyond chance. */
const hasStarted = ({ chance }, { evaluations }) => evaluations.some(([, accuracy]) => accuracy > 1.2 * chance);

/** What the race shows at a step, in words, with a placeholder for the step. */
function sentence(record, tracks, step) {
  const [none, batch, layer] = tracks.map(({ evaluations }) => percent(latest(evaluations, step)));
  const key = step < record.steps ? 's0.now' : hasStarted(record, tracks[0]) ? 's0.end_started' : 's0.end';
  return t(key, { none, batch, layer, chance: percent(record.chance) });
}

/** Runs the race from the state's step on, in real time. */
function run(state, steps, picture, show, done) {
  const from = state.step;
  let begin = null;
  state.playing = true;
  const ours = (state.race = {});
  const frame = (now) => {
    if (state.race !== ours || !state.playing || !picture.isConnected) return;
    begin ??= now;
    show(Math.min(steps, Math.round(from + ((now - begin) / 1000 / SECONDS) * steps)));
    if (state.step < steps) return requestAnimationFrame(frame);
    state.playing = false;
    done();
  };
  requestAnimationFrame(frame);
}

/** Starts the race when it first becomes visible, or continues it after the page was rebuilt. */
function autoplay(picture, state, steps, play) {
  if (lessMotion()) return;
  const seen = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    seen.disconnect();
    if (state.begun && !state.playing) return;
    state.begun = true;
    if (state.step < steps) play();
  }, { threshold: 0.3 });
  seen.observe(picture);
}

/** The prediction: why one of them never starts. */
function why(state, tracks) {
  const [none, batch, layer] = tracks.map((track) => share(gradientShare(track.moments.at(-1))));
  const step = tracks[0].moments.at(-1).step;
  return prediction({ id: 's0', question: t('s0.guess'), answers: [t('s0.guess_weights'), t('s0.guess_data'),
    t('s0.guess_gradient')], right: 2, because: t('s0.because', { step, none, batch, layer }), state });
}
