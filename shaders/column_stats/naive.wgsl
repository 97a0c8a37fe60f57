// column_stats, naive: mean, standard deviation, smallest, largest and share outside, of each column
//
//   x: [replicas, rows, cols]    stats: [replicas, 5, cols]
//
// The deviation is the population's, sqrt(sum of (x - mean)^2 / rows). The last row is the share of the
// column below `low` or above `high`.
//
// One invocation owns one column and passes over its rows twice; a workgroup takes 32 columns; z is
// the replica. Sums run over x minus the column's first value: a large offset costs no digits.

struct Params {
    rows: u32,
    cols: u32,
    low: f32,
    high: f32,
}

const INVOCATIONS: u32 = 32u; // tune: 8 16 32 64 128

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> stats: array<f32>;

@compute @workgroup_size(INVOCATIONS)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let col = id.x;
    if (col >= params.cols) {
        return;
    }
    let start = id.z * params.rows * params.cols + col;
    let count = f32(params.rows);
    let first = x[start];

    var sum = 0.0;
    var smallest = first;
    var largest = first;
    var outside = 0u;
    for (var row = 0u; row < params.rows; row++) {
        let value = x[start + row * params.cols];
        sum += value - first;
        smallest = min(smallest, value);
        largest = max(largest, value);
        outside += select(0u, 1u, value < params.low || value > params.high);
    }
    let shift = sum / count;

    var squares = 0.0;
    for (var row = 0u; row < params.rows; row++) {
        let centred = x[start + row * params.cols] - first - shift;
        squares += centred * centred;
    }

    let at = id.z * 5u * params.cols + col;
    stats[at] = first + shift;
    stats[at + params.cols] = sqrt(squares / count);
    stats[at + 2u * params.cols] = smallest;
    stats[at + 3u * params.cols] = largest;
    stats[at + 4u * params.cols] = f32(outside) / count;
}
