"""What each verdict means in a few words, and in which tone a page shows it."""

from enum import StrEnum

from orchestrator.records import VerdictKind


class Tone(StrEnum):
    """A class of colour in the style sheet."""

    GOOD = "good"
    CALM = "calm"
    WARN = "warn"
    BAD = "bad"


VERDICT_MEANINGS = {
    VerdictKind.WARMING_UP: "too early for an opinion",
    VerdictKind.IMPROVING: "still gaining beyond the noise of the metric",
    VerdictKind.PLATEAUED: "shown to be flat, short of the quality asked for",
    VerdictKind.CONVERGED: "shown to be flat, at the quality asked for",
    VerdictKind.OSCILLATING: "swings more than the noise of the metric explains",
    VerdictKind.DEGRADED: "lastingly worse than its own best",
    VerdictKind.JUNK_FEEDBACK: "gets worse while D cannot tell real from fake",
    VerdictKind.DISCRIMINATOR_OVERPOWERED: "D wins so clearly that G no longer learns",
    VerdictKind.COLLAPSED: "lost its diversity and did not recover",
    VerdictKind.DIVERGED: "far worse than an untrained generator",
    VerdictKind.DEAD: "a number is no longer finite",
}
_TONES = {
    Tone.GOOD: {VerdictKind.CONVERGED, VerdictKind.IMPROVING},
    Tone.BAD: {VerdictKind.COLLAPSED, VerdictKind.DIVERGED, VerdictKind.DEAD},
    Tone.WARN: {
        VerdictKind.OSCILLATING,
        VerdictKind.DEGRADED,
        VerdictKind.JUNK_FEEDBACK,
        VerdictKind.DISCRIMINATOR_OVERPOWERED,
    },
}


def verdict_tone(verdict: VerdictKind | None) -> Tone:
    """Return the tone that a verdict is shown in."""
    return next((tone for tone, kinds in _TONES.items() if verdict in kinds), Tone.CALM)
