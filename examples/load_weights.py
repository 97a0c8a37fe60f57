"""A network of a run as a PyTorch module: python examples/load_weights.py RUN sigmoid-batch

Needs Python 3.11 with torch and safetensors. docs/guide.md says what the tensors are called.
"""

import sys
import tomllib

from safetensors import safe_open
from torch import nn

ACTIVATIONS = {"identity": nn.Identity, "sigmoid": nn.Sigmoid, "relu": nn.ReLU, "tanh": nn.Tanh}
NORMS = {"batch": nn.BatchNorm1d, "layer": nn.LayerNorm, "rms": lambda units: nn.RMSNorm(units, eps=1e-5)}


def norm_of(name, units):
    """The norm of a network's name: batch, layer, rms, or group with its groups, and perhaps @ and its layer."""
    kind, groups = name.partition("@")[0], name.removeprefix("group").partition("@")[0]
    return nn.GroupNorm(int(groups), units) if kind.startswith("group") else NORMS[kind](units)


def load_network(run, name):
    """The network `name`, of one replica, of the run in the folder `run`; it takes pixels from 0 to 1."""
    with safe_open(f"{run}/weights.safetensors", "pt") as file:
        tensors = {key: file.get_tensor(key) for key in file.keys() if key.startswith(f"{name}/")}
        experiment = tomllib.loads(file.metadata()["experiment"])
    (activation, norm), layers = name.rsplit("-", 1), []
    for number in range(1, len(experiment["hidden"]) + 2):
        one = {key.split(".")[-1]: tensors[key] for key in tensors if f"/layer{number}." in key}
        (inputs, units), layer = one["weight"].shape, []
        linear = nn.Linear(inputs, units, bias="bias" in one)
        linear.load_state_dict({"weight": one["weight"].T} | ({"bias": one["bias"][0]} if "bias" in one else {}))
        if "gamma" in one:
            state = {"weight": one["gamma"][0].expand(units)}
            state |= {"bias": one["beta"][0].expand(units)} if "beta" in one else {}
            state |= dict(zip(["running_mean", "running_var"], one.get("running", [])))
            layer.append(norm_of(norm, units))
            layer[0].load_state_dict(state, strict=False)
        if number <= len(experiment["hidden"]):
            layer.insert(0 if experiment["norm_position"] == "after" else len(layer), ACTIVATIONS[activation]())
        layers += [linear, *layer]
    return nn.Sequential(*layers).eval()


if __name__ == "__main__":
    print(load_network(*sys.argv[1:]))
