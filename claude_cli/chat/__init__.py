"""Interactive chat: a conversation at a terminal, every word of it kept as it is said."""
