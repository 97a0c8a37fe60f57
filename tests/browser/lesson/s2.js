// Normalizing five inputs: mean 0 and variance 1, whatever they are, but for five equal ones.
async () => {
  const failures = [];
  const check = (good, words) => good || failures.push(`s2: ${words}`);
  const { normalize, statistics } = await import('normlab/five_dots.js');
  const section = document.getElementById('s2');
  const frames = async () => {
    for (let at = 0; at < 3; at++) await new Promise(requestAnimationFrame);
  };
  const choose = async (how) => {
    section.querySelector(`input[value=${how}]`).click();
    await frames();
  };
  const cells = (key, column) => [...section.querySelectorAll(`tr[data-row=${key}]`)]
    .map((row) => row.querySelectorAll('td')[column].dataset.value);
  const column = (at) => cells('dot', at).map(Number);
  const moments = (values) => {
    const mean = values.reduce((sum, value) => sum + value, 0) / 5;
    return [mean, values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 5];
  };

  for (let batch = 0; batch < 20; batch++) {
    section.querySelector('.s2-new').click();
    await choose('both');
    const [before, after] = [column(0), column(1)];
    const [mean, variance] = moments(after);
    check(Math.abs(mean) < 1e-6, `both: the mean is ${mean} for ${before}`);
    check(Math.abs(variance - 1) < 1e-3, `both: the variance is ${variance} for ${before}`);
    check(Math.abs(Number(cells('mean', 1)[0])) < 1e-6, 'the table says another mean than 0');
    check(Math.abs(Number(cells('variance', 1)[0]) - 1) < 1e-3, 'the table says another variance than 1');
    check(before.every((x, at) => before.every((other, also) => (x < other) === (after[at] < after[also]))),
      'normalizing changed the order');
    await choose('centre');
    check(Math.abs(moments(column(1))[0]) < 1e-6, 'centre: the mean is not 0');
    check(Math.abs(moments(column(1))[1] - moments(before)[1]) < 1e-9, 'centre: the variance changed');
    await choose('scale');
    check(Math.abs(moments(column(1))[1] - 1) < 1e-3, 'scale: the variance is not 1');
    await choose('none');
    check(column(1).every((x, at) => x === before[at]), 'nothing: something changed');
    check(column(0).join() === before.join(), 'choosing moved the dots');
  }

  const ko = document.documentElement.lang === 'ko';
  const sentence = ko ? '분산 0: 정규화할 수 없습니다' : 'ariance 0: cannot be normalized';
  for (const how of ['both', 'scale', 'centre', 'none']) {
    section.querySelector('.s2-equal').click();
    await choose(how);
    const said = section.querySelector('.s2-answer').textContent;
    check(said.includes(sentence) === (how === 'both' || how === 'scale'), `five equal, ${how}: ${said}`);
    const page = document.getElementById('main').textContent;
    check(!/NaN|undefined|Infinity|∞/.test(page), `five equal, ${how}: NaN on the page`);
    check(!/NaN|undefined|Infinity/.test(section.innerHTML), `five equal, ${how}: NaN in the picture`);
  }

  section.querySelector('.s2-new').click();
  await choose('both');
  const dot = section.querySelector('[data-dot="2"]');
  const was = column(0)[2];
  const key = was < 0 ? 'ArrowRight' : 'ArrowLeft';
  dot.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
  await frames();
  check(Math.abs(Math.abs(column(0)[2] - was) - 0.1) < 1e-9, `a key moved a dot from ${was} to ${column(0)[2]}`);
  const first = document.querySelectorAll('#s1 .s1-table tr')[0].querySelectorAll('td')[2].textContent;
  check(Number(first.replace('−', '-')) === Number(column(0)[2].toFixed(2)), 'sections 1 and 2 show different dots');

  check(normalize([0.3, 0.3, 0.3, 0.3, 0.3], 'both') === null, 'five equal inputs were divided by 0');
  check(statistics([0.1, 0.1, 0.1]).variance === 0, 'equal inputs have a variance');
  section.querySelector('.answers button').click();
  check(section.querySelector('.verdict').textContent.length > 10, 'a guess is not answered');
  const { sentence: said } = await import('normlab/s2_normalize.js');
  const { t } = await import('normlab/text.js');
  // A mean that happens to be 0 already is no "but".
  const regret = t('s2.say_scale', { mean: '0.00', variance: '1.00', now: t('s2.relu_bent') });
  check(said([-2, 2], 'scale') !== regret, `a mean of 0 is regretted: ${said([-2, 2], 'scale')}`);
  return failures;
}
