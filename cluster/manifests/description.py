"""The one small description that every manifest is made from, field by field."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, model_validator
from pydantic_core import PydanticCustomError

from cluster.manifests.words import (
    Choice,
    Folder,
    HomePath,
    Host,
    HostPath,
    Image,
    KubernetesName,
    Label,
    LabelKey,
    Line,
    LocalFolder,
    Name,
    Program,
    Word,
)


def _refuse_truth_value(value: Any) -> Any:
    if isinstance(value, bool):  # which Python counts among the integers
        raise PydanticCustomError("truth_value", "must be a number")
    return value


_Number = BeforeValidator(_refuse_truth_value)
Whole = Annotated[int, _Number, Field(ge=0, le=1_000_000)]
Count = Annotated[int, _Number, Field(ge=1, le=1_000_000)]
Port = Annotated[int, _Number, Field(ge=1024, le=65535)]
Hours = Annotated[float, _Number, Field(gt=0, le=8760, allow_inf_nan=False)]


class Section(BaseModel):
    """A frozen part of a description in which no unknown key passes."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Nodes(Section):
    """The machines that trials run on: how many, and what each of them has.

    ``grace_s`` is how long a machine that must go lets its trials reach their next checkpoint.
    """

    min: Whole = 1
    max: Count = 1
    cpus: Count = 4
    memory_gib: Count = 16
    gpus: Whole = 0
    gpu_type: Label | None = None
    grace_s: Annotated[int, _Number, Field(ge=0, le=3600)] = 120

    @model_validator(mode="after")
    def _is_possible(self) -> "Nodes":
        if self.min > self.max:
            raise ValueError(f"nodes.min = {self.min}: must be at most nodes.max = {self.max}")
        if self.gpu_type is not None and self.gpus == 0:
            raise ValueError(f"nodes.gpu_type = '{self.gpu_type}': but nodes.gpus = 0")
        return self


class Head(Section):
    """The machine, or its part, that leads the cluster; no trial runs there."""

    cpus: Count = 2
    memory_gib: Count = 8


class Nfs(Section):
    """An NFS export."""

    server: Host
    path: HostPath


class Storage(Section):
    """What every node sees at ``path``; on Kubernetes a claim or an NFS export is mounted there."""

    path: HostPath
    claim: KubernetesName | None = None
    nfs: Nfs | None = None

    @model_validator(mode="after")
    def _is_one(self) -> "Storage":
        if self.claim is not None and self.nfs is not None:
            raise ValueError(f"storage.claim = '{self.claim}': not together with storage.nfs")
        return self


class Slurm(Section):
    """What only a Slurm job has. ``setup`` lines run first on the first node."""

    partition: Choice | None = None
    account: Word | None = None
    qos: Word | None = None
    constraint: Choice | None = None
    trials_on_first_node: StrictBool = False
    local_dir: LocalFolder = "/tmp"
    start_timeout_s: Annotated[int, _Number, Field(ge=10, le=7200)] = 300
    setup: tuple[Line, ...] = ()


class Toleration(Section):
    """A taint that pods of the cluster put up with."""

    key: LabelKey
    value: Label | None = None
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] = "NoSchedule"


class Kubernetes(Section):
    """What only KubeRay needs to know. ``token_secret`` names a Secret with key ``auth_token``."""

    namespace: KubernetesName = "default"
    service_account: KubernetesName | None = None
    token_secret: KubernetesName | None = None
    image_pull_secret: KubernetesName | None = None
    storage_class: KubernetesName | None = None
    gcs_storage_gib: Whole = 1
    network_policy: StrictBool = True
    node_selector: dict[LabelKey, Label] = Field(default_factory=dict)
    gpu_label: LabelKey = "nvidia.com/gpu.product"
    tolerations: tuple[Toleration, ...] = ()
    user_id: Annotated[int, _Number, Field(ge=1, le=2**31 - 1)] = 1000
    group_id: Annotated[int, _Number, Field(ge=1, le=2**31 - 1)] = 1000
    idle_s: Annotated[int, _Number, Field(ge=60, le=86400)] = 600
    backoff_limit: Whole = 6
    keep_failed_hours: Hours | None = None


class RayUp(Section):
    """What only ``ray up`` needs to know; of ``local`` the hosts, of ``aws`` region and types."""

    provider: Literal["aws", "local"]
    region: Word | None = None
    head_type: Word | None = None
    worker_type: Word | None = None
    head_host: Host | None = None
    worker_hosts: tuple[Host, ...] = ()
    ssh_user: Word = "ubuntu"
    ssh_private_key: HomePath | None = None
    token_file: HomePath = "~/.ray/auth_token"
    idle_minutes: Count = 10
    setup: tuple[Line, ...] = ()

    @model_validator(mode="after")
    def _is_complete(self) -> "RayUp":
        needed = {
            "aws": ("region", "head_type", "worker_type"),
            "local": ("head_host", "worker_hosts"),
        }[self.provider]
        missing = [name for name in needed if not getattr(self, name)]
        if missing:
            raise ValueError(f"'ray_up.{missing[0]}' is missing: provider '{self.provider}'")
        return self


class Systemd(Section):
    """What only units need to know: who runs them, where the head listens, where the token lies."""

    user: Word = "ganorch"
    head_host: Host
    port: Port = 6379
    token_file: HostPath = "/etc/ganorch/token"


class Description(Section):
    """A cluster, and the sweep that it is for."""

    name: Name
    spec: HostPath
    run_folder: Folder
    storage: Storage | None = None
    python: Program = "python3"
    image: Image | None = None
    max_hours: Hours | None = None
    nodes: Nodes = Nodes()
    head: Head = Head()
    slurm: Slurm = Slurm()
    kubernetes: Kubernetes = Kubernetes()
    ray_up: RayUp | None = None
    systemd: Systemd | None = None

    @model_validator(mode="after")
    def _keeps_what_it_finds(self) -> "Description":
        for key in ("run_folder", "spec", "storage.path"):
            if ".." in _at(self, key).split("/"):
                raise ValueError(f"{key} = '{_at(self, key)}': must not climb with '..'")
        if self.run_folder.startswith("/") and not self._is_shared(self.run_folder):
            where = "below storage.path, which every node sees, or s3://… or gs://…"
            raise ValueError(f"run_folder = '{self.run_folder}': must lie {where}")
        return self

    def _is_shared(self, path: str) -> bool:
        return self.storage is not None and path.startswith(self.storage.path + "/")


def _at(description: Description, key: str) -> str:
    if key == "storage.path":
        return description.storage.path if description.storage else ""
    return str(getattr(description, key))
