"""`python -m mtl`."""

from mtl.cli.app import app

app(prog_name="python -m mtl")
