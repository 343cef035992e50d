"""How long do a dense network and large products take with two threads, beside all peers with two?"""

from __future__ import annotations

from dataclasses import replace

from contests.contest import run_contest
from contests.matmul import product
from contests.mlp import perceptron
from report import Report

THREADS, SIZES = 2, (512, 1024)
TITLE = f"a dense network and products of matrices, {THREADS} threads each"


def measure(quick: bool) -> Report:
    """What pages call: with several threads there is no bare function."""
    jobs = [perceptron(), *(product(n) for n in SIZES)]
    return run_contest("threaded", TITLE, [replace(job, fastest=None) for job in jobs], quick, THREADS)
