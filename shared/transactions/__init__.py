"""The one way to write: load, decide, commit."""
