import sys

import click
import pytest

from orchestrator.cli.lazy_group import LazyGroup

PLACES = {"zebra": "json:tool", "spaces": "orchestrator.cli.listing:spaces"}


@pytest.fixture
def group() -> LazyGroup:
    return LazyGroup("group", places=PLACES)


@pytest.fixture
def context(group: LazyGroup) -> click.Context:
    return click.Context(group, info_name="group")


def test_names_are_known_without_an_import_in_the_order_given(
    monkeypatch: pytest.MonkeyPatch, group: LazyGroup, context: click.Context
) -> None:
    monkeypatch.delitem(sys.modules, "orchestrator.cli.listing", raising=False)
    assert group.list_commands(context) == ["zebra", "spaces"]
    assert "orchestrator.cli.listing" not in sys.modules


def test_a_command_is_imported_when_it_is_asked_for(
    group: LazyGroup, context: click.Context
) -> None:
    command = group.get_command(context, "spaces")
    assert command is not None
    assert command.name == "spaces"
    assert group.get_command(context, "space") is None


def test_an_unknown_name_gets_the_nearest_one(group: LazyGroup, context: click.Context) -> None:
    with pytest.raises(click.UsageError, match="no command 'spces': did you mean 'spaces'"):
        group.resolve_command(context, ["spces"])


def test_an_option_in_place_of_a_command_is_called_an_option(
    group: LazyGroup, context: click.Context
) -> None:
    with pytest.raises(click.NoSuchOption):
        group.resolve_command(context, ["--spaces"])


def test_completion_finds_no_command_without_complaint(
    group: LazyGroup, context: click.Context
) -> None:
    context.resilient_parsing = True
    assert group.resolve_command(context, ["spces"])[1] is None
