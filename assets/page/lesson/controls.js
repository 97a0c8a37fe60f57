// The page's controls: each has a name, a value and a unit, and works with the keyboard alone.

import { el, rich, set } from './dom.js';
import { t } from './text.js';

let names = 0;
/** A unique element name. @param {string} stem */
const uniqueName = (stem) => `${stem}-${++names}`;

/**
 * A slider with its name before it and its value after it.
 * @param {{label: string, min: number, max: number, step: number, value: number, term?: string,
 *   show: (value: number) => string, change: (value: number) => void}} options
 * @returns {HTMLElement & {setValue: (value: number) => void}}
 */
export function slider({ label, min, max, step, value, term, show, change }) {
  const id = uniqueName('slider');
  const output = el('output', { for: id });
  const input = el('input', { type: 'range', id, min, max, step });
  const tell = () => {
    output.textContent = show(input.valueAsNumber);
    set(input, { 'aria-valuetext': show(input.valueAsNumber) });
  };
  input.addEventListener('input', () => {
    tell();
    change(input.valueAsNumber);
  });
  const name = el('label', { for: id, class: term ? `term term-${term}` : null, 'data-term': term }, label);
  const whole = el('div', { class: 'slider' }, name, input, output);
  whole.setValue = (next) => {
    input.value = next;
    tell();
  };
  whole.setValue(value);
  return whole;
}

/**
 * A choice of one of several options, as radio buttons in a row.
 * @param {{label: string, options: {value: string, text: string, disabled?: boolean, title?: string}[],
 *   value: string, change: (value: string) => void}} options
 */
export function choices({ label, options, value, change }) {
  const name = uniqueName('choice');
  const buttons = options.map((option) => {
    const input = el('input', { type: 'radio', name, value: option.value, disabled: option.disabled });
    input.checked = option.value === value;
    input.addEventListener('change', () => change(option.value));
    return el('label', { title: option.title }, input, el('span', {}, option.text));
  });
  return el('fieldset', { class: 'choices' }, el('legend', {}, label), ...buttons);
}

/** A button. @param {string} text @param {() => void} press @param {object} [attributes] */
export function button(text, press, attributes = {}) {
  return el('button', { type: 'button', onclick: press, ...attributes }, text);
}

/**
 * A question with answers to click before trying: the reader's guess is kept in `state.guess`, and the outcome
 * appears below.
 * @param {{id: string, question: string, answers: string[], right: number, because: string,
 *   state: {guess?: number}, done?: () => void}} options
 */
export function prediction({ id, question, answers, right, because, state, done = () => {} }) {
  const verdict = el('p', { class: 'verdict', 'aria-live': 'polite' });
  const tell = () => {
    if (state.guess === undefined) return;
    buttons.forEach((one, place) => set(one, { 'aria-pressed': String(place === state.guess) }));
    verdict.textContent = `${t(state.guess === right ? 'guess.right' : 'guess.wrong')} ${because}`;
  };
  const buttons = answers.map((answer, place) =>
    button(answer, () => {
      state.guess = place;
      tell();
      done();
    }, { 'aria-pressed': 'false' }),
  );
  tell();
  const ask = el('p', { class: 'ask', id: `${id}-ask` }, question);
  return el('div', { class: 'prediction', role: 'group', 'aria-labelledby': `${id}-ask` }, ask,
    el('div', { class: 'answers' }, ...buttons), verdict);
}

/** How many steps a key moves a number; infinity means to the end. */
const KEYS = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10, Home: -Infinity,
  End: Infinity };

/** The most pixels that the pointer moves per step of a number; a long range is crossed in `CROSSING` pixels. */
const [STEP_PX, CROSSING] = [4, 400];

/**
 * A number in a sentence that can be dragged, or changed with keys.
 * @param {{label: string, min: number, max: number, step: number, value: number, term?: string,
 *   show: (value: number) => string, change: (value: number) => void}} options
 * @returns {HTMLElement & {setValue: (value: number) => void}}
 */
export function dragNumber({ label, min, max, step, value, term, show, change }) {
  let current = value;
  const whole = el('span', { class: `drag${term ? ` term term-${term}` : ''}`, role: 'slider', tabindex: 0,
    'aria-label': label, 'aria-valuemin': min, 'aria-valuemax': max, 'data-term': term });
  whole.setValue = (next) => {
    // Rounded to its steps, without artefacts of binary fractions.
    current = Math.min(max, Math.max(min, Number((Math.round(next / step) * step).toFixed(6))));
    if (whole.textContent !== show(current)) whole.textContent = show(current);
    set(whole, { 'aria-valuenow': current, 'aria-valuetext': show(current) });
  };
  const move = (next) => {
    const before = current;
    whole.setValue(next);
    if (current !== before) change(current);
  };
  whole.addEventListener('keydown', (event) => {
    const by = KEYS[event.key];
    if (!by) return;
    event.preventDefault();
    move(Number.isFinite(by) ? current + by * step : by > 0 ? max : min);
  });
  const pixels = Math.min(STEP_PX, (CROSSING * step) / (max - min));
  whole.addEventListener('pointerdown', (event) => {
    const [from, start] = [event.clientX, current];
    whole.setPointerCapture(event.pointerId);
    whole.onpointermove = (moved) => move(start + Math.round((moved.clientX - from) / pixels) * step);
  });
  for (const end of ['pointerup', 'pointercancel']) whole.addEventListener(end, () => (whole.onpointermove = null));
  whole.setValue(value);
  return whole;
}

/**
 * Writes a text in which `{name}` stands for an element, such as a number to drag. An element that is already there
 * is not moved, because it would lose the focus and the pointer that holds it.
 * @param {HTMLElement} place @param {string} text @param {Record<string, HTMLElement>} elements
 */
export function write(place, text, elements) {
  const part = (words) => elements[/^\{(\w+)\}$/.exec(words)?.[1]] ?? rich(words);
  const nodes = text.split(/(\{\w+\})/).flatMap(part);
  [...place.childNodes].filter((node) => !nodes.includes(node)).forEach((node) => node.remove());
  let next = place.firstChild;
  for (const node of nodes) {
    if (node === next) next = next.nextSibling;
    else place.insertBefore(node, next);
  }
}
