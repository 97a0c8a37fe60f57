// Where the program that the page has assembled differs from the exported one.
(exported, built) => {
  if (!built) return ['the catalogue has no such network'];
  const wrong = [];
  // Keys may stand in any order, and what is not there is not.
  const ordered = (_, value) => (value && typeof value === 'object' && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value);
  const text = (value) => JSON.stringify(value, ordered);
  const same = (what, a, b) => {
    if (text(a) !== text(b)) wrong.push(`${what}: ${text(a)} became ${text(b)}`);
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
