// Decodes grey PNG files by hand: the browser's own decoder may apply colour profiles, but training needs
// the exact bytes.

import { inflate } from './packed.js';

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
/** Milliseconds of work before yielding to the page's other tasks. */
const SLICE_MS = 12;

/** Yields to the page's other tasks if the last time is long ago. @returns {() => Promise<void>} */
export function breather() {
  let last = performance.now();
  return async () => {
    if (performance.now() - last < SLICE_MS) return;
    await new Promise((resolve) => setTimeout(resolve));
    last = performance.now();
  };
}

/** The chunks of a file: `{ type, data }`. @param {Uint8Array} file */
function chunksOf(file) {
  if (!SIGNATURE.every((byte, at) => file[at] === byte)) throw new Error('The digits are not a PNG file.');
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const chunks = [];
  for (let at = SIGNATURE.length; at + 12 <= file.length; ) {
    const length = view.getUint32(at);
    const type = String.fromCharCode(...file.subarray(at + 4, at + 8));
    chunks.push({ type, data: file.subarray(at + 8, at + 8 + length) });
    at += 12 + length;
  }
  return chunks;
}

/** Of the left, upper and upper-left neighbours, the one nearest to left + above − corner. */
function paeth(left, above, corner) {
  const [byLeft, byAbove] = [Math.abs(above - corner), Math.abs(left - corner)];
  const byCorner = Math.abs(left + above - 2 * corner);
  if (byLeft <= byAbove && byLeft <= byCorner) return left;
  return byAbove <= byCorner ? above : corner;
}

/** What a filter adds to each byte of a row, from its left, upper and upper-left neighbours. */
const FILTERS = [
  null,
  (left) => left,
  (left, above) => above,
  (left, above) => (left + above) >> 1,
  paeth,
];

/** Undoes a row's filter in place. @param {Uint8Array} row @param {Uint8Array} before the row above */
function unfilter(filter, row, before) {
  const add = FILTERS[filter];
  if (add === undefined) throw new Error(`The digits' PNG has an invalid filter: ${filter}.`);
  if (add === null) return;
  let [left, corner] = [0, 0];
  for (let at = 0; at < row.length; at++) {
    const above = before[at];
    left = (row[at] + add(left, above, corner)) & 255;
    row[at] = left;
    corner = above;
  }
}

/**
 * A grey picture with 8 bits per pixel, not interlaced: `{ width, height, pixels }`.
 * @param {Uint8Array} file
 */
export async function decodeGrey(file) {
  const chunks = chunksOf(file);
  const header = chunks.find(({ type }) => type === 'IHDR')?.data;
  if (!header || header[8] !== 8 || header[9] !== 0 || header[12] !== 0) {
    throw new Error('The digits are not a grey PNG with 8 bits per pixel.');
  }
  const view = new DataView(header.buffer, header.byteOffset);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  const packed = new Blob(chunks.filter(({ type }) => type === 'IDAT').map(({ data }) => data));
  const raw = await inflate(new Uint8Array(await packed.arrayBuffer()), 'deflate');
  if (raw.length !== height * (width + 1)) throw new Error('The digits\' PNG is truncated.');
  const pixels = new Uint8Array(width * height);
  const breathe = breather();
  let before = new Uint8Array(width);
  for (let y = 0; y < height; y++) {
    const row = pixels.subarray(y * width, (y + 1) * width);
    row.set(raw.subarray(y * (width + 1) + 1, (y + 1) * (width + 1)));
    unfilter(raw[y * (width + 1)], row, before);
    before = row;
    await breathe();
  }
  return { width, height, pixels };
}
