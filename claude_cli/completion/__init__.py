"""What a shell offers behind `claude-cli <TAB>`: scripts for bash, zsh and fish, and words that exist at run time only.

The scripts hold commands, flags and choices, so completing one starts no Python. Only models, profiles, templates and
sessions are asked of the program, by `claude-cli --complete KIND`, which `__main__.py` answers before anything else is
loaded.
"""
