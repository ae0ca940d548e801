"""Many questions, each answered once: rows in, rows out, and a journal that a night's work survives in."""
