// Builds the page: the bar, the sections one after another, and what they share.

import { el, set, eachFrame, rich } from './dom.js';
import { button } from './controls.js';
import { LANGUAGES, currentLanguage, preferredLanguage, setLanguage, setWords, t } from './text.js';
import { unpackJson } from './packed.js';
import { readRecord } from './record.js';
import * as s0 from './s0_hook.js';
import * as s1 from './s1_five_inputs.js';
import * as s2 from './s2_normalize.js';
import * as s3 from './s3_bend_and_slope.js';
import * as s4 from './s4_a_and_b.js';
import * as s5 from './s5_whose_mean.js';
import * as s6 from './s6_ladder.js';
import * as s7 from './s7_laboratory.js';
import * as s8 from './s8_verdicts.js';
import * as s9 from './s9_take_home.js';

/** The sections in their order; `s7` is the laboratory. */
const SECTIONS = { s0, s1, s2, s3, s4, s5, s6, s7, s8, s9 };

/** The state of each section, kept when the language changes. */
const states = Object.fromEntries(Object.keys(SECTIONS).map((id) => [id, {}]));

/** Announces something to screen readers, at most once per second. */
const announce = (() => {
  let last = 0;
  let timer = 0;
  return (sentence) => {
    clearTimeout(timer);
    const wait = Math.max(0, last + 1000 - performance.now());
    timer = setTimeout(() => {
      last = performance.now();
      document.getElementById('live').textContent = sentence;
    }, wait);
  };
})();

/** The sections still to be built in the current language. @type {Set<string>} */
const waiting = new Set();

/** Waits until the page has been drawn; a hidden tab draws nothing. */
const drawn = () => new Promise((resolve) => {
  if (document.hidden) setTimeout(resolve);
  else requestAnimationFrame(() => setTimeout(resolve));
});

/** Builds a section, replacing the one in the other language. @param {string} id */
function buildSection(id) {
  waiting.delete(id);
  const parts = SECTIONS[id].create({ record, links, announce, id, state: states[id], states });
  const section = document.getElementById(id) ?? el('section', { id });
  set(section, { 'aria-label': t(`${id}.name`) }).replaceChildren(...parts);
  if (!section.isConnected) main.append(section);
}

/** The sections in the order in which they are built: those that are on screen before the others. */
function order() {
  const onScreen = (id) => {
    const box = document.getElementById(id)?.getBoundingClientRect();
    return Boolean(box) && box.bottom > 0 && box.top < innerHeight;
  };
  const all = Object.keys(SECTIONS);
  return [...all.filter(onScreen), ...all.filter((id) => !onScreen(id))];
}

/** Builds everything in the current language, one section at a time, so that the page stays responsive. */
async function build() {
  document.title = t('page.title');
  document.getElementById('bar').replaceChildren(...bar());
  document.getElementById('foot').replaceChildren(...foot());
  document.querySelector('.skip').textContent = t('page.skip');
  const ours = (build.last = order());
  ours.forEach((id) => waiting.add(id));
  set(main, { 'aria-busy': 'true' });
  for (const id of ours) {
    if (waiting.has(id)) buildSection(id);
    await drawn();
    // The language has changed again.
    if (build.last !== ours) return;
  }
  set(main, { 'aria-busy': null });
  follow();
}

/** Builds and draws what is still missing, for printing. */
function finish() {
  [...waiting].forEach(buildSection);
  document.querySelectorAll('.plot').forEach((one) => one.render?.());
}

/** The bar: a dot per section, language, theme. */
function bar() {
  const dots = Object.keys(SECTIONS).map((id) => {
    const name = t(`${id}.name`);
    return el('a', { href: `#${id}`, title: name, 'aria-label': name });
  });
  const other = LANGUAGES.find((one) => one !== currentLanguage());
  const switchLanguage = () => {
    setLanguage(other);
    keep('language', other);
    build();
    document.getElementById('language').focus();
  };
  const dark = document.documentElement.dataset.theme === 'dark';
  const switchTheme = () => {
    setTheme(dark ? 'light' : 'dark');
    keep('theme', dark ? 'light' : 'dark');
    build();
    document.getElementById('theme').focus();
  };
  return [
    el('nav', { 'aria-label': t('page.sections') }, ...dots),
    el('div', { class: 'row' },
      button(t('page.other_language'), switchLanguage, { id: 'language', lang: other }),
      button(t(dark ? 'page.light' : 'page.dark'), switchTheme, { id: 'theme' })),
  ];
}

/** What was recorded, where and when, and the report of the same run if there is one. */
function foot() {
  const { command, adapter, date, version } = record;
  const where = t('page.recorded', { command, adapter, date: date ?? '–', version });
  const report = links.report && el('a', { href: links.report }, t('page.report'));
  return [el('p', {}, ...rich(where), ' ', report)];
}

/** Marks the dot of the section that is in the middle of the window. */
function follow() {
  const sections = [...main.children];
  const dots = document.querySelectorAll('#bar nav a');
  const mark = eachFrame(() => {
    const middle = innerHeight / 2;
    const found = sections.findLastIndex((section) => section.getBoundingClientRect().top < middle);
    dots.forEach((dot, at) => set(dot, { 'aria-current': at === Math.max(0, found) ? 'true' : null }));
  });
  removeEventListener('scroll', follow.last);
  follow.last = mark;
  addEventListener('scroll', mark, { passive: true });
  mark();
}

/** Sets the theme. @param {'dark'|'light'} theme */
function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
}

/** Stores a choice, if the browser allows local files to. */
function keep(name, value) {
  try {
    localStorage.setItem(`normlab.${name}`, value);
  } catch {
    // A page from a disk may have no storage.
  }
}

/** A stored choice, or null. */
function kept(name) {
  try {
    return localStorage.getItem(`normlab.${name}`);
  } catch {
    return null;
  }
}

/** Highlights a term everywhere while the pointer or the focus is on it. */
function lightTerms() {
  const light = (event, lit) => {
    const term = event.target.closest?.('[data-term]')?.dataset.term;
    if (!term) return;
    document.querySelectorAll(`[data-term="${term}"]`).forEach((one) => one.classList.toggle('lit', lit));
  };
  for (const kind of ['pointerover', 'focusin']) document.addEventListener(kind, (event) => light(event, true));
  for (const kind of ['pointerout', 'focusout']) document.addEventListener(kind, (event) => light(event, false));
}

/** The parent of the sections. */
const main = document.getElementById('main');

/** The JSON in an element of the page. @param {string} id */
const json = (id) => JSON.parse(document.getElementById(id).textContent);

setWords(json('words'));
/** Files next to the page: the run's report and animation, or null. */
const links = json('links');
const record = readRecord(await unpackJson('record'));
setLanguage(kept('language') ?? preferredLanguage());
setTheme(kept('theme') ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'));
lightTerms();
addEventListener('beforeprint', finish);
// The page counts as loaded only when it is complete, so that a link to a section finds it.
await build();
