"""The scanners: `python -m dev.checks.scan` runs them over the tree, and over mistakes planted in `tests/tools/bad/`.

One run of each sees both: a scanner that misses its planted case is blind, and what it didn't find proves nothing.
docs/checks.md says what each looks for.
"""
