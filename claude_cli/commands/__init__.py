"""One file a command; thin, and none imports another."""
