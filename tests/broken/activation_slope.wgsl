// activation_slope: softplus, log(1 + e^x), with a gradient that is off where x is above 1

fn activate(x: f32) -> f32 {
    return max(x, 0.0) + log(1.0 + exp(-abs(x)));
}

fn activation_gradient(x: f32) -> f32 {
    let e = exp(-abs(x));
    let slope = select(1.0, e, x < 0.0) / (1.0 + e);
    return select(slope, 1.0, x > 1.0);
}
