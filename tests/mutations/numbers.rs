//! Faults of the optimizers and of the kernels that observe a network: these also handle NaN, infinities and
//! denormal numbers.

use super::{Faults, fault};
use normlab::leeway::Permitted::{DenormalsFlushed, NotKept};

pub(crate) static FAULTS: [Faults; 4] = [
    Faults {
        kernel: "sgd",
        variant: "naive",
        faults: &[
            fault("large gradients cut", "= gradients[at]", "= clamp(gradients[at], -1e35, 1e35)"),
            fault("infinities cut", "= gradients[at]", "= clamp(gradients[at], -3.4e38, 3.4e38)")
                .noted(NotKept),
            fault(
                "no step at a NaN",
                "= gradients[at]",
                "= select(gradients[at], 0.0, (bitcast<u32>(gradients[at]) & 0x7fffffffu) > 0x7f800000u)",
            )
            .noted(NotKept),
            fault(
                "a NaN for its neighbour",
                "= gradients[at]",
                "= gradients[at] + select(0.0, gradients[max(at, 1u) - 1u], \
                 (bitcast<u32>(gradients[max(at, 1u) - 1u]) & 0x7fffffffu) > 0x7f800000u)",
            )
            .named("not finite"),
            fault(
                "small gradients taken for 0",
                "= gradients[at]",
                "= select(gradients[at], 0.0, abs(gradients[at]) < 1e-37)",
            )
            .noted(DenormalsFlushed),
            fault(
                "a denormal velocity taken for 0",
                "* velocity[at]",
                "* select(velocity[at], 0.0, abs(velocity[at]) < 1.17e-38)",
            )
            .noted(DenormalsFlushed),

            fault(
                "parameters beyond the end",
                "min(start + TILE_COUNT, params.count)",
                "start + TILE_COUNT",
            ),
            fault("one parameter beyond the end", "i < plain_end;", "i <= plain_end;"),
            fault("the last parameter left alone", "i < plain_end;", "i + 1u < plain_end;"),
            fault("one parameter an invocation", "i += INVOCATIONS", "i += TILE_COUNT").occurrence(1),
            fault("with momentum: one beyond the end", "i < momentum_end;", "i <= momentum_end;"),
            fault("with momentum: the last left alone", "i < momentum_end;", "i + 1u < momentum_end;"),
            fault("with momentum: one an invocation", "i += INVOCATIONS", "i += TILE_COUNT")
                .occurrence(2),
            fault(
                "workgroups that overlap",
                "workgroup.x * TILE_COUNT",
                "workgroup.x * INVOCATIONS",
            ),
            fault("a sign", "parameters[at] -= ", "parameters[at] += ").occurrence(1),
            fault("with momentum: a sign", "parameters[at] -= ", "parameters[at] += ").occurrence(2),
            fault("a velocity without momentum", "params.momentum == 0.0", "false"),
            fault("no momentum", "params.momentum == 0.0", "true"),
            fault("both loops without momentum", "select(end, start, without_momentum)", "end"),
            fault("both loops with momentum", "select(start, end, without_momentum)", "end"),
            fault(
                "momentum swapped",
                "+ params.momentum * velocity",
                "+ (1.0 - params.momentum) * velocity",
            ),
            fault("a velocity not kept", "velocity[at] = change;", ""),
            fault("the learning rate of the first replica", "learning_rate[replica]", "learning_rate[0]"),
            fault(
                "the gradient for the velocity",
                "rate * change",
                "rate * gradients[at]",
            ),
            fault("one replica", "replica * params.count + i", "i").occurrence(1),
            fault("with momentum: one replica", "replica * params.count + i", "i").occurrence(2),
            fault(
                "without momentum: large gradients cut",
                "* gradients[at]",
                "* clamp(gradients[at], -1e35, 1e35)",
            ),
            fault(
                "without momentum: small gradients taken for 0",
                "* gradients[at]",
                "* select(gradients[at], 0.0, abs(gradients[at]) < 1e-37)",
            )
            .noted(DenormalsFlushed),
        ],
    },
    Faults {
        kernel: "histogram",
        variant: "naive",
        faults: &[
            fault("8,192 elements at most", "i < length", "i < min(length, 8192u)"),
            fault("a NaN counted", "if (is_number(value))", "if (true)").noted(NotKept),
            fault("no infinity counted", "<= 0x7f800000u", "< 0x7f800000u").noted(NotKept),
            fault(
                "denormals taken for 0",
                "floor(value *",
                "floor(select(value, 0.0, abs(value) < 1.17e-38) *",
            )
            .noted(DenormalsFlushed),
            fault(
                "small numbers taken for 0",
                "floor(value *",
                "floor(select(value, 0.0, abs(value) < 1e-35) *",
            ),
            fault("large numbers not counted", "if (is_number(value))", "if (abs(value) < 1e36)"),

            fault("an edge in the bin below", "floor(value", "ceil(value"),
            fault(
                "towards zero",
                "floor(value * params.per_unit)",
                "trunc(value * params.per_unit)",
            ),
            fault("a sign", " - params.first", " + params.first"),
            fault("bins of one unit", "value * params.per_unit", "value"),
            fault("one slot too low", "bin + 1.0", "bin"),
            fault("nothing below", "bin + 1.0, 0.0,", "bin + 1.0, 1.0,"),
            fault("nothing above", "params.slots - 1u", "params.slots - 2u"),
            fault("a slot beyond the end", "f32(params.slots - 1u)", "f32(params.slots)"),
            fault(
                "elements counted twice",
                "atomicAdd(&tally[slot(value)], 1u)",
                "atomicAdd(&tally[slot(value)], 2u)",
            ),
            fault("the last element left out", "i < length;", "i + 1u < length;"),
            fault("an element beyond the end", "i < length;", "i <= length;"),
            fault("the first replica", "x[workgroup.z * length + i]", "x[i]"),
            fault(
                "one place for all replicas",
                "counts[workgroup.z * params.slots + i]",
                "counts[i]",
            ),
            fault("one row", "params.rows * params.cols", "params.cols"),
            fault(
                "not atomic",
                "atomicAdd(&tally[slot(value)], 1u)",
                "atomicStore(&tally[slot(value)], atomicLoad(&tally[slot(value)]) + 1u)",
            )
            .race(),
        ],
    },
    Faults {
        kernel: "column_stats",
        variant: "naive",
        faults: &[
            fault("8,192 rows at most", "row < params.rows", "row < min(params.rows, 8192u)")
                .occurrence(1),
            fault("8,192 squares at most", "row < params.rows", "row < min(params.rows, 8192u)")
                .occurrence(2),
            fault("infinities cut", "max(largest, value)", "clamp(value, largest, 3.4e38)")
                .noted(NotKept),
            fault("large numbers cut", "max(largest, value)", "clamp(value, largest, 1e17)"),
            fault(
                "denormals taken for 0",
                "value < params.low || value > params.high",
                "abs(value) > 1.17e-38 && (value < params.low || value > params.high)",
            )
            .noted(DenormalsFlushed),
            fault(
                "small numbers taken for 0",
                "value > params.high",
                "(value > params.high && value > 1e-35)",
            ),
            fault(
                "a NaN for its neighbour",
                "squares / count",
                "squares / count + select(0.0, x[max(start, 1u) - 1u], \
                 (bitcast<u32>(x[max(start, 1u) - 1u]) & 0x7fffffffu) > 0x7f800000u)",
            )
            .named("not finite"),

            fault("a variance", "sqrt(squares / count)", "squares / count"),
            fault("unbiased", "squares / count", "squares / max(count - 1.0, 1.0)"),
            fault("a sum", "let shift = sum / count;", "let shift = sum;"),
            fault("the first value left out", "first + shift", "shift"),
            fault(
                "smallest and largest swapped",
                "smallest = min(smallest, value)",
                "smallest = max(smallest, value)",
            ),
            fault("a largest of positives", "var largest = first", "var largest = 0.0"),
            fault("a smallest of negatives", "var smallest = first", "var smallest = 0.0"),
            fault("a row left out", "var row = 0u;", "var row = 1u;").occurrence(2),
            fault("and for or", "||", "&&"),
            fault(
                "bounds swapped",
                "value < params.low || value > params.high",
                "value > params.low || value < params.high",
            ),
            fault("a number for a share", "f32(outside) / count", "f32(outside)"),
            fault(
                "rows overlaid",
                "stats[at + 3u * params.cols]",
                "stats[at + 2u * params.cols]",
            ),
            fault(
                "the first replica",
                "let start = id.z * params.rows * params.cols + col",
                "let start = col",
            ),
            fault("columns for rows", "start + row * params.cols]", "start + row]").occurrence(1),
            fault("columns beyond the end", "col >= params.cols", "col > params.cols"),
        ],
    },
    Faults {
        kernel: "adam",
        variant: "naive",
        faults: &[
            fault("large gradients cut", "= gradients[at]", "= clamp(gradients[at], -1e17, 1e17)"),
            fault("infinities cut", "= gradients[at]", "= clamp(gradients[at], -3.4e38, 3.4e38)")
                .noted(NotKept),
            fault(
                "a NaN for its neighbour",
                "= gradients[at]",
                "= gradients[at] + select(0.0, gradients[max(at, 1u) - 1u], \
                 (bitcast<u32>(gradients[max(at, 1u) - 1u]) & 0x7fffffffu) > 0x7f800000u)",
            )
            .named("not finite"),
            fault(
                "a denormal moment taken for 0",
                "* second_moment[at]",
                "* select(second_moment[at], 0.0, second_moment[at] < 1.17e-38)",
            )
            .noted(DenormalsFlushed),

            fault(
                "parameters beyond the end",
                "min(start + TILE_COUNT, params.count)",
                "start + TILE_COUNT",
            ),
            fault("one parameter beyond the end", "i < end;", "i <= end;"),
            fault("the last parameter left alone", "i < end;", "i + 1u < end;"),
            fault("one parameter an invocation", "i += INVOCATIONS", "i += TILE_COUNT"),
            fault(
                "workgroups that overlap",
                "workgroup.x * TILE_COUNT",
                "workgroup.x * INVOCATIONS",
            ),
            fault("a sign", "parameters[at] -= ", "parameters[at] += "),
            fault(
                "beta1 swapped",
                "params.beta1 * first_moment[at] + (1.0 - params.beta1) * gradient",
                "(1.0 - params.beta1) * first_moment[at] + params.beta1 * gradient",
            ),
            fault(
                "beta1 for beta2",
                "params.beta2 * second_moment",
                "params.beta1 * second_moment",
            ),
            fault("the gradient not squared", "(gradient * gradient)", "abs(gradient)"),
            fault(
                "the other beta's correction",
                "power(params.beta2, step",
                "power(params.beta1, step",
            ),
            fault("no correction of m", "(m / bias1)", "m"),
            fault("no correction of v", "sqrt(v / bias2)", "sqrt(v)"),
            fault(
                "the step before",
                "power(params.beta2, step[workgroup.z])",
                "power(params.beta2, step[workgroup.z] - 1u)",
            ),
            fault(
                "the step of the first replica",
                "power(params.beta1, step[workgroup.z])",
                "power(params.beta1, step[0])",
            ),
            fault("the learning rate of the first replica", "learning_rate[workgroup.z]", "learning_rate[0]"),
            fault("a power's last bit", "rest > 0u", "rest > 1u"),
            fault("every bit of a power", "(rest & 1u) == 1u", "true"),
            fault("no epsilon", " + params.epsilon)", ")"),
            fault(
                "epsilon in the root",
                "(sqrt(v / bias2) + params.epsilon)",
                "sqrt(v / bias2 + params.epsilon)",
            ),
            fault("a moment not kept", "second_moment[at] = v;", ""),
            fault("moments swapped", "first_moment[at] = m;", "first_moment[at] = v;"),
        ],
    },
];
