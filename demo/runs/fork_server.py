"""The process that has the modules of `mtl` in memory, from which commands and runs are forked."""

import sys

from demo.forking import ForkServer
from demo.runs.limits import lower_priority

MTL = (sys.executable, "-m", "mtl")
"""The start of the command line of a process of its own that does the same."""
_IDLE_SECONDS = 600.0  # the modules take some 300 MB, which a page on which nobody plans or trains gets back
MODULES = ("mtl.planning", "mtl.cli.training", "transformers.models.bert.modeling_bert")
"""What commands spend most of their start on, and asks no GPU: a child could not ask again. A backbone of another
architecture imports its own."""
SERVER = ForkServer(
    "mtl.cli.forked:run_command",
    MODULES,
    environment={"TERM": "dumb"},  # what is imported in a terminal would colour what it writes into files, too
    idle_seconds=_IDLE_SECONDS,
    started=lower_priority,
)
