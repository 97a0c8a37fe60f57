// S9: what the reader can take home: commands, an experiment, a script, pictures and curves.

import { button, choices, prediction } from './controls.js';
import { el, rich } from './dom.js';
import { copyText, download, svgFile } from './download.js';
import { DEFAULTS, commandLine, toml, widthsOf } from './lab_settings.js';
import { ownSteps } from './s8_verdicts.js';
import { curvesAsCsv, pytorch } from './snippet.js';
import { fixed, plain, t } from './text.js';

/** The texts to copy: how each is made from the settings, and its file name. */
const TEXTS = {
  command: { make: (settings) => commandLine(settings).replaceAll(' --', ' \\\n  --'), file: 'train.sh' },
  toml: { make: toml, file: 'experiment.toml' },
  pytorch: { make: pytorch, file: 'lesson.py' },
};

const PIXELS = 28 * 28;
const CLASSES = 10;
const TRAINING_IMAGES = 10_000;

/** The longest name of a picture in the list. */
const NAME = 64;

/** The number of parameters of the settings' network without a norm. */
export function parameters(settings) {
  const sizes = [PIXELS, ...widthsOf(settings), CLASSES];
  return sizes.slice(1).reduce((sum, units, layer) => sum + sizes[layer] * units + units, 0);
}

/** The settings of the laboratory, or the defaults. */
const settingsOf = (states) => ({ ...DEFAULTS, ...states.s7?.settings });

/** The sentence on what the texts train. */
function answer(settings) {
  const { norm, steps, batch } = settings;
  const widths = widthsOf(settings);
  const units = [...new Set(widths)].map(plain).join(', ');
  return t('s9.answer', { count: norm.length, depth: widths.length, units, parameters: parameters(settings), steps, batch,
    passes: fixed((steps * batch) / TRAINING_IMAGES, 1) });
}

/** The bytes of base64. */
const bytesOf = (base64) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

/** Pictures of the page that can be saved, with their names. @returns {{name: string, picture: SVGSVGElement}[]} */
export function pictures() {
  const all = [...document.querySelectorAll('main svg[aria-label]')].filter(({ clientWidth }) => clientWidth > 0);
  return all.map((picture) => {
    const label = picture.getAttribute('aria-label').replace(/\s+/g, ' ');
    const name = `${picture.closest('section').getAttribute('aria-label')}: ${label}`;
    return { name: name.length > NAME ? `${name.slice(0, NAME - 1)}…` : name, picture };
  });
}

/** The selected text, with buttons to copy and save it. */
function texts(state, states, announce) {
  const shown = el('code', {});
  const note = el('p', { class: 's9-note' });
  const words = el('p', { class: 'answer', id: 's9-answer' });
  const text = () => TEXTS[state.kind].make(settingsOf(states));
  const update = () => {
    shown.textContent = text();
    note.replaceChildren(...rich(t(`s9.${state.kind}_note`)));
    words.textContent = answer(settingsOf(states));
  };
  const pick = choices({ label: t('s9.as'), value: state.kind,
    options: Object.keys(TEXTS).map((value) => ({ value, text: t(`s9.${value}`) })),
    change: (value) => {
      state.kind = value;
      update();
    } });
  const copy = button(t('s9.copy'), async () => {
    const copied = await copyText(text(), shown);
    announce(t(copied ? 's9.copied' : 's9.selected'));
    copy.textContent = t(copied ? 's9.copied' : 's9.selected');
    setTimeout(() => (copy.textContent = t('s9.copy')), 2000);
  }, { id: 's9-copy' });
  const save = button(t('s9.save'), () => download(TEXTS[state.kind].file, `${text().trimEnd()}\n`, 'text/plain'),
    { id: 's9-save' });
  const whole = el('div', { class: 's9-texts' }, el('div', { class: 'controls' }, pick),
    el('pre', { tabindex: 0, id: 's9-text', 'aria-label': t('s9.as') }, shown),
    el('div', { class: 'row' }, copy, save), note);
  return { whole, words, update };
}

/** The list of pictures and the button that saves one. */
function pictureRow() {
  const list = el('select', { id: 's9-picture', 'aria-label': t('s9.picture') });
  let all = [];
  const fill = () => {
    const before = list.value;
    all = pictures();
    list.replaceChildren(...all.map(({ name }, at) => el('option', { value: at }, name)));
    if (all[before]) list.value = before;
  };
  const save = button(t('s9.save_svg'), () => {
    const chosen = all[list.value];
    if (chosen) download('normlab.svg', svgFile(chosen.picture), 'image/svg+xml');
  }, { id: 's9-svg' });
  return { whole: el('div', { class: 'row s9-pictures' }, list, save), fill };
}

/** The buttons that save curves, digits and the animation. */
function files({ record, links, states }) {
  const own = () => ownSteps(states.s7 ?? {}, record) > 0;
  const mine = button(t('s9.own_csv'), () => download('my-curves.csv', curvesAsCsv(states.s7.tracks), 'text/csv'),
    { id: 's9-own-csv' });
  const recorded = button(t('s9.csv'), () => download('curves.csv', curvesAsCsv(record.networks), 'text/csv'),
    { id: 's9-csv' });
  const digits = document.getElementById('digits')?.textContent;
  const png = digits &&
    button(t('s9.digits'), () => download('digits.png', bytesOf(digits), 'image/png'), { id: 's9-digits' });
  const gif = links.gif && el('a', { id: 's9-gif', href: links.gif, download: '' }, t('s9.gif'));
  const update = () => {
    mine.disabled = !own();
    mine.title = own() ? '' : t('s9.no_own');
  };
  return { whole: el('div', { class: 'row' }, ...[recorded, mine, png, gif].filter(Boolean)), update };
}

/** Builds the section. @param {object} context @returns {HTMLElement[]} */
export function create(context) {
  const { id, record, state, states, announce } = context;
  state.kind ??= 'command';
  const text = texts(state, states, announce);
  const saved = files(context);
  const row = pictureRow();
  const update = () => {
    text.update();
    saved.update();
    row.fill();
  };
  const guess = prediction({ id, question: t('s9.ask'), state, right: 1, because: t('s9.because'),
    answers: [t('s9.guess_bit'), t('s9.guess_rounding'), t('s9.guess_roughly')] });
  // The laboratory's settings and the pictures may have changed while this was off screen.
  new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && update()).observe(text.whole);
  update();
  return [el('h2', {}, t('s9.title')), el('p', {}, ...rich(t('s9.question'))), guess, text.whole, text.words,
    el('h3', {}, t('s9.files')), row.whole, saved.whole,
    el('p', { class: 's9-note' }, ...rich(t('s9.whole', { command: record.command })))];
}
