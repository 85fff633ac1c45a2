"""`python -m mtl`."""

import sys

from mtl.cli.app import main
from mtl.runs.parent import end_with_parent

end_with_parent()
sys.exit(main())
