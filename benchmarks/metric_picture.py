"""Draw docs/images/metrics_bias.png: Fréchet distances against the number of fakes.

See benchmarks/README.md. Prints the numbers that it draws.
"""

from pathlib import Path

import click
import numpy as np
import torch

from benchmarks.line_chart import Line, Panel, draw_chart
from benchmarks.metric_accuracy import Z_95, Estimates, estimate
from benchmarks.metric_distributions import Distribution, real_and_fake, true_distance

DIM = 64
NUM_FAKES = tuple(2**power for power in range(8, 15))
PICTURE = Path(__file__).resolve().parents[1] / "docs/images/metrics_bias.png"
ORANGE, BLUE, GREEN, BLACK = "#e07b12", "#1f6feb", "#1a7f4b", "#1f2328"


def panel(title: str, found: list[Estimates], truth: float) -> Panel:
    """Draw means over repetitions, with the 95 % error bars that one evaluation has."""
    raw, debiased, error, floor = (
        [float(np.mean(getattr(each, name))) for each in found]
        for name in ("raw", "debiased", "standard_error", "floor")
    )
    lines = [
        Line("raw distance", ORANGE, raw),
        Line("debiased, ± 1.96 standard errors", BLUE, debiased, [Z_95 * each for each in error]),
        Line("floor (perfect generator)", GREEN, floor, is_dashed=True, has_points=False),
        Line("truth", BLACK, [truth] * len(found), is_dashed=True, has_points=False),
    ]
    return Panel(title, NUM_FAKES, lines)


@click.command()
@click.option("--repetitions", default=40, show_default=True, type=click.IntRange(2))
@click.option("--reals", default=10_000, show_default=True)
@click.option("--out", default=PICTURE, type=click.Path(path_type=Path), help="A PNG file.")
def main(repetitions: int, reals: int, out: Path) -> None:
    """Draw bias and error against the number of fakes, for Gaussians of 64 dimensions."""
    torch.set_num_threads(1)
    real, fake = real_and_fake("gaussian", DIM)
    truth = true_distance(real, fake)

    def estimates(of: Distribution, name: str) -> list[Estimates]:
        found = []
        for num_fakes in NUM_FAKES:
            each = estimate(real, of, num_reals=reals, num_fakes=num_fakes, repetitions=repetitions)
            click.echo(
                f"{name} {num_fakes:6d} fakes: raw {each.raw.mean():.4f}, debiased "
                f"{each.debiased.mean():.4f} ± {each.error_of_mean:.4f}, "
                f"floor {each.floor.mean():.4f}"
            )
            found.append(each)
        return found

    panels = [
        panel(f"A generator at distance {truth:.3f}", estimates(fake, "distant"), truth),
        panel("A perfect generator", estimates(real, "perfect"), 0.0),
    ]
    chart = draw_chart(
        panels,
        size=(800, 400),
        y_range=(-0.05, 0.64),
        y_ticks=(0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6),
        title=f"What the number of fakes does to a distance ({DIM} features, {reals:,} reals)",
        x_label="number of fakes",
    )
    chart.quantize(128).save(out, optimize=True)


if __name__ == "__main__":
    main()
