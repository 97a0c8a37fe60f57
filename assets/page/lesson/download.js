// Files that the page offers for download, made in memory without a request.

import { el } from './dom.js';

/** Downloads a file. @param {string} name @param {BlobPart} content @param {string} type */
export function download(name, content, type) {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = el('a', { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  // The browser reads the file after the click.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** The style properties, besides attributes, that a picture's look depends on. */
const LOOK = ['fill', 'fill-opacity', 'stroke', 'stroke-width', 'stroke-dasharray', 'stroke-opacity', 'opacity',
  'font-size', 'font-family', 'font-weight', 'transform'];

/** A picture as a separate file, with the page's styles applied. @param {SVGSVGElement} picture */
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

/** Copies text; if the browser does not allow that to a local file, selects it. @returns {Promise<boolean>} */
export async function copyText(text, element) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    getSelection().selectAllChildren(element);
    return document.execCommand('copy');
  }
}
