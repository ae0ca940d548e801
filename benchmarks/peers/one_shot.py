"""The program with its ledger, or without, which no setting does. one_shot.py with|without WORDS…"""

import sys

import claude_cli.context
from claude_cli.__main__ import run

if sys.argv.pop(1) == "without":
    type.__setattr__(claude_cli.context.Context, "recorder", None)
run()
