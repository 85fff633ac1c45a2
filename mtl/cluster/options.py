"""How many workers, with what, and how much work is handed out at a time."""

from dataclasses import dataclass

from mtl.errors import InputError

PARTITION_ROWS = 4096
"""As many as the local engine takes at a time, so that each can go on with the finished parts of the other."""


@dataclass(frozen=True, slots=True)
class ClusterOptions:
    """Where to run, and how.

    Args:
        address: `HOST:PORT` of a cluster, or `auto` for the one that runs on this machine; None starts one of this
            machine alone, which ends with the command.
        workers: engines; None for as many as the cluster has room for.
        cores: of each worker.
        gpus: of each worker; a part of one where several share it, 0 for none.
        partition_rows: of the input, in a partition.

    Raises:
        InputError: a number is too small, or the address is of another kind.
    """

    address: str | None = None
    workers: int | None = None
    cores: int = 1
    gpus: float = 0.0
    partition_rows: int = PARTITION_ROWS

    def __post_init__(self) -> None:
        counts = {"--workers": self.workers, "--worker-cores": self.cores, "--partition-rows": self.partition_rows}
        for key, value in counts.items():
            if value is not None and value < 1:
                raise InputError(f"a whole number above 0 was expected, was {value}", key=key)
        if not 0 <= self.gpus < float("inf"):
            raise InputError(f"a number, 0 for none, was expected, was {self.gpus:g}", key="--worker-gpus")
        if self.address is not None and self.address != "auto":
            host, colon, port = self.address.rpartition(":")
            if not (host and colon and port.isdecimal() and "/" not in host):
                raise InputError(f"auto or HOST:PORT was expected, was {self.address!r}", key="--address")
