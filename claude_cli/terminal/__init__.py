"""What a person or a pipe sees, and what comes in by standard input."""
