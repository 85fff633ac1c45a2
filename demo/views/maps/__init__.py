"""Maps and neighbours as figures and HTML."""
