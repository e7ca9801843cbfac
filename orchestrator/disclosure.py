"""What is told beside every certificate: how lucky the choice was, and among how much it chose."""

from collections.abc import Mapping
from typing import Any

from orchestrator.wording import format_fid, format_number

Facts = Mapping[str, Any]


def disclose(selection: Facts, certificate: Facts) -> dict[str, str]:
    """Return a sentence for each thing that is known, by its name.

    Journals of earlier versions lack some of the numbers; their sentences are left out.

    Args:
        selection: as ``Selection.to_mapping`` gives it.
        certificate: as ``Certificate.to_mapping`` gives it.
    """
    sentences = {
        "without bias": _debiased(certificate),
        "optimism": _optimism(selection),
        "seed spread": _spread(selection),
        "compared": _comparisons(selection),
        "looked at": _looked_at(selection),
    }
    return {name: text for name, text in sentences.items() if text}


def _debiased(certificate: Facts) -> str:
    low, high = certificate.get("fid_debiased_low"), certificate.get("fid_debiased_high")
    if low is None or high is None:
        return ""
    return (
        f"{format_fid(certificate['fid_debiased'])} [{format_fid(low)}, {format_fid(high)}], "
        "what very many samples would score"
    )


def _optimism(selection: Facts) -> str:
    value = selection.get("optimism")
    if value is None:
        return ""
    if selection["optimism_of"] == "fid_debiased":
        how = f"{_signed(value)} ± {format_fid(selection['optimism_standard_error'])}"
        scored = f"{format_fid(selection['fid_debiased'])} without bias"
    else:
        how, scored = _signed(value), f"{format_fid(selection['fid'])}, biases of both splits in it"
    return f"certificate {how} above the score selected on ({scored})"


def _spread(selection: Facts) -> str:
    if "generation_seed_sd" not in selection:
        return ""
    drawn = format_fid(selection["generation_seed_sd"])
    seeds = selection["training_seeds"]
    trained = (
        f"{format_fid(selection['training_seed_sd'])} over {seeds} training seeds"
        if selection["training_seed_sd"] is not None
        else "not known over training seeds"
    )
    return f"sd of FID {drawn} over {selection['draws']} draws of fakes, {trained}"


def _comparisons(selection: Facts) -> str:
    return "; ".join(_comparison(each) for each in selection.get("comparisons") or ())


def _comparison(found: Facts) -> str:
    if found["gap_frac"] is None:
        return f"no seed in common with {found['other']}"
    gap = format_number(100 * found["gap_frac"], "+.1f")
    if found["p_value"] is None:
        stands = "a tie with" if found["is_tie"] else "ahead of"
        pairs = "1 pair" if found["num_pairs"] == 1 else f"{found['num_pairs']} pairs"
        return (
            f"{stands} {found['other']} ({gap} % over {pairs}, too few to claim that it is better)"
        )
    claim = "better than" if found["is_better"] else "no better than"
    low, high = (format_number(100 * found[f"gap_{end}_frac"], "+.1f") for end in ("low", "high"))
    return (
        f"{claim} {found['other']} ({gap} %, 95 % interval {low} to {high} %, "
        f"p = {found['p_value']:.3f}, {found['num_pairs']} pairs)"
    )


def _looked_at(selection: Facts) -> str:
    if selection.get("trials") is None:
        return ""
    return (
        f"{selection['checkpoints']:,} checkpoints of {selection['trials']:,} trials in training; "
        f"{selection['candidates']:,} of them again, by {selection['evaluations']:,} fresh scores"
    )


def _signed(value: float) -> str:
    return f"{'−' if value < 0 else '+'}{format_fid(abs(value))}"
