#!/usr/bin/env python3
"""Times a training step in PyTorch, eager mode. See README.md."""

import torch
from torch import nn
from torch.nn import functional
import common

THREADS = 2

def layers(network, norm):
    norms = {
        "batch": lambda width: nn.BatchNorm1d(width, common.NORM_EPSILON, common.RUNNING_MOMENTUM),
        "layer": lambda width: nn.LayerNorm(width, common.NORM_EPSILON),
        "rms": lambda width: nn.RMSNorm(width, common.NORM_EPSILON),
    }
    activation = {"sigmoid": nn.Sigmoid, "relu": nn.ReLU}[network.activation]
    *hidden, last = zip(network.widths(), network.widths()[1:])
    for inputs, outputs in hidden:
        yield nn.Linear(inputs, outputs, bias=norm == "none")
        if norm != "none":
            yield norms[norm](outputs)
        yield activation()
    yield nn.Linear(*last)

def train(network, norm, images, labels):
    torch.manual_seed(1)
    images, labels = torch.from_numpy(images), torch.from_numpy(labels).long()
    model = nn.Sequential(*layers(network, norm)).train()
    if network.optimizer == "SGD":
        optimizer = torch.optim.SGD(model.parameters(), lr=common.LEARNING_RATE)
    else:
        optimizer = torch.optim.Adam(model.parameters(), lr=common.LEARNING_RATE, eps=common.ADAM_EPSILON)
    loss = None

    def step(indices):
        nonlocal loss
        indices = torch.from_numpy(indices)
        inputs = images[indices].float() / 255
        loss = functional.cross_entropy(model(inputs), labels[indices])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step, lambda: loss.item()

torch.set_num_threads(THREADS)
common.measure(f"PyTorch {torch.__version__}", torch.get_num_threads(), train)
