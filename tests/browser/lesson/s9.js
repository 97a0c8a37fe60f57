async () => {
  const failures = [];
  const check = (good, sentence) => good || failures.push(sentence);
  const { DEFAULTS, OPTIONS } = await import('normlab/lab_settings.js');
  const { pytorch, curvesAsCsv } = await import('normlab/snippet.js');
  const { parameters, pictures } = await import('normlab/s9_take_home.js');
  const { svgFile } = await import('normlab/download.js');
  const { readRecord } = await import('normlab/record.js');
  const { unpackJson } = await import('normlab/packed.js');
  const root = document.getElementById('s9');
  const choose = (value) => root.querySelector(`.choices input[value=${value}]`).click();
  const shown = () => root.querySelector('#s9-text').textContent;

  // The three forms.
  choose('command');
  check(shown().startsWith('normlab train ') && shown().includes('--batch ') && shown().includes('--seed '),
    `the command is ${shown()}`);
  check(shown().split('\n').slice(0, -1).every((line) => line.endsWith(' \\')), 'a line of the command does not go on');
  choose('toml');
  check(/^activation = \["/.test(shown()) && /^learning_rate = [\d.e-]+$/m.test(shown()),
    `the experiment is ${shown()}`);
  choose('pytorch');
  check(shown().includes('nn.Sequential(') && shown().includes('cross_entropy'),
    'the script has no network or no loss');

  // The script follows every setting.
  const plain = pytorch(DEFAULTS);
  for (const [key, values] of Object.entries(OPTIONS)) {
    const scripts = values.map((value) => pytorch({ ...DEFAULTS, [key]: key === 'norm' ? [value] : value }));
    check(new Set(scripts).size === values.length, `the script does not follow ${key}`);
  }
  check(pytorch({ ...DEFAULTS, seed: 7 }) !== plain && pytorch({ ...DEFAULTS, steps: 7 }) !== plain,
    'nor seed or steps');
  check(!pytorch({ ...DEFAULTS, batch: 1 }).includes("'batch',"), 'PyTorch refuses batch norm with one example');
  check(parameters({ depth: 5, units: 100 }) === 119_910 &&
    parameters({ depth: 1, units: 2 }) === 784 * 2 + 2 + 2 * 10 + 10,
    `parameters are counted as ${parameters({ depth: 5, units: 100 })}`);

  // A recorded network may have layers of several widths.
  const odd = { ...DEFAULTS, widths: [12, 6, 9], depth: 3, units: 12 };
  const { commandLine, toml } = await import('normlab/lab_settings.js');
  check(commandLine(odd).includes('--hidden 12,6,9 ') && toml(odd).includes('hidden = [12, 6, 9]') &&
    pytorch(odd).includes('enumerate([12, 6, 9])') && commandLine(DEFAULTS).includes('--hidden 32 --depth 5 '),
    `layers of several widths are said as ${commandLine(odd)}`);
  check(parameters(odd) === 784 * 12 + 12 + 12 * 6 + 6 + 6 * 9 + 9 + 9 * 10 + 10, 'their parameters are miscounted');

  // Curves: every loss and accuracy is there, and a broken one leaves its field empty.
  const record = readRecord(await unpackJson('record'));
  const lines = curvesAsCsv(record.networks).trimEnd().split('\n').map((line) => line.split(','));
  const [track] = record.networks;
  check(lines.every((line) => line.length === 5), 'a line of the CSV has not five fields');
  check(lines.filter(([name, what]) => name === track.name && what === 'training loss').length === track.losses.length,
    'losses are lacking');
  const last = track.evaluations.at(-1);
  check(lines.some(([name, what, , step, value]) => name === track.name && what === 'test accuracy' &&
    Number(step) === last[0] && Number(value) === last[1]),
    'the last accuracy is not in the CSV');
  check(curvesAsCsv([{ name: 'x', losses: [[1, NaN]], evaluations: [],
    moments: [] }]).endsWith('x,training loss,,1,\n'), 'NaN in a CSV');

  // Pictures are self-contained.
  root.scrollIntoView();
  await new Promise((done) => setTimeout(done, 200));
  const all = pictures();
  check(all.length >= 3, `only ${all.length} pictures to save`);
  for (const { name, picture } of all) {
    const text = svgFile(picture);
    const read = new DOMParser().parseFromString(text, 'image/svg+xml');
    check(!read.querySelector('parsererror') && read.documentElement.getAttribute('viewBox'), `${name} is no picture`);
    check(!text.includes('var(--'), `${name} has colours of the page's`);
  }

  // The buttons make files.
  const made = [];
  const [original, click] = [URL.createObjectURL, HTMLAnchorElement.prototype.click];
  URL.createObjectURL = (blob) => {
    made.push(blob);
    return original.call(URL, blob);
  };
  HTMLAnchorElement.prototype.click = () => {};
  for (const id of ['s9-save', 's9-svg', 's9-csv', 's9-digits']) {
    const before = made.length;
    root.querySelector(`#${id}`).click();
    check(made.length === before + 1 && made.at(-1).size > 100, `${id} makes no file`);
  }
  Object.assign(URL, { createObjectURL: original });
  HTMLAnchorElement.prototype.click = click;
  check(made.at(-1)?.type === 'image/png' && made.at(-1).size > 1e6, 'digits.png is not the digits');
  root.querySelector('#s9-copy').click();
  await new Promise((done) => setTimeout(done, 100));
  check(root.querySelector('#s9-copy').textContent.length > 3, 'the copy button has lost its name');
  check(Boolean(JSON.parse(document.getElementById('links').textContent).gif) === Boolean(root.querySelector('#s9-gif')),
    'an animation without one');
  choose('command');
  check(!/NaN|undefined|\bs9\./.test(root.textContent), 'a key or no number on the page');
  return failures;
}
