// The two meters against a plain f64 computation of their definitions.
async () => {
  const failures = [];
  const check = (good, words) => good || failures.push(`s3: ${words}`);
  const { bendAndSlope } = await import('normlab/sigmoid_maths.js');
  const { ACTIVATIONS: { sigmoid: { of: sigmoid } } } = await import('normlab/activations.js');
  const section = document.getElementById('s3');
  const [mean, sigma] = section.querySelectorAll('input[type=range]');
  const gauge = (name) => Number(section.querySelector(`.s3-meter-${name} [role=meter]`).getAttribute('aria-valuenow'));
  const take = (slider, value) => {
    slider.value = value;
    slider.dispatchEvent(new Event('input'));
  };
  /** By the definition: 1 − correlation², and the mean of σ(x)(1 − σ(x)), by Simpson's rule. */
  const plain = (mu, deviation) => {
    const sums = { w: 0, y: 0, z: 0, zz: 0, yy: 0, zy: 0, slope: 0 };
    const count = 20000;
    for (let at = 0; at <= count; at++) {
      const z = -10 + (20 * at) / count;
      const w = Math.exp((-z * z) / 2) * (at === 0 || at === count ? 1 : at % 2 ? 4 : 2);
      const y = 1 / (1 + Math.exp(-(mu + deviation * z)));
      const add = { w: 1, y, z, zz: z * z, yy: y * y, zy: z * y, slope: y * (1 - y) };
      for (const name of Object.keys(sums)) sums[name] += w * add[name];
    }
    for (const name of ['y', 'z', 'zz', 'yy', 'zy', 'slope']) sums[name] /= sums.w;
    const covariance = sums.zy - sums.z * sums.y;
    return { bend: 1 - covariance ** 2 / (sums.zz - sums.z ** 2) / (sums.yy - sums.y ** 2), slope: sums.slope };
  };

  for (let setting = 0; setting < 20; setting++) {
    take(mean, (Math.random() * 16 - 8).toFixed(1));
    take(sigma, (0.3 + Math.random() * 3.7).toFixed(1));
    const [mu, deviation] = [mean.valueAsNumber, sigma.valueAsNumber];
    const want = plain(mu, deviation);
    for (const name of ['bend', 'slope']) {
      const off = Math.abs(gauge(name) - want[name]);
      check(off < 1e-4, `${name} at mean ${mu}, σ ${deviation} is ${gauge(name)}, by its definition ${want[name]}`);
    }
    const answer = section.querySelector('.s3-answer').textContent;
    const named = mu.toFixed(1).replace(/^-0\.0$/, '0.0').replace('-', '−');
    check(answer.includes(named), `the answer does not name mean ${mu}: ${answer}`);
  }
  const at = (mu, deviation) => {
    take(mean, mu);
    take(sigma, deviation);
    return [gauge('bend'), gauge('slope')];
  };
  check(at(0, 1)[0] < 0.02, `at (0, 1) the bend is ${gauge('bend')}`);
  check(at(-6, 1)[1] < 0.01, `at (−6, 1) the slope is ${gauge('slope')}`);
  section.querySelector('.s3-far').click();
  check(mean.valueAsNumber === -6 && sigma.valueAsNumber === 1, 'the button "far left" does not set the sliders');

  const limits = [
    ['tiny σ in the middle', bendAndSlope(0, 1e-6), { bend: 0, slope: 0.25 }],
    ['tiny σ off the middle', bendAndSlope(3, 1e-7), { bend: 0, slope: sigmoid(3) * sigmoid(-3) }],
    // So far left a sigmoid is an exponential, whose bend is known: 1 − σ²/(e^σ² − 1).
    ['far left', bendAndSlope(-40, 1), { bend: 1 - 1 / (Math.E - 1), slope: 0 }],
    ['far right', bendAndSlope(40, 1), { bend: 1 - 1 / (Math.E - 1), slope: 0 }],
    ['far left, narrow', bendAndSlope(-40, 0.1), { bend: 1 - 0.01 / Math.expm1(0.01), slope: 0 }],
    ['no spread', bendAndSlope(0, 0), { bend: 0, slope: 0.25 }],
  ];
  for (const [name, got, want] of limits) {
    const off = Math.max(Math.abs(got.bend - want.bend), Math.abs(got.slope - want.slope));
    check(off < 1e-4, `${name}: ${JSON.stringify(got)}`);
  }

  section.querySelector('.answers button').click();
  check(section.querySelector('.verdict').textContent.length > 10, 'a guess is not answered');
  for (const [mu, deviation] of [[0, 1], [-8, 0.1], [8, 4]]) {
    at(mu, deviation);
    for (let frame = 0; frame < 3; frame++) await new Promise(requestAnimationFrame);
    check(!/NaN|undefined|Infinity/.test(section.innerHTML), `NaN or undefined at (${mu}, ${deviation})`);
  }
  return failures;
}
