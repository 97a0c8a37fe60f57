// Where the numbers with which the page begins a training are not those of an export: `wanted` has of each tensor
// its SHA-256, or its elements as base64 where they may be a unit in the last place off; and of the first refills
// of the ring of batches their SHA-256.
async (combination, activation, start, wanted) => {
  const [{ Catalogue }, { assemble, Batches }, { readDigits }, { unpack }] = await Promise.all(
    ['catalogue', 'lab_program', 'digits', 'packed'].map((name) => import(`normlab/${name}.js`)));
  const wrong = [];
  const sha = async (view) => {
    const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
    return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
  };
  const catalogue = await Catalogue.open();
  const document_ = catalogue.program(combination, activation, start);
  const dataset = await readDigits(await unpack('digits', { plain: true }));
  const program = assemble(document_, start, dataset);
  const uploads = [...program.uploads.state, ...program.uploads.data].filter(({ data }) => data);
  if (uploads.length !== wanted.uploads.length) wrong.push(`${uploads.length} uploads became of ${wanted.uploads.length}`);
  const step = (x) => {
    const bits = new Int32Array(Float32Array.of(x).buffer)[0];
    return bits < 0 ? -2147483648 - bits : bits;
  };
  for (const { tensor, sha256, base64 } of wanted.uploads) {
    const { name } = document_.tensors[tensor];
    const data = uploads.find((one) => one.tensor === tensor)?.data;
    if (!data) wrong.push(`${name} gets nothing`);
    else if (sha256 && (await sha(data)) !== sha256) wrong.push(`${name} is not the same`);
    else if (base64) {
      const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
      const exact = new Float32Array(bytes.buffer);
      const off = [...exact].findIndex((x, at) => Math.abs(step(x) - step(data[at])) > 1);
      if (exact.length !== data.length) wrong.push(`${name} has ${data.length} elements, not ${exact.length}`);
      else if (off >= 0) wrong.push(`${name}[${off}] is ${data[off]}, not ${exact[off]}`);
    }
  }
  const batches = new Batches(start, document_.loops.train, dataset.train.labels.length);
  for (const [refill, sha256] of wanted.refills.entries()) {
    const order = batches.refillsFor(refill * batches.slots)[refill];
    if ((await sha(order)) !== sha256) wrong.push(`refill ${refill} is not the same`);
  }
  return wrong;
}
