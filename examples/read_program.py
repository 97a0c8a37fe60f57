#!/usr/bin/env python3
"""Runs the first steps of a network written by `normlab export` in numpy, from the kernels' formulas, using
only docs/program-format.md. Prints each step's loss, and whether it agrees with program.json.

usage: read_program.py DIR/NETWORK [STEPS]
"""

import hashlib, json, sys
from pathlib import Path
from types import SimpleNamespace
import numpy as np

NONE = 0xFFFFFFFF
ACTIVATIONS = {  # the function, and its derivative
    "identity": (lambda z: z, np.ones_like),
    "relu": (lambda z: np.maximum(z, 0), lambda z: (z > 0).astype(float)),
    "sigmoid": (lambda z: 0.5 * (1 + np.tanh(z / 2)), lambda z: 0.25 * (1 - np.tanh(z / 2) ** 2)),
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
}

class Program:
    """A program with its memory. Numbers are f64 here, where a GPU has f32."""

    def __init__(self, folder):
        self.document = document = json.loads((folder / "program.json").read_text())
        assert (document["format"], document["version"]) == ("normlab program", 1)
        self.data = (folder / document["data"]["file"]).read_bytes()
        assert hashlib.sha256(self.data).hexdigest() == document["data"]["sha256"], "data.bin was altered"
        kinds = {"f32": np.float64, "u32": np.int64}
        self.buffers = [np.zeros(one["size"] // 4, kinds[one["element"]]) for one in document["buffers"]]
        for upload in document["uploads"]["state"] + document["uploads"]["data"]:
            self.upload(**upload)

    def tensor(self, index):
        """A view of a tensor: [replicas, rows, cols]."""
        tensor = self.document["tensors"][index]
        memory, shape = self.buffers[tensor["buffer"]], tensor["shape"]
        strides = np.array([tensor["replica_stride"], shape[2], 1]) * memory.itemsize
        return np.lib.stride_tricks.as_strided(memory[tensor["offset"] :], shape, strides)

    def upload(self, tensor, data=None, fill=None):
        """Fills a tensor with a part of data.bin, or with one number."""
        view = self.tensor(tensor)
        if data:
            kind = "<f4" if view.dtype == np.float64 else "<u4"
            fill = np.frombuffer(self.data, kind, data[1] // 4, data[0]).reshape(view.shape)
        view[...] = fill

    def train(self, step):
        """One step, counted from 0; returns the mean loss of each replica."""
        passes, ring, history = map(self.document["loops"]["train"].get, ("passes", "batch_indices", "history"))
        if step % ring["slots"] == 0:
            self.upload(ring["tensor"], ring["refills"][step // ring["slots"] % len(ring["refills"])])
        for dispatch in (one for at in passes for one in self.document["passes"][at]["dispatches"]):
            tensors = {name: self.tensor(at) for name, at in dispatch["tensors"].items()}
            f, df = ACTIVATIONS[dispatch.get("activation", "identity")]
            given = SimpleNamespace(f=f, df=df, **tensors, **dispatch.get("parameters", {}))
            for name, value in KERNELS[dispatch["kernel"]](given).items():
                tensors[name][...] = value
        return self.tensor(history["losses"])[:, step % history["slots"], 0]

def gather(t):
    batch = t.batch_indices[np.arange(len(t.batch_indices)), t.step[:, 0, 0] % t.batch_indices.shape[1]]
    known = (batch != NONE)[..., None]
    example = np.where(known[..., 0], batch, 0)
    pixels = np.stack([t.images[0][example] >> shift & 255 for shift in (0, 8, 16, 24)], 3)
    x = pixels.reshape(*batch.shape, -1)[..., : t.x.shape[2]] / 255 * known
    return {"x": x, "targets": np.where(known, t.labels[0][example], NONE)}

def norm_forward(t, axis, centered):
    mean = t.x.mean(axis, keepdims=True) * centered
    variance = ((t.x - mean) ** 2).mean(axis, keepdims=True)
    rstd = 1 / np.sqrt(variance + t.epsilon)
    z = t.gamma * (t.x - mean) * rstd + (t.beta if centered else 0)
    out = {"z": z, "y": t.f(z), "statistics": np.concatenate([mean, rstd], axis) if centered else rstd}
    if axis == 1:  # batch norm: running mean and unbiased variance
        rows = t.x.shape[1]
        batch = np.concatenate([mean, variance * rows / max(rows - 1, 1)], 1)
        out["running"] = (1 - t.momentum) * t.running + t.momentum * batch
    return out

def norm_backward(t, axis, centered):
    mean, rstd = np.split(t.statistics, 2, axis) if centered else (0, t.statistics)
    n, g = (t.x - mean) * rstd, t.d_y * t.df(t.z)
    h = g * t.gamma
    d_x = rstd * (h - centered * h.mean(axis, keepdims=True) - n * (h * n).mean(axis, keepdims=True))
    # Over the examples, and also over the units if a layer has one gamma and beta.
    axes = 1 if t.d_gamma.shape[2] == t.x.shape[2] else (1, 2)
    out = {"d_x": d_x, "d_gamma": (g * n).sum(axes, keepdims=True)}
    return out | ({"d_beta": g.sum(axes, keepdims=True)} if centered else {})

def cross_entropy(t, logits):
    """The output layer's loss, and the gradient of its logits."""
    rows = logits.shape[1]
    shifted = logits - logits.max(2, keepdims=True)
    log_sum = np.log(np.exp(shifted).sum(2, keepdims=True))
    known = t.targets != NONE
    wanted = np.arange(logits.shape[2]) == t.targets
    losses, correct, at = t.losses.copy(), t.correct.copy(), t.step[:, 0, 0] % t.losses.shape[1]
    losses[np.arange(len(at)), at, 0] = ((log_sum * known).sum((1, 2)) - (shifted * wanted).sum((1, 2))) / rows
    correct[np.arange(len(at)), at, 0] = (shifted.argmax(2)[..., None] == t.targets).sum((1, 2))
    d_logits = (np.exp(shifted - log_sum) - wanted) * known / rows
    return {"losses": losses, "correct": correct, "step": t.step + 1, "d_logits": d_logits}

def bias_gradient(d_x):
    return {"d_x": d_x, "d_bias": d_x.sum(1, keepdims=True)}

def bias_softmax_cross_entropy(t):
    out = cross_entropy(t, t.x + t.bias)
    return out | bias_gradient(out.pop("d_logits"))

def sgd(t):
    return {"velocity": (v := t.momentum * t.velocity + t.gradients), "parameters": t.parameters - t.learning_rate * v}

def adam(t):
    m = t.beta1 * t.first_moment + (1 - t.beta1) * t.gradients
    v = t.beta2 * t.second_moment + (1 - t.beta2) * t.gradients**2
    change = m / (1 - t.beta1**t.step) / (np.sqrt(v / (1 - t.beta2**t.step)) + t.epsilon)
    return {"first_moment": m, "second_moment": v, "parameters": t.parameters - t.learning_rate * change}

KERNELS = {
    **{one.__name__: one for one in (gather, bias_softmax_cross_entropy, sgd, adam)},
    "softmax_cross_entropy": lambda t: cross_entropy(t, t.logits),
    "bias_backward": lambda t: bias_gradient(t.d_y * t.df(t.z)),
    "matmul_nn": lambda t: {"c": t.a @ t.b},
    "matmul_nt": lambda t: {"c": t.a @ t.b.swapaxes(1, 2)},
    "matmul_tn": lambda t: {"c": t.a.swapaxes(1, 2) @ t.b},
    "matmul_backward": lambda t: {
        "d_weight": t.x.swapaxes(1, 2) @ t.d_y, "d_x": t.d_y @ t.weight.swapaxes(1, 2)},
    "matmul_bias_forward": lambda t: {"z": (z := t.a @ t.b + t.bias), "y": t.f(z)},
    "bias_forward": lambda t: {"z": t.x + t.bias, "y": t.f(t.x + t.bias)},
    "batch_norm_forward": lambda t: norm_forward(t, 1, True),
    "layer_norm_forward": lambda t: norm_forward(t, 2, True),
    "rms_norm_forward": lambda t: norm_forward(t, 2, False),
    "batch_norm_backward": lambda t: norm_backward(t, 1, True),
    "layer_norm_backward": lambda t: norm_backward(t, 2, True),
    "rms_norm_backward": lambda t: norm_backward(t, 2, False),
}

if __name__ == "__main__":
    program = Program(Path(sys.argv[1]))
    references = {one["step"]: one["losses"] for one in program.document["references"]}
    for step in range(int(sys.argv[2]) if len(sys.argv) > 2 else 10):
        losses = program.train(step)
        line = f"step {step + 1}: loss " + ", ".join(f"{loss:.9f}" for loss in losses)
        if step + 1 in references:
            good = all(abs(x - one["value"]) <= one["tolerance"] for x, one in zip(losses, references[step + 1]))
            line += f", {'as' if good else 'NOT what'} program.json says"
        print(line)
