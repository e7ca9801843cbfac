import pytest

from orchestrator.curves.metric_names import column_of


@pytest.mark.parametrize(
    ("metric", "column"),
    [
        ("fid", "fid"),
        ("fid50k_full", "fid"),
        ("Metrics/fid10k", "fid"),
        ("eval/FID", "fid"),
        ("kid50k_full", "kid"),
        ("metrics/coverage", "coverage"),
        ("metrics/fid_first_half", "fid_first_half"),
        ("hparam/best_fid", "best_fid"),
        ("pr50k3_full_recall", "pr50k3_full_recall"),
    ],
)
def test_a_metric_is_known_with_and_without_its_protocol(metric: str, column: str) -> None:
    assert column_of(metric) == column
