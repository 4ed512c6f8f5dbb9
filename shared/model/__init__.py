"""The values that the rules are about: immutable, and without I/O."""
