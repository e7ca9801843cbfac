import torch
from torch import Tensor, nn

from gan_models.objectives.judge import Judge
from gan_models.objectives.penalties import gradient_penalty, r1

LABELS = torch.tensor([2, 0])
SAMPLES = torch.tensor([[1.0, -2.0], [3.0, 0.5]], dtype=torch.float64)


class PerClass(nn.Module):
    """The logit of x under class y is (y + 1) |x|² / 2, whose gradient is (y + 1) x."""

    def forward(self, samples: Tensor, labels: Tensor) -> Tensor:
        return 0.5 * (labels + 1) * samples.square().sum(1)


class Classifying(nn.Module):
    def forward(self, samples: Tensor, labels: Tensor) -> Tensor:
        logits: Tensor = torch.cat([samples[:, :1], samples, samples[:, :1] - 1], dim=1)
        return logits


def test_without_labels_d_is_asked_as_it_is() -> None:
    judge = Judge(nn.Flatten(0), None)

    assert torch.equal(judge(SAMPLES), SAMPLES.flatten())
    assert judge.class_loss is None


def test_labels_reach_d() -> None:
    expected = torch.tensor([3 * 5.0, 9.25], dtype=torch.float64) / 2
    torch.testing.assert_close(Judge(PerClass(), LABELS)(SAMPLES), expected)


def test_a_d_that_classifies_gives_the_logit_and_the_cost_of_its_classes() -> None:
    judge = Judge(Classifying(), LABELS)

    logits = judge(SAMPLES)

    assert torch.equal(logits, SAMPLES[:, 0])
    classes = torch.tensor([[1.0, -2.0, 0.0], [3.0, 0.5, 2.0]], dtype=torch.float64)
    likely = classes.exp() / classes.exp().sum(1, keepdim=True)
    expected = -(likely[0, 2].log() + likely[1, 0].log()) / 2
    torch.testing.assert_close(judge.class_loss, expected)


def test_penalties_are_of_the_slope_under_the_own_class() -> None:
    judge = Judge(PerClass(), LABELS)
    slopes = torch.tensor([3.0, 1.0], dtype=torch.float64) * SAMPLES.norm(dim=1)

    penalty, logits = r1(judge, SAMPLES)
    between = gradient_penalty(judge, SAMPLES, torch.zeros_like(SAMPLES), torch.ones(2).double())

    torch.testing.assert_close(penalty, 0.5 * slopes.square().mean())
    torch.testing.assert_close(logits.detach(), judge(SAMPLES))
    torch.testing.assert_close(between, (slopes - 1).square().mean())
