async () => {
  const failures = [];
  const check = (good, sentence) => good || failures.push(sentence);
  const { ladder, randomNetwork, forward, backward, lossOf, geometricMean } = await import('normlab/ladder.js');
  const { t } = await import('normlab/text.js');
  const base = { depth: 5, scale: 1, shift: 0, seed: 1, activation: 'sigmoid', norm: 'none' };
  const productOf = (rungs) => rungs.reduce((all, { weights, slope, norm }) => all * weights * slope * norm, 1);
  const ratio = (one, other) => Math.max(one / other, other / one);

  // The backward pass against central differences, in a few elements.
  for (const norm of ['none', 'batch', 'layer', 'rms']) {
    const network = randomNetwork({ ...base, depth: 3, norm, shift: 0.5 });
    const { gradients: [first] } = backward(network, forward(network));
    const largest = Math.max(...first.map(Math.abs));
    for (const at of [5, 777, 1500]) {
      const [up, down] = [1e-5, -1e-5].map((by) => lossOf(network, forward(network, { at, by })));
      const difference = Math.abs((up - down) / 2e-5 - first[at]);
      check(difference < 1e-6 * Math.max(largest, 1e-3), `${norm}: the gradient is off by ${difference} at ${at}`);
    }
  }

  // The factors multiply to what is measured, in every network …
  for (const norm of ['none', 'batch', 'layer', 'rms']) {
    for (const activation of ['sigmoid', 'relu']) {
      const { rungs, sizes } = ladder({ ...base, norm, activation, depth: 8, scale: 1.7, seed: 3 });
      check(ratio(productOf(rungs), sizes[0]) < 1 + 1e-9,
        `${activation}, ${norm}: factors give ${productOf(rungs)}, not ${sizes[0]}`);
    }
  }
  // … and what sizes alone let expect is within 5 % of it in linear networks.
  for (const depth of [2, 3, 5]) {
    const off = geometricMean([1, 2, 3, 4, 5, 6, 7, 8].map((seed) => {
      const { expected, sizes } = ladder({ ...base, depth, seed, activation: 'identity' });
      return productOf(expected) / sizes[0];
    }));
    check(ratio(off, 1) < 1.05, `linear, depth ${depth}: expected and measured are apart by ${off}`);
  }

  // The lesson's figures.
  for (const depth of [5, 20]) {
    const factor = (norm, activation = 'sigmoid') => ladder({ ...base, depth, norm, activation }).factor;
    const expect = (name, value, low, high) =>
      check(value > low && value < high, `${name}, depth ${depth}: ${value} a layer`);
    expect('no norm', factor('none'), 0.12, 0.16);
    expect('BN', factor('batch'), 0.9, 1.15);
    expect('LN', factor('layer'), 0.35, 0.45);
    expect('RMS', factor('rms'), 0.35, 0.45);
    expect('ReLU with BN', factor('batch', 'relu'), 1.1, 1.3);
  }
  check(ladder({ ...base, shift: -6 }).factor < 0.01, 'saturation does not kill the gradient');
  check(ladder({ ...base, depth: 1 }).sizes.join() === '1', 'one layer: something vanishes');

  // The page says what the ladder has, at every control's ends.
  const root = document.getElementById('s6');
  const said = () => root.querySelector('#s6-answer').textContent;
  const frame = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const set = async (place, value) => {
    const input = root.querySelectorAll('.slider input')[place];
    input.value = value;
    input.dispatchEvent(new Event('input', { bubbles: true }));
    await frame();
  };
  const choose = async (value) => {
    root.querySelector(`.choices input[value=${value}]`).click();
    await frame();
  };
  root.querySelector('#s6-reset').click();
  await frame();
  const texts = {};
  for (const norm of ['none', 'batch', 'layer', 'rms']) {
    await choose(norm);
    texts[norm] = said();
    const { factor } = ladder({ ...base, norm });
    const shown = factor.toPrecision(2);
    check(said().includes(shown), `${norm}: "${said()}" lacks the factor ${shown}`);
    check(root.querySelectorAll('rect.s6-weights').length === 4, `${norm}: not four bars for weights`);
    check(root.querySelectorAll('rect.s6-norm').length === (norm === 'none' ? 0 : 4), `${norm}: bars of 1/σ are wrong`);
  }
  check(new Set(Object.values(texts)).size === 4, 'the norms are said alike');
  await choose('none');
  for (const [depth, scale, shift] of [[1, 0, 0], [20, 1.5, -8], [20, -1, 8], [2, 1.5, 8]]) {
    for (const activation of ['relu', 'sigmoid']) {
      await set(0, depth);
      await set(1, scale);
      await set(2, shift);
      await choose(activation);
      check(said().length > 20 && !/NaN|undefined|s6\./.test(root.textContent),
        `${activation}, ${depth}, ${scale}, ${shift}: "${said()}"`);
      check((depth === 1) === (said() === t('s6.answer_one')), `with depth ${depth} the page says "${said()}"`);
      const broken = [...root.querySelectorAll('.plot svg *')].some((mark) =>
        [...mark.attributes].some(({ value }) => /NaN|Infinity/.test(value)));
      check(!broken, `${activation}, ${depth}, ${scale}, ${shift}: NaN in the picture`);
    }
  }
  root.querySelector('#s6-reset').click();
  await frame();
  check(said() === texts.none, 'start again is not the start');
  const { answer } = await import('normlab/s6_ladder.js');
  const one = answer({ ...base, depth: 2 }, ladder({ ...base, depth: 2 }));
  check(one.includes(t('s6.one_step')) && !one.includes(t('s6.many_steps', { count: 1 })) ||
    document.documentElement.lang === 'ko', `one step back: ${one}`);
  return failures;
}
