from dataclasses import fields

from orchestrator.columns import COLUMN_MEANINGS
from orchestrator.records import Evaluation


def test_every_recorded_column_has_a_meaning_and_no_other() -> None:
    assert list(COLUMN_MEANINGS) == [spec.name for spec in fields(Evaluation)]
    assert all(COLUMN_MEANINGS.values())
