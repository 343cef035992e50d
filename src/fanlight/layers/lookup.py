"""Which number does a token have? Look-ups in a vocabulary of integers, for a graph knows no strings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from fanlight.errors import UnsupportedOp
from fanlight.ir.graph import Value
from fanlight.ir.types import Type
from fanlight.layers.context import Context
from fanlight.layers.initializers import Listed
from fanlight.layers.observing import batches, numbers
from fanlight.layers.preprocessing import MODES, Encoding
from fanlight.ops import functions as fn

FOLLOWING = {"vocabulary_size", "has_input_vocabulary"}  # keys of Keras's configs that follow from the others


@dataclass(eq=False, repr=False)
class IntegerLookup(Encoding):
    """Integers as their places in a vocabulary, int64: behind 0 for `mask_token` (where there is one) and
    `num_oov_indices` for all other integers, of which x gets number x modulo them. `invert`: places as integers.

    Other output modes are those of CategoryEncoding, without the mask. `adapt` orders the vocabulary by frequency.
    """

    max_tokens: int | None = None
    num_oov_indices: int = 1
    mask_token: int | None = None
    oov_token: int = -1
    vocabulary: Any = None
    vocabulary_dtype: str = "int64"
    invert: bool = False
    output_mode: str = "int"
    pad_to_max_tokens: bool = False
    oov_method: str = "floormod"

    def check(self) -> None:
        if self.output_mode not in MODES or (self.invert and self.output_mode != "int"):
            raise self.error(f"a mode of {MODES}, and int for invert", repr(self.output_mode))
        if self.num_oov_indices < 1 and not self.invert:
            do = "leave one index for integers outside the vocabulary: a graph cannot raise an error on data"
            raise UnsupportedOp(self.label, expected="num_oov_indices of 1 or more", got=self.num_oov_indices, do=do)
        if self.oov_method != "floormod" or self.vocabulary_dtype != "int64":
            got = f"{self.oov_method!r} and {self.vocabulary_dtype!r}"
            raise UnsupportedOp(self.label, expected="oov_method 'floormod' and vocabulary_dtype 'int64'", got=got)
        if (self.max_tokens is None and self.pad_to_max_tokens) or (self.max_tokens or 2) < 2:
            raise self.error("max_tokens above 1, to pad to them", self.max_tokens)
        if self.vocabulary is not None:
            self.set_vocabulary(self.vocabulary)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        return super().from_config({key: value for key, value in config.items() if key not in FOLLOWING})

    @property
    def special(self) -> list[int]:
        """The tokens in front of the vocabulary."""
        masks = [self.mask_token] if self.mask_token is not None and self.output_mode == "int" else []
        return [*masks, *[self.oov_token] * self.num_oov_indices]

    def set_vocabulary(self, vocabulary: Any) -> None:
        """Takes a vocabulary, with or without the special tokens in front, before the layer is used."""
        if self.built_for is not None:
            raise self.error("a layer that was not used yet", "one with its tables")
        tokens = tuple(int(token) for token in numbers(vocabulary)[1])
        special = self.special
        tokens = tokens[len(special) :] if list(tokens[: len(special)]) == special else tokens
        room = len(tokens) if self.max_tokens is None else self.max_tokens - len(special)
        if not tokens or len(set(tokens)) != len(tokens) or self.mask_token in tokens or len(tokens) > room:
            expected = f"different tokens, at most {room} and not the mask token {self.mask_token}"
            raise self.error(expected, f"{len(tokens)} tokens: {tokens[:8]}...")
        self.vocabulary = tokens

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[int]:
        """The tokens by place."""
        return [*(self.special if include_special_tokens else ()), *(self.vocabulary or ())]

    def adapt(self, data: Any) -> None:
        """Learns the vocabulary: the most frequent tokens first, the larger of equally frequent ones first."""
        counts: Counter[int] = Counter()
        for batch in batches(data):
            counts.update(map(int, numbers(batch)[1]))
        for token in (self.mask_token, self.oov_token):
            if token is not None:
                counts.pop(token, None)
        ordered = sorted(counts, key=lambda token: (counts[token], token), reverse=True)
        room = None if self.max_tokens is None else self.max_tokens - len(self.special)
        self.set_vocabulary(ordered[:room])

    def build(self, *types: Type) -> None:
        if self.vocabulary is None:
            raise self.error("a vocabulary", "none", do="call adapt(data) first")
        count, first = len(self.vocabulary), len(self.special)
        if self.invert:
            self.add_weight("tokens", (count,), Listed(self.vocabulary), role="data", dtype="int64")
            return
        ordered = sorted((token, place) for place, token in enumerate(self.vocabulary, first))
        tokens, places = zip(*ordered, strict=True)
        self.add_weight("tokens", (count,), Listed(tokens), role="data", dtype="int64")
        self.add_weight("places", (count,), Listed(places), role="data", dtype="int64")

    def call(self, context: Context, *values: Value) -> Value:
        x, tokens = fn.cast(values[0], "int64"), self.weight(context, "tokens")
        count, first = len(self.vocabulary), len(self.special)
        is_masked = None if self.mask_token is None else fn.equal(x, 0 if self.invert else self.mask_token)
        if self.invert:
            is_known = fn.logical_and(x >= first, x < first + count)
            token = fn.gather(tokens, [fn.clip(x - first, 0, count - 1)])
            y = fn.where(is_known, token, self.oov_token)
            return y if is_masked is None else fn.where(is_masked, self.mask_token, y)
        place = fn.minimum(fn.searchsorted(tokens, x), count - 1)
        is_known = fn.equal(fn.gather(tokens, [place]), x)
        unknown = fn.mod(x, self.num_oov_indices) + (first - self.num_oov_indices)
        y = fn.where(is_known, fn.gather(self.weight(context, "places"), [place]), unknown)
        if is_masked is not None:
            y = fn.where(is_masked, 0 if self.output_mode == "int" else -1, y)
        if self.output_mode == "int":
            return y
        depth = self.max_tokens if self.pad_to_max_tokens else first + count
        return self.encoded(fn.cast(y, "int32"), self.output_mode, int(depth or 0))
