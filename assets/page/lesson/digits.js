// The drawn digits as the program has them (src/data/drawn.rs): an atlas of tiles, image i showing the digit
// i mod 10.

import { breather, decodeGrey } from './png.js';

/** Pixels of an image's side. */
export const SIDE = 28;
/** What images show. */
export const CLASSES = 10;
const TILE_COLUMNS = 120;
const IMAGES = 12_000;
const TRAIN = 10_000;

/**
 * A part of the data. `images` has a byte a pixel, image after image, as the kernel that reads them wants.
 * @typedef {{images: Uint8Array, labels: Uint32Array}} Part
 * @typedef {{train: Part, test: Part}} Dataset
 */

/** Both parts of the data. @param {Uint8Array} file the PNG @returns {Promise<Dataset>} */
export async function readDigits(file) {
  const { width, height, pixels } = await decodeGrey(file);
  if (width !== TILE_COLUMNS * SIDE || height !== (IMAGES / TILE_COLUMNS) * SIDE) {
    throw new Error(`The digits' picture is ${width} × ${height} pixels, which is not what it should be.`);
  }
  const images = new Uint8Array(IMAGES * SIDE * SIDE);
  const breathe = breather();
  for (let image = 0; image < IMAGES; image++) {
    const corner = Math.floor(image / TILE_COLUMNS) * SIDE * width + (image % TILE_COLUMNS) * SIDE;
    for (let row = 0; row < SIDE; row++) {
      const from = corner + row * width;
      images.set(pixels.subarray(from, from + SIDE), (image * SIDE + row) * SIDE);
    }
    if (image % 50 === 0) await breathe();
  }
  const part = (from, to) => ({
    images: images.subarray(from * SIDE * SIDE, to * SIDE * SIDE),
    labels: Uint32Array.from({ length: to - from }, (_, at) => (from + at) % CLASSES),
  });
  return { train: part(0, TRAIN), test: part(TRAIN, IMAGES) };
}
