"""What a fork server says of a child."""

import struct

STATUS = struct.Struct("!q")
"""A process id, and later an exit status."""
