"""One module a tab: it builds its widgets and wires them; what it needs is passed in."""
