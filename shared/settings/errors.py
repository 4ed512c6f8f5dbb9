"""What is wrong with a setting."""


class SettingsError(ValueError):
    """A setting that cannot be used. The message is one line and names the variable."""
