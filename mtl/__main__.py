"""`python -m mtl`."""

import sys

from mtl.cli.app import main

sys.exit(main())
