"""A group whose commands are imported when they are asked for, after the idea in Click's docs."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from gan_models.errors import nearest


class LazyGroup(click.Group):
    """Knows its commands by where they are; lists them in the order in which they were given.

    Args:
        places: ``module:attribute`` of each command, by name.
        args: as for ``click.Group``.
        kwargs: as for ``click.Group``.
    """

    def __init__(self, *args: Any, places: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._places = dict(places)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return every name."""
        return list(self._places)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command; None if there is none of this name."""
        if cmd_name not in self._places:
            return None
        module, _, attribute = self._places[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that a line begins with; suggests the nearest name."""
        is_unknown = args[0] not in self._places and not args[0].startswith("-")
        if is_unknown and not ctx.resilient_parsing:
            ctx.fail(f"no command '{args[0]}': {nearest(args[0], self._places)}")
        return super().resolve_command(ctx, args)
