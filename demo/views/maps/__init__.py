"""Maps, places and neighbours as figures and HTML."""
