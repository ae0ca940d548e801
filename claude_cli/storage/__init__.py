"""What stays on disk: settings, and later keys, conversations and the ledger."""
