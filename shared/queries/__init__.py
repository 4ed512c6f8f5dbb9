"""Reads over one snapshot: the appointments of a window, and openings."""
