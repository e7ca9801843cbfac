"""The one command that every manifest runs on its cluster, and the versions that it goes with."""

from importlib.metadata import version

from cluster.manifests.description import Description

ADDRESS_OF_JOB = "auto"  # which the command reads from RAY_ADDRESS


def sweep_command(description: Description, address: str = ADDRESS_OF_JOB) -> str:
    """Return the command that runs the sweep, or goes on with it where it was interrupted."""
    return (
        f"{description.python} -m orchestrator run {description.spec} --or-resume "
        f"--out {description.run_folder} --address {address}"
    )


def ray_version() -> str:
    """Return the version of Ray that is installed here, which the cluster must have too."""
    return version("ray")
