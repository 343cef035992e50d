"""Is what Fanlight does not have refused with a clear word, where Keras has an argument for it?"""

import pytest

from fanlight.errors import UnsupportedOp
from fanlight.ops import functions as fn


def test_what_attention_has_on_other_machines_only():
    x = fn.zeros((1, 3, 2, 4))
    for option in ({"flash_attention": True}, {"attn_logits_soft_cap": 30.0}):
        with pytest.raises(UnsupportedOp, match="dot_product_attention: expected neither flash attention nor"):
            fn.dot_product_attention(x, x, x, **option)
    fn.dot_product_attention(x, x, x, flash_attention=False)


def test_beam_search():
    with pytest.raises(UnsupportedOp, match='ctc_decode: expected strategy="greedy"'):
        fn.ctc_decode(fn.zeros((1, 3, 4)), fn.zeros((1,), "int32"), strategy="beam_search")
