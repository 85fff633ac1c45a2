"""What the page and a fork server say to each other."""

import struct

ENDS, LASTS = b"e", b"l"
"""What is asked for: a child that ends with the server, or one that goes on."""
READY = b"r"
"""Said once, when all modules are imported."""
STATUS = struct.Struct("!q")
"""A process id, and later an exit status."""
