# Completion of claude-cli for fish. Written by `claude-cli completions fish`: change the program, not this file.
# Only models, profiles and templates are asked of the program; all other words stand here.

function __claude_cli_live
    claude-cli --complete $argv[1] 2>/dev/null
end

# Whether the words before the cursor belong to one of these commands; to none means the first of all.
function __claude_cli_at
    set -l typed (commandline -opc)
    set -l at complete
    if contains -- "$typed[2] $typed[3]" 'complete' 'models' 'tokens' 'usage' 'health' 'simulate' 'completions' 'config' 'config show' 'config set' 'config unset' 'config path' 'config edit' 'templates' 'templates list' 'templates show' 'templates edit' 'keys' 'keys set' 'keys list' 'keys test' 'keys rm'
        set at "$typed[2] $typed[3]"
    else if contains -- "$typed[2]" 'complete' 'models' 'tokens' 'usage' 'health' 'simulate' 'completions' 'config' 'config show' 'config set' 'config unset' 'config path' 'config edit' 'templates' 'templates list' 'templates show' 'templates edit' 'keys' 'keys set' 'keys list' 'keys test' 'keys rm'
        set at "$typed[2]"
    end
    contains -- "$at" $argv
end

# Whether the word before the cursor is one of these.
function __claude_cli_behind
    contains -- (commandline -opc)[-1] $argv
end

function __claude_cli_first
    test (count (commandline -opc)) -eq 1
end

complete -c clc -w claude-cli
complete -c claude-cli -f

complete -c claude-cli -n '__claude_cli_first' -a complete -d 'Answer one prompt on standard output'
complete -c claude-cli -n '__claude_cli_first' -a models -d 'List the models: prices, limits, abilities, lifecycle'
complete -c claude-cli -n '__claude_cli_first' -a tokens -d 'Count the tokens of a prompt'
complete -c claude-cli -n '__claude_cli_first' -a usage -d 'Show what was used and spent'
complete -c claude-cli -n '__claude_cli_first' -a health -d 'Find out why it does not work: key, network, folders'
complete -c claude-cli -n '__claude_cli_first' -a simulate -d 'Simulate the Messages API on this machine'
complete -c claude-cli -n '__claude_cli_first' -a completions -d 'Print the completion script of bash, zsh or fish'
complete -c claude-cli -n '__claude_cli_first' -a config -d 'Show and change the settings'
complete -c claude-cli -n '__claude_cli_first' -a templates -d 'List, show and edit prompt templates'
complete -c claude-cli -n '__claude_cli_first' -a keys -d 'Store, list, test and remove API keys'
complete -c claude-cli -n '__claude_cli_first' -l version -s V -d 'Print the version and leave'
complete -c claude-cli -n '__claude_cli_first' -l help -s h -d 'Show what there is.'

complete -c claude-cli -n '__claude_cli_at "complete"' -l model -s m -x -a '(__claude_cli_live models)' -d 'Model id or alias: sonnet, opus, haiku, fable'
complete -c claude-cli -n '__claude_cli_at "complete"' -l system -s s -x -d 'System prompt'
complete -c claude-cli -n '__claude_cli_at "complete"' -l system-file -r -F -d 'System prompt from a file'
complete -c claude-cli -n '__claude_cli_at "complete"' -l file -s f -r -F -d 'Text file, folder, URL or \'-\' into the prompt, or as the prompt where there is no other; repeatable'
complete -c claude-cli -n '__claude_cli_at "complete"' -l template -s t -x -a '(__claude_cli_live templates)' -d 'Fill in a prompt template, by name or path; see templates list'
complete -c claude-cli -n '__claude_cli_at "complete"' -l param -s p -x -d 'Value for a $NAME of the template; repeatable'
complete -c claude-cli -n '__claude_cli_at "complete"' -l edit -s e -d 'Write the prompt in your editor: VISUAL, EDITOR, else nano or vi'
complete -c claude-cli -n '__claude_cli_at "complete"' -l attach -s a -l image -s i -r -F -d 'Image or PDF: path, URL, \'-\' or \'clipboard\'; repeatable'
complete -c claude-cli -n '__claude_cli_at "complete"' -l max-tokens -x -d 'Output tokens at most, thinking included'
complete -c claude-cli -n '__claude_cli_at "complete"' -l stop -x -d 'Stop before this text; repeatable'
complete -c claude-cli -n '__claude_cli_at "complete"' -l effort -x -a 'low medium high xhigh max' -d 'How hard to try: low, medium, high, xhigh or max'
complete -c claude-cli -n '__claude_cli_at "complete"' -l thinking -x -a 'on off' -d 'Let the model think first'
complete -c claude-cli -n '__claude_cli_at "complete"' -l show-thinking -d 'Show the thinking on standard error'
complete -c claude-cli -n '__claude_cli_at "complete"' -l temperature -x -d '0 to 1; only older models take it'
complete -c claude-cli -n '__claude_cli_at "complete"' -l top-p -x -d '0 to 1; only older models take it'
complete -c claude-cli -n '__claude_cli_at "complete"' -l top-k -x -d '0 or more; only older models take it'
complete -c claude-cli -n '__claude_cli_at "complete"' -l service-tier -x -a 'auto standard_only' -d 'auto or standard_only'
complete -c claude-cli -n '__claude_cli_at "complete"' -l web-search -d 'Let the model search the web; $10 per 1,000 searches, and the tokens of what it finds'
complete -c claude-cli -n '__claude_cli_at "complete"' -l web-fetch -d 'Let the model read pages and PDFs that you or its searches name'
complete -c claude-cli -n '__claude_cli_at "complete"' -l code-execution -d 'Let the model run code at the provider'
complete -c claude-cli -n '__claude_cli_at "complete"' -l cache -x -a 'auto off 1h' -d 'Let the provider keep the prompt, so that the next question about the same files costs less: auto for 5 minutes, 1h for an hour'
complete -c claude-cli -n '__claude_cli_at "complete"' -l option -s O -x -d 'Any other field of the request; V is JSON where it parses, dots go deeper; repeatable'
complete -c claude-cli -n '__claude_cli_at "complete"' -l beta -x -d 'Name for the anthropic-beta header; repeatable'
complete -c claude-cli -n '__claude_cli_at "complete"' -l strict -d 'Refuse what the model does not take instead of adjusting it'
complete -c claude-cli -n '__claude_cli_at "complete"' -l on-truncate -x -a 'fail continue ok' -d 'When the answer is cut: fail (status 7), continue (ask for the rest, 5 times at most) or ok'
complete -c claude-cli -n '__claude_cli_at "complete"' -s x -d 'Print only the first code block; --extract first'
complete -c claude-cli -n '__claude_cli_at "complete"' -l extract -x -a 'first last all' -d 'Print only code blocks: first, last, all, or the first in a language such as python'
complete -c claude-cli -n '__claude_cli_at "complete"' -l schema -r -F -d 'Get JSON of this form: a JSON Schema, a file with one, or \'name, age int, tags list\''
complete -c claude-cli -n '__claude_cli_at "complete"' -l output -s o -r -F -d 'Write the answer to FILE when it is whole; until then it is in FILE.partial'
complete -c claude-cli -n '__claude_cli_at "complete"' -l format -x -a 'auto text rendered json jsonl' -d 'auto (rendered on a terminal, text elsewhere), text, rendered (Markdown laid out), json or jsonl'
complete -c claude-cli -n '__claude_cli_at "complete"' -l json -d 'Print one JSON object'
complete -c claude-cli -n '__claude_cli_at "complete"' -l no-stream -d 'Print the answer when it is whole'
complete -c claude-cli -n '__claude_cli_at "complete"' -l usage -s u -d 'Print tokens and seconds on standard error'
complete -c claude-cli -n '__claude_cli_at "complete"' -l dry-run -s n -d 'Print the request, send nothing'
complete -c claude-cli -n '__claude_cli_at "complete"' -l max-cost -x -d 'Spend at most so many US dollars: a shorter answer, or status 9 before anything is sent'
complete -c claude-cli -n '__claude_cli_at "complete"' -l timeout -x -d 'Time for the whole call with its retries'
complete -c claude-cli -n '__claude_cli_at "complete"' -l retry-for -x -d 'How long failed calls are tried again'
complete -c claude-cli -n '__claude_cli_at "complete"' -l retries -x -d 'Tries after the first at most'
complete -c claude-cli -n '__claude_cli_at "complete"' -l fallback-model -x -a '(__claude_cli_live models)' -d 'Models to ask when the first one fails; each switch is said'
complete -c claude-cli -n '__claude_cli_at "complete"' -l provider -x -d 'Provider plugin that answers'
complete -c claude-cli -n '__claude_cli_at "complete"' -l profile -x -a '(__claude_cli_live profiles)' -d 'Use the address, key, model and headers of [profiles.NAME] in the settings'
complete -c claude-cli -n '__claude_cli_at "complete"' -l base-url -x -d 'Ask this address instead of the official one'
complete -c claude-cli -n '__claude_cli_at "complete"' -l offline -d 'Let the built-in simulator answer: no key, no network'
complete -c claude-cli -n '__claude_cli_at "complete"' -l no-stdin -d 'Leave standard input alone'
complete -c claude-cli -n '__claude_cli_at "complete"' -l no-input -d 'Never ask a question'
complete -c claude-cli -n '__claude_cli_at "complete"' -l yes -d 'Send large folders without a question'
complete -c claude-cli -n '__claude_cli_at "complete"' -l color -x -a 'auto always never' -d 'Style the output: auto, always or never'
complete -c claude-cli -n '__claude_cli_at "complete"' -l quiet -s q -d 'Errors only on standard error'
complete -c claude-cli -n '__claude_cli_at "complete"' -l verbose -s v -d 'Say more on standard error: who is asked, waits, what was taken out; -vv adds telemetry as JSON lines and tracebacks'
complete -c claude-cli -n '__claude_cli_at "complete"' -l log-file -r -F -d 'Append what happens to PATH as JSON lines, keys and contents left out'
complete -c claude-cli -n '__claude_cli_at "complete"' -l help -s h -d 'Show what there is.'

complete -c claude-cli -n '__claude_cli_at "models"' -l can -x -a 'vision pdf tools schema search code batch citations caching prefill sampling forced system geo batch300k thinking effort fast long' -d 'Only models that are known to have it: vision, pdf, tools, thinking, effort, schema, long (1M tokens), …; repeatable'
complete -c claude-cli -n '__claude_cli_at "models"' -l refresh -d 'Ask the API for its list first: a free call, kept for the next time'
complete -c claude-cli -n '__claude_cli_at "models"' -l retired -d 'Models that are gone, too'
complete -c claude-cli -n '__claude_cli_at "models"' -l json -d 'Print one JSON object'
complete -c claude-cli -n '__claude_cli_at "models"' -l profile -x -a '(__claude_cli_live profiles)' -d 'Use the address, key, model and headers of [profiles.NAME] in the settings'
complete -c claude-cli -n '__claude_cli_at "models"' -l base-url -x -d 'Ask this address instead of the official one'
complete -c claude-cli -n '__claude_cli_at "models"' -l offline -d 'Let the built-in simulator answer: no key, no network'
complete -c claude-cli -n '__claude_cli_at "models"' -l timeout -x -d 'Time for the whole call with its retries'
complete -c claude-cli -n '__claude_cli_at "models"' -l quiet -s q -d 'Errors only on standard error'
complete -c claude-cli -n '__claude_cli_at "models"' -l help -s h -d 'Show what there is.'
complete -c claude-cli -n '__claude_cli_at "models"' -a '(__claude_cli_live models)'

complete -c claude-cli -n '__claude_cli_at "tokens"' -l model -s m -x -a '(__claude_cli_live models)' -d 'Model id or alias: sonnet, opus, haiku, fable'
complete -c claude-cli -n '__claude_cli_at "tokens"' -l system -s s -x -d 'System prompt'
complete -c claude-cli -n '__claude_cli_at "tokens"' -l system-file -r -F -d 'System prompt from a file'
complete -c claude-cli -n '__claude_cli_at "tokens"' -l file -s f -r -F -d 'Text file, folder, URL or \'-\' into the prompt, or as the prompt where there is no other; repeatable'
complete -c claude-cli -n '__claude_cli_at "tokens"' -l attach -s a -l image -s i -r -F -d 'Image or PDF: path, URL, \'-\' or \'clipboard\'; repeatable'
complete -c claude-cli -n '__claude_cli_at "tokens"' -l template -s t -x -a '(__claude_cli_live templates)' -d 'Fill in a prompt template, by name or path; see templates list'
complete -c claude-cli -n '__claude_cli_at "tokens"' -l param -s p -x -d 'Value for a $NAME of the template; repeatable'
complete -c claude-cli -n '__claude_cli_at "tokens"' -l option -s O -x -d 'Any other field of the request; V is JSON where it parses, dots go deeper; repeatable'
complete -c claude-cli -n '__claude_cli_at "tokens"' -l estimate -d 'Reckon here by rules of thumb, without key and network'
complete -c claude-cli -n '__claude_cli_at "tokens"' -l json -d 'Print one JSON object'
complete -c claude-cli -n '__claude_cli_at "tokens"' -l timeout -x -d 'Time for the whole call with its retries'
complete -c claude-cli -n '__claude_cli_at "tokens"' -l provider -x -d 'Provider plugin that answers'
complete -c claude-cli -n '__claude_cli_at "tokens"' -l profile -x -a '(__claude_cli_live profiles)' -d 'Use the address, key, model and headers of [profiles.NAME] in the settings'
complete -c claude-cli -n '__claude_cli_at "tokens"' -l base-url -x -d 'Ask this address instead of the official one'
complete -c claude-cli -n '__claude_cli_at "tokens"' -l offline -d 'Let the built-in simulator answer: no key, no network'
complete -c claude-cli -n '__claude_cli_at "tokens"' -l no-stdin -d 'Leave standard input alone'
complete -c claude-cli -n '__claude_cli_at "tokens"' -l no-input -d 'Never ask a question'
complete -c claude-cli -n '__claude_cli_at "tokens"' -l yes -d 'Count large folders without a question'
complete -c claude-cli -n '__claude_cli_at "tokens"' -l quiet -s q -d 'Errors only on standard error'
complete -c claude-cli -n '__claude_cli_at "tokens"' -l verbose -s v -d 'Say more on standard error: who is asked, waits, what was taken out; -vv adds telemetry as JSON lines and tracebacks'
complete -c claude-cli -n '__claude_cli_at "tokens"' -l help -s h -d 'Show what there is.'

complete -c claude-cli -n '__claude_cli_at "usage"' -l by -x -a 'day model command session profile' -d 'One line for each day, model, command, session or profile'
complete -c claude-cli -n '__claude_cli_at "usage"' -l since -x -d 'The first day: 7d, 4w, 3m, today, month, all or a date like 2026-11-01; 7d are the last 7 days, today among them'
complete -c claude-cli -n '__claude_cli_at "usage"' -l until -x -d 'The last day, like 2026-11-30'
complete -c claude-cli -n '__claude_cli_at "usage"' -l json -d 'Print one JSON object'
complete -c claude-cli -n '__claude_cli_at "usage"' -l csv -d 'Print comma-separated values, with a header'
complete -c claude-cli -n '__claude_cli_at "usage"' -l quiet -s q -d 'Errors only on standard error'
complete -c claude-cli -n '__claude_cli_at "usage"' -l help -s h -d 'Show what there is.'

complete -c claude-cli -n '__claude_cli_at "health"' -l live -d 'Also ask a model for a few words; what that may cost is said before'
complete -c claude-cli -n '__claude_cli_at "health"' -l model -s m -x -a '(__claude_cli_live models)' -d 'The model that --live asks'
complete -c claude-cli -n '__claude_cli_at "health"' -l base-url -x -d 'Ask this address instead of the official one'
complete -c claude-cli -n '__claude_cli_at "health"' -l provider -x -d 'Provider plugin that answers'
complete -c claude-cli -n '__claude_cli_at "health"' -l profile -x -a '(__claude_cli_live profiles)' -d 'Use the address, key, model and headers of [profiles.NAME] in the settings'
complete -c claude-cli -n '__claude_cli_at "health"' -l offline -d 'Let the built-in simulator answer: no key, no network'
complete -c claude-cli -n '__claude_cli_at "health"' -l timeout -x -d 'Time for all checks together'
complete -c claude-cli -n '__claude_cli_at "health"' -l json -d 'Print one JSON object'
complete -c claude-cli -n '__claude_cli_at "health"' -l quiet -s q -d 'Errors only on standard error'
complete -c claude-cli -n '__claude_cli_at "health"' -l verbose -s v -d 'Say more on standard error: who is asked, waits, what was taken out; -vv adds telemetry as JSON lines and tracebacks'
complete -c claude-cli -n '__claude_cli_at "health"' -l help -s h -d 'Show what there is.'

complete -c claude-cli -n '__claude_cli_at "simulate"' -l port -x -d 'Port on 127.0.0.1; 0 takes a free one'
complete -c claude-cli -n '__claude_cli_at "simulate"' -l script -r -F -d 'Faults and answers to play, as JSON'
complete -c claude-cli -n '__claude_cli_at "simulate"' -l pace -x -d 'Seconds between two pieces of an answer'
complete -c claude-cli -n '__claude_cli_at "simulate"' -l bare-models -d 'List models with four fields only, as old gateways do'
complete -c claude-cli -n '__claude_cli_at "simulate"' -l help -s h -d 'Show what there is.'

complete -c claude-cli -n '__claude_cli_at "completions"' -l help -s h -d 'Show what there is.'
complete -c claude-cli -n '__claude_cli_at "completions"' -a 'bash zsh fish'

complete -c claude-cli -n '__claude_cli_at "config"' -a show -d 'Show every setting, its value and where it came from'
complete -c claude-cli -n '__claude_cli_at "config"' -a set -d 'Set NAME in the user\'s file. Comments and layout stay'
complete -c claude-cli -n '__claude_cli_at "config"' -a unset -d 'Take NAME out of the user\'s file'
complete -c claude-cli -n '__claude_cli_at "config"' -a path -d 'Print where the files lie. None of them need be there'
complete -c claude-cli -n '__claude_cli_at "config"' -a edit -d 'Edit the user\'s file in VISUAL or EDITOR'
complete -c claude-cli -n '__claude_cli_at "config"' -l help -s h -d 'Show what there is.'

complete -c claude-cli -n '__claude_cli_at "config show"' -l profile -x -a '(__claude_cli_live profiles)' -d 'Use the address, key, model and headers of [profiles.NAME] in the settings'
complete -c claude-cli -n '__claude_cli_at "config show"' -l json -d 'Print one JSON object'
complete -c claude-cli -n '__claude_cli_at "config show"' -l help -s h -d 'Show what there is.'
complete -c claude-cli -n '__claude_cli_at "config show"; and not __claude_cli_behind model provider base_url api_version profile key_command keyring allow_http offline max_tokens effort system template retry_for_s connect_timeout_s first_byte_timeout_s idle_timeout_s pings_timeout_s screen_reader stdin_wait_s budget.day budget.month' -a 'model provider base_url api_version profile key_command keyring allow_http offline max_tokens effort system template retry_for_s connect_timeout_s first_byte_timeout_s idle_timeout_s pings_timeout_s screen_reader stdin_wait_s budget.day budget.month'

complete -c claude-cli -n '__claude_cli_at "config set"' -l help -s h -d 'Show what there is.'
complete -c claude-cli -n '__claude_cli_at "config set"; and not __claude_cli_behind model provider base_url api_version key_command allow_http max_tokens system retry_for_s connect_timeout_s first_byte_timeout_s idle_timeout_s pings_timeout_s stdin_wait_s budget.day budget.month profile keyring offline screen_reader effort template' -a 'model provider base_url api_version profile key_command keyring allow_http offline max_tokens effort system template retry_for_s connect_timeout_s first_byte_timeout_s idle_timeout_s pings_timeout_s screen_reader stdin_wait_s budget.day budget.month'
complete -c claude-cli -n '__claude_cli_at "config set"; and __claude_cli_behind model' -a '(__claude_cli_live models)'
complete -c claude-cli -n '__claude_cli_at "config set"; and __claude_cli_behind profile' -a '(__claude_cli_live profiles)'
complete -c claude-cli -n '__claude_cli_at "config set"; and __claude_cli_behind keyring offline screen_reader' -a 'true false'
complete -c claude-cli -n '__claude_cli_at "config set"; and __claude_cli_behind effort' -a 'low medium high xhigh max'
complete -c claude-cli -n '__claude_cli_at "config set"; and __claude_cli_behind template' -a '(__claude_cli_live templates)'

complete -c claude-cli -n '__claude_cli_at "config unset"' -l help -s h -d 'Show what there is.'
complete -c claude-cli -n '__claude_cli_at "config unset"; and not __claude_cli_behind model provider base_url api_version profile key_command keyring allow_http offline max_tokens effort system template retry_for_s connect_timeout_s first_byte_timeout_s idle_timeout_s pings_timeout_s screen_reader stdin_wait_s budget.day budget.month' -a 'model provider base_url api_version profile key_command keyring allow_http offline max_tokens effort system template retry_for_s connect_timeout_s first_byte_timeout_s idle_timeout_s pings_timeout_s screen_reader stdin_wait_s budget.day budget.month'

complete -c claude-cli -n '__claude_cli_at "config path"' -l json -d 'Print one JSON object'
complete -c claude-cli -n '__claude_cli_at "config path"' -l help -s h -d 'Show what there is.'

complete -c claude-cli -n '__claude_cli_at "config edit"' -l help -s h -d 'Show what there is.'

complete -c claude-cli -n '__claude_cli_at "templates"' -a list -d 'List the templates: name, what it is for, where it comes from'
complete -c claude-cli -n '__claude_cli_at "templates"' -a show -d 'Print a template\'s file'
complete -c claude-cli -n '__claude_cli_at "templates"' -a edit -d 'Edit a template of your own; it is checked before it is saved'
complete -c claude-cli -n '__claude_cli_at "templates"' -l help -s h -d 'Show what there is.'

complete -c claude-cli -n '__claude_cli_at "templates list"' -l json -d 'Print one JSON object'
complete -c claude-cli -n '__claude_cli_at "templates list"' -l help -s h -d 'Show what there is.'

complete -c claude-cli -n '__claude_cli_at "templates show"' -l help -s h -d 'Show what there is.'
complete -c claude-cli -n '__claude_cli_at "templates show"' -a '(__claude_cli_live templates)'

complete -c claude-cli -n '__claude_cli_at "templates edit"' -l help -s h -d 'Show what there is.'
complete -c claude-cli -n '__claude_cli_at "templates edit"' -a '(__claude_cli_live templates)'

complete -c claude-cli -n '__claude_cli_at "keys"' -a set -d 'Store a key, typed at a hidden prompt or piped in; then read it back and try it'
complete -c claude-cli -n '__claude_cli_at "keys"' -a list -d 'List where keys can come from and which source wins, for each profile; never a key'
complete -c claude-cli -n '__claude_cli_at "keys"' -a test -d 'Try the key that is in use with a free call, `GET /v1/models`'
complete -c claude-cli -n '__claude_cli_at "keys"' -a rm -d 'Remove a stored key, and say what remains'
complete -c claude-cli -n '__claude_cli_at "keys"' -l help -s h -d 'Show what there is.'

complete -c claude-cli -n '__claude_cli_at "keys set"' -l profile -x -a '(__claude_cli_live profiles)' -d 'Use the address, key, model and headers of [profiles.NAME] in the settings'
complete -c claude-cli -n '__claude_cli_at "keys set"' -l store -x -a 'keyring file' -d 'keyring, or file (keys.json, for you alone)'
complete -c claude-cli -n '__claude_cli_at "keys set"' -l base-url -x -d 'The address the key is for'
complete -c claude-cli -n '__claude_cli_at "keys set"' -l no-test -d 'Do not try the key with a call, which would be free'
complete -c claude-cli -n '__claude_cli_at "keys set"' -l timeout -x -d 'Time for the whole call with its retries'
complete -c claude-cli -n '__claude_cli_at "keys set"' -l verbose -s v -d 'Say more on standard error: who is asked, waits, what was taken out; -vv adds telemetry as JSON lines and tracebacks'
complete -c claude-cli -n '__claude_cli_at "keys set"' -l help -s h -d 'Show what there is.'

complete -c claude-cli -n '__claude_cli_at "keys list"' -l profile -x -a '(__claude_cli_live profiles)' -d 'Use the address, key, model and headers of [profiles.NAME] in the settings'
complete -c claude-cli -n '__claude_cli_at "keys list"' -l base-url -x -d 'The address the key is for'
complete -c claude-cli -n '__claude_cli_at "keys list"' -l json -d 'Print one JSON object'
complete -c claude-cli -n '__claude_cli_at "keys list"' -l verbose -s v -d 'Say more on standard error: who is asked, waits, what was taken out; -vv adds telemetry as JSON lines and tracebacks'
complete -c claude-cli -n '__claude_cli_at "keys list"' -l help -s h -d 'Show what there is.'

complete -c claude-cli -n '__claude_cli_at "keys test"' -l profile -x -a '(__claude_cli_live profiles)' -d 'Use the address, key, model and headers of [profiles.NAME] in the settings'
complete -c claude-cli -n '__claude_cli_at "keys test"' -l base-url -x -d 'The address the key is for'
complete -c claude-cli -n '__claude_cli_at "keys test"' -l timeout -x -d 'Time for the whole call with its retries'
complete -c claude-cli -n '__claude_cli_at "keys test"' -l verbose -s v -d 'Say more on standard error: who is asked, waits, what was taken out; -vv adds telemetry as JSON lines and tracebacks'
complete -c claude-cli -n '__claude_cli_at "keys test"' -l help -s h -d 'Show what there is.'

complete -c claude-cli -n '__claude_cli_at "keys rm"' -l profile -x -a '(__claude_cli_live profiles)' -d 'Use the address, key, model and headers of [profiles.NAME] in the settings'
complete -c claude-cli -n '__claude_cli_at "keys rm"' -l store -x -a 'keyring file' -d 'keyring or file'
complete -c claude-cli -n '__claude_cli_at "keys rm"' -l base-url -x -d 'The address the key is for'
complete -c claude-cli -n '__claude_cli_at "keys rm"' -l yes -s y -d 'Remove it without a question'
complete -c claude-cli -n '__claude_cli_at "keys rm"' -l verbose -s v -d 'Say more on standard error: who is asked, waits, what was taken out; -vv adds telemetry as JSON lines and tracebacks'
complete -c claude-cli -n '__claude_cli_at "keys rm"' -l help -s h -d 'Show what there is.'
