"""The partitions of an input as a Ray data set, and the reports of those that workers have written."""

import logging
import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass

import pyarrow
import ray
import ray.data
from ray.data.block import BlockMetadata
from ray.data.datasource import Datasource, ReadTask
from ray.exceptions import RayError, RaySystemError, RayTaskError

from mtl.cluster.options import ClusterOptions
from mtl.cluster.partitions import Reading, Report, read_partitions, report_of
from mtl.cluster.store import PartStore
from mtl.cluster.worker import ModelChoice, PartWriter
from mtl.errors import ClusterError
from mtl.inference.bulk.formats import OutputFormat

_COLOUR = re.compile(r"\x1b\[\d*m")
_RETRIES = 3  # of a partition whose worker died: one that ends every worker must not do so for ever
_IN_FLIGHT = 2  # partitions of a worker: the one that runs, and the next


@dataclass(frozen=True, slots=True)
class ClusterWork:
    """What is to be done: an input, its partitions that are finished, a model, and where and how parts are written."""

    reading: Reading
    finished: frozenset[int]
    model: ModelChoice
    store: PartStore
    form: OutputFormat


class _Partitions(Datasource):  # type: ignore[misc]  # Ray is not typed here
    """Reads an input once, in one task that waits while the workers have enough to do."""

    def __init__(self, reading: Reading, finished: frozenset[int]) -> None:
        super().__init__()
        self._reading = reading
        self._finished = finished

    def estimate_inmemory_data_size(self) -> int | None:
        return None

    def get_read_tasks(self, parallelism: int, *_: object, **__: object) -> list[ReadTask]:
        reading, finished = self._reading, self._finished
        metadata = BlockMetadata(num_rows=None, size_bytes=None, input_files=None, exec_stats=None)
        return [ReadTask(lambda: _blocks(reading, finished), metadata)]


def _blocks(reading: Reading, finished: frozenset[int]) -> Iterator[pyarrow.Table]:
    """A table of one row for each partition."""
    schema = pyarrow.schema([("report", pyarrow.string()), ("chunks", pyarrow.large_binary())])
    for record in read_partitions(reading, finished):
        yield pyarrow.Table.from_pylist([record], schema=schema)


def _reports(work: ClusterWork, options: ClusterOptions, workers: int) -> ray.data.Dataset:
    partitions = ray.data.read_datasource(
        _Partitions(work.reading, work.finished),
        override_num_blocks=1,
        num_cpus=0,  # it waits most of the time, and workers may have taken every core
        label_selector={"ray.io/node-id": ray.get_runtime_context().get_node_id()},
    )
    return partitions.map_batches(
        PartWriter,
        fn_constructor_args=(work.model, work.store, work.form, options.cores),
        batch_size=1,
        batch_format="numpy",
        compute=ray.data.ActorPoolStrategy(size=workers, max_tasks_in_flight_per_actor=_IN_FLIGHT),
        num_cpus=options.cores,
        num_gpus=options.gpus or None,
        max_task_retries=_RETRIES,
    )


def written(work: ClusterWork, options: ClusterOptions, workers: int) -> Generator[Report]:
    """Read the input, let workers write its partitions, and give the report of each, in any order.

    The input is read on the machine of this process.

    Raises:
        ClusterError: the cluster is lost, or a partition ends every worker that takes it.
    """
    context = ray.data.DataContext.get_current().copy()
    context.enable_progress_bars = False
    context.target_max_block_size = 1  # byte: a block is one partition, never several that one worker would take
    with ray.data.DataContext.current(context):
        reports = _reports(work, options, workers)
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)  # its errors are raised
    try:
        for row in reports.iter_rows():
            yield report_of(row)
    except RayError as error:
        if isinstance(error, RayTaskError) and not isinstance(error, RaySystemError):
            raise  # a fault of the program, with where it happened
        raise ClusterError(_sentence(str(error))) from error


def _sentence(said: str) -> str:
    """One sentence of what Ray says of a cluster in many lines."""
    if "No module named 'mtl" in said:
        return "polyhead was expected on every machine of the cluster, one of them lacks it"
    lines = [" ".join(line.split()) for line in _COLOUR.sub("", said).splitlines()]
    reason = ": ".join([line for line in lines if line][:2])[:300]
    return f"the cluster failed, and what was finished is kept: {reason}"
