"""The rules of scheduling. Pure: no I/O, no clock, no environment, no log."""
