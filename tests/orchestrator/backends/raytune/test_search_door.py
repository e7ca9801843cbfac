from pathlib import Path

import pytest

from orchestrator.backends.raytune.search_door import SearchDoor
from tests.orchestrator.scripted import opened_search


def test_the_first_error_of_the_search_is_kept_and_raised(tmp_path: Path) -> None:
    with opened_search(tmp_path) as search:
        door = SearchDoor(search)
        with door.opened() as inside:
            assert inside is search
        assert door.error is None
        first, second = OSError("disk full"), KeyboardInterrupt()
        for error in (first, second):
            with pytest.raises(type(error)), door.opened():
                raise error
        assert door.error is first
