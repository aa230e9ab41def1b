"""The scanners: `python -m dev.checks.scan` runs them over the tree and over what is planted for them in `tests/bad/`.

One run of each sees both: a scanner that misses its planted case is blind, and what it didn't find proves nothing.
docs/checks.md says what each looks for.
"""
