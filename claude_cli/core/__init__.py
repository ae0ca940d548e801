"""From a request to events: the client core. Pure logic first; only the transports do I/O."""
