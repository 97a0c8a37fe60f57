// tanh: (1 - e^-2x) / (1 + e^-2x), from |x|, so that nothing overflows. Near 0, where 1 - e^-2x
// would lose its digits, the odd polynomial x + x^3 p(x^2) of Cephes' tanhf (Moshier 1989).
fn activate(x: f32) -> f32 {
    let s = x * x;
    let p = (((-5.70498872745e-3 * s + 2.06390887954e-2) * s - 5.37397155531e-2) * s
        + 1.33314422036e-1) * s - 3.33332819422e-1;
    let e = exp(-2.0 * abs(x));
    let far = sign(x) * (1.0 - e) / (1.0 + e);
    return select(far, x + x * s * p, abs(x) < 0.625);
}

fn activation_gradient(x: f32) -> f32 {
    let y = activate(x);
    return 1.0 - y * y;
}
