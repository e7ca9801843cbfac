import pytest

from orchestrator.errors import UsageError
from orchestrator.storage.uri import is_uri, parse_uri


@pytest.mark.parametrize(
    "text",
    [
        "s3://bucket/runs/digits",
        "s3://bucket/digits?endpoint_override=127.0.0.1:5000&scheme=http",
        "gs://bucket/digits",
        "file:///mnt/runs/digits",
    ],
)
def test_a_uri_is_written_as_it_was_read(text: str) -> None:
    assert str(parse_uri(text)) == text
    assert is_uri(text)


def test_a_slash_at_the_end_names_the_same_folder() -> None:
    assert parse_uri("s3://bucket/digits/") == parse_uri("s3://bucket/digits")


def test_what_lies_inside_keeps_the_options() -> None:
    inside = parse_uri("s3://bucket/digits?region=eu-west-1") / "best"
    assert str(inside) == "s3://bucket/digits/best?region=eu-west-1"
    assert inside.name == "best"
    assert [each.path for each in inside.parents] == ["digits"]


@pytest.mark.parametrize("text", ["runs/digits", "/mnt/runs", "C:/runs"])
def test_a_path_is_no_uri(text: str) -> None:
    assert not is_uri(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hdfs://host/run", r"hdfs://: .* allowed are s3://, gs://, file://"),
        ("s3://bucket", "name a folder as s3://bucket/folder"),
        ("s3:///run", "name a folder as s3://bucket/folder"),
        ("file://host/run", "name a folder as file:///folder"),
        ("s3://bucket/run?zone=a", "'zone' .* allowed are endpoint_override, region, scheme"),
        ("file:///run?a=b", "allowed are none"),
    ],
)
def test_a_uri_that_cannot_be_meant_is_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_uri(text)


@pytest.mark.parametrize(
    "text",
    [
        "s3://key:hidden@bucket/run",
        "s3://bucket/run?endpoint_override=key:hidden@host",
        "s3://bucket/run?secret_key=hidden",
        "s3://bucket/run?access_key=hidden",
    ],
)
def test_credentials_are_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(UsageError, match="credentials come from|must hold no credentials") as error:
        parse_uri(text)
    assert "hidden" not in str(error.value)
