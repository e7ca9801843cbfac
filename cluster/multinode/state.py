"""What is known of a local cluster: one folder, which only its owner can read."""

import json
import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Self

from cluster.errors import ClusterError

HOME = "GANORCH_HOME"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,30}")
_FILE, _GCS, _LOG = "cluster.json", "gcs", "supervisor.log"
HEAD = "head"


@dataclass(frozen=True, kw_only=True)
class LocalNode:
    """One node: its name, its address, and what trials may use of it."""

    name: str
    address: str
    cpus: int
    gpus: int


@dataclass(frozen=True, kw_only=True)
class ClusterState:
    """All that has to be known to reach a cluster, to mend its head, and to end it.

    Args:
        folder: where this is kept.
        mark: what every process of it carries in its environment.
        address: ``HOST:PORT`` to join it by.
        dashboard: ``HOST:PORT`` of its HTTP door, for jobs.
        client_port: of Ray Client, which cannot be switched off.
        token_file: where the token lies; never the token.
        temp_dir: of Ray: sockets and logs.
        storage: as of :func:`cluster.settings.head_settings`.
        nodes: the head first.
    """

    folder: Path
    mark: str
    address: str
    dashboard: str
    client_port: int
    token_file: str
    temp_dir: str
    storage: str | None
    nodes: tuple[LocalNode, ...]

    @property
    def name(self) -> str:
        """Return the name that commands know it by: that of its folder."""
        return self.folder.name

    @property
    def log(self) -> Path:
        """Return where the supervisor of the head says what it did."""
        return self.folder / _LOG

    @property
    def network(self) -> str:
        """Return what the addresses of its nodes begin with."""
        return self.address.rpartition(".")[0]

    @property
    def head(self) -> LocalNode:
        """Return the node that holds the cluster together."""
        return self.nodes[0]

    def node(self, name: str) -> LocalNode:
        """Return a node by its name.

        Raises:
            ClusterError: if there is none.
        """
        for node in self.nodes:
            if node.name == name:
                return node
        names = ", ".join(node.name for node in self.nodes)
        raise ClusterError(f"no node '{name}' in cluster '{self.name}': it has {names}")

    def with_nodes(self, nodes: Sequence[LocalNode]) -> Self:
        """Return the same cluster with other nodes."""
        return replace(self, nodes=tuple(nodes))

    def save(self) -> None:
        """Write it, whole or not at all."""
        plain = {**asdict(self), "folder": None}
        draft = self.folder / f".{_FILE}"
        draft.write_text(json.dumps(plain, indent=2) + "\n", encoding="utf-8")
        draft.replace(self.folder / _FILE)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read it.

        Raises:
            ClusterError: if there is no such cluster, or the file is damaged.
        """
        try:
            plain = json.loads((folder / _FILE).read_text(encoding="utf-8"))
            nodes = tuple(LocalNode(**node) for node in plain["nodes"])
            return cls(**{**plain, "nodes": nodes, "folder": folder})
        except FileNotFoundError:
            raise ClusterError(
                f"no cluster '{folder.name}' runs on this machine (looked in {folder.parent})"
            ) from None
        except (ValueError, TypeError, KeyError, OSError) as error:
            raise ClusterError(f"{folder / _FILE}: cannot be read ({error})") from error


def clusters_folder() -> Path:
    """Return where clusters are kept: GANORCH_HOME, or .ganorch in the home folder."""
    home = os.environ.get(HOME)
    return (Path(home) if home else Path.home() / ".ganorch").absolute() / "clusters"


def cluster_folder(name: str) -> Path:
    """Return the folder of a cluster.

    Raises:
        ClusterError: if the name cannot be one.
    """
    if not _NAME.fullmatch(name):
        raise ClusterError(
            f"--name {name}: must be lower-case letters, digits and hyphens, at most 31 characters"
        )
    return clusters_folder() / name


def running_clusters() -> list[ClusterState]:
    """Return every cluster that was started here and not stopped, by name."""
    return [ClusterState.load(file.parent) for file in sorted(clusters_folder().glob(f"*/{_FILE}"))]


def make_cluster_folder(folder: Path) -> None:
    """Make the folder, which must not exist: of two that start at once, one wins.

    Raises:
        ClusterError: if a cluster of this name is there already, or it cannot be made.
    """
    try:
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700)
    except FileExistsError:
        raise ClusterError(
            f"cluster '{folder.name}' is there already: `ganorch cluster stop --name "
            f"{folder.name}` ends it, and --name starts another beside it"
        ) from None
    except OSError as error:
        raise ClusterError(f"{folder}: cannot be made ({error.strerror})") from error


def gcs_folder(folder: Path) -> Path:
    """Return where the head keeps the state of the cluster."""
    return folder / _GCS


def remove_traces(folder: Path) -> None:
    """Remove a folder of a cluster, if it is still there."""
    shutil.rmtree(folder, ignore_errors=True)
