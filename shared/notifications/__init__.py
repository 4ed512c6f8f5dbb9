"""Delivery of events: what is told to whom, in which order, and again until it has arrived."""
