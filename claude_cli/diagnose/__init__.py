"""The checks of `health`, each a function that returns a `Check`; what they are given and when is the command's."""
