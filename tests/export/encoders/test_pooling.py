"""Words from pieces: mean and max over the real pieces, whatever padding holds."""

from __future__ import annotations

import pytest
import torch

from gliner2_export.encoders.pooling import POOLINGS, check_pooling, pool_pieces, reads_pieces


def test_words_without_pieces_pool_to_zero() -> None:
    states = torch.tensor([[[-1.0], [-3.0], [5.0], [7.0]]])  # two words of two pieces
    pieces = torch.tensor([[[1.0, 1.0], [0.0, 0.0]]])
    assert pool_pieces(states, pieces, pooling="max").tolist() == [[[-1.0], [0.0]]]
    assert pool_pieces(states, pieces, pooling="mean").tolist() == [[[-2.0], [0.0]]]


@pytest.mark.parametrize("pooling", ["mean", "max"])
def test_each_word_is_pooled_over_its_real_pieces(pooling: str) -> None:
    states = torch.randn(2, 3 * 4, 5, generator=torch.Generator().manual_seed(0))  # 3 words of up to 4 pieces
    counts = torch.tensor([[1, 4, 2], [3, 2, 1]])
    pieces = (torch.arange(4) < counts.unsqueeze(-1)).float()
    pooled = pool_pieces(states, pieces, pooling=pooling)
    assert pooled.shape == (2, 3, 5)
    for sample in range(2):
        for word in range(3):
            real = states[sample, 4 * word : 4 * word + counts[sample, word]]
            expected = real.mean(0) if pooling == "mean" else real.amax(0)
            torch.testing.assert_close(pooled[sample, word], expected)


def test_unknown_names_are_refused() -> None:
    assert [check_pooling(name) for name in POOLINGS] == ["first", "mean", "max"]
    assert [reads_pieces(name) for name in POOLINGS] == [False, True, True]
    with pytest.raises(ValueError, match="one of first, mean, max, got 'last'"):
        check_pooling("last")
