"""Measurements of speed and memory: `python -m benchmarks`, and `python -m benchmarks.growth`."""
