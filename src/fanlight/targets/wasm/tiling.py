"""Into tiles of how many rows is a row axis cut? The price of a tile on this target, and the cheapest cut.

In: an extent, the target. Out: counts of rows. Prices are in cycles: of one step of the sums of a tile.
"""

from __future__ import annotations

from functools import lru_cache

from fanlight.ir.target import Target

# Cycles of one step of a tile of r rows by 8 columns, measured in Chromium and Firefox on Zen 5 (bench/pointwise): few
# rows leave too few sums to hide the latency of an addition, or need more loads than products.
_PRICES = {True: (1.6, 2.4, 4.4, 4.8, 5.4), False: (1.9, 2.6, 3.5, 4.5, 5.5)}
_BEYOND = 2.0  # a row of a tile with more than five, whose sums do not fit into registers
_START = 0.25  # beginning and ending a tile, spread over the steps of a sum of medium length
_ACCUMULATORS = 10  # of 16 registers (Firefox gives 15), beside one factor and one vector of the other


def chains(rows: int, vectors: int, target: Target) -> int:
    """How many interleaved sums a tile needs to keep the processor busy.

    Without fused arithmetic one: then each sum is in the order of its indices, in whatever tile its row lies."""
    if not target.fused:
        return 1
    return next(count for count in (4, 2, 1) if count == 1 or count * rows * vectors <= _ACCUMULATORS)


def tile_price(rows: int, target: Target) -> float:
    """The price of one step of one tile."""
    prices = _PRICES[target.fused]
    return (prices[rows - 1] if rows <= len(prices) else _BEYOND * rows) + _START


@lru_cache(maxsize=1024)
def cut_rows(rows: int, largest: int, target: Target) -> tuple[tuple[int, int], ...]:
    """The cheapest cut into tiles of at most `largest` rows and two sizes: (size, count) pairs, larger size first."""
    best: tuple[float, tuple[tuple[int, int], ...]] | None = None
    for size in range(min(largest, rows), 0, -1):
        for count in range(rows // size, max(rows // size - size, 0), -1):
            left = rows - count * size
            rest = [r for r in range(1, size) if left % r == 0] if left else [0]
            for other in rest:
                cut = ((size, count), (other, left // other)) if other else ((size, count),)
                price = sum(number * tile_price(r, target) for r, number in cut) * (1 + 0.01 * len(cut))
                if best is None or price < best[0]:
                    best = price, cut
    return best[1] if best else ()


def best_tile(rows: int, target: Target) -> int:
    """The most rows of a tile for a row axis of this static extent."""
    return cut_rows(rows, target.tile[0], target)[0][0]
