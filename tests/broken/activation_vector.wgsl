// activation_vector: a vector, which the reference on the CPU cannot follow

fn activate(x: f32) -> f32 {
    return dot(vec2(x, 1.0), vec2(0.5, 0.0));
}

fn activation_gradient(x: f32) -> f32 {
    return 0.5;
}
