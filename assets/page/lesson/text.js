// The page's words: English and Korean, by keys. A section is built anew when the language changes.

/** The languages that there are, the first where the browser's is none of them. */
export const LANGUAGES = ['en', 'ko'];

let words = {};
let language = LANGUAGES[0];

/** Takes the words of all languages: `{ en: { key: text }, ko: … }`. */
export function setWords(all) {
  words = all;
}

/** The language that the page speaks. */
export const currentLanguage = () => language;

/** The language that the browser prefers, of those that there are. @param {readonly string[]} preferred */
export function preferredLanguage(preferred = navigator.languages) {
  const known = preferred.map((tag) => tag.slice(0, 2)).find((tag) => LANGUAGES.includes(tag));
  return known ?? LANGUAGES[0];
}

/** Speaks another language from now on. @param {string} next */
export function setLanguage(next) {
  language = LANGUAGES.includes(next) ? next : LANGUAGES[0];
  document.documentElement.lang = language;
}

/**
 * The text of a key with `{name}` filled in. A key without a text is shown as it is, so that it is seen.
 * @param {string} key @param {Record<string, string|number>} [values]
 */
export function t(key, values = {}) {
  const text = words[language]?.[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

/**
 * A number as people read it, with so many digits behind the point; no minus before zeros. What lies in the middle
 * goes to the even digit, as in the command line's tables: 96.25 is 96.2.
 */
export function fixed(value, digits = 2) {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? '–' : value > 0 ? '∞' : '−∞';
  const scaled = value * 10 ** digits;
  const even = Math.abs(scaled % 1) === 0.5 ? (2 * Math.round(scaled / 2)) / 10 ** digits : value;
  return even.toFixed(digits).replace(/^-(0(?:\.0*)?)$/, '$1').replace('-', '−');
}

/** A share as a percentage; a dash where it is no number. */
export const percent = (share) => (Number.isFinite(share) ? `${fixed(100 * share, 1)} %` : '–');

/** An integer as an exponent: ⁻³. */
export const raised = (exponent) =>
  [...String(exponent)].map((sign) => (sign === '-' ? '⁻' : '⁰¹²³⁴⁵⁶⁷⁸⁹'[sign])).join('');

/** A number of any size with so many significant digits: 0.0012, 12, 3.4×10⁻⁷. */
export function significant(value, digits = 2) {
  if (!Number.isFinite(value) || value === 0) return fixed(value, 0);
  const exponent = Math.floor(Math.log10(Math.abs(value)));
  if (exponent >= -4 && exponent < 6) return fixed(value, Math.max(0, digits - 1 - exponent));
  const [mantissa, power] = value.toExponential(digits - 1).split('e');
  return `${mantissa.replace('-', '−')}×10${raised(Number(power))}`;
}
