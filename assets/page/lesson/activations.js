// The activations: each with its value, its derivative and the derivative's maximum.

/** The sigmoid without overflow. */
const sigmoid = (x) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));

/** The sigmoid's slope, accurate even far out, where 1 − sigmoid would be 0. */
function slopeOfSigmoid(x) {
  const small = Math.exp(-Math.abs(x));
  return small / (1 + small) ** 2;
}

/** By their keys in records; `identity` makes a network linear. */
export const ACTIVATIONS = {
  sigmoid: { of: sigmoid, slope: slopeOfSigmoid, steepest: 0.25 },
  tanh: { of: Math.tanh, slope: (x) => 1 - Math.tanh(x) ** 2, steepest: 1 },
  relu: { of: (x) => Math.max(0, x), slope: (x) => (x > 0 ? 1 : 0), steepest: 1 },
  identity: { of: (x) => x, slope: () => 1, steepest: 1 },
};
