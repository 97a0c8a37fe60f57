#!/usr/bin/env python3
"""Writes normlab's reference vectors: what PyTorch computes, in float64.

The .safetensors files next to this script were written by Python 3.11 with

    pip install torch==2.15.0 safetensors==0.8.0 numpy==2.4.6
    python make_vectors.py

The script takes no arguments and writes into its own folder. All data is
generated from fixed seeds; a second run writes the same bytes. (Another
processor or another torch may differ in the last bits of a float64.)

Every result comes from torch's own functions, its optimizers and its autograd;
no formula of a normalization or of a gradient is written out here.

Inputs are representable in float32. Everything an engine is given (x, d_y,
gamma, beta, running statistics, logits, gradients of the optimizer files,
initial parameters, and scalars such as the learning rate or epsilon) was
rounded through float32 and then used as float64, so an f32 engine starts from
the very same numbers. For example, epsilon is float32(1e-5), about 9.99999975e-6.
Results are not rounded. An image byte b enters a network as b / 255 in float64.

Conventions
  tensors      row-major, [rows, columns]; F64, except for activation, targets,
               labels, batch_indices and correct (I32) and images (U8)
  weights      [in, out]; a layer computes x @ W
  activation   0 identity, 1 sigmoid, 2 relu, 3 tanh; it comes after the
               normalization and its affine; d_y is the gradient of its output
  batch norm   the running momentum weighs the new value; normalizes with the
               biased variance, keeps the unbiased one in the running variance
  statistics   batch norm [2, columns]: mean, rstd; layer norm [rows, 2] likewise;
               rms norm [rows, 1]: rstd, the reciprocal root of the mean square
  running      [2, columns]: mean, variance
  affine       gamma and beta are [1, columns], or [1, 1] where a layer norm
               shares one pair among all its columns; an rms norm has no beta
  loss         softmax cross-entropy, the mean over all rows; a target of -1 is
               ignored: no loss, no gradient, no hit, but its row still counts
               in the mean
  SGD          v = momentum * v + g; p -= learning_rate * v
  training     the running statistics begin as mean 0 and variance 1; momentum is the
               optimizer's, running_momentum the batch norm's; each loss and correct is
               of the batch before that step's update; inference/logits are those of
               all images after the last step, from the running statistics
"""

from collections import defaultdict
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

FOLDER = Path(__file__).resolve().parent
RELU_MARGIN = 1e-5  # nearer to 0 than this, rounding might decide a relu's side
NOISE = 1e-6  # smaller than this, a gradient might be rounding noise in float32


def through_f32(value):
    """A tensor or a number, rounded to float32 and held as a float64 tensor."""
    return torch.as_tensor(value, dtype=torch.float64).float().double()


EPSILON = through_f32(1e-5).item()
RUNNING_MOMENTUM = through_f32(0.1).item()
BETA1 = through_f32(0.9).item()
BETA2 = through_f32(0.999).item()
ADAM_EPSILON = through_f32(1e-8).item()


def generator(seed):
    return torch.Generator().manual_seed(seed)


def normal(rng, *shape):
    return through_f32(torch.randn(*shape, generator=rng, dtype=torch.float64))


def uniform(rng, low, high, *shape):
    unit = torch.rand(*shape, generator=rng, dtype=torch.float64)
    return through_f32(low + (high - low) * unit)


def int32(value):
    return torch.as_tensor(value, dtype=torch.int32)


def scalars(**values):
    return {key: torch.tensor([value], dtype=torch.float64) for key, value in values.items()}


def save(name, tensors):
    path = FOLDER / f"{name}.safetensors"
    save_file({key: t.detach().clone().contiguous() for key, t in tensors.items()}, path)
    print(f"{path.name}: {len(tensors)} tensors, {path.stat().st_size} bytes")


def save_cases(name, cases):
    save(name, {f"case{i}/{key}": t for i, case in enumerate(cases) for key, t in case.items()})


# What the kernel files and the networks share

ACTIVATIONS = dict(
    identity=lambda z: z, sigmoid=torch.sigmoid, relu=torch.relu, tanh=torch.tanh
)


def activate(name, z):
    assert name != "relu" or z.abs().min() > RELU_MARGIN, "a pre-activation too near 0"
    return ACTIVATIONS[name](z)


def normalize(norm, x, gamma, beta=None, running=None, training=True):
    """norm is "batch", or "layer" or "rms", which end in "_shared" where all columns share gamma
    and beta; a batch norm in training updates running."""
    if norm == "batch":
        mean, variance = running  # views of its rows
        return F.batch_norm(
            x, mean, variance, gamma[0], beta[0], training, RUNNING_MOMENTUM, EPSILON
        )
    if norm == "layer":
        return F.layer_norm(x, x.shape[1:], gamma[0], beta[0], EPSILON)
    if norm == "layer_shared":
        return F.layer_norm(x, x.shape[1:], eps=EPSILON) * gamma + beta
    if norm == "rms":
        return F.rms_norm(x, x.shape[1:], gamma[0], EPSILON)
    return F.rms_norm(x, x.shape[1:], eps=EPSILON) * gamma


def count_correct(logits, targets):
    best = logits.topk(2, dim=1)
    assert (best.values[:, 0] > best.values[:, 1]).all(), "a tie for the first place"
    return (best.indices[:, 0] == targets).sum().item()


def make_optimizer(parameters, learning_rate, momentum):
    """SGD, or Adam where momentum is None."""
    if momentum is None:
        betas = (BETA1, BETA2)
        return torch.optim.Adam(parameters, learning_rate, betas, ADAM_EPSILON, foreach=False)
    return torch.optim.SGD(parameters, learning_rate, momentum, foreach=False)


# Kernel files


def hard_groups(rng, groups, length):
    """[groups, length] values to normalize group by group.

    The spreads differ and the offsets reach 1e3. Group 0 is constant; group 1, if
    there are more than two, varies so little that epsilon outweighs its variance.
    """
    values = normal(rng, groups, length) * uniform(rng, 0.5, 3.0, groups, 1)
    values += torch.linspace(1000.0, -1000.0, groups, dtype=torch.float64).reshape(-1, 1)
    values[0] = -12.25
    if groups > 2:
        values[1] = 1e-3 * normal(rng, length)
    return through_f32(values)


def norm_case(norm, seed, rows, cols, activation):
    rng = generator(seed)
    batch, rms = norm == "batch", norm.startswith("rms")
    x = hard_groups(rng, cols, rows).T if batch else hard_groups(rng, rows, cols)
    x = x.contiguous().requires_grad_()
    width = 1 if norm.endswith("_shared") else cols
    signs = (-1.0) ** torch.arange(1, width + 1)
    gamma = (uniform(rng, 0.5, 2.0, 1, width) * signs).requires_grad_()
    beta = None if rms else uniform(rng, -1.0, 1.0, 1, width).requires_grad_()
    d_y = normal(rng, rows, cols)
    running_before = torch.stack([normal(rng, cols), uniform(rng, 0.5, 2.0, cols)])
    running = running_before.clone()

    y = activate(activation, normalize(norm, x, gamma, beta, running))
    y.backward(d_y)
    case = dict(
        x=x, gamma=gamma, y=y, d_y=d_y, d_x=x.grad, d_gamma=gamma.grad,
        activation=int32([list(ACTIVATIONS).index(activation)]),
        **scalars(epsilon=EPSILON),
    )
    if rms:
        _, rstd = torch._fused_rms_norm(x, [cols], None, EPSILON)
        return case | dict(statistics=rstd)
    case |= dict(beta=beta, d_beta=beta.grad)
    if not batch:
        _, mean, rstd = torch.native_layer_norm(x, [cols], None, None, EPSILON)
        return case | dict(statistics=torch.cat([mean, rstd], dim=1))
    _, mean, rstd = torch.native_batch_norm(x, None, None, None, None, True, 0.0, EPSILON)
    z_infer = normalize(norm, x, gamma, beta, running, training=False)
    return case | dict(
        statistics=torch.stack([mean, rstd]),
        running_before=running_before, running_after=running,
        y_infer=ACTIVATIONS[activation](z_infer),
        **scalars(momentum=RUNNING_MOMENTUM),
    )


def cross_entropy_case(seed, rows, classes, extremes=False, ignored=()):
    rng = generator(seed)
    logits = 3.0 * normal(rng, rows, classes)
    targets = torch.randint(classes, (rows,), generator=rng)
    if extremes:  # row 0 is all but certain and right, row 1 all but certain and wrong
        logits[0], logits[0, targets[0]] = -100.0, 100.0
        logits[1, targets[1]], logits[1, targets[1] - 1] = -100.0, 100.0
    targets[list(ignored)] = -1
    logits = through_f32(logits).requires_grad_()

    loss = F.cross_entropy(logits, targets, ignore_index=-1, reduction="sum") / rows
    loss.backward()
    return dict(
        logits=logits, targets=int32(targets.reshape(-1, 1)), loss=loss.reshape(1),
        correct=int32([count_correct(logits, targets)]), d_logits=logits.grad,
    )


def optimizer_case(seed, count, learning_rate, momentum=None):
    """Five steps of SGD, or of Adam where momentum is None, with the state after each."""
    rng = generator(seed)
    learning_rate = through_f32(learning_rate).item()
    momentum = None if momentum is None else through_f32(momentum).item()
    parameters = normal(rng, 1, count).requires_grad_()
    # Magnitudes from 1e-8, where Adam's epsilon shows, to 1e2; one stays 0.
    magnitudes = torch.logspace(-8, 2, count, dtype=torch.float64)
    magnitudes[count // 2] = 0.0
    gradients = through_f32(normal(rng, 5, count) * magnitudes)
    case = dict(parameters=parameters.detach().clone(), gradients=gradients)
    case |= scalars(learning_rate=learning_rate)

    optimizer = make_optimizer([parameters], learning_rate, momentum)
    history = defaultdict(list)
    for gradient in gradients:
        parameters.grad = gradient.reshape(1, -1).clone()
        optimizer.step()
        history["parameters"].append(parameters.detach().clone())
        for key, value in optimizer.state[parameters].items():
            if key in ("exp_avg", "exp_avg_sq", "momentum_buffer") and value is not None:
                history[key].append(value.clone())
    after = {key: torch.cat(values) for key, values in history.items()}
    case |= dict(parameters_after=after["parameters"])
    if momentum is None:
        case |= scalars(beta1=BETA1, beta2=BETA2, epsilon=ADAM_EPSILON)
        return case | dict(m_after=after["exp_avg"], v_after=after["exp_avg_sq"])
    # Without momentum torch keeps no velocity: it is the gradient itself.
    velocity = after["momentum_buffer"] if momentum else gradients
    return case | dict(velocity_after=velocity, **scalars(momentum=momentum))


# Training files

FEATURES, HIDDEN, CLASSES = 10, [7, 5], 3
EXAMPLES, BATCH, STEPS = 40, 6, 100


class Network:
    """Two hidden layers and an output layer.

    The norm of a hidden layer, if any, stands before the activation, where it
    replaces the bias, or after it, where the bias stays.
    """

    def __init__(self, rng, norm, activation, after):
        self.norm, self.activation, self.after = norm, activation, after
        self.parameters, self.running = {}, {}
        sizes = [FEATURES, *HIDDEN, CLASSES]
        for i, (fan_in, out) in enumerate(zip(sizes, sizes[1:]), start=1):
            hidden = i <= len(HIDDEN)
            bound = fan_in**-0.5
            initial = dict(weight=uniform(rng, -bound, bound, fan_in, out))
            if norm is None or after or not hidden:
                initial["bias"] = uniform(rng, -bound, bound, 1, out)
            if norm is not None and hidden:
                width = 1 if norm.endswith("_shared") else out
                initial["gamma"] = uniform(rng, 0.7, 1.3, 1, width)
                if not norm.startswith("rms"):
                    initial["beta"] = uniform(rng, -0.3, 0.3, 1, width)
            for key, value in initial.items():
                self.parameters[f"layer{i}.{key}"] = value.requires_grad_()
            if norm == "batch" and hidden:  # mean 0 and variance 1 to begin with
                zeros = torch.zeros(out, dtype=torch.float64)
                self.running[f"layer{i}.running"] = torch.stack([zeros, zeros + 1.0])

    def normalize(self, h, layer, training):
        gamma, beta = self.parameters[f"{layer}.gamma"], self.parameters.get(f"{layer}.beta")
        return normalize(self.norm, h, gamma, beta, self.running.get(f"{layer}.running"), training)

    def logits(self, h, training):
        for i in range(1, len(HIDDEN) + 1):
            layer = f"layer{i}"
            h = h @ self.parameters[f"{layer}.weight"]
            if f"{layer}.bias" in self.parameters:
                h = h + self.parameters[f"{layer}.bias"]
            if self.norm is not None and not self.after:
                h = self.normalize(h, layer, training)
            h = activate(self.activation, h)
            if self.norm is not None and self.after:
                h = self.normalize(h, layer, training)
        return h @ self.parameters["layer3.weight"] + self.parameters["layer3.bias"]

    def state(self, prefix):
        state = self.parameters | self.running
        return {f"{prefix}/{key}": t.detach().clone() for key, t in state.items()}


def make_training(name, seed, norm, activation, learning_rate, momentum=0.0, after=False):
    """Trains with SGD, or with Adam where momentum is None."""
    rng = generator(seed)
    learning_rate = through_f32(learning_rate).item()
    momentum = None if momentum is None else through_f32(momentum).item()
    images = torch.randint(256, (EXAMPLES, FEATURES), generator=rng, dtype=torch.uint8)
    inputs = images.double() / 255.0
    # Labels that can be learned: the largest of three random projections.
    labels = ((inputs - 0.5) @ normal(rng, FEATURES, CLASSES)).argmax(dim=1)
    order = torch.stack([torch.randperm(EXAMPLES, generator=rng)[:BATCH] for _ in range(STEPS)])
    network = Network(rng, norm, activation, after)
    parameters = network.parameters
    values = list(parameters.values())
    optimizer = make_optimizer(values, learning_rate, momentum)

    tensors = {f"initial/{key}": t.detach().clone() for key, t in parameters.items()}
    losses, correct = [], []
    for step, batch in enumerate(order, start=1):
        optimizer.zero_grad()
        logits = network.logits(inputs[batch], training=True)
        loss = F.cross_entropy(logits, labels[batch])
        loss.backward()
        losses.append(loss.item())
        correct.append(count_correct(logits, labels[batch]))
        if step == 1:
            tensors |= {f"gradient1/{key}": t.grad.clone() for key, t in parameters.items()}
            if momentum is None:
                # Adam makes a whole step even of rounding noise, such as the gradient of
                # a bias before a batch norm when its column is positive in every row.
                sizes = torch.cat([t.grad.abs().flatten() for t in values])
                assert sizes[sizes != 0].min() > NOISE, "a gradient that is only noise"
        optimizer.step()
        if step in (1, STEPS):
            tensors |= network.state(f"step{step}")

    tensors |= dict(
        images=images, labels=int32(labels.reshape(-1, 1)), batch_indices=int32(order),
        losses=torch.tensor(losses, dtype=torch.float64), correct=int32(correct),
        **scalars(
            learning_rate=learning_rate, momentum=momentum or 0.0,
            beta1=BETA1, beta2=BETA2, adam_epsilon=ADAM_EPSILON,
            epsilon=EPSILON, running_momentum=RUNNING_MOMENTUM,
        ),
    )
    tensors["inference/logits"] = network.logits(inputs, training=False)
    save(f"training_{name}", tensors)


def main():
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)

    save_cases("batch_norm", [
        norm_case("batch", 10, 2, 3, "identity"),
        norm_case("batch", 11, 7, 5, "identity"),
        norm_case("batch", 12, 7, 5, "sigmoid"),
        norm_case("batch", 13, 7, 5, "relu"),
        norm_case("batch", 14, 7, 5, "tanh"),
        norm_case("batch", 15, 31, 9, "relu"),
    ])
    save_cases("layer_norm", [
        norm_case("layer", 20, 2, 3, "identity"),
        norm_case("layer", 21, 7, 5, "sigmoid"),
        norm_case("layer", 22, 7, 5, "relu"),
        norm_case("layer", 23, 9, 31, "tanh"),
        norm_case("layer_shared", 24, 7, 5, "identity"),
        norm_case("layer_shared", 25, 7, 5, "sigmoid"),
        norm_case("layer_shared", 26, 5, 7, "relu"),
        norm_case("layer_shared", 27, 9, 31, "tanh"),
    ])
    save_cases("rms_norm", [
        norm_case("rms", 60, 2, 3, "identity"),
        norm_case("rms", 61, 7, 5, "sigmoid"),
        norm_case("rms", 62, 5, 7, "relu"),
        norm_case("rms_shared", 63, 7, 5, "tanh"),
        norm_case("rms_shared", 64, 5, 13, "relu"),
    ])
    save_cases("softmax_cross_entropy", [
        cross_entropy_case(30, 2, 3),
        cross_entropy_case(31, 7, 2, extremes=True),
        cross_entropy_case(32, 13, 10),
        cross_entropy_case(33, 13, 10, extremes=True),
        cross_entropy_case(34, 9, 4, ignored=(0, 3, 8)),
    ])
    save_cases("adam", [optimizer_case(40, 9, 0.001), optimizer_case(41, 33, 0.1)])
    save_cases("sgd", [optimizer_case(50, 9, 0.1, 0.0), optimizer_case(51, 33, 0.05, 0.9)])

    # Seeds with which the network learns, and with which the same training in float32 is
    # still within 1e-5 of these losses and parameters at the last step.
    make_training("none_sigmoid_sgd", 142, None, "sigmoid", 0.5)
    make_training("batch_sigmoid_sgd", 219, "batch", "sigmoid", 0.5)
    make_training("batch_relu_momentum", 321, "batch", "relu", 0.05, momentum=0.9)
    make_training("layer_tanh_adam", 402, "layer", "tanh", 0.01, momentum=None)
    make_training("layer_shared_sigmoid_sgd", 537, "layer_shared", "sigmoid", 0.5)
    make_training("batch_after_relu_adam", 610, "batch", "relu", 0.01, momentum=None, after=True)
    make_training("layer_before_relu_sgd", 814, "layer", "relu", 0.5)
    make_training("rms_relu_sgd", 1079, "rms", "relu", 0.1)
    make_training(
        "rms_shared_after_tanh_adam", 1022, "rms_shared", "tanh", 0.01, momentum=None, after=True
    )


if __name__ == "__main__":
    main()
