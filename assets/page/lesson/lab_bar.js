// The laboratory's bar: run, pause, steps, reset, new weights, and a slider back in time.

import { button, slider } from './controls.js';
import { el, set } from './dom.js';
import { fixed, t } from './text.js';

/** Steps of the second button. */
const MANY = 10;

/** @param {import('./lab_session.js').Session} session @returns {{element: HTMLElement, update: () => void}} */
export function createBar(session) {
  const run = button('', () => session.toggle(), { 'data-do': 'run' });
  const one = button(t('s7.step'), () => session.run(1), { 'data-do': 'step' });
  const many = button(t('s7.steps', { count: MANY }), () => session.run(MANY), { 'data-do': 'steps' });
  const reset = button(t('s7.reset'), () => session.reset(), { 'data-do': 'reset', title: t('s7.reset_title') });
  const dice = button(t('s7.dice'), () => session.dice(), { 'data-do': 'dice', title: t('s7.dice_title') });
  let steps = [0];
  const time = set(slider({ label: t('s7.time'), min: 0, max: 0, step: 1, value: 0,
    show: (place) => t('s7.at', { step: steps[place] ?? 0 }), change: (place) => session.seek(steps[place]) }),
  { 'data-do': 'time' });
  const range = time.querySelector('input');
  const words = el('span', { class: 's7-state' });
  const update = () => {
    const { engine } = session;
    run.textContent = t(engine.running ? 's7.pause' : 's7.run');
    set(run, { 'aria-pressed': String(engine.running) });
    dice.disabled = Boolean(session.reason);
    steps = session.steps.length > 0 ? session.steps : [0];
    set(range, { max: steps.length - 1 });
    const place = steps.findLastIndex((step) => step <= session.step);
    time.setValue(Math.max(0, place));
    const said = stateOf(session);
    if (words.textContent !== said) words.textContent = said;
    set(element, { 'data-status': session.settling ? 'loading' : engine.status, 'data-steps': engine.step });
  };
  const element = el('div', { class: 's7-bar', role: 'toolbar', 'aria-label': t('s7.bar') },
    el('div', { class: 'row' }, run, one, many, reset, dice), time, words);
  return { element, update };
}

/** The current state, in words. */
function stateOf({ engine, reason, settling }) {
  if (reason) return t('s7.recording');
  if (settling || engine.status === 'loading') return t('s7.loading');
  if (engine.status === 'empty') return '';
  const speed = engine.running && engine.speed > 0 ? t('s7.speed', { speed: fixed(engine.speed, 0) }) : '';
  return `${t('s7.done', { step: engine.step })} ${speed}`.trim();
}
