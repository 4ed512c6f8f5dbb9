"""Who works here: the clinic file, and the doctors that an instance remembers."""
