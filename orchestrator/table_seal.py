"""The checksums of a sweep's tables, in a manifest beside them.

The manifest is written before the tables that it vouches for get their names, and vouches for the
former ones too: at any instant it fits what lies there.
"""

from collections.abc import Mapping
from pathlib import Path

from gan_models.errors import DamageError
from gan_models.manifest import check_file, describe_file, read_sealed, write_sealed

_MANIFEST = "manifest.json"


def seal_tables(folder: Path, drafts: Mapping[str, Path]) -> None:
    """Write the manifest of tables that are about to get their names.

    Args:
        folder: of the tables.
        drafts: where each table lies still, by the name that it gets.
    """
    files = {}
    for name, draft in drafts.items():
        lying = [draft, *([folder / name] if (folder / name).exists() else [])]
        files[name] = [describe_file(path) for path in lying]
    write_sealed(folder / _MANIFEST, {"version": 1, "files": files})


def check_table(path: Path) -> None:
    """Check a table against the manifest beside it; a file without one is no table of a sweep's.

    Raises:
        DamageError: naming the file that is damaged, and what mends it.
    """
    manifest = path.with_name(_MANIFEST)
    if not manifest.exists():
        return
    try:
        files = read_sealed(manifest)["files"]
        if path.name in files:
            check_file(path, files[path.name])
    except DamageError as error:
        run = path.parent.parent
        raise DamageError(f"{error}: `ganorch resume {run}` writes the tables anew") from error
