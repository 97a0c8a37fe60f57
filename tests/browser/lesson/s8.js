async () => {
  const failures = [];
  const check = (good, sentence) => good || failures.push(sentence);
  const { judge, IDS, LIMITS } = await import('normlab/verdicts.js');
  const { recordedVerdict, liveVerdict, ownSteps } = await import('normlab/s8_verdicts.js');
  const { counterOf } = await import('normlab/counters.js');
  const { readLink } = await import('normlab/lab_settings.js');
  const { readRecord } = await import('normlab/record.js');
  const { unpackJson } = await import('normlab/packed.js');
  const record = readRecord(await unpackJson('record'));
  const names = { 'holds': 'holds', 'holds partly': 'partly', 'does not hold in this run': 'fails',
    'not measured': 'unmeasured' };
  const about = { chance: record.chance, batch: record.batch, rate: record.learning_rate,
    batchOfOne: record.batch_of_one };

  // The page judges the recorded tracks as the program does.
  check(IDS.length === 14 && record.claims.map(({ id }) => id).join() === IDS.join(),
    `the claims are ${record.claims.map(({ id }) => id)}`);
  for (const [at, id] of IDS.entries()) {
    if (id === 'affine' || id === 'learning-rates') continue;
    const { verdict } = judge(id, record.networks, about);
    check(verdict === names[record.claims[at].verdict],
      `${id}: the page says ${verdict}, the program ${record.claims[at].verdict}`);
  }

  // Each verdict flips when the tracks say otherwise.
  const find = (tracks, name) => tracks.find((track) => track.name === name);
  const trained = ({ moments }) => moments.find(({ step }) => step > 0);
  const guessing = (track) => track.evaluations.forEach((one) => (one[1] = record.chance));
  const flips = {
    'one-sided-batches': (all) => find(all, 'relu-none').moments[0].layers.forEach((layer) =>
      Object.assign(layer, { all_positive: 0, all_negative: 0 })),
    'scale-and-shift': (all) => find(all, 'sigmoid-batch').moments.at(-1).layers.forEach((layer) =>
      (layer.gamma = layer.gamma.map((a) => 2 * a))),
    'vanishing-gradients': (all) => (find(all, 'sigmoid-none').moments.at(-1).layers[0].gradient = 1),
    'slope-times-weights': (all) => trained(find(all, 'sigmoid-none')).layers.forEach((layer) =>
      Object.assign(layer, { low: layer.low + 6, high: layer.high + 6 })),
    'drifting-inputs': (all) => {
      const [first, last] = [0, -1].map((at) => find(all, 'sigmoid-none').moments.at(at).layers.at(-1));
      last.percentiles = first.percentiles;
    },
    'batch-norm-keeps': (all) => (trained(find(all, 'sigmoid-batch')).layers[1].gradient *= 0.01),
    'layer-norm-slows': (all) => trained(find(all, 'sigmoid-layer')).layers.forEach((layer) => (layer.gradient = 1)),
    'norms-train': (all) => guessing(find(all, 'sigmoid-layer')),
    'location': (all) => {
      const layer = find(all, 'sigmoid-batch').moments.at(-1).layers.at(-1);
      layer.percentiles = layer.percentiles.map((value) => value - 1);
      layer.beta = layer.beta.map((b) => b - 1);
    },
    'spread': (all) => {
      const { moments } = find(all, 'sigmoid-batch');
      moments.at(-1).layers = moments[0].layers;
    },
    'relu-survives': (all) => (find(all, 'relu-none').moments.at(-1).layers[0].gradient = 0),
    'batch-size-one': (all, changed) =>
      (changed.batchOfOne = changed.batchOfOne.map((one) => ({ ...one, hidden_gradient: 0.1 }))),
    'learning-rates': (all) => guessing(find(all, 'relu-none')),
    'affine': (all) => guessing(find(all, 'sigmoid-layer')),
  };
  for (const id of IDS) {
    const [tracks, changed] = [structuredClone(record.networks), { ...about }];
    const before = judge(id, tracks, changed).verdict;
    flips[id](tracks, changed);
    check(judge(id, tracks, changed).verdict !== before, `${id}: ${before} whatever the tracks say`);
    check(judge(id, [], {}).verdict === 'unmeasured' || id === 'batch-size-one', `${id}: judged without tracks`);
  }
  check(judge('location', record.networks, { ...about, position: 'after' }).verdict === 'unmeasured',
    'a norm after the activation is judged');

  // The reader's own run: settings count, and the recorded one is not the reader's.
  const lab = { tracks: structuredClone(record.networks),
    settings: { batch: 4, rate: 0.1, position: 'before', affine: 'shared' } };
  check(ownSteps(lab, record) === record.steps && ownSteps({ tracks: record.networks }, record) === 0 &&
    ownSteps({}, record) === 0,
    'the recorded run passes for the reader\'s, or the other way round');
  const live = liveVerdict(lab, 'batch-size-one', record.chance);
  check(live.verdict === 'partly' && live.evidence[0].supports === false && live.evidence[0].values.size === 4,
    'a batch of four is not judged as one');
  check(liveVerdict(lab, 'affine', record.chance).evidence[0].key === 's8.affine_shared',
    'the kind of a and b is not heeded');
  check(LIMITS.vanished === 1e-3 && LIMITS.kept.join() === '0.8,1.25', 'the limits are not the program\'s');

  // The page shows all of it, and loads each counter-setting.
  const root = document.getElementById('s8');
  check(root.querySelectorAll('.s8-claim').length === 14, 'not 14 claims on the page');
  for (const id of IDS) {
    const block = document.getElementById(`s8-${id}`);
    block.querySelector('summary').click();
    const { verdict } = recordedVerdict(record, id);
    check(block.querySelector(`.s8-${verdict}`), `${id}: ${verdict} is not shown`);
    check(block.querySelector('.s8-evidence li, .s8-figures')?.textContent.length > 20, `${id}: no evidence`);
    block.querySelector('[data-counter]').click();
    check(JSON.stringify(readLink(location.hash)) === JSON.stringify(counterOf(id)),
      `${id}: ${location.hash} is not its counter-setting`);
    check(block.querySelector('a').getAttribute('href').startsWith('#s7?'), `${id}: no link into the laboratory`);
    block.querySelector('summary').click();
  }
  // A link goes to the view that it names, once what was loaded before has been followed.
  await new Promise((resolve) => setTimeout(resolve, 300));
  document.getElementById('s8-spread').querySelector('a').click();
  const box = () => document.querySelector('#s7 [data-view=affine]').getBoundingClientRect();
  const inSight = () => box().height > 0 && box().bottom > 0 && box().top < innerHeight;
  for (let tries = 0; tries < 100 && !inSight(); tries++) await new Promise((resolve) => setTimeout(resolve, 100));
  check(inSight(), `the view of a claim is ${box().top} pixels away`);
  const bar = document.querySelector('.s7-bar').getBoundingClientRect();
  check(box().top >= bar.bottom - 1, `the view of a claim begins at ${box().top}, behind the bar to ${bar.bottom}`);
  history.replaceState(null, '', '#s8');
  root.querySelector('#s8-judge').click();
  const counted = root.querySelector('#s8-answer').textContent.match(/\d+/g).slice(0, 4).map(Number);
  const count = (verdict) => IDS.filter((id) => recordedVerdict(record, id).verdict === verdict).length;
  check(counted.join() === ['holds', 'partly', 'fails', 'unmeasured'].map(count).join(),
    `the answer counts the claims as ${counted}`);
  check(!/NaN|undefined|\bs8\.|\{\w+\}/.test(root.textContent),
    `a key or no number on the page: ${root.textContent.match(/.{20}(NaN|undefined|\bs8\.|\{\w+\}).{20}/)}`);
  return failures;
}
