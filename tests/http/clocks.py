"""Clocks of tests."""


class Seconds:
    """A clock that a test moves."""

    now = 1000.0

    def __call__(self) -> float:
        """The seconds that it shows."""
        return self.now
