"""What the README's figures come from: `python -m benchmarks.run`. Standard library only; no test, asserts nothing."""
