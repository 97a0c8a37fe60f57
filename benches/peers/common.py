"""What the Python scripts here share: the two networks, their data, and the timing."""

import os, statistics, time
from dataclasses import dataclass
from pathlib import Path
import numpy as np

NORMS = ("none", "batch", "layer", "rms")
IMAGES, INPUTS, CLASSES = 1000, 784, 10
LEARNING_RATE, ADAM_EPSILON = 1e-3, 1e-8
NORM_EPSILON, RUNNING_MOMENTUM = 1e-5, 0.1
SAMPLES = 9

@dataclass(frozen=True)
class Network:
    hidden: int
    activation: str
    batch: int
    optimizer: str
    warm_up: int
    steps: int

    def name(self):
        widths = "-".join(map(str, self.widths()))
        return f"{widths} {self.activation}, batch {self.batch}, {self.optimizer}"

    def widths(self):
        return (INPUTS, self.hidden, self.hidden, self.hidden, CLASSES)

NETWORKS = (Network(100, "sigmoid", 60, "SGD", 20, 50), Network(1024, "relu", 128, "Adam", 5, 5))

def data():
    """Random images (u8) and their labels. What they show does not change how long a step takes."""
    random = np.random.default_rng(1)
    images = random.integers(0, 256, (IMAGES, INPUTS), dtype=np.uint8)
    return images, random.integers(0, CLASSES, IMAGES, dtype=np.int32)

def cpu():
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown CPU")

def usable_cpus():
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()

def measure(framework, threads, train):
    """Times every network with every norm. `train(network, norm, images, labels)` gives two functions: one takes
    the indices of a batch and trains one step, the other waits for all work and gives the last loss."""
    print(f"{framework}, {threads} threads, {cpu()}", flush=True)
    images, labels = data()
    for network in NETWORKS:
        # The indices are drawn beforehand: a step gathers, but does not shuffle.
        order = np.random.default_rng(2).permutation(IMAGES).astype(np.int32)
        count = IMAGES // network.batch
        batches = [order[at * network.batch : (at + 1) * network.batch] for at in range(count)]
        for norm in NORMS:
            step, finish = train(network, norm, images, labels)

            def run(steps):
                start = time.perf_counter()
                for at in range(steps):
                    step(batches[at % count])
                loss = finish()
                elapsed = time.perf_counter() - start
                assert np.isfinite(loss), f"{network.name()}, {norm}: the loss is {loss}"
                return 1000 * elapsed / steps

            run(network.warm_up)
            times = [run(network.steps) for _ in range(SAMPLES)]
            median, least, most = statistics.median(times), min(times), max(times)
            print(f"{network.name()}, {norm}: {median:.3f} ms per step (min {least:.3f}, max {most:.3f})", flush=True)
