// S7: the laboratory. Networks that differ only in their norm train side by side on the reader's GPU, and can be
// inspected at every recorded step.

import { copyText } from './download.js';
import { el, paced, rich, set } from './dom.js';
import { createBar } from './lab_bar.js';
import { createControls } from './lab_controls.js';
import { createPresets, gradientRatio, isSilent, ratiosInWords } from './lab_presets.js';
import { Session } from './lab_session.js';
import { commandLine, isLink, toml } from './lab_settings.js';
import { createViews } from './lab_views.js';
import { fixed, significant, t } from './text.js';
import { momentAt, nameOf } from './view_data.js';

/** The section. */
export function create(context) {
  const { state, record, announce } = context;
  const first = !state.session;
  state.session ??= new Session(state, record);
  const { session } = state;
  state.views ??= { chance: record.chance, onStep: (step) => session.seek(step) };
  const views = createViews({ state: state.views, announce });
  const parts = [createBar(session), createControls(session, state), createPresets(session, state),
    notes(session, state, announce), takeAway(state)];
  const [bar, controls, presets, said, away] = parts;
  const render = paced(() => {
    if (!laboratory.isConnected) return;
    for (const part of parts) part.update();
    views.show(session.engine.tracks, session.step);
  });
  const [head, ...rest] = views.elements;
  const laboratory = el('div', { class: 'wide s7-lab' }, bar.element, ...said.elements, head, said.answer, ...rest);
  session.tell(render);
  prepare(laboratory, session);
  render();
  // No element has the whole fragment as its id, so the browser does not scroll by itself.
  if (first && isLink(location.hash)) requestAnimationFrame(() => laboratory.closest('section')?.scrollIntoView());
  return [
    el('h2', {}, t('s7.title')),
    el('p', {}, ...rich(t('s7.question'))),
    presets.element,
    controls.element,
    laboratory,
    away.element,
  ];
}

/** Makes the networks when the reader scrolls near. */
function prepare(element, session) {
  const near = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    near.disconnect();
    session.ensure();
  }, { rootMargin: '200px' });
  near.observe(element);
}

/** The notes on the current state: problems, the result of the check, and the answer. */
function notes(session, state, announce) {
  const trouble = el('p', { class: 's7-trouble', role: 'status', hidden: true });
  const badge = el('p', { class: 's7-badge', hidden: true });
  const answer = el('p', { class: 'answer s7-answer' });
  let spoken = '';
  const write = (element, words) => {
    if (element.textContent !== words) element.textContent = words;
    element.hidden = words === '';
  };
  const update = () => {
    const { tracks } = session.engine;
    write(trouble, troubleOf(session, state.settings, tracks));
    write(badge, session.reason || tracks.length === 0 ? '' : checkInWords(tracks));
    write(answer, answerOf(tracks, session.step, state.settings));
    const ratios = tracks.map((track) => [track.norm, gradientRatio(track, session.step)]);
    set(answer, { 'data-ratios': JSON.stringify(Object.fromEntries(ratios)) });
    // Announced only when nothing runs, and only once.
    if (session.engine.running || answer.textContent === spoken || session.step === 0) return;
    spoken = answer.textContent;
    announce(spoken);
  };
  return { elements: [trouble, badge], answer, update };
}

/** The current problems, in sentences. */
function troubleOf({ reason, lacks }, settings, tracks) {
  if (reason) return t('s7.recorded', { reason: t(reason.key, reason.values) });
  const missing = lacks?.length > 0 ? [t('s7.lacks', { command: commandLine({ ...settings, norm: lacks }) })] : [];
  const failed = tracks.filter(({ failed }) => failed).map((track) =>
    t('s7.failed_at', { name: nameOf(track, tracks), step: track.failed.step }));
  const others = failed.length > 0 && failed.length < tracks.length ? [t('s7.failed_others')] : [];
  return [...missing, ...failed, ...others].join(' ');
}

/** The result of the comparison with the reference, in words. @param {object[]} tracks the engine's */
function checkInWords(tracks) {
  const off = tracks.find(({ check }) => check?.off);
  if (off) {
    const { tensor, step, ratio } = off.check.off;
    return t('s7.check.off', { name: nameOf(off, tracks), tensor, step, ratio: significant(ratio) });
  }
  const checked = tracks.filter(({ check }) => check);
  if (checked.length === 0) {
    return t(tracks.some(({ references }) => references > 0) ? 's7.check.later' : 's7.check.none');
  }
  const worst = checked.reduce((a, b) => (b.check.ratio > a.check.ratio ? b : a));
  const { tensor, ratio } = worst.check;
  const steps = Math.min(...checked.map(({ check }) => check.steps));
  return t(steps === 1 ? 's7.check.good_one' : 's7.check.good', { steps, name: nameOf(worst, tracks), tensor, share: fixed(100 * ratio, 0) });
}

/** The networks' state at a step, in a sentence. */
function answerOf(tracks, step, { batch }) {
  if (tracks.length === 0) return t('s7.answer.empty');
  const known = tracks.filter((track) => momentAt(track, step) && !(track.failed?.step <= step));
  if (known.length === 0) return t('s7.answer.failed');
  const last = momentAt(known[0], step).step;
  if (last === 0) return t('s7.answer.start');
  const words = t('s7.answer', { step: last, list: ratiosInWords(known, last) });
  const silent = batch === 1 && isSilent(known.find(({ norm }) => norm === 'batch'), last);
  return silent ? `${words} ${t('s7.answer.silent')}` : words;
}

/** The same run for the command line, and as a file. */
function takeAway(state) {
  const command = el('pre', { 'data-take': 'command' });
  const file = el('pre', { 'data-take': 'toml' });
  const copy = (from) => {
    const pressed = el('button', { type: 'button' }, t('s7.copy'));
    pressed.addEventListener('click', async () => {
      if (await copyText(from.textContent, from)) pressed.textContent = t('s7.copied');
    });
    return pressed;
  };
  const update = () => {
    const words = commandLine(state.settings);
    if (command.textContent === words) return;
    command.textContent = words;
    file.textContent = toml(state.settings);
  };
  const element = el('details', { class: 's7-away' }, el('summary', {}, t('s7.take')),
    el('p', {}, t('s7.take.command')), command, copy(command), el('p', {}, t('s7.take.toml')), file, copy(file));
  return { element, update };
}
