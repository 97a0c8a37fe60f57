// The page's texts: English and Korean, by key. Sections are rebuilt when the language changes.

/** The available languages; the first is the default. */
export const LANGUAGES = ['en', 'ko'];

let words = {};
let language = LANGUAGES[0];

/** Sets the texts of all languages: `{ en: { key: text }, ko: … }`. */
export function setWords(all) {
  words = all;
}

/** The page's current language. */
export const currentLanguage = () => language;

/** The available language that the browser prefers. @param {readonly string[]} preferred */
export function preferredLanguage(preferred = navigator.languages) {
  const known = preferred.map((tag) => tag.slice(0, 2)).find((tag) => LANGUAGES.includes(tag));
  return known ?? LANGUAGES[0];
}

/** Changes the language. @param {string} next */
export function setLanguage(next) {
  language = LANGUAGES.includes(next) ? next : LANGUAGES[0];
  document.documentElement.lang = language;
}

/** Groups the digits before the point in threes, as is usual in both languages: 1,500. @param {string} text */
const inThrees = (text) => text.replace(/^\D?\d{4,}/, (digits) => digits.replace(/\B(?=(\d{3})+$)/g, ','));

/** A number with all its digits: 1,500, 0.25, −3. @param {number} value */
export const plain = (value) => inThrees(String(value).replace('-', '−'));

/**
 * The text of a key with `{name}` filled in. A key without a text is shown itself, so that it is noticed.
 * @param {string} key @param {Record<string, string|number>} [values]
 */
export function t(key, values = {}) {
  const text = words[language]?.[key] ?? key;
  const shown = (value) => (typeof value === 'number' ? plain(value) : value);
  return text.replace(/\{(\w+)\}/g, (whole, name) => shown(values[name]) ?? whole);
}

/**
 * A number with this many digits after the point; no minus before zeros. Halves are rounded to the even digit, as in
 * the command line's tables: 96.25 becomes 96.2.
 */
export function fixed(value, digits = 2) {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? '–' : value > 0 ? '∞' : '−∞';
  if (Math.abs(value) >= HUGE) return significant(value);
  const scaled = value * 10 ** digits;
  const even = Math.abs(scaled % 1) === 0.5 ? (2 * Math.round(scaled / 2)) / 10 ** digits : value;
  return inThrees(even.toFixed(digits).replace(/^-(0(?:\.0*)?)$/, '$1').replace('-', '−'));
}

/** From here on a number is written with a power of ten. */
const HUGE = 1e7;

/** A number in brackets if it is negative, for use after another sign. */
export const bracketed = (value, digits = 2) =>
  (value < 0 ? `(${fixed(value, digits)})` : fixed(value, digits));

/**
 * A share as a percentage, with a no-break space before its sign; a dash if it is not finite.
 * @param {number} share @param {(value: number) => string} [show]
 */
export const percent = (share, show = (value) => fixed(value, 1)) =>
  (Number.isFinite(share) ? `${show(100 * share)}\u00a0%` : '–');

/** An integer as an exponent: ⁻³. */
export const raised = (exponent) =>
  [...String(exponent)].map((sign) => (sign === '-' ? '⁻' : '⁰¹²³⁴⁵⁶⁷⁸⁹'[sign])).join('');

/** A number of any size with this many significant digits: 0.0012, 12, 3.4×10⁻⁷. */
export function significant(value, digits = 2) {
  if (!Number.isFinite(value) || value === 0) return fixed(value, 0);
  const exponent = Math.floor(Math.log10(Math.abs(value)));
  if (exponent >= -4 && exponent < 6) return fixed(value, Math.max(0, digits - 1 - exponent));
  const [mantissa, power] = value.toExponential(digits - 1).split('e');
  return `${mantissa.replace('-', '−')}×10${raised(Number(power))}`;
}

/** A share in its usual form: 0.49, 1/75,000, and below a millionth 1.2×10⁻⁹. */
export function share(ratio) {
  if (!(ratio >= 1e-6 && ratio < 0.01)) return significant(ratio);
  return `1/${fixed(Number((1 / ratio).toPrecision(2)), 0)}`;
}
