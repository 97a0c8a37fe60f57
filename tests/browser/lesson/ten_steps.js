// The losses of the networks of a link over ten steps, taken one after another by the laboratory's own button.
async (link) => {
  const bar = () => document.querySelector('#s7 .s7-bar');
  const until = async (holds) => {
    const end = performance.now() + 120_000;
    while (!holds()) {
      if (performance.now() > end) throw new Error(`waited in vain: ${bar().dataset.status}, step ${bar().dataset.steps}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  location.hash = link;
  await new Promise((resolve) => setTimeout(resolve, 500));
  document.getElementById('s7').scrollIntoView();
  await until(() => bar().dataset.status === 'ready');
  const losses = {};
  for (let step = 1; step <= 10; step++) {
    document.querySelector('#s7 [data-do=step]').click();
    const rows = () => [...document.querySelectorAll('#s7 .view-status [data-network]')];
    await until(() => Number(bar().dataset.steps) === step && bar().dataset.status === 'ready'
      && rows().every((row) => Number(row.dataset.lossStep) === step));
    for (const row of rows()) (losses[row.dataset.network] ??= []).push(Number(row.dataset.loss));
  }
  return losses;
}
