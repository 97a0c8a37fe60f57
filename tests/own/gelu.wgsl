// gelu, in the tanh form: x/2 (1 + tanh(k (x + 0.044715 x^3)))
const K = 0.7978845608;
fn inner(x: f32) -> f32 { return K * (x + 0.044715 * x * x * x); }
fn activate(x: f32) -> f32 {
    return 0.5 * x * (1.0 + tanh(inner(x)));
}
fn activation_gradient(x: f32) -> f32 {
    let t = tanh(inner(x));
    return 0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * K * (1.0 + 0.134145 * x * x);
}
