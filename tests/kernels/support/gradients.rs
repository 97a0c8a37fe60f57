//! Backward kernels against central differences of their forward kernels, in f64.
//!
//! The loss is the sum of w · y over an output y, with random weights w, which are the gradient of y
//! that the backward kernel is given. A difference over 2 · [`STEP`] is off by about STEP² times a
//! third derivative, and by the rounding of the loss divided by STEP: both near 1e-10 here.

use super::{Call, Outputs, assert_within, magnitude, normal};
use normlab::kernels::activation::Activation;
use normlab::kernels::kernel::Kernel;
use normlab::tensor::{Shape, Tensor};

const STEP: f64 = 1e-5;

/// Allowed error, as a fraction of the gradient's largest magnitude or of 1.
const TOLERANCE: f64 = 1e-8;

/// Nearer to 0 than this, a step could carry a value across ReLU's kink.
const MARGIN: f64 = 1e-3;

/// The sum of weights · y.
pub(crate) fn weighted(outputs: &Outputs, output: &str, weights: &Tensor<f64>) -> f64 {
    outputs.real(output).data.iter().zip(&weights.data).map(|(y, w)| y * w).sum()
}

/// Panics unless `found` is the gradient of `loss` with respect to the input `name`.
pub(crate) fn assert_gradient(
    found: &Tensor<f64>,
    forward: &Call,
    name: &'static str,
    loss: &dyn Fn(&Outputs) -> f64,
) {
    let input = forward.given(name);
    let moved = |at: usize, step: f64| {
        let mut input = input.clone();
        input.data[at] += step;
        loss(&forward.clone().real(name, &input).evaluate::<f64>())
    };
    let slope = |at: usize| (moved(at, STEP) - moved(at, -STEP)) / (2.0 * STEP);
    let expected = Tensor::new(input.shape, (0..input.shape.len()).map(slope).collect());
    let what = format!("the gradient of {} by {name}", forward.kernel.name());
    let tolerance = TOLERANCE * magnitude(&expected).max(1.0);
    assert_within(&what, found, &expected, tolerance);
}

/// The first call, by rising seed, whose `z` keeps clear of ReLU's kink.
pub(crate) fn away_from_kink(make: impl Fn(u32) -> Call) -> Call {
    let clear = |call: &Call| {
        let outputs = call.evaluate::<f64>();
        outputs.real("z").data.iter().all(|z| z.abs() > MARGIN)
    };
    let found = (1..100).map(make).find(clear);
    found.unwrap_or_else(|| panic!("no seed keeps z away from 0"))
}

/// Compares d_x, d_gamma and d_beta (if any) of a normalization with its forward kernel.
pub(crate) fn assert_norm_gradients(
    [forward, backward]: [&'static Kernel; 2],
    shape: Shape,
    affine: usize,
    activation: Activation,
) {
    let row = Shape { rows: 1, cols: affine, ..shape };
    let has = |name| forward.contract.operands.iter().any(|operand| operand.name == name);
    let forward = away_from_kink(|seed| {
        let mut call = Call::new(forward)
            .activation(activation)
            .real("x", &super::map(&normal(seed, shape), |x| 2.0 + 1.5 * x))
            .real("gamma", &normal(seed + 100, row));
        if has("beta") {
            call = call.real("beta", &normal(seed + 200, row));
        }
        // The running statistics of batch norm do not affect y.
        if has("running") {
            call = call.real("running", &Tensor::filled(Shape { rows: 2, ..shape }, 1.0));
        }
        call
    });
    let kept = forward.evaluate::<f64>();
    let d_y = normal(300, shape);
    let gradients = Call::new(backward)
        .activation(activation)
        .real("d_y", &d_y)
        .real("z", kept.real("z"))
        .real("x", forward.given("x"))
        .real("gamma", forward.given("gamma"))
        .real("statistics", kept.real("statistics"))
        .evaluate::<f64>();
    let loss = |outputs: &Outputs| weighted(outputs, "y", &d_y);
    let pairs = [("d_x", "x"), ("d_gamma", "gamma"), ("d_beta", "beta")];
    for (gradient, input) in pairs.into_iter().filter(|(_, input)| has(input)) {
        assert_gradient(gradients.real(gradient), &forward, input, &loss);
    }
}
