// Runs random programs, each of one workgroup, and compares their output word by word.
async (given) => {
  const adapter = await navigator.gpu.requestAdapter();
  const device = await adapter.requestDevice();
  const { STORAGE, UNIFORM, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage;
  const filled = (bytes, usage) => {
    const buffer = device.createBuffer({ size: bytes.byteLength, usage: usage | COPY_DST });
    device.queue.writeBuffer(buffer, 0, bytes);
    return buffer;
  };
  const params = filled(Uint8Array.from(given.params), UNIFORM);
  const x = filled(Uint32Array.from(given.x), STORAGE);
  const zeros = new Uint32Array(given.words);
  const counts = filled(zeros, STORAGE | COPY_SRC);
  const staging = device.createBuffer({ size: zeros.byteLength, usage: MAP_READ | COPY_DST });
  const complaints = [];
  for (const { seed, wgsl, expected } of given.programs) {
    device.pushErrorScope('validation');
    const compute = { module: device.createShaderModule({ code: wgsl }), entryPoint: 'main' };
    const pipeline = device.createComputePipeline({ layout: 'auto', compute });
    const entries = [params, x, counts].map((buffer, binding) => ({ binding, resource: { buffer } }));
    const bindings = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
    device.queue.writeBuffer(counts, 0, zeros);
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, bindings);
    pass.dispatchWorkgroups(1);
    pass.end();
    encoder.copyBufferToBuffer(counts, 0, staging, 0, zeros.byteLength);
    device.queue.submit([encoder.finish()]);
    const error = await device.popErrorScope();
    if (error) {
      complaints.push(`program ${seed}: ${error.message}`);
      continue;
    }
    await staging.mapAsync(GPUMapMode.READ);
    const found = new Uint32Array(staging.getMappedRange().slice(0));
    staging.unmap();
    const at = expected.findIndex((word, index) => word !== found[index]);
    if (at >= 0) complaints.push(`program ${seed}: word ${at} is ${found[at]}, expected ${expected[at]}`);
  }
  device.destroy();
  return complaints;
}
