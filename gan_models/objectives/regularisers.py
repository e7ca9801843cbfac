"""Every regulariser by name: how a spec asks for it, its formula and its source."""

from dataclasses import dataclass

from gan_models.objectives.judgement import PENALTIES


@dataclass(frozen=True)
class Regulariser:
    """``setting`` is what a spec writes for it: ``penalty: r1``."""

    name: str
    setting: str
    formula: str
    source: str


REGULARISERS: dict[str, Regulariser] = {
    entry.name: entry
    for entry in (
        *(
            Regulariser(each.name, f"penalty: {each.name}", each.formula, each.source)
            for each in PENALTIES.values()
            if each.name != "none"
        ),
        Regulariser(
            "spectral-norm",
            "spectral_norm: true",
            "W / σ(W), the largest singular value, in every layer of D",
            "1802.05957, eq. 8",
        ),
        Regulariser(
            "orthogonal",
            "d_orthogonal, g_orthogonal: 0.0001",
            "β Σ |W Wᵀ ⊙ (1 − I)|² over the layers",
            "1809.11096, eq. 3",
        ),
        Regulariser(
            "consistency",
            "consistency_weight: 10",
            "λ E (l(x) − l(T(x)))² for T of augment_policy; if balanced, also of G(z)",
            "1910.12027; 2002.04724",
        ),
        Regulariser(
            "weight-clip",
            "weight_clip: 0.01",
            "w ← min(max(w, −c), c) after each update of D",
            "1701.07875, algorithm 1",
        ),
        Regulariser(
            "label-smoothing",
            "real_label_smoothing, fake_label_smoothing: 0.1",
            "D aims at 1 − α for reals and at β for fakes",
            "1606.03498, section 3.4",
        ),
    )
}
