"""``ganorch generate``: samples from a finished generator, as a picture or as numbers."""

from pathlib import Path

import click

from orchestrator.cli.errors import writing_to
from orchestrator.cli.location import LOCATION, Location, local_path
from orchestrator.cli.target import check_target

_FORMATS = (".png", ".npz")
_EACH = "each"


@click.command()
@click.argument("model_dir", type=LOCATION)
@click.option("-n", "num", type=click.IntRange(min=1), default=64, show_default=True)
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="A picture (.png), or the array 'samples' (.npz).",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option(
    "--class", "label", help="Of this class alone, by name or index; 'each' gives -n of every one."
)
@click.option("--force", is_flag=True, help="Replace the file if it exists.")
def generate(
    model_dir: Location,
    *,
    num: int,
    out: Path,
    seed: int,
    label: str | None,
    force: bool,
) -> None:
    """Draw samples from a generator.

    MODEL_DIR is a model folder, or a run folder, which stands for its best generator. A generator
    that knows classes gives them by their shares of the data, unless one is asked for.
    """
    check_target(out, _FORMATS, may_replace=force)

    from gan_models.files import whole_file
    from orchestrator.generators import open_generator

    with local_path(model_dir, "best") as folder:
        model = open_generator(folder)
    if label is None:
        samples = model.draw(num, seed=seed)
    elif label == _EACH:
        samples = model.draw_each_class(num, seed=seed)
    else:
        samples = model.draw_class(label, num, seed=seed)
    with writing_to(out), whole_file(out) as draft, draft.open("wb") as file:
        if out.suffix == ".npz":
            import numpy as np

            np.savez_compressed(file, samples=samples.numpy())
        else:
            from gan_models.grids import draw_grid

            columns = num if label == _EACH else None
            draw_grid(samples, model.sample, columns=columns).save(file, format="PNG")
    click.echo(out)
