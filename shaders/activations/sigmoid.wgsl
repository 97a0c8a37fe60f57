// sigmoid: 1 / (1 + e^-x), in a stable form: e is only raised to negative powers.
fn activate(x: f32) -> f32 {
    let e = exp(-abs(x));
    return select(1.0, e, x < 0.0) / (1.0 + e);
}

fn activation_gradient(x: f32) -> f32 {
    let y = activate(x);
    return y * (1.0 - y);
}
