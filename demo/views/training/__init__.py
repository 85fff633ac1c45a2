"""Data, network, plan, runs and curves as HTML and figures."""
