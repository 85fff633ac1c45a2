"""What every test gets: no network, no traces outside temporary folders, one thread, the same examples at every run."""

import os

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
# The tests run in several processes; each of them, and what it starts, computes in one thread.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["NUMBA_NUM_THREADS"] = "1"
os.environ["NUMBA_DISABLE_JIT"] = "1"  # UMAP of a few points takes longer to compile than to interpret; servers compile

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

from tests.chromium import chromium
from tests.homes import share_engines

settings.register_profile(
    "suite",
    derandomize=True,
    deadline=None,
    database=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.load_profile("suite")


_BROWSER = "tests/demo/browser/"
_RAY = "tests/mtl/cluster/test_ray.py"


class Scheduling(LoadScopeScheduling):
    """One process has all browser tests, with one browser and one server; a file of other tests goes to one process."""

    def _split_scope(self, nodeid: str) -> str:
        return _BROWSER if nodeid.startswith(_BROWSER) else nodeid.partition("::")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Scheduling:
    return Scheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest work begins first, and nothing after Ray: its threads stay, and what is forked may hang on them."""
    items.sort(key=lambda item: (item.nodeid.startswith(_RAY), not item.nodeid.startswith(_BROWSER)))


@pytest.fixture(autouse=True, scope="session")
def own_home(tmp_path_factory: pytest.TempPathFactory):
    """Runs that name no folder land in a temporary one; a model that one process has prepared is ready for all."""
    top, home = tmp_path_factory.getbasetemp(), tmp_path_factory.mktemp("home")
    engines = (top.parent if "PYTEST_XDIST_WORKER" in os.environ else top) / "engines"
    engines.mkdir(exist_ok=True)
    share_engines(engines, home)
    os.environ["MTL_HOME"] = str(home)


@pytest.fixture(scope="session")
def browser():
    """Chromium, once for all tests of a process: Playwright runs once in each."""
    with chromium() as running:
        yield running
