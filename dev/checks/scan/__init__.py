"""The scanners: `python -m dev.checks.scan` runs them over the tree and over faults planted in `tests/tools/bad/`.

One run of a scanner sees both. If it misses a planted fault it is blind, and its silence about the tree proves nothing.
docs/checks.md lists what each looks for.
"""
