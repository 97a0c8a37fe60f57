// Formulas of the page: words in the colours of their terms, and fractions.

import { el } from './dom.js';

/** A word in the colour of its term, which highlights the term. @param {'mean'|'sigma'|'a'|'b'} name */
export const term = (name, ...words) => el('span', { class: `term term-${name}`, 'data-term': name }, ...words);

/** A fraction. @param {(Node|string)[]} top @param {(Node|string)[]} bottom */
export const fraction = (top, bottom) =>
  el('span', { class: 'fraction' }, el('span', { class: 'above' }, ...top), el('span', { class: 'unseen' }, ' / '),
    el('span', { class: 'below' }, ...bottom));

/** A line of a formula. @param {...(Node|string)} parts */
export const formula = (...parts) => el('p', { class: 'formula' }, ...parts);
