"""Data, network, plan, runs and their curves as HTML and figures."""
