"""The numbers that an engine computes with."""

from enum import StrEnum


class InferencePrecision(StrEnum):
    """Of the backbone's matrix products; heads stay in float32.

    int8 has weights and activations in 8-bit integers; mixed is bf16 with those of queries and keys in int8.
    """

    FP32 = "fp32"
    BF16 = "bf16"
    MIXED = "mixed"
    INT8 = "int8"
