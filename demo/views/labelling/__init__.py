"""Views of a labelling project: the card, the table, the map and the progress."""
