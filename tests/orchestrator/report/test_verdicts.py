import pytest

from orchestrator.records import VerdictKind
from orchestrator.report.verdicts import VERDICT_MEANINGS, Tone, verdict_tone


@pytest.mark.parametrize("kind", VerdictKind)
def test_every_verdict_has_a_meaning(kind: VerdictKind) -> None:
    assert VERDICT_MEANINGS[kind]


@pytest.mark.parametrize(
    ("verdict", "tone"),
    [
        (None, Tone.CALM),
        (VerdictKind.PLATEAUED, Tone.CALM),
        (VerdictKind.CONVERGED, Tone.GOOD),
        (VerdictKind.OSCILLATING, Tone.WARN),
        (VerdictKind.DEAD, Tone.BAD),
    ],
)
def test_the_tone_says_how_bad_it_is(verdict: VerdictKind | None, tone: Tone) -> None:
    assert verdict_tone(verdict) is tone
