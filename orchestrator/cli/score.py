"""``ganorch score``: every metric between two sets."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from orchestrator.cli.location import LOCATION, Location, local_path
from orchestrator.cli.output import print_json, print_table, table_of
from orchestrator.wording import format_fid, format_number

_HEADINGS = ("metric", "value", "± error", "as good as real")
_TITLES = {"fid": "FID", "fid_debiased": "FID debiased", "kid": "KID", "c2st": "C2ST"}


@click.command()
@click.option("--real", required=True, metavar="A", help="A data set by name, or a path.")
@click.option(
    "--fake",
    required=True,
    metavar="B",
    type=LOCATION,
    help="A path of samples, a model folder, or a run folder.",
)
@click.option(
    "--train",
    metavar="T",
    type=click.Path(path_type=Path),
    help="What the generator learnt from: are the fakes copies?  [default: the train split of a "
    "data set by name]",
)
@click.option("--features", default="auto", show_default=True, help="What distances are taken in.")
@click.option(
    "-n",
    "num_fakes",
    type=click.IntRange(min=1),
    help="Fakes.  [default: all, or 2000 of a generator]",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def score(*, fake: Location, as_json: bool, **asked: Any) -> None:
    """Score fake samples against real ones.

    Samples are a folder of images, .npz (as 'samples'), .npy or Parquet; rows of numbers are
    points, or features that you took yourself (--features identity). Of a data set by name the
    certify split is the reference, of your own data every sample.
    """
    from orchestrator.scoring import score_sets

    with local_path(fake, "best") as folder:
        found = score_sets(fake=folder, **asked)
    if found.warning:
        click.echo(f"ganorch: warning: {found.warning}", err=True)
    scored = found.to_mapping()
    if as_json:
        print_json(scored)
        return
    _print_scores(scored)


def _print_scores(scored: dict[str, Any]) -> None:
    protocol, perfect = scored["protocol"], scored["as_good_as_real"]
    table = table_of(*_HEADINGS, right=_HEADINGS[1:])
    for name, value, error in _rows(scored["metrics"]):
        if value is None and name != "fid_debiased":
            continue  # it does not apply, as modes where none are known
        form = _FORMATS.get(name, _format_score)
        cells = (form(number) for number in (value, error, perfect.get(name)))
        table.add_row(_TITLES.get(name, name.replace("_", " ")), *cells)
    print_table(table)
    if scored["metrics"]["fid"]["debiased"] is None:
        click.echo(f"\n{_how_many()}")
    part = "all samples" if protocol["split"] == "all" else f"{protocol['split']} split"
    click.echo(
        f"\n{protocol['n_fake']:,} fakes against {protocol['n_real']:,} reals ({part}), "
        f"features {protocol['features_name']}, protocol {scored['protocol_hash']}"
    )


def _how_many() -> str:
    from gan_models.metrics.frechet_error import MIN_SAMPLES_PER_FEATURE

    enough = f"at least {MIN_SAMPLES_PER_FEATURE} times as many fakes, and reals, as features"
    return f"FID debiased, its error and the FID of real samples need {enough}."


def _rows(metrics: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Yield each number with its name and its standard error, if it has one."""
    fid, kid = metrics["fid"], metrics["kid"]
    yield "fid", fid["value"], None
    yield "fid_debiased", fid["debiased"], fid["standard_error"]
    yield "kid", kid["value"], kid["standard_error"]
    for name, value in metrics.items():
        if name not in ("fid", "kid") and not name.endswith("_standard_error"):
            error = f"{name.removesuffix('_frac')}_standard_error"
            yield name, value, metrics.get(error)


def _format_score(value: object) -> str:
    """Write three decimals, and more where the first three are zeros."""
    if isinstance(value, float) and 0 < abs(value) < 0.01:
        return f"{value:.2g}" if abs(value) >= 1e-4 else f"{value:.1e}"
    return format_number(value, ".3f")


_FORMATS: dict[str, Callable[[object], str]] = {
    "fid": format_fid,
    "fid_debiased": format_fid,
    "modes": lambda value: format_number(value, ".0f"),
}
