import pytest

from gan_models.config import LABELLED_LOSS_NAMES, GanConfig
from gan_models.errors import FactoryError, ParameterError
from gan_models.objectives.contract import check_losses
from tests.own_code import LOSS, OwnCode

D_LOSS = "return softplus(-real).mean() + softplus(fake).mean()"
G_LOSS = "return softplus(-fake).mean()"


def test_a_loss_that_keeps_its_promise_passes(own_code: OwnCode) -> None:
    loss = f"{own_code.write(LOSS)}:loss"
    check_losses(GanConfig(d_loss=loss, g_loss=loss))
    check_losses(GanConfig(d_loss=loss, g_loss="hinge"))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return softplus(-real) + softplus(fake)", r"gives \(16,\), must give one number: take"),
        ("return 0.5", "gives float, must give one number"),
        (
            "return (real - fake).mean().double()",
            "as torch.float64, must be a finite torch.float32",
        ),
        ("return real.mean() / 0", "gives -?inf as torch.float32, must be a finite"),
        ("return softplus(-real.detach()).mean()", "has no gradient for its logits"),
        ("return (real - real).mean()", "has no gradient for its logits"),
        ("return (real - real).abs().sqrt().sum()", "has a gradient that is not finite"),
        ("return real[[1, 2], [3, 4]].mean()", r"fails: IndexError: .* \(own_\d+.py, line 6\)"),
        ("return real.bernoulli(0.5).mean() + fake.mean()", "where it gave .*: draw nothing in it"),
    ],
)
def test_what_d_cannot_learn_from_is_refused(own_code: OwnCode, body: str, message: str) -> None:
    loss = f"{own_code.write(LOSS, change=(D_LOSS, body))}:loss"
    where = rf"^d_loss = '{loss}': discriminator\(real_logits, fake_logits\): "
    with pytest.raises(FactoryError, match=where + f".*{message}"):
        check_losses(GanConfig(d_loss=loss))


def test_what_g_cannot_learn_from_is_refused(own_code: OwnCode) -> None:
    loss = f"{own_code.write(LOSS, change=(G_LOSS, 'return -fake'))}:loss"
    with pytest.raises(FactoryError, match=rf"^g_loss = '{loss}': generator\(fake_logits\): gives"):
        check_losses(GanConfig(g_loss=loss))


def test_a_loss_of_ones_own_has_no_labels_to_smooth() -> None:
    with pytest.raises(ParameterError, match=f"no labels; {', '.join(LABELLED_LOSS_NAMES)} have"):
        GanConfig(d_loss="my_gan:loss", real_label_smoothing=0.1)
