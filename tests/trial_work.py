"""Workers of cheap sweeps; no test module, so that other processes can import it."""

from __future__ import annotations

import os
import signal
import sys

import numpy as np
from optuna.samplers import RandomSampler

from pathgnn.train.pruner import pruner_of
from pathgnn.train.search_space import Choices, Range
from pathgnn.train.trial_store import open_store
from pathgnn.train.trials import Search, work

SPACE = {"x": Range(-4.0, 4.0, False), "word": Choices(("a", "b"))}
PLANNED = [{"x": 3.0, "word": "b"}, *({"x": (i * 7 % 40) / 10 - 2, "word": "a"} for i in range(39))]


def search(n=40, **more):
    """A plan whose least value lies at place 32, where x is 0.4."""
    return Search(SPACE, PLANNED[:n], 0, lambda seed: RandomSampler(seed=seed), **more)


def square(values, report):
    """The distance of x from 0.4, squared; the losses of ten blocks differ by some noise."""
    noise = np.random.default_rng(int(10 * values["x"]) + 50).normal(0, 3, 10)
    risk = (values["x"] - 0.4) ** 2
    report(0, risk, ((risk + noise - noise.mean()) / 10).tolist())
    return (risk,)


def opened(where, pruner="none", directions=("minimize",)):
    """The store of these tests."""
    return open_store(where, "test", directions, None, pruner_of(pruner))


def dies_at(number):
    """As `square`, but the process is killed in the middle of its trial of this number."""
    done = []

    def objective(values, report):
        if len(done) == number:
            os.kill(os.getpid(), signal.SIGKILL)
        done.append(values)
        return square(values, report)

    return objective


if __name__ == "__main__":
    work(opened(sys.argv[1]), search(int(sys.argv[2])), dies_at(int(sys.argv[3])))
