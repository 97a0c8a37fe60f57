// The laboratory's networks as a script for PyTorch.

import { widthsOf } from './lab_settings.js';

/** How weights are drawn and biases set; empty if PyTorch's default does the same. */
function initLines(init) {
  const weights = { glorot: 'nn.init.xavier_uniform_(layer.weight)',
    he: "nn.init.kaiming_normal_(layer.weight, nonlinearity='relu')" }[init] ??
    `nn.init.normal_(layer.weight, std=${init.replace('normal:', '')})`;
  // PyTorch's default for linear layers is uniform within ±1/√fan_in, for weights and biases.
  return init === 'uniform' ? [] : [`    ${weights}`, '    if bias: nn.init.zeros_(layer.bias)'];
}

/** The norms' constructors. PyTorch has no module with one pair per layer. */
function normLines(affine) {
  if (affine === 'per_unit') {
    return ["NORMS = {'batch': nn.BatchNorm1d, 'layer': nn.LayerNorm,",
      "         'rms': lambda units: nn.RMSNorm(units, eps=1e-5)}"];
  }
  return ['class Shared(nn.Module):',
    '    """Layer norm or RMS norm with one a and b for the whole layer."""',
    '    def __init__(self, units, rms=False):',
    '        super().__init__()',
    '        self.a = nn.Parameter(torch.ones(1))',
    '        self.b = None if rms else nn.Parameter(torch.zeros(1))',
    '',
    '    def forward(self, x):',
    '        if self.b is None:',
    '            return self.a * nn.functional.rms_norm(x, x.shape[1:], eps=1e-5)',
    '        return self.a * nn.functional.layer_norm(x, x.shape[1:]) + self.b',
    '',
    "NORMS = {'batch': nn.BatchNorm1d, 'layer': Shared, 'rms': lambda units: Shared(units, rms=True)}"];
}

const ACTIVATIONS = { sigmoid: 'nn.Sigmoid()', relu: 'nn.ReLU()', tanh: 'nn.Tanh()' };

/** The function that makes a network. */
function networkLines(settings) {
  const { activation, init, position } = settings;
  const widths = widthsOf(settings);
  const units = new Set(widths).size > 1 ? `[${widths.join(', ')}]` : `[${widths[0]}] * ${widths.length}`;
  const before = position === 'before';
  const parts = before ? 'normed + [ACTIVATION]' : '[ACTIVATION] + normed';
  return [
    `ACTIVATION = ${ACTIVATIONS[activation]}`,
    'def linear(inputs, outputs, bias=True):',
    '    layer = nn.Linear(inputs, outputs, bias=bias)',
    ...initLines(init),
    '    return layer',
    '',
    'def network(norm):',
    '    layers, inputs = [], 28 * 28',
    `    for layer, units in enumerate(${units}):`,
    // Weights are drawn before biases, so each layer's weights are the same with every norm.
    '        torch.manual_seed(SEED + layer)',
    "        normed = [] if norm == 'none' else [NORMS[norm](units)]",
    // A bias before a norm would be subtracted with the mean.
    `        layers += [linear(inputs, units, bias=${before ? "norm == 'none'" : 'True'})] + ${parts}`,
    '        inputs = units',
    '    return nn.Sequential(*layers, linear(inputs, 10))',
  ];
}

/** Reads the digits from the page's picture: 120 × 100 tiles of 28 × 28 pixels; image i shows i mod 10. */
const DATA = [
  "atlas = torch.from_numpy(numpy.array(Image.open('digits.png'))).float() / 255",
  'images = atlas.reshape(100, 28, 120, 28).transpose(1, 2).reshape(12000, 28 * 28)',
  'labels = torch.arange(12000) % 10',
  'train, test = slice(0, 10000), slice(10000, 12000)',
];

/** The training and what it prints. */
function trainingLines({ norm, rate, batch, optimizer, steps }) {
  const optim = optimizer === 'adam' ? 'Adam' : 'SGD';
  const refused = batch === 1 && norm.includes('batch');
  const trained = refused ? norm.filter((one) => one !== 'batch') : norm;
  return [
    ...(refused ? ['# Batch norm is omitted: PyTorch refuses to train it with a single example.'] : []),
    `for norm in [${trained.map((one) => `'${one}'`).join(', ')}]:`,
    '    model = network(norm)',
    '    torch.manual_seed(SEED)',
    `    optimizer = torch.optim.${optim}(model.parameters(), lr=${rate})`,
    `    for step in range(1, ${steps} + 1):`,
    `        chosen = torch.randint(10000, (${batch},))`,
    '        loss = nn.functional.cross_entropy(model(images[train][chosen]), labels[train][chosen])',
    '        optimizer.zero_grad()',
    '        loss.backward()',
    '        optimizer.step()',
    '    weights = [layer.weight for layer in model if isinstance(layer, nn.Linear)]',
    '    ratio = (weights[0].grad.square().mean() / weights[-1].grad.square().mean()).sqrt().item()',
    '    model.eval()',
    '    with torch.no_grad():',
    '        right = (model(images[test]).argmax(1) == labels[test]).float().mean().item()',
    "    print(f'{norm}: loss {loss.item():.3f}, accuracy {right:.1%}, gradient first/last {ratio:.2g}')",
  ];
}

/**
 * A script that trains the networks of the settings with PyTorch, on the digits of the page.
 * @param {import('./lab_settings.js').Settings} settings as in {@link DEFAULTS} of lab_settings.js
 */
export function pytorch(settings) {
  return ['import numpy, torch', 'from PIL import Image', 'from torch import nn', '', `SEED = ${settings.seed}`,
    ...DATA, '',
    ...normLines(settings.affine), '', ...networkLines(settings), '', ...trainingLines(settings), ''].join('\n');
}

/** A field of a CSV file. */
const field = (value) => (typeof value === 'number' && !Number.isFinite(value) ? '' : String(value ?? ''));

/**
 * The curves of tracks as CSV, one line per value: network, quantity, layer (of gradients; the output layer is the
 * last), step and value. @param {import('./record.js').Track[]} tracks
 */
export function curvesAsCsv(tracks) {
  const lines = tracks.flatMap(({ name, losses, evaluations, moments }) => [
    ...losses.map(([step, loss]) => [name, 'training loss', '', step, loss]),
    ...evaluations.flatMap(([step, accuracy, loss]) =>
      [[name, 'test accuracy', '', step, accuracy], [name, 'test loss', '', step, loss]]),
    ...moments.filter(({ step }) => step > 0).flatMap(({ step, layers, output }) =>
      [...layers, output].flatMap(({ gradient, change }, at) =>
        [[name, 'gradient rms', at + 1, step, gradient], [name, 'weight change', at + 1, step, change]])),
  ]);
  const all = [['network', 'figure', 'layer', 'step', 'value'], ...lines];
  return `${all.map((line) => line.map(field).join(',')).join('\n')}\n`;
}
