// The controls of the laboratory's settings, and a list of what the page does not include.

import { choices, slider } from './controls.js';
import { el, set } from './dom.js';
import { OF_PROGRAM, OPTIONS, commandLine, lacking, readSetting } from './lab_settings.js';
import { significant, t } from './text.js';

/** Settings that are always visible; the others are folded away. */
const OPEN = ['activation', 'depth', 'units', 'batch'];
const FOLDED = ['init', 'optimizer', 'position', 'affine'];
/** Settings that no program of the catalogue depends on. */
const ALWAYS_THERE = ['rate', 'seed', 'init'].map((key) => `[data-setting=${key}] input`).join();

/** The name of a setting's value: a text, or the value itself. */
const named = (key, value) => (['depth', 'units', 'batch'].includes(key) ? String(value) : t(`s7.${key}.${value}`));

/** The initial weights, in words. */
const initName = (init) =>
  (init.startsWith('normal:') ? t('s7.init.normal', { deviation: init.slice(7) }) : t(`s7.init.${init}`));

/** The options of a setting, including a value that a link may have set. */
function optionsOf(key, value) {
  const all = OPTIONS[key];
  return all.includes(value) ? all : [...all, value].sort((a, b) => (typeof a === 'number' ? a - b : 0));
}

/** Radio buttons of a setting. */
function radios(key, state, change) {
  const value = state.settings[key];
  const options = optionsOf(key, value).map((one) => ({
    value: String(one),
    text: key === 'init' ? initName(one) : named(key, one),
  }));
  const take = (text) => change({ [key]: readSetting(key, text) });
  return set(choices({ label: t(`s7.${key}`), options, value: String(value), change: take }), { 'data-setting': key });
}

/** The norms: any of them, but at least one. */
function norms(state, change) {
  const boxes = OPTIONS.norm.map((norm) => {
    const input = el('input', { type: 'checkbox', value: norm });
    input.checked = state.settings.norm.includes(norm);
    input.addEventListener('change', () => {
      const chosen = OPTIONS.norm.filter((_, at) => inputs[at].checked);
      if (chosen.length === 0) input.checked = true;
      else change({ norm: chosen });
    });
    return el('label', {}, input, el('span', {}, t(`s7.norm.${norm}`)));
  });
  const inputs = boxes.map((box) => box.firstChild);
  return el('fieldset', { class: 'choices', 'data-setting': 'norm' }, el('legend', {}, t('s7.norm')), ...boxes);
}

/** The slider position nearest to a learning rate. */
function placeOf(rate) {
  const far = OPTIONS.rate.map((one) => Math.abs(Math.log(one / rate)));
  return far.indexOf(Math.min(...far));
}

/** The learning rate, on a log scale. A rate set by a link is shown unchanged until the slider is moved. */
function rate(state, change) {
  const shown = (place) => (placeOf(state.settings.rate) === place ? state.settings.rate : OPTIONS.rate[place]);
  const show = (place) => significant(shown(place), 1);
  return set(slider({ label: t('s7.rate'), min: 0, max: OPTIONS.rate.length - 1, step: 1,
    value: placeOf(state.settings.rate), show, change: (place) => change({ rate: OPTIONS.rate[place] }) }),
  { 'data-setting': 'rate' });
}

/** The seed, as a number to type. */
function seed(state, change) {
  const input = el('input', { type: 'number', min: 0, step: 1, id: 's7-seed', value: state.settings.seed });
  input.addEventListener('change', () => {
    const value = readSetting('seed', input.value);
    if (value === undefined) input.value = state.settings.seed;
    else change({ seed: value });
  });
  return el('p', { class: 's7-seed', 'data-setting': 'seed' }, el('label', { for: 's7-seed' }, t('s7.seed')), input);
}

/** A change to one other setting that would make this one available, in words; null if it takes more. */
function nearestTo(catalogue, key, settings) {
  for (const other of OF_PROGRAM.filter((one) => one !== key)) {
    const value = OPTIONS[other].find((one) => lacking(catalogue, { ...settings, [other]: one }).length === 0);
    if (value !== undefined) return `${t(`s7.${other}`)}: ${named(other, value)}`;
  }
  return null;
}

/** Greys out what the page does not include; returns `{ what, settings, nearest }` for each such option. */
function grey(fieldset, key, session, settings) {
  const missing = [];
  for (const input of fieldset.querySelectorAll('input')) {
    const value = readSetting(key, input.value);
    const other = { ...settings, [key]: value };
    const lacks = Boolean(session.catalogue) && !session.reason && lacking(session.catalogue, other).length > 0;
    const chosen = key === 'norm' ? settings.norm.includes(input.value) : input.checked;
    const recorded = key === 'activation' && session.recorded.includes(input.value);
    input.disabled = session.reason ? !recorded : lacks && !chosen;
    set(input.parentElement, { title: lacks ? commandLine(other) : null });
    const what = `${t(`s7.${key}`)}: ${input.nextSibling.textContent}`;
    if (lacks && !chosen) missing.push({ what, settings: other, nearest: nearestTo(session.catalogue, key, other) });
  }
  return missing;
}

/**
 * The controls of the settings. @param {import('./lab_session.js').Session} session @param {object} state
 * @returns {{element: HTMLElement, update: () => void}}
 */
export function createControls(session, state) {
  const change = (some) => session.apply({ ...state.settings, ...some });
  const open = el('div', { class: 's7-settings' });
  const folded = el('div', { class: 's7-settings' });
  const missing = el('ul', {});
  const lacks = el('details', { class: 's7-missing' }, el('summary', {}, t('s7.missing')), missing);
  const more = el('details', {}, el('summary', {}, t('s7.more')), folded);
  let [built, greyed] = [null, null];
  const build = () => {
    const focused = document.activeElement?.closest('[data-setting]')?.dataset.setting;
    open.replaceChildren(norms(state, change), ...OPEN.map((key) => radios(key, state, change)), rate(state, change));
    folded.replaceChildren(...FOLDED.map((key) => radios(key, state, change)), seed(state, change));
    const again = focused && element.querySelector(`[data-setting=${focused}]`);
    again?.querySelector('input:checked, input[type=range], input[type=number]')?.focus();
  };
  const update = () => {
    if (built !== state.settings) {
      if (!sameOnPage(built, state.settings, element)) build();
      built = state.settings;
      greyed = null;
    }
    const now = `${Boolean(session.catalogue)} ${Boolean(session.reason)}`;
    if (greyed === now) return;
    greyed = now;
    const all = ['norm', ...OF_PROGRAM].flatMap((key) =>
      grey(element.querySelector(`[data-setting=${key}]`), key, session, state.settings));
    for (const input of element.querySelectorAll(ALWAYS_THERE)) input.disabled = Boolean(session.reason);
    missing.replaceChildren(...all.map(({ what, settings, nearest }) =>
      el('li', {}, what, nearest ? ` (${t('s7.there_with', { what: nearest })})` : '', ' ',
        el('code', {}, commandLine(settings)))));
    lacks.hidden = all.length === 0;
  };
  const element = el('div', { class: 'controls' }, open, more, lacks);
  more.open = Boolean(state.more);
  more.addEventListener('toggle', () => (state.more = more.open));
  return { element, update };
}

/** Whether the controls already show these settings, because they set them. */
function sameOnPage(before, settings, element) {
  if (!before) return false;
  const checked = (key) => element.querySelector(`[data-setting=${key}] input:checked`)?.value;
  const radiosSay = [...OPEN, ...FOLDED].every((key) => checked(key) === String(settings[key]));
  const norms = [...element.querySelectorAll('[data-setting=norm] input:checked')].map(({ value }) => value);
  const slider = element.querySelector('[data-setting=rate] input').valueAsNumber;
  const seedSays = element.querySelector('[data-setting=seed] input').value === String(settings.seed);
  return radiosSay && norms.join() === settings.norm.join() && OPTIONS.rate[slider] === settings.rate && seedSays;
}
