import pytest
from jinja2 import UndefinedError

from cluster.manifests.template import fill_template


def test_a_value_that_is_missing_is_no_empty_text() -> None:
    with pytest.raises(UndefinedError):
        fill_template("sweep.service.j2")
