#!/usr/bin/env python3
"""Times a jitted training step in JAX. See README.md."""

import os

# Set before the import: with a GPU in the machine JAX would choose that.
os.environ["JAX_PLATFORMS"] = "cpu"

import jax
from functools import partial
from jax import lax, numpy as jnp
import numpy as np
import common

BETA1, BETA2 = 0.9, 0.999
ACTIVATIONS = {"sigmoid": jax.nn.sigmoid, "relu": jax.nn.relu}

def initial(network, norm):
    """The parameters and the running statistics, a dictionary for each layer."""
    random = np.random.default_rng(3)
    parameters, statistics = [], []
    widths = network.widths()
    for at, (inputs, outputs) in enumerate(zip(widths, widths[1:])):
        zeros, ones = np.zeros(outputs, np.float32), np.ones(outputs, np.float32)
        normed = norm != "none" and at < len(widths) - 2
        layer = {"weight": random.normal(0, inputs**-0.5, (inputs, outputs)).astype(np.float32)}
        if normed:
            layer["gamma"] = ones
        if norm != "rms" or not normed:
            layer["beta" if normed else "bias"] = zeros
        parameters.append(layer)
        statistics.append({"mean": zeros, "variance": ones} if normed and norm == "batch" else {})
    return jax.tree.map(jnp.array, (parameters, statistics))

def normalize(norm, layer, statistics, z):
    if norm == "rms":
        return z * lax.rsqrt(jnp.mean(z * z, 1, keepdims=True) + common.NORM_EPSILON) * layer["gamma"], statistics
    axis = 0 if norm == "batch" else 1
    mean, variance = jnp.mean(z, axis, keepdims=True), jnp.var(z, axis, keepdims=True)
    if norm == "batch":
        # The running variance is the unbiased one, as in PyTorch.
        unbiased = variance * len(z) / (len(z) - 1)
        fresh = {"mean": mean[0], "variance": unbiased[0]}
        mix = lambda old, new: (1 - common.RUNNING_MOMENTUM) * old + common.RUNNING_MOMENTUM * new
        statistics = lax.stop_gradient(jax.tree.map(mix, statistics, fresh))
    z = (z - mean) * lax.rsqrt(variance + common.NORM_EPSILON)
    return z * layer["gamma"] + layer["beta"], statistics

def loss_of(parameters, statistics, inputs, labels, activation, norm):
    *hidden, last = parameters
    updated = []
    for layer, old in zip(hidden, statistics):
        inputs = inputs @ layer["weight"]
        if norm == "none":
            inputs, new = inputs + layer["bias"], old
        else:
            inputs, new = normalize(norm, layer, old, inputs)
        updated.append(new)
        inputs = ACTIVATIONS[activation](inputs)
    logits = inputs @ last["weight"] + last["bias"]
    chosen = jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], 1)
    return -jnp.mean(chosen), updated + [{}]

def sgd(parameters, gradients, moments):
    return jax.tree.map(lambda value, gradient: value - common.LEARNING_RATE * gradient, parameters, gradients), moments

def adam(parameters, gradients, moments):
    first, second, count = moments
    count = count + 1
    first = jax.tree.map(lambda m, g: BETA1 * m + (1 - BETA1) * g, first, gradients)
    second = jax.tree.map(lambda v, g: BETA2 * v + (1 - BETA2) * g * g, second, gradients)
    first_scale, second_scale = 1 / (1 - BETA1**count), 1 / (1 - BETA2**count)

    def update(value, m, v):
        return value - common.LEARNING_RATE * (m * first_scale) / (jnp.sqrt(v * second_scale) + common.ADAM_EPSILON)

    return jax.tree.map(update, parameters, first, second), (first, second, count)

# Donated, the old state's memory becomes the new state's.
@partial(jax.jit, static_argnames=("activation", "norm", "optimizer"), donate_argnums=0)
def train_step(state, images, labels, indices, activation, norm, optimizer):
    parameters, statistics, moments = state
    inputs = images[indices].astype(jnp.float32) / 255
    gradient = jax.value_and_grad(loss_of, has_aux=True)
    (loss, statistics), gradients = gradient(parameters, statistics, inputs, labels[indices], activation, norm)
    parameters, moments = {"SGD": sgd, "Adam": adam}[optimizer](parameters, gradients, moments)
    return (parameters, statistics, moments), loss

def train(network, norm, images, labels):
    images, labels = jnp.asarray(images), jnp.asarray(labels)
    parameters, statistics = initial(network, norm)
    moments = ()
    if network.optimizer == "Adam":
        # Two separate trees: a buffer can be donated only once.
        moments = (*(jax.tree.map(jnp.zeros_like, parameters) for _ in range(2)), jnp.float32(0))
    state, loss = (parameters, statistics, moments), None

    def step(indices):
        nonlocal state, loss
        state, loss = train_step(state, images, labels, indices, network.activation, norm, network.optimizer)

    def finish():
        jax.block_until_ready(state)
        return float(loss)

    return step, finish

# XLA starts a thread for every CPU that it may use.
common.measure(f"JAX {jax.__version__}", common.usable_cpus(), train)
