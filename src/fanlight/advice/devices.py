"""On which devices will visitors come? Classes of them, by what one core can do at most.

A time measured here becomes an estimate elsewhere by the ratio of the peaks: code that computes scales so; code that
waits for memory or for other threads does not, hence "estimate"."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Device:
    """`gflops`: multiply-adds of 128-bit SIMD on one core, as 2 operations x 4 lanes x units x clock.
    `slowdown`: how much less of that real code reaches than on the machine it was measured on."""

    name: str
    gflops: float
    slowdown: float
    reason: str


DEVICES = (
    Device("recent laptop", 100.0, 1.0, "four units of 128 bits at 3.2 GHz, or two at more"),
    Device("office laptop", 45.0, 1.0, "two units at 2.8 GHz"),
    Device("recent phone", 50.0, 1.3, "two to four units at 2.8 GHz, throttled when warm"),
    Device("budget phone", 16.0, 2.0, "a small in-order core: one unit at 2 GHz"),
)


def estimate(milliseconds: float, peak: float, device: Device) -> float:
    """The time on `device` of what takes so long on a core with this peak, in GFLOP/s."""
    return milliseconds * peak / device.gflops * device.slowdown
