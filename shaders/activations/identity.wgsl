// identity: no activation.
fn activate(x: f32) -> f32 {
    return x;
}

fn activation_gradient(x: f32) -> f32 {
    return 1.0;
}
