"""Stands in for `python -m mtl NAME … --json FILE`: answers, fails or lasts as its first argument says."""

import json
import sys
import time
from pathlib import Path

from tests.waiting import CEILING

name, answer = sys.argv[1], Path(sys.argv[sys.argv.index("--json") + 1])
if name == "fail":
    print("some progress", file=sys.stderr)
    data = sys.argv[2].partition("=")[2] or f"{answer.parent}/x.csv"
    print(f"error: {data}:3: a label was expected", file=sys.stderr)
    print("a.bin:  45%|██  |", file=sys.stderr)  # drawn by a thread that ends later
    sys.exit(1)
if name == "last":
    time.sleep(CEILING)
answer.write_text(json.dumps({"asked": sys.argv[1:]}))
