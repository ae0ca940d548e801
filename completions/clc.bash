# Completion of clc, the short name of claude-cli: bash-completion looks for a file of each name.
source "${BASH_SOURCE[0]%/*}/claude-cli"
