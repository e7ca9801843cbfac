from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from cluster.manifests import words


@pytest.mark.parametrize(
    ("kind", "good"),
    [
        (words.Name, ["a", "a-1", "a" * 26]),
        (words.KubernetesName, ["default", "1a.b-c"]),
        (words.LocalFolder, ["/tmp", "/local/scratch"]),
        (words.Choice, ["gpu", "gpu,cpu", "a100|h100", "a&b"]),
        (words.Host, ["10.0.0.1", "head-1.example.org"]),
        (words.HostPath, ["/mnt/runs", "/a.b/c_d=e,f@g+h-i"]),
        (words.HomePath, ["~/.ray/auth_token", "/etc/token"]),
        (words.Folder, ["/mnt/runs", "s3://bucket/runs", "gs://b-1/a/b"]),
        (words.Program, ["python3", "/opt/a/bin/python3.11"]),
        (words.Image, ["a", "registry.example.org:5000/a/b:0.1.0", "a@sha256:0f"]),
        (words.LabelKey, ["a", "nvidia.com/gpu.product"]),
        (words.Label, ["", "NVIDIA-A100-SXM4-80GB"]),
        (words.Line, ["", "module load cuda/12 && echo \"$HOME\" # 'all'"]),
    ],
)
def test_what_people_write_passes_as_it_is(kind: Any, good: list[str]) -> None:
    for text in good:
        assert TypeAdapter(kind).validate_python(text) == text


@pytest.mark.parametrize(
    ("kind", "bad"),
    [
        (words.Name, ["", "A", "1a", "a-", "a_b", "a" * 27]),
        (words.KubernetesName, ["", "-a", "a-", "A", "a" * 64]),
        (words.LocalFolder, ["tmp", "/", "/" + "a" * 20]),
        (words.Choice, ["", "a b", "a;b", "a\nb"]),
        (words.Host, ["", "a:1", "a/b", "[::1]"]),
        (words.HostPath, ["", "a", "/a/", "/a b", "/a//b", "~/a", "/a$b", "/a%b"]),
        (words.HomePath, ["~", "~a/b", "a"]),
        (words.Folder, ["http://a/b", "s3://", "s3://b", "runs"]),
        (words.Program, ["", "a b", "./a", "a/b", "python; rm"]),
        (words.Image, ["", "a b", "A", "a" * 501]),
        (words.LabelKey, ["", "/a", "a/b/c", "a b"]),
        (words.Label, ["-a", "a-", "a b", "a" * 64]),
        (words.Line, ["a\nb", "a\x07"]),
        (words.Word, ["", "a b", "$a", "`a`", "a'b", 1, None, ["a"]]),
    ],
)
def test_what_cannot_be_meant_is_told_what_is(kind: Any, bad: list[Any]) -> None:
    for value in bad:
        with pytest.raises(ValidationError, match="must be "):
            TypeAdapter(kind).validate_python(value)
