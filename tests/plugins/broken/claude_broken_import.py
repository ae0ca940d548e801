"""A plugin whose own import fails, and whose error holds a key."""

raise ImportError("no module named 'parrots'; tried with sk-ant-api03-canary")
