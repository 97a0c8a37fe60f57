#!/usr/bin/env python3
"""Times a training step in tinygrad with TinyJit, on its CPU device. See README.md."""

import os
from importlib.metadata import version

# Read when tinygrad is imported. A choice made outside of this script stays.
os.environ.setdefault("DEV", "CPU")
os.environ.setdefault("NUM_CPU_THREADS", "2")

from tinygrad import Context, Device, Tensor, TinyJit, nn
from tinygrad.helpers import NUM_CPU_THREADS
import common

def layers(network, norm):
    norms = {
        "batch": lambda width: nn.BatchNorm(width, common.NORM_EPSILON, momentum=common.RUNNING_MOMENTUM),
        "layer": lambda width: nn.LayerNorm(width, common.NORM_EPSILON),
        "rms": lambda width: nn.RMSNorm(width, common.NORM_EPSILON),
    }
    activation = {"sigmoid": Tensor.sigmoid, "relu": Tensor.relu}[network.activation]
    *hidden, last = zip(network.widths(), network.widths()[1:])
    for inputs, outputs in hidden:
        yield nn.Linear(inputs, outputs, bias=norm == "none")
        if norm != "none":
            yield norms[norm](outputs)
        yield activation
    yield nn.Linear(*last)

def train(network, norm, images, labels):
    Tensor.manual_seed(1)
    images, labels = Tensor(images).realize(), Tensor(labels).realize()
    model = list(layers(network, norm))
    parameters = nn.state.get_parameters(model)
    if network.optimizer == "SGD":
        optimizer = nn.optim.SGD(parameters, lr=common.LEARNING_RATE)
    else:
        optimizer = nn.optim.Adam(parameters, lr=common.LEARNING_RATE, eps=common.ADAM_EPSILON)
    loss = None

    @TinyJit
    def train_step(indices):
        inputs = images[indices].float() / 255
        loss = inputs.sequential(model).sparse_categorical_crossentropy(labels[indices])
        optimizer.zero_grad()
        loss.backward()
        return loss.realize(*optimizer.schedule_step())

    def step(indices):
        nonlocal loss
        loss = train_step(Tensor(indices).realize())

    def finish():
        Device[Device.DEFAULT].synchronize()
        return loss.item()

    return step, finish

with Context(TRAINING=1):
    compiler = type(Device[Device.DEFAULT].renderer).__name__
    common.measure(f"tinygrad {version('tinygrad')} ({compiler})", NUM_CPU_THREADS.value, train)
