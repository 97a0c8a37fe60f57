// Creates elements in one call each.

const SVG = 'http://www.w3.org/2000/svg';

/** Sets attributes; `on…` are listeners, `class`, `style` and the rest are text; null removes one. */
export function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (value === null || value === undefined || value === false) element.removeAttribute(name);
    else element.setAttribute(name, value === true ? '' : value);
  }
  return element;
}

/** An HTML element. @param {string} tag @param {object} [attributes] @param {...(Node|string|null)} children */
export function el(tag, attributes = {}, ...children) {
  const element = set(document.createElement(tag), attributes);
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** An SVG element. @param {string} tag @param {object} [attributes] @param {...(Node|string)} children */
export function svg(tag, attributes = {}, ...children) {
  const element = set(document.createElementNS(SVG, tag), attributes);
  element.append(...children.flat());
  return element;
}

/**
 * Text with markup: *emphasis*, `code`, and [term]{name} for a word in a term's colour that highlights the
 * term (`data-term`). @param {string} text @returns {Node[]}
 */
export function rich(text) {
  const part = /\*([^*]+)\*|`([^`]+)`|\[([^\]]+)\]\{(\w+)\}/g;
  const nodes = [];
  let last = 0;
  for (const match of text.matchAll(part)) {
    nodes.push(text.slice(last, match.index));
    const [whole, strong, code, word, term] = match;
    if (strong) nodes.push(el('em', {}, strong));
    else if (code) nodes.push(el('code', {}, code));
    else nodes.push(el('span', { class: `term term-${term}`, 'data-term': term }, word));
    last = match.index + whole.length;
  }
  return [...nodes, text.slice(last)].map((node) => (typeof node === 'string' ? new Text(node) : node));
}

/** Calls a function at most once per frame, with the latest arguments. @param {function} draw */
export function eachFrame(draw) {
  let asked = 0;
  return (...args) => {
    cancelAnimationFrame(asked);
    asked = requestAnimationFrame(() => draw(...args));
  };
}

/** Milliseconds of a frame without slow work. */
const FRAME_MS = 17;
/** The longest pause between two drawings, in milliseconds. */
const LONGEST_PAUSE_MS = 250;

/**
 * Calls a function once per frame if drawing is cheap. If a frame takes longer, drawing leaves at least four
 * times as long for other work, such as training. @param {() => void} draw
 */
export function paced(draw) {
  let [busy, asked] = [false, false];
  const run = () => {
    [busy, asked] = [true, false];
    requestAnimationFrame((start) => {
      draw();
      requestAnimationFrame((end) => {
        const pause = Math.min(LONGEST_PAUSE_MS, 4 * Math.max(0, end - start - FRAME_MS));
        setTimeout(() => (asked ? run() : (busy = false)), pause);
      });
    });
  };
  return () => (busy ? (asked = true) : run());
}

/** Whether the reader asked for less motion. */
export const lessMotion = () => matchMedia('(prefers-reduced-motion: reduce)').matches;
