"""`app.py`, whose runs share the machine with everything else as equals: a test waits for what a user leaves alone."""

import runpy
import sys

from demo.runs import limits
from tests.demo.server import ROOT

limits.lower_session = limits.lower_process = lambda pid: None
sys.argv[0] = str(ROOT / "app.py")
runpy.run_path(sys.argv[0], run_name="__main__")
