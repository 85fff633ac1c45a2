"""Which backend and precision runs a model best on this machine: measured, held against fp32, remembered."""
