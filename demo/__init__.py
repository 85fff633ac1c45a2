"""The page: layout, views and the run manager. All results come from `mtl`."""
