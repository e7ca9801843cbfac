from math import isnan

from gan_models.metrics.scores import Scores


def test_scores_that_were_not_computed_are_nan() -> None:
    values = Scores(fid=3.0).to_mapping()
    assert values.pop("fid") == 3.0
    assert all(isnan(value) for value in values.values())


def test_scores_bear_the_names_of_the_recorded_columns() -> None:
    assert list(Scores(fid=0.0).to_mapping()) == [
        *("fid", "fid_a", "fid_b", "fid_debiased", "fid_standard_error"),
        *("kid", "kid_standard_error", "precision", "recall", "density", "coverage"),
        *("vendi", "bins_differing_frac"),
        *("modes", "mode_entropy", "reverse_kl", "high_quality_frac"),
    ]
