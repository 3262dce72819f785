"""Frozen values: what is desired, live and owned, and what a plan makes of it. No I/O, no clock, no environment."""
