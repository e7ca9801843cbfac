"""Tests of a final set of fakes: can they be told from reals, and are they copies?"""

from torch import Tensor

from gan_models.metrics.memorisation import memorisation
from gan_models.metrics.reference import Reference
from gan_models.metrics.scores import Scrutiny
from gan_models.metrics.two_sample import two_sample_accuracy


def scrutinise(fakes: Tensor, reference: Reference, train: Tensor | None, *, seed: int) -> Scrutiny:
    """Test the features of fakes against those of held-out reals.

    Args:
        fakes: m x d features.
        reference: reals that the generator did not learn from.
        train: the features of those that it did learn from; None if they are not known.
        seed: of the draw of training and test samples for the classifier.

    Raises:
        MetricError: if there are too few samples.
    """
    told_apart = two_sample_accuracy(reference.features, fakes, seed=seed)
    if train is None:
        return Scrutiny(c2st=told_apart.accuracy, c2st_standard_error=told_apart.standard_error)
    copied = memorisation(train, reference.features, fakes)
    return Scrutiny(
        c2st=told_apart.accuracy,
        c2st_standard_error=told_apart.standard_error,
        closer_to_train_frac=copied.closer_frac,
        closer_to_train_standard_error=copied.standard_error,
        copies_frac=copied.copies_frac,
        fair_copies_frac=copied.fair_copies_frac,
    )
