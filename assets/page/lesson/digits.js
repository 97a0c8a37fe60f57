// The drawn digits, the same as the program's (src/data/drawn.rs): an atlas of tiles; image i shows the digit
// i mod 10.

import { breather, decodeGrey } from './png.js';

/** Pixels per side of an image. */
export const SIDE = 28;
/** The number of classes. */
export const CLASSES = 10;
const TILE_COLUMNS = 120;
const IMAGES = 12_000;
const TRAIN = 10_000;

/**
 * A part of the data. `images` has one byte per pixel, image after image, as the kernel expects.
 * @typedef {{images: Uint8Array, labels: Uint32Array}} Part
 * @typedef {{train: Part, test: Part}} Dataset
 */

/** Both parts of the data. @param {Uint8Array} file the PNG @returns {Promise<Dataset>} */
export async function readDigits(file) {
  const { width, height, pixels } = await decodeGrey(file);
  if (width !== TILE_COLUMNS * SIDE || height !== (IMAGES / TILE_COLUMNS) * SIDE) {
    throw new Error(`The digits' picture has an unexpected size: ${width} × ${height} pixels.`);
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
