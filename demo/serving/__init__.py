"""What stands between the network and the handlers of the page: who asks, what is let in, and what is kept of it."""
