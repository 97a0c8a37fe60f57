// relu: max(x, 0), with derivative 0 at the kink. A NaN stays NaN, which max() does not guarantee.
fn activate(x: f32) -> f32 {
    return select(x, 0.0, x < 0.0);
}

fn activation_gradient(x: f32) -> f32 {
    return select(0.0, 1.0, x > 0.0);
}
