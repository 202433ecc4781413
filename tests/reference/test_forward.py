"""What the torch model of AMNL computes: shapes, pooling, attention, its outputs."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from amnl_reference import AMNL, AMNLConfig, build
from tests.reference.models import SMALL, batch_for, configs, seeded


@given(config=configs(), batch=st.integers(1, 3), training=st.booleans())
@settings(deadline=None)
def test_outputs_have_one_rul_and_one_logit_a_class(config: AMNLConfig, batch: int, training: bool) -> None:
    model = AMNL(config).train(training)
    windows = torch.randn(batch, 8, config.n_features)
    added = 0 if config.kernel_size % 2 else len(config.conv_channels)
    assert model.cnn(windows).shape == (batch, 8 + added, config.conv_channels[-1])
    rul, health = model(windows)
    assert rul.shape == (batch,)
    assert health.shape == (batch, config.n_classes)
    assert torch.isfinite(torch.cat([rul, health.flatten()])).all()
    assert not config.rul_relu_output or (rul >= 0).all()


@given(config=configs())
@settings(deadline=None)
def test_samples_of_a_batch_do_not_see_each_other(config: AMNLConfig) -> None:
    model = AMNL(config).double().eval()
    windows = torch.randn(3, 8, config.n_features, dtype=torch.float64)
    together = model(windows)
    for output, alone in zip(together, zip(*(model(window[None]) for window in windows), strict=True), strict=True):
        torch.testing.assert_close(output, torch.cat(alone))


def test_pooling_takes_the_mean_or_the_last_step() -> None:
    mean = seeded("book", **SMALL).eval()
    last = seeded("book", **SMALL, pooling="last").eval()
    last.load_state_dict(mean.state_dict())
    windows, _, _ = batch_for(mean)
    encoded = mean.attention[0](mean.lstm(mean.cnn(windows)))
    torch.testing.assert_close(mean(windows)[0], mean.rul_head(encoded.mean(1)).squeeze(1))
    torch.testing.assert_close(last(windows)[0], last.rul_head(encoded[:, 29]).squeeze(1))
    assert not torch.allclose(mean(windows)[0], last(windows)[0])


def test_attention_adds_its_input_before_the_norm() -> None:
    block = seeded("book", **SMALL).eval().attention[0]
    encoded = torch.randn(2, 30, 12)
    attended, _ = block.get_submodule("mha")(encoded, encoded, encoded)
    torch.testing.assert_close(block(encoded), block.get_submodule("norm")(encoded + attended))


def test_relu_output_clips_the_rul_and_leaves_the_health_state() -> None:
    free = seeded("book", **SMALL).eval()
    clipped = seeded("book", **SMALL, rul_relu_output=True).eval()
    windows, _, _ = batch_for(free, 64)
    centre = free(windows)[0].detach().median()
    for model in (free, clipped):
        model.rul_head.get_submodule("fc2").bias.data -= centre
    rul, health = free(windows)
    assert (rul < 0).any()
    assert (rul > 0).any()
    torch.testing.assert_close(clipped(windows), (rul.clamp(min=0), health))


@pytest.mark.parametrize("shape", [(30, 17), (2, 30, 14), (2, 17, 30)])
def test_forward_names_the_window_it_expects(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"window of shape \(.*\), expected \(batch, time, 17\)"):
        build("book", **SMALL)(torch.zeros(shape))
