"""The page: layout, views and the run manager; everything it shows comes from `mtl`."""
