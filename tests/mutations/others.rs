//! Faults of the first and the last kernels of a step, and of the activations.

use super::{ActivationFaults, Faults, fault};
use normlab::kernels::activation::Activation;

pub(crate) static FAULTS: [Faults; 4] = [
    Faults {
        kernel: "gather",
        variant: "naive",
        faults: &[
            fault("a word beyond the end", "word < end", "word <= end"),
            fault(
                "words beyond the end",
                "min(first + TILE_WORDS, params.words)",
                "first + TILE_WORDS",
            ),
            fault("a word never unpacked", "word < end", "word + 1u < end"),
            fault("one word an invocation", "word += INVOCATIONS", "word += TILE_WORDS"),
            fault(
                "workgroups that overlap",
                "workgroup.x * TILE_WORDS",
                "workgroup.x * INVOCATIONS",
            ),
            fault(
                "the next step",
                "step[replica] % params.slots",
                "(step[replica] + 1u) % params.slots",
            ),
            fault("no wrapping around", "step[replica] % params.slots", "step[replica]"),
            fault("the step of the first replica", "step[replica]", "step[0]"),
            fault("an order for all replicas", "(replica * params.slots + slot)", "(slot)"),
            fault("no example is one", "example == NONE", "false"),
            fault("no example has a label", "var label = NONE;", "var label = 0u;"),
            fault(
                "labels beyond the end",
                "replica * params.labels_stride",
                "replica * params.examples",
            ),
            fault(
                "images beyond the end",
                "replica * params.images_stride",
                "replica * params.examples",
            ),
            fault("stride of images", "none) * params.words", "none) * params.features"),
            fault("a sign bit", "unpack4x8unorm", "unpack4x8snorm"),
            fault(
                "no invocation for the target",
                "first + invocation == 0u",
                "first + invocation == INVOCATIONS",
            ),
            fault("pixels of no example", "vec4(0.0), none)", "vec4(0.0), false)"),
            fault(
                "features beyond the end",
                "lane < min(4u, params.features - feature)",
                "lane < 4u",
            ),
            fault("three bytes of a word", "min(4u,", "min(3u,"),
            fault("bytes in the other order", "pixels[lane]", "pixels[3u - lane]"),
            fault("stride of x", "+ row) * params.features", "+ row) * params.words * 4u"),
        ],
    },
    Faults {
        kernel: "bias_forward",
        variant: "naive",
        faults: &[
            fault(
                "an element never written",
                "row >= params.rows ||",
                "row + 1u >= params.rows ||",
            )
            .named("NaN"),
            fault("a row beyond the end", "row >= params.rows ||", "row > params.rows ||"),
            fault("a column beyond the end", "|| col >= params.cols", "|| col > params.cols"),
            fault("a sign", "x[at] + bias", "x[at] - bias"),
            fault("replicas of bias dense", "id.z * params.bias_stride", "id.z * params.cols"),
            fault("a bias a row", "bias_stride + col]", "bias_stride + row]"),
            fault("no activation", "y[at] = activate(sum)", "y[at] = sum"),
            fault("z without bias", "z[at] = sum", "z[at] = x[at]"),
            fault("stride of x", "+ row) * params.cols", "+ row) * params.rows"),
        ],
    },
    Faults {
        kernel: "bias_backward",
        variant: "naive",
        faults: &[
            fault("a column beyond the end", "col >= params.cols", "col > params.cols"),
            fault("a column never written", "col >= params.cols", "col + 1u >= params.cols"),
            fault("the first row left out", "var row = 0u;", "var row = 1u;"),
            fault("only the last row", "sum += gradient", "sum = gradient"),
            fault("a sum of d_y", "sum += gradient", "sum += d_y[at]"),
            fault("no activation's gradient", " * activation_gradient(z[at])", ""),
            fault(
                "the activation for its gradient",
                "activation_gradient(z[at])",
                "activate(z[at])",
            ),
            fault("replicas of d_bias dense", "id.z * params.d_bias_stride", "id.z * params.cols"),
        ],
    },
    Faults {
        kernel: "softmax_cross_entropy",
        variant: "naive",
        faults: &[
            fault("8,192 rows at most", "row < params.rows", "row < min(params.rows, 8192u)"),
            fault("the last of equal classes", "c] > logits", "c] >= logits"),
            fault(
                "the largest not taken off",
                "let largest = logits[start + best];",
                "let largest = 0.0;",
            ),
            fault("the first class left out", "for (var c = 0u;", "for (var c = 1u;").occurrence(1),
            fault("a gradient never written", "for (var c = 0u;", "for (var c = 1u;").occurrence(2),
            fault("not divided by rows", " / f32(params.rows);", ";").occurrence(1),
            fault("a sum of losses", "total.loss / f32(params.rows)", "total.loss"),
            fault("a sign", "probability - select(0.0", "probability + select(0.0"),
            fault("a gradient without a target", "select(0.0, gradient, has_target)", "gradient"),
            fault("a loss without a target", "if (!has_target)", "if (false)"),
            fault(
                "the largest in the loss",
                "- (logits[start + target_class] - largest)",
                "- logits[start + target_class]",
            ),
            fault("right and wrong swapped", "select(0u, 1u, best", "select(1u, 0u, best"),
            fault("one row each", "row += INVOCATIONS", "row += params.rows"),
            fault("only the last row's loss", "mine.loss += ", "mine.loss = "),
            fault("only the last row's answer", "mine.correct += ", "mine.correct = "),
            fault(
                "an invocation left out",
                "var i = 0u; i < INVOCATIONS",
                "var i = 1u; i < INVOCATIONS",
            ),
            fault("no barrier", "workgroupBarrier();", "").race(),
            fault("a slot beyond the end", "step[replica] % params.slots", "step[replica]"),
            fault(
                "the step of the first replica",
                "step[replica] % params.slots",
                "step[0] % params.slots",
            ),
            fault("a ring for all replicas", "replica * params.slots + ", ""),
            fault("a step not counted", "step[replica] += 1u;", ""),
        ],
    },
];

pub(crate) static ACTIVATIONS: [ActivationFaults; 4] = [
    ActivationFaults {
        activation: Activation::Identity,
        faults: &[
            fault("a sign", "return x;", "return -x;"),
            fault("a magnitude", "return x;", "return abs(x);"),
            fault("clamped", "return x;", "return clamp(x, -4.0, 4.0);"),
            fault("no gradient", "return 1.0;", "return 0.0;"),
            fault("x for the gradient", "return 1.0;", "return x;"),
            fault("the gradient of a magnitude", "return 1.0;", "return sign(x);"),
        ],
    },
    ActivationFaults {
        activation: Activation::Relu,
        faults: &[
            fault("the other half", "x < 0.0", "x > 0.0"),
            fault("a kink elsewhere", "x < 0.0", "x < 0.01"),
            fault("a leak", "select(x, 0.0, x", "select(x, 0.01 * x, x"),
            fault("operands swapped", "select(0.0, 1.0,", "select(1.0, 0.0,"),
            fault("a gradient at the kink", "x > 0.0", "x >= 0.0"),
            fault("a gradient's kink elsewhere", "x > 0.0", "x > -0.01"),
            fault("x for the gradient", "select(0.0, 1.0, x", "select(0.0, x, x"),
        ],
    },
    ActivationFaults {
        activation: Activation::Sigmoid,
        faults: &[
            fault("a growing power", "exp(-abs(x))", "exp(abs(x))"),
            fault(
                "an unstable power",
                "let e = exp(-abs(x));\n    return select(1.0, e, x < 0.0) / (1.0 + e);",
                "let e = exp(x);\n    return e / (1.0 + e);",
            ),
            fault("operands swapped", "select(1.0, e,", "select(e, 1.0,"),
            fault("one half only", "select(1.0, e, x < 0.0)", "1.0"),
            fault("a sign", "/ (1.0 + e)", "/ (1.0 - e)"),
            fault("a factor of the gradient", "return y * (1.0 - y);", "return y;"),
            fault("tanh's gradient", "y * (1.0 - y)", "(1.0 - y * y)"),
            fault("a gradient's sign", "y * (1.0 - y)", "y * (1.0 + y)"),
        ],
    },
    ActivationFaults {
        activation: Activation::Tanh,
        faults: &[
            fault("no factor 2", "exp(-2.0 * abs(x))", "exp(-abs(x))"),
            fault(
                "an unstable power",
                "let far = sign(x) * (1.0 - e) / (1.0 + e);",
                "let f = exp(-2.0 * x);\n    let far = (1.0 - f) / (1.0 + f);",
            ),
            fault("no sign", "sign(x) * (1.0 - e)", "(1.0 - e)"),
            fault("digits lost near 0", "abs(x) < 0.625", "abs(x) < 0.0"),
            fault("a polynomial too far out", "abs(x) < 0.625", "abs(x) < 1.625"),
            fault("a coefficient", "1.33314422036e-1", "1.33414422036e-1"),
            fault("a coefficient's sign", "- 3.33332819422e-1", "+ 3.33332819422e-1"),
            fault("an odd power", "x * s * p", "s * p"),
            fault("a gradient's sign", "1.0 - y * y", "1.0 + y * y"),
            fault("sigmoid's gradient", "1.0 - y * y", "y * (1.0 - y)"),
        ],
    },
];
