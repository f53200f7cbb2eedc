"""Runs of several dates: how each number moved, and what moved it."""
