"""The device that the environment names, without asking torch."""

import os
import re

from mtl.errors import InputError

DEVICE = "MTL_DEVICE"
"""The environment variable that names the device to use."""
_NAME = re.compile(r"cpu|mps|(cuda|xpu)(:\d{1,3})?")


def device_name() -> str | None:
    """What `MTL_DEVICE` names, None where it is not set.

    Raises:
        InputError: it is no name of a device.
    """
    name = os.environ.get(DEVICE)
    if name and not _NAME.fullmatch(name):
        raise InputError(f"{DEVICE} is {name!r}, expected a device of this machine, such as cpu or cuda:0.")
    return name or None
