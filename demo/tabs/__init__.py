"""One module or package for each tab, which builds and connects its components."""
