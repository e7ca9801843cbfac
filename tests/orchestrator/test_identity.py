import hashlib
import json
import os
import re
import subprocess
import sys
from typing import Any

import pytest

from orchestrator.identity import trial_id

PARAMS: dict[str, Any] = {"network": "mlp", "d_lr": 0.0002, "d_steps": 2, "spectral_norm": False}


def decode(name: str) -> int:
    """Read a pair of proquints by the table of the paper: 4 bits a consonant, 2 bits a vowel."""
    bits = {letter: f"{value:04b}" for value, letter in enumerate("bdfghjklmnprstvz")}
    bits |= {letter: f"{value:02b}" for value, letter in enumerate("aiou")}
    return int("".join(bits[letter] for letter in name.replace("-", "")), 2)


def test_a_name_is_a_pair_of_words_one_can_say() -> None:
    names = {trial_id(PARAMS, seed) for seed in range(200)}
    word = "[bdfghjklmnprstvz][aiou][bdfghjklmnprstvz][aiou][bdfghjklmnprstvz]"
    assert all(re.fullmatch(f"{word}-{word}", name) for name in names)
    assert len(names) == 200


def test_a_name_spells_the_hash_of_the_content() -> None:
    text = json.dumps({"params": PARAMS, "seed": 7}, sort_keys=True)
    digest = hashlib.sha256(text.encode()).digest()
    assert decode(trial_id(PARAMS, 7)) == int.from_bytes(digest[:4], "big")
    assert decode("lusab-babad") == 0x7F000001  # the example of the paper


def test_names_stay_what_they_are_from_version_to_version() -> None:
    assert trial_id(PARAMS, 7) == "bubap-fatuk"
    assert trial_id({}, 0) == "nizop-gadaf"


def test_another_process_gives_the_same_name() -> None:
    code = f"from orchestrator.identity import trial_id; print(trial_id({PARAMS!r}, 7))"
    environment = {**os.environ, "PYTHONHASHSEED": "12345"}
    command = [sys.executable, "-c", code]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == trial_id(PARAMS, 7)


def test_the_order_of_parameters_does_not_matter() -> None:
    assert trial_id(dict(reversed(PARAMS.items())), 7) == trial_id(PARAMS, 7)


@pytest.mark.parametrize(
    "change",
    [{"network": "dcgan"}, {"d_lr": 0.00020000000000000004}, {"d_steps": 3}, {"width": 64}],
)
def test_every_parameter_counts(change: dict[str, Any]) -> None:
    assert trial_id(PARAMS | change, 7) != trial_id(PARAMS, 7)


def test_the_seed_counts() -> None:
    assert trial_id(PARAMS, 8) != trial_id(PARAMS, 7)


def test_a_parameter_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        trial_id({"d_lr": float("nan")}, 0)
