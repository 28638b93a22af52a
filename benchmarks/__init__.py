"""Benchmarks of the hub beside servers that a user could take instead; `make bench` runs them."""
