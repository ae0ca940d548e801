# Completion of clc, the short name of claude-cli: fish looks for a file of each name.
complete -c clc -w claude-cli
