"""``ganorch``: the commands, and where each of them is."""

from typing import Any

import click

from orchestrator.cli.errors import one_line_errors
from orchestrator.cli.lazy_group import LazyGroup

_COMMANDS = "orchestrator.cli"
_PLACES = {
    "run": f"{_COMMANDS}.run:run",
    "resume": f"{_COMMANDS}.resume:resume",
    "status": f"{_COMMANDS}.status:status",
    "results": f"{_COMMANDS}.results:results",
    "train": f"{_COMMANDS}.train:train",
    "generate": f"{_COMMANDS}.generate:generate",
    "score": f"{_COMMANDS}.score:score",
    "judge": f"{_COMMANDS}.judge:judge",
    "simulate": f"{_COMMANDS}.simulate:simulate",
    "select": f"{_COMMANDS}.select:select",
    "verify": f"{_COMMANDS}.verify:verify",
    "audit": f"{_COMMANDS}.audit:audit",
    "export": f"{_COMMANDS}.export:export",
    "report": f"{_COMMANDS}.report:report",
    "tensorboard": f"{_COMMANDS}.tensorboard:tensorboard",
    "list": f"{_COMMANDS}.listing:listing",
    "cluster": f"{_COMMANDS}.cluster:cluster",
    "submit": f"{_COMMANDS}.jobs:submit",
    "jobs": f"{_COMMANDS}.jobs:jobs",
    "logs": f"{_COMMANDS}.jobs:logs",
    "cancel": f"{_COMMANDS}.jobs:cancel",
}


class Application(LazyGroup):
    """The root: an expected error leaves it as one line with an exit code."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Read the words in front of the command."""
        with one_line_errors():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        """Read the rest of the line, and carry it out."""
        with one_line_errors():
            return super().invoke(ctx)


@click.group(
    "ganorch",
    cls=Application,
    places=_PLACES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="gan-orchestrator", prog_name="ganorch")
def app() -> None:
    """Sweeps of GAN training that decide for themselves.

    Which trials are broken, futile or outclassed, and which generator to ship.
    """


def main(argv: list[str] | None = None) -> int:
    """Run one command line and return its exit code; the console script."""
    try:
        app.main(args=argv, prog_name="ganorch")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 0
