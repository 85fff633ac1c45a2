"""A backend whose batches are shared between the processes of a run."""

from collections.abc import Iterable, Iterator

from mtl.distributed import World
from mtl.inference.backends.interface import Backend, Batch, Outputs


class SharedBackend:
    """Each process runs every so manyth batch, and gets the outputs of all.

    The batches are those of one process, so the outputs are too, to the last bit, and nothing is padded or dropped.

    Args:
        backend: of this process.
        everyone: the processes; each of them runs the same batches.
    """

    def __init__(self, backend: Backend, everyone: World) -> None:
        self._backend, self._world = backend, everyone
        self.name, self.precision = backend.name, backend.precision
        self.parallel, self.memory_bytes = backend.parallel, backend.memory_bytes

    def run(self, batches: Iterable[Batch]) -> Iterator[tuple[Batch, Outputs]]:
        """Each batch with its outputs, in order; errors as `World.gather`."""
        taken: list[Batch] = []
        size, rank = self._world.size, self._world.rank

        def own() -> Iterator[Batch]:
            for number, batch in enumerate(batches):
                taken.append(batch)
                if number % size == rank:
                    yield batch

        parts = self._world.gather(lambda: [outputs for _, outputs in self._backend.run(own())])
        for number, batch in enumerate(taken):
            yield batch, parts[number % size][number // size]
