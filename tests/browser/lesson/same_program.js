// Where the program that the page has put together is not the one that was exported.
(exported, built) => {
  if (!built) return ['the catalogue has no such network'];
  const wrong = [];
  const same = (what, a, b) => {
    if (JSON.stringify(a) !== JSON.stringify(b)) wrong.push(`${what}: ${JSON.stringify(a)} became ${JSON.stringify(b)}`);
  };
  for (const part of ['name', 'requires', 'buffers', 'tensors', 'roles', 'parameters', 'state']) {
    same(part, exported[part], built[part]);
  }
  const { steps, batch, ...train } = exported.loops.train;
  const { steps: _, batch: size, ...builtTrain } = built.loops.train;
  same('batch', batch, size);
  same('train', { ...train, batch_indices: { ...train.batch_indices, refills: [] } }, builtTrain);
  same('evaluate', exported.loops.evaluate, built.loops.evaluate);
  same('probe', exported.loops.probe, built.loops.probe);
  const params = (program, [offset, length]) => [...program.paramBytes.slice(offset, offset + length)];
  exported.passes.forEach(({ name, dispatches }, at) => {
    const other = built.passes[at];
    same('pass', [name, dispatches.length], [other.name, other.dispatches.length]);
    dispatches.forEach((one, place) => {
      const two = other.dispatches[place];
      for (const part of ['label', 'bindings', 'workgroups']) same(`${one.label}.${part}`, one[part], two[part]);
      same(`${one.label}.params`, params(exported, one.params), params(built, two.params));
      const { label, layout, wgsl } = exported.pipelines[one.pipeline];
      same(`${one.label}.pipeline`, { label, layout, wgsl }, built.pipelines[two.pipeline]);
    });
  });
  return wrong.slice(0, 5);
}
