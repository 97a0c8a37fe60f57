// tanh: (1 - e^-2x) / (1 + e^-2x), from |x|, so that nothing overflows.
fn activate(x: f32) -> f32 {
    let e = exp(-2.0 * abs(x));
    return sign(x) * (1.0 - e) / (1.0 + e);
}

fn activation_gradient(x: f32) -> f32 {
    let y = activate(x);
    return 1.0 - y * y;
}
