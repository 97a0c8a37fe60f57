// Files that the page gives out: made in memory, without a request.

import { el } from './dom.js';

/** Gives a file to the reader. @param {string} name @param {BlobPart} content @param {string} type */
export function download(name, content, type) {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = el('a', { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  // The browser reads the file after the click.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** What a picture's look depends on beside its attributes. */
const LOOK = ['fill', 'fill-opacity', 'stroke', 'stroke-width', 'stroke-dasharray', 'stroke-opacity', 'opacity',
  'font-size', 'font-family', 'font-weight', 'transform'];

/** A picture as a file of its own, with the looks that the page gives it. @param {SVGSVGElement} picture */
export function svgFile(picture) {
  const copy = picture.cloneNode(true);
  const [from, to] = [picture, copy].map((root) => [root, ...root.querySelectorAll('*')]);
  from.forEach((element, at) => {
    const computed = getComputedStyle(element);
    const look = LOOK.filter((name) => computed.getPropertyValue(name) && computed.getPropertyValue(name) !== 'none' ||
      name === 'fill').map((name) => `${name}:${computed.getPropertyValue(name)}`);
    to[at].setAttribute('style', look.join(';'));
    for (const name of ['tabindex', 'data-term', 'class']) to[at].removeAttribute(name);
  });
  const paper = getComputedStyle(document.body).backgroundColor;
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  copy.setAttribute('style', `background:${paper};overflow:visible`);
  return `${new XMLSerializer().serializeToString(copy)}\n`;
}

/** Copies a text; where the browser does not let a file from a disk do so, selects it. @returns {Promise<boolean>} */
export async function copyText(text, element) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    getSelection().selectAllChildren(element);
    return document.execCommand('copy');
  }
}
