// Adds up ones, one per round: the sum is how many rounds the driver lets an invocation loop.
struct Params {
    rounds: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> ones: array<u32>;
@group(0) @binding(2) var<storage, read_write> sum: array<u32>;

@compute @workgroup_size(1)
fn main() {
    var total = 0u;
    for (var round = 0u; round < params.rounds; round++) {
        total += ones[round];
    }
    sum[0] = total;
}
