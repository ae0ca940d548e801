"""One question asked and its answer shown: what `complete` and `chat` share of it."""
