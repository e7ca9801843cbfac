"""``ganorch score``: every metric between two sets."""

from pathlib import Path
from typing import Any

import click

from orchestrator.cli.output import print_json, print_table, table_of


@click.command()
@click.option("--real", required=True, metavar="A", help="A data set by name, or a path.")
@click.option(
    "--fake",
    required=True,
    metavar="B",
    type=click.Path(path_type=Path),
    help="A path of samples, a model folder, or a run folder.",
)
@click.option("--features", default="auto", show_default=True, help="What distances are taken in.")
@click.option(
    "-n", "num", type=click.IntRange(min=1), help="Fakes.  [default: all, or 2000 of a generator]"
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def score(
    *, real: str, fake: Path, features: str, num: int | None, seed: int, as_json: bool
) -> None:
    """Score fake samples against real ones.

    Samples are a folder of images, .npz, .npy or Parquet. Of a data set by name the certify split
    is the reference, of your own data every sample.
    """
    from orchestrator.scoring import score_sets

    scored = score_sets(real, fake, features=features, num_fakes=num, seed=seed).to_mapping()
    if as_json:
        print_json(scored)
        return
    _print_scores(scored)


def _print_scores(scored: dict[str, Any]) -> None:
    from orchestrator.wording import format_fid, format_number

    protocol = scored["protocol"]
    fid, *others = scored["metrics"].items()
    halves = " and ".join(format_fid(fid[1][name]) for name in ("half_a", "half_b"))
    table = table_of("metric", "value", "", right=("value",))
    table.add_row("FID", format_fid(fid[1]["value"]), f"{halves} on either half of the fakes")
    for name, value in others:
        form = ".0f" if name == "modes" else ".3f"
        table.add_row(name.replace("_", " "), format_number(value, form), "")
    print_table(table)
    part = "all samples" if protocol["split"] == "all" else f"{protocol['split']} split"
    click.echo(
        f"\n{protocol['n_fake']:,} fakes against {protocol['n_real']:,} reals ({part}), "
        f"features {protocol['features_name']}, protocol {scored['protocol_hash']}"
    )
