"""Where answers come from: the built-in provider, and how others plug in."""
