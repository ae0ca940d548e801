#compdef claude-cli clc
# Completion of claude-cli for zsh. Written by `claude-cli completions zsh`: change the program, not this file.
# Only models, profiles, templates and sessions are asked of the program; all other words stand here.

_claude_cli_live() {
  local -a words_found
  local line
  for line in ${(f)"$(_call_program $1 ${(q)_claude_cli_program} --complete $1)"}; do
    words_found+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
  done
  _describe -t $1 $1 words_found
}

_claude-cli() {
  local curcontext=$curcontext _claude_cli_program=$words[1] at=''
  local -a inner
  inner=(
    'chat:Talk, in a conversation that is kept'
    'complete:Answer one prompt on standard output'
    'models:List the models: prices, limits, abilities, lifecycle'
    'tokens:Count the tokens of a prompt'
    'usage:Show what was used and spent'
    'health:Find out why it does not work: key, network, folders'
    'simulate:Simulate the Messages API on this machine'
    'completions:Print the completion script of bash, zsh or fish'
    'batch:Ask many prompts, and keep each answer'
    'history:List, show, search, export, import and remove conversations'
    'config:Show and change the settings'
    'templates:List, show and edit prompt templates'
    'keys:Store, list, test and remove API keys'
    'serve:Serve Claude to OpenAI clients, behind your own keys'
    'ask:Answer one prompt on standard output'
    'doctor:Find out why it does not work: key, network, folders'
  )
  if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then _describe -t commands command inner; return; fi
  if (( CURRENT > 2 && ${${(@)inner%%:*}[(Ie)$words[2]]} )); then
    at=${at:+$at }$words[2]; shift words; (( CURRENT-- ))
  fi
  case $at in
    'batch')
      inner=(
        'run:Ask all rows of IN, each once'
      )
      if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then _describe -t commands command inner; return; fi
      if (( CURRENT > 2 && ${${(@)inner%%:*}[(Ie)$words[2]]} )); then
        at=${at:+$at }$words[2]; shift words; (( CURRENT-- ))
      fi
      ;;
    'history')
      inner=(
        'list:List the conversations that are kept, the last used first'
        'show:Show a conversation: who said what'
        'search:Search all that was said, on every branch: the newest first'
        'export:Export conversations as Markdown or JSON; the newest where none is named'
        'import:Import conversations: those of an export as JSON, or of the database of the tool llm'
        'rm:Remove conversations, with attachments that no other one has'
      )
      if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then _describe -t commands command inner; return; fi
      if (( CURRENT > 2 && ${${(@)inner%%:*}[(Ie)$words[2]]} )); then
        at=${at:+$at }$words[2]; shift words; (( CURRENT-- ))
      fi
      ;;
    'config')
      inner=(
        'show:Show every setting, its value and where it came from'
        'set:Set NAME in the user'\''s file. Comments and layout stay'
        'unset:Take NAME out of the user'\''s file'
        'path:Print where the files lie. None of them need be there'
        'edit:Edit the user'\''s file in VISUAL or EDITOR'
      )
      if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then _describe -t commands command inner; return; fi
      if (( CURRENT > 2 && ${${(@)inner%%:*}[(Ie)$words[2]]} )); then
        at=${at:+$at }$words[2]; shift words; (( CURRENT-- ))
      fi
      ;;
    'templates')
      inner=(
        'list:List the templates: name, what it is for, where it comes from'
        'show:Print a template'\''s file'
        'edit:Edit a template of your own; it is checked before it is saved'
      )
      if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then _describe -t commands command inner; return; fi
      if (( CURRENT > 2 && ${${(@)inner%%:*}[(Ie)$words[2]]} )); then
        at=${at:+$at }$words[2]; shift words; (( CURRENT-- ))
      fi
      ;;
    'keys')
      inner=(
        'set:Store a key, typed at a hidden prompt or piped in; then read it back and try it'
        'list:List where keys can come from and which source wins, for each profile; never a key'
        'test:Try the key that is in use with a free call, `GET /v1/models`'
        'rm:Remove a stored key, and say what remains'
      )
      if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then _describe -t commands command inner; return; fi
      if (( CURRENT > 2 && ${${(@)inner%%:*}[(Ie)$words[2]]} )); then
        at=${at:+$at }$words[2]; shift words; (( CURRENT-- ))
      fi
      ;;
    'serve')
      inner=(
        'keys:Make, list and revoke the keys that clients call serve with'
      )
      if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then _describe -t commands command inner; return; fi
      if (( CURRENT > 2 && ${${(@)inner%%:*}[(Ie)$words[2]]} )); then
        at=${at:+$at }$words[2]; shift words; (( CURRENT-- ))
      fi
      ;;
  esac
  case $at in
    'serve keys')
      inner=(
        'create:Make a key and print it, once; only its SHA-256 digest is kept'
        'list:List the keys with what they allow; never a key'
        'revoke:Revoke a key, at once also where serve is running'
      )
      if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then _describe -t commands command inner; return; fi
      if (( CURRENT > 2 && ${${(@)inner%%:*}[(Ie)$words[2]]} )); then
        at=${at:+$at }$words[2]; shift words; (( CURRENT-- ))
      fi
      ;;
  esac
  case $at in
    'chat')
      _arguments -s -S \
        '(--continue -c)--continue[Go on with the newest conversation that is kept]' \
        '(--continue -c)-c[Go on with the newest conversation that is kept]' \
        '(--session -S)--session=[Go on with the conversation of this id or title, or how one of them begins; where there is none, begin one of that title]:NAME: _claude_cli_live sessions' \
        '(--session -S)-S+[Go on with the conversation of this id or title, or how one of them begins; where there is none, begin one of that title]:NAME: _claude_cli_live sessions' \
        '(--fork)--fork[With -c or -S\: go on in a copy, and leave the conversation as it is]' \
        '(--save --no-save)--save[Keep the exchange, or do not]' \
        '(--save --no-save)--no-save[Keep the exchange, or do not]' \
        '(--model -m)--model=[Model id or alias\: sonnet, opus, haiku, fable]:MODEL: _claude_cli_live models' \
        '(--model -m)-m+[Model id or alias\: sonnet, opus, haiku, fable]:MODEL: _claude_cli_live models' \
        '(--system -s)--system=[System prompt]:TEXT: ' \
        '(--system -s)-s+[System prompt]:TEXT: ' \
        '(--system-file)--system-file=[System prompt from a file]:PATH:_files' \
        '*--file=[Text file, folder, URL or '\''-'\'' into the prompt, or as the prompt where there is no other; repeatable]:PATH:_files' \
        '*-f+[Text file, folder, URL or '\''-'\'' into the prompt, or as the prompt where there is no other; repeatable]:PATH:_files' \
        '*--attach=[Image or PDF\: path, URL, '\''-'\'' or '\''clipboard'\''; repeatable]:PATH:_files' \
        '*-a+[Image or PDF\: path, URL, '\''-'\'' or '\''clipboard'\''; repeatable]:PATH:_files' \
        '*--image=[Image or PDF\: path, URL, '\''-'\'' or '\''clipboard'\''; repeatable]:PATH:_files' \
        '*-i+[Image or PDF\: path, URL, '\''-'\'' or '\''clipboard'\''; repeatable]:PATH:_files' \
        '(--template -t)--template=[Fill in a prompt template, by name or path; see templates list]:NAME: _claude_cli_live templates' \
        '(--template -t)-t+[Fill in a prompt template, by name or path; see templates list]:NAME: _claude_cli_live templates' \
        '*--param=[Value for a $NAME of the template; repeatable]:NAME=VALUE: ' \
        '*-p+[Value for a $NAME of the template; repeatable]:NAME=VALUE: ' \
        '(--max-tokens)--max-tokens=[Output tokens at most, thinking included]:N: ' \
        '*--stop=[Stop before this text; repeatable]:TEXT: ' \
        '(--effort)--effort=[How hard to try\: low, medium, high, xhigh or max]:LEVEL:(low medium high xhigh max)' \
        '(--thinking)--thinking=[Let the model think first]:on|off|TOKENS:(on off)' \
        '(--show-thinking)--show-thinking[Show the thinking on standard error]' \
        '(--temperature)--temperature=[0 to 1; only older models take it]:X: ' \
        '(--top-p)--top-p=[0 to 1; only older models take it]:X: ' \
        '(--top-k)--top-k=[0 or more; only older models take it]:N: ' \
        '(--service-tier)--service-tier=[auto or standard_only]:TIER:(auto standard_only)' \
        '(--web-search)--web-search[Let the model search the web; $10 per 1,000 searches, and the tokens of what it finds]' \
        '(--web-fetch)--web-fetch[Let the model read pages and PDFs that you or its searches name]' \
        '(--code-execution)--code-execution[Let the model run code at the provider]' \
        '(--cache)--cache=[Let the provider keep the prompt, so that the next question about the same files costs less\: auto for 5 minutes, 1h for an hour]:auto|off|1h:(auto off 1h)' \
        '*--option=[Any other field of the request; V is JSON where it parses, dots go deeper; repeatable]:K=V: ' \
        '*-O+[Any other field of the request; V is JSON where it parses, dots go deeper; repeatable]:K=V: ' \
        '*--beta=[Name for the anthropic-beta header; repeatable]:NAME: ' \
        '(--strict)--strict[Refuse what the model does not take instead of adjusting it]' \
        '(--on-truncate)--on-truncate=[When the answer is cut\: fail (status 7), continue (ask for the rest, 5 times at most) or ok]:DO:(fail continue ok)' \
        '(--usage -u)--usage[Print tokens, cost and seconds on standard error]' \
        '(--usage -u)-u[Print tokens, cost and seconds on standard error]' \
        '(--max-cost)--max-cost=[Spend at most so many US dollars\: a shorter answer, or status 9 before anything is sent]:USD: ' \
        '(--timeout)--timeout=[Time for the whole call with its retries]:SECONDS: ' \
        '(--retry-for)--retry-for=[How long failed calls are tried again]:SECONDS: ' \
        '(--retries)--retries=[Tries after the first at most]:N: ' \
        '(--fallback-model)--fallback-model=[Models to ask when the first one fails; each switch is said]:A,B: _claude_cli_live models' \
        '(--provider)--provider=[Provider plugin that answers]:NAME: ' \
        '(--profile)--profile=[Use the address, key, model and headers of \[profiles.NAME\] in the settings]:NAME: _claude_cli_live profiles' \
        '(--base-url)--base-url=[Ask this address instead of the official one]:URL: ' \
        '(--offline)--offline[Let the built-in simulator answer\: no key, no network]' \
        '(--no-stdin)--no-stdin[Leave standard input alone]' \
        '(--no-input)--no-input[Ask nothing\: each line of standard input is a message, or a slash command]' \
        '(--yes)--yes[Send large folders without a question]' \
        '(--color)--color=[Style the output\: auto, always or never]:WHEN:(auto always never)' \
        '(--quiet -q)--quiet[Errors only on standard error]' \
        '(--quiet -q)-q[Errors only on standard error]' \
        '*--verbose[Say more on standard error\: who is asked, waits, what was taken out; -vv adds telemetry as JSON lines and tracebacks]' \
        '*-v[Say more on standard error\: who is asked, waits, what was taken out; -vv adds telemetry as JSON lines and tracebacks]' \
        '(--log-file)--log-file=[Append what happens to PATH as JSON lines, keys and contents left out]:PATH:_files' \
        '(--help -h)--help[Show what there is.]' \
        '(--help -h)-h[Show what there is.]' \
        '*:prompt:()' ;;
    'models')
      _arguments -s -S \
        '*--can=[Only models that are known to have it\: vision, pdf, tools, thinking, effort, schema, long (1M tokens), …; repeatable]:ABILITY:(vision pdf tools schema search code batch citations caching prefill sampling forced system geo batch300k thinking effort fast long)' \
        '(--refresh)--refresh[Ask the API for its list first\: a free call, kept for the next time]' \
        '(--retired)--retired[Models that are gone, too]' \
        '(--json)--json[Print one JSON object]' \
        '(--profile)--profile=[Use the address, key, model and headers of \[profiles.NAME\] in the settings]:NAME: _claude_cli_live profiles' \
        '(--base-url)--base-url=[Ask this address instead of the official one]:URL: ' \
        '(--offline)--offline[Let the built-in simulator answer\: no key, no network]' \
        '(--timeout)--timeout=[Time for the whole call with its retries]:SECONDS: ' \
        '(--quiet -q)--quiet[Errors only on standard error]' \
        '(--quiet -q)-q[Errors only on standard error]' \
        '(--help -h)--help[Show what there is.]' \
        '(--help -h)-h[Show what there is.]' \
        '*:search: _claude_cli_live searches' ;;
    'tokens')
      _arguments -s -S \
        '(--model -m)--model=[Model id or alias\: sonnet, opus, haiku, fable]:MODEL: _claude_cli_live models' \
        '(--model -m)-m+[Model id or alias\: sonnet, opus, haiku, fable]:MODEL: _claude_cli_live models' \
        '(--system -s)--system=[System prompt]:TEXT: ' \
        '(--system -s)-s+[System prompt]:TEXT: ' \
        '(--system-file)--system-file=[System prompt from a file]:PATH:_files' \
        '*--file=[Text file, folder, URL or '\''-'\'' into the prompt, or as the prompt where there is no other; repeatable]:PATH:_files' \
        '*-f+[Text file, folder, URL or '\''-'\'' into the prompt, or as the prompt where there is no other; repeatable]:PATH:_files' \
        '*--attach=[Image or PDF\: path, URL, '\''-'\'' or '\''clipboard'\''; repeatable]:PATH:_files' \
        '*-a+[Image or PDF\: path, URL, '\''-'\'' or '\''clipboard'\''; repeatable]:PATH:_files' \
        '*--image=[Image or PDF\: path, URL, '\''-'\'' or '\''clipboard'\''; repeatable]:PATH:_files' \
        '*-i+[Image or PDF\: path, URL, '\''-'\'' or '\''clipboard'\''; repeatable]:PATH:_files' \
        '(--template -t)--template=[Fill in a prompt template, by name or path; see templates list]:NAME: _claude_cli_live templates' \
        '(--template -t)-t+[Fill in a prompt template, by name or path; see templates list]:NAME: _claude_cli_live templates' \
        '*--param=[Value for a $NAME of the template; repeatable]:NAME=VALUE: ' \
        '*-p+[Value for a $NAME of the template; repeatable]:NAME=VALUE: ' \
        '*--option=[Any other field of the request; V is JSON where it parses, dots go deeper; repeatable]:K=V: ' \
        '*-O+[Any other field of the request; V is JSON where it parses, dots go deeper; repeatable]:K=V: ' \
        '(--estimate)--estimate[Reckon here by rules of thumb, without key and network]' \
        '(--json)--json[Print one JSON object]' \
        '(--timeout)--timeout=[Time for the whole call with its retries]:SECONDS: ' \
        '(--provider)--provider=[Provider plugin that answers]:NAME: ' \
        '(--profile)--profile=[Use the address, key, model and headers of \[profiles.NAME\] in the settings]:NAME: _claude_cli_live profiles' \
        '(--base-url)--base-url=[Ask this address instead of the official one]:URL: ' \
        '(--offline)--offline[Let the built-in simulator answer\: no key, no network]' \
        '(--no-stdin)--no-stdin[Leave standard input alone]' \
        '(--no-input)--no-input[Never ask a question]' \
        '(--yes)--yes[Count large folders without a question]' \
        '(--quiet -q)--quiet[Errors only on standard error]' \
        '(--quiet -q)-q[Errors only on standard error]' \
        '*--verbose[Say more on standard error\: who is asked, waits, what was taken out; -vv adds telemetry as JSON lines and tracebacks]' \
        '*-v[Say more on standard error\: who is asked, waits, what was taken out; -vv adds telemetry as JSON lines and tracebacks]' \
        '(--help -h)--help[Show what there is.]' \
        '(--help -h)-h[Show what there is.]' \
        '*:prompt:()' ;;
    'usage')
      _arguments -s -S \
        '(--by)--by=[One line for each day, month, model, command, session or profile]:WHAT:(day month model command session profile)' \
        '(--since)--since=[The first day\: 7d, 4w, 3m, today, yesterday, week, month, all or a date like 2026-11-01; 7d are the last 7 days, today among them]:WHEN:(today yesterday week month all 7d 30d)' \
        '(--until)--until=[The last day\: a date, today or yesterday]:DATE:(today yesterday)' \
        '(--json)--json[Print one JSON object]' \
        '(--csv)--csv[Print comma-separated values, with a header]' \
        '(--quiet -q)--quiet[Errors only on standard error]' \
        '(--quiet -q)-q[Errors only on standard error]' \
        '(--help -h)--help[Show what there is.]' \
        '(--help -h)-h[Show what there is.]' \
        '*:prompt:()' ;;
    'health')
      _arguments -s -S \
        '(--live)--live[Also ask a model for a few words; what that may cost is said before]' \
        '(--model -m)--model=[The model that --live asks]:MODEL: _claude_cli_live models' \
        '(--model -m)-m+[The model that --live asks]:MODEL: _claude_cli_live models' \
        '(--base-url)--base-url=[Ask this address instead of the official one]:URL: ' \
        '(--provider)--provider=[Provider plugin that answers]:NAME: ' \
        '(--profile)--profile=[Use the address, key, model and headers of \[profiles.NAME\] in the settings]:NAME: _claude_cli_live profiles' \
        '(--offline)--offline[Let the built-in simulator answer\: no key, no network]' \
        '(--timeout)--timeout=[Time for all checks together]:SECONDS: ' \
        '(--json)--json[Print one JSON object]' \
        '(--quiet -q)--quiet[Errors only on standard error]' \
        '(--quiet -q)-q[Errors only on standard error]' \
        '*--verbose[Say more on standard error\: who is asked, waits, what was taken out; -vv adds telemetry as JSON lines and tracebacks]' \
        '*-v[Say more on standard error\: who is asked, waits, what was taken out; -vv adds telemetry as JSON lines and tracebacks]' \
        '(--help -h)--help[Show what there is.]' \
        '(--help -h)-h[Show what there is.]' \
        '*:prompt:()' ;;
    'simulate')
      _arguments -s -S \
        '(--port)--port=[Port on 127.0.0.1; 0 takes a free one]:N: ' \
        '(--script)--script=[Faults and answers to play, as JSON]:FILE:_files' \
        '(--pace)--pace=[Seconds between two pieces of an answer]:SECONDS: ' \
        '(--bare-models)--bare-models[List models with four fields only, as old gateways do]' \
        '(--requests-per-minute)--requests-per-minute=[Answer 429 beyond so many requests a minute]:N: ' \
        '(--input-tokens-per-minute)--input-tokens-per-minute=[Answer 429 beyond so many input tokens a minute]:N: ' \
        '(--output-tokens-per-minute)--output-tokens-per-minute=[Answer 429 beyond so many output tokens a minute]:N: ' \
        '(--burst)--burst=[How many seconds'\'' worth of a limit may be used at once]:SECONDS: ' \
        '(--help -h)--help[Show what there is.]' \
        '(--help -h)-h[Show what there is.]' \
        '*:prompt:()' ;;
    'completions')
      _arguments -s -S \
        '(--help -h)--help[Show what there is.]' \
        '(--help -h)-h[Show what there is.]' \
        '*:shell:(bash zsh fish)' ;;
    'batch')
      _arguments -s -S \
        '(--help -h)--help[Show what there is.]' \
        '(--help -h)-h[Show what there is.]' \
        '*:prompt:()' ;;
    'batch run')
      _arguments -s -S \
        '(--output -o)--output=[Write the answers to FILE as JSON Lines, in the order of the input, when all rows are over; until then they are in FILE.journal, from which the same command goes on]:FILE:_files' \
        '(--output -o)-o+[Write the answers to FILE as JSON Lines, in the order of the input, when all rows are over; until then they are in FILE.journal, from which the same command goes on]:FILE:_files' \
        '(--as-completed)--as-completed[Write the answers in the order in which they come]' \
        '(--input-format)--input-format=[auto (by the name, then the content), jsonl, csv or lines]:FORM:(auto jsonl csv lines)' \
        '(--files-root)--files-root=[Rows may name files below DIR]:DIR:_files' \
        '(--model -m)--model=[Model id or alias\: sonnet, opus, haiku, fable]:MODEL: _claude_cli_live models' \
        '(--model -m)-m+[Model id or alias\: sonnet, opus, haiku, fable]:MODEL: _claude_cli_live models' \
        '(--system -s)--system=[System prompt]:TEXT: ' \
        '(--system -s)-s+[System prompt]:TEXT: ' \
        '(--system-file)--system-file=[System prompt from a file]:PATH:_files' \
        '(--template -t)--template=[Fill in a prompt template for each row; columns and members are its values]:NAME: _claude_cli_live templates' \
        '(--template -t)-t+[Fill in a prompt template for each row; columns and members are its values]:NAME: _claude_cli_live templates' \
        '*--param=[Value for a $NAME of the template; repeatable]:NAME=VALUE: ' \
        '*-p+[Value for a $NAME of the template; repeatable]:NAME=VALUE: ' \
        '(--jobs -j)--jobs=[Rows under way at once, at most\: 1 to 64. It begins with 8 and goes by what the provider allows]:N: ' \
        '(--jobs -j)-j+[Rows under way at once, at most\: 1 to 64. It begins with 8 and goes by what the provider allows]:N: ' \
        '(--dry-run -n)--dry-run[Show the first requests, the tokens and the money, send nothing]' \
        '(--dry-run -n)-n[Show the first requests, the tokens and the money, send nothing]' \
        '(--expect-output)--expect-output=[Output tokens of a row, for the expected cost]:N: ' \
        '(--retry-failed)--retry-failed[Ask the rows again that failed in an earlier run]' \
        '(--restart)--restart[Begin anew\: forget what an earlier run has answered]' \
        '(--skip-invalid)--skip-invalid[Leave out rows that cannot be asked, instead of stopping before the first call]' \
        '(--stop-after-failures)--stop-after-failures=[Begin no further rows once N have failed]:N: ' \
        '(--until)--until=[Begin no further rows from TIME on\: HH\:MM, or a date with its time]:TIME: ' \
        '(--for)--for=[Begin no further rows after so long\: 5h, 90m, 1h30m, 45s]:TIME: ' \
        '(--max-cost)--max-cost=[Spend at most so many US dollars in this run, then stop with status 9]:USD: ' \
        '(--max-tokens)--max-tokens=[Output tokens of a row at most, thinking included]:N: ' \
        '*--stop=[Stop before this text; repeatable]:TEXT: ' \
        '(--effort)--effort=[How hard to try\: low, medium, high, xhigh or max]:LEVEL:(low medium high xhigh max)' \
        '(--thinking)--thinking=[Let the model think first]:on|off|TOKENS:(on off)' \
        '(--temperature)--temperature=[0 to 1; only older models take it]:X: ' \
        '(--top-p)--top-p=[0 to 1; only older models take it]:X: ' \
        '(--top-k)--top-k=[0 or more; only older models take it]:N: ' \
        '(--service-tier)--service-tier=[auto or standard_only]:TIER:(auto standard_only)' \
        '(--cache)--cache=[Let rows that begin alike share a prompt cache\: one goes ahead and fills it]:auto|off:(auto off)' \
        '*--option=[Any other field of the request; V is JSON where it parses, dots go deeper; repeatable]:K=V: ' \
        '*-O+[Any other field of the request; V is JSON where it parses, dots go deeper; repeatable]:K=V: ' \
        '*--beta=[Name for the anthropic-beta header; repeatable]:NAME: ' \
        '(--strict)--strict[Refuse what the model does not take instead of adjusting it]' \
        '(--on-truncate)--on-truncate=[When an answer is cut\: fail (the row), continue (ask for the rest, 5 times at most) or ok]:DO:(fail continue ok)' \
        '(-x)-x[Keep only the first code block; --extract first]' \
        '(--extract)--extract=[Keep only code blocks\: first, last, all, or the first in a language such as python]:WHICH:(first last all)' \
        '(--schema)--schema=[Get JSON of this form\: a JSON Schema, a file with one, or '\''name, age int, tags list'\'']:SCHEMA:_files' \
        '(--stream)--stream[Have all answers streamed, as long ones always are\: for proxies that close silent connections]' \
        '(--timeout)--timeout=[Time for a row with its retries]:SECONDS: ' \
        '(--retry-for)--retry-for=[How long a row is tried again]:SECONDS: ' \
        '(--retries)--retries=[Tries of a row after the first at most]:N: ' \
        '(--provider)--provider=[Provider plugin that answers]:NAME: ' \
        '(--profile)--profile=[Use the address, key, model and headers of \[profiles.NAME\] in the settings]:NAME: _claude_cli_live profiles' \
        '(--base-url)--base-url=[Ask this address instead of the official one]:URL: ' \
        '(--offline)--offline[Let the built-in simulator answer\: no key, no network]' \
        '(--json)--json[Print the report as one JSON object; needs -o]' \
        '(--color)--color=[Style the output\: auto, always or never]:WHEN:(auto always never)' \
        '(--quiet -q)--quiet[Errors only on standard error]' \
        '(--quiet -q)-q[Errors only on standard error]' \
        '*--verbose[Say more on standard error\: who is asked, waits, what was taken out; -vv adds telemetry as JSON lines and tracebacks]' \
        '*-v[Say more on standard error\: who is asked, waits, what was taken out; -vv adds telemetry as JSON lines and tracebacks]' \
        '(--log-file)--log-file=[Append what happens to PATH as JSON lines, keys and contents left out]:PATH:_files' \
        '(--help -h)--help[Show what there is.]' \
        '(--help -h)-h[Show what there is.]' \
        '*:in:_files' ;;
    'history')
      _arguments -s -S \
        '(--help -h)--help[Show what there is.]' \
        '(--help -h)-h[Show what there is.]' \
        '*:prompt:()' ;;
    'history list')
      _arguments -s -S \
        '(--limit -n)--limit=[So many at most; 0\: all]:N: ' \
        '(--limit -n)-n+[So many at most; 0\: all]:N: ' \
        '(--since)--since=[Only from then on\: 7d, 4w, 3m, today, yesterday, week, month, all or a date like 2026-11-01]:WHEN:(today yesterday week month all 7d 30d)' \
        '(--until)--until=[Only to the end of that day\: a date, today or yesterday]:DATE:(today yesterday)' \
        '(--model -m)--model=[Only of this model, by a part of its name]:MODEL: _claude_cli_live models' \
        '(--model -m)-m+[Only of this model, by a part of its name]:MODEL: _claude_cli_live models' \
        '(--json)--json[Print one JSON object]' \
        '(--quiet -q)--quiet[Errors only on standard error]' \
        '(--quiet -q)-q[Errors only on standard error]' \
        '(--help -h)--help[Show what there is.]' \
        '(--help -h)-h[Show what there is.]' \
        '*:prompt:()' ;;
    'history show')
      _arguments -s -S \
        '(--all)--all[Show all branches, not only the one in use]' \
        '(--json)--json[Print one JSON object]' \
        '(--help -h)--help[Show what there is.]' \
        '(--help -h)-h[Show what there is.]' \
        '*:name: _claude_cli_live sessions' ;;
    'history search')
      _arguments -s -S \
        '(--rank)--rank[The best first, not the newest]' \
        '(--limit -n)--limit=[So many at most; 0\: all]:N: ' \
        '(--limit -n)-n+[So many at most; 0\: all]:N: ' \
        '(--since)--since=[Only from then on\: 7d, 4w, 3m, today, yesterday, week, month, all or a date like 2026-11-01]:WHEN:(today yesterday week month all 7d 30d)' \
        '(--until)--until=[Only to the end of that day\: a date, today or yesterday]:DATE:(today yesterday)' \
        '(--model -m)--model=[Only of this model, by a part of its name]:MODEL: _claude_cli_live models' \
        '(--model -m)-m+[Only of this model, by a part of its name]:MODEL: _claude_cli_live models' \
        '(--json)--json[Print one JSON object]' \
        '(--quiet -q)--quiet[Errors only on standard error]' \
        '(--quiet -q)-q[Errors only on standard error]' \
        '(--help -h)--help[Show what there is.]' \
        '(--help -h)-h[Show what there is.]' \
        '*:prompt:()' ;;
    'history export')
      _arguments -s -S \
        '(--all)--all[Export every conversation]' \
        '(--output -o)--output=[Into FILE, readable by you alone]:FILE:_files' \
        '(--output -o)-o+[Into FILE, readable by you alone]:FILE:_files' \
        '(--format)--format=[md, for people, or json, for history import]:FORM:(md json)' \
        '(--raw)--raw[Leave keys, home folders and thinking in; without it they are taken out]' \
        '(--yes -y)--yes[Overwrite FILE without a question]' \
        '(--yes -y)-y[Overwrite FILE without a question]' \
        '(--quiet -q)--quiet[Errors only on standard error]' \
        '(--quiet -q)-q[Errors only on standard error]' \
        '(--help -h)--help[Show what there is.]' \
        '(--help -h)-h[Show what there is.]' \
        '*:name: _claude_cli_live sessions' ;;
    'history import')
      _arguments -s -S \
        '(--quiet -q)--quiet[Errors only on standard error]' \
        '(--quiet -q)-q[Errors only on standard error]' \
        '(--help -h)--help[Show what there is.]' \
        '(--help -h)-h[Show what there is.]' \
        '*:file:_files' ;;
    'history rm')
      _arguments -s -S \
        '(--all)--all[Remove every conversation]' \
        '(--before)--before=[Remove those that were last used before that day]:DATE:(today yesterday)' \
        '(--yes -y)--yes[Remove without a question]' \
        '(--yes -y)-y[Remove without a question]' \
        '(--quiet -q)--quiet[Errors only on standard error]' \
        '(--quiet -q)-q[Errors only on standard error]' \
        '(--help -h)--help[Show what there is.]' \
        '(--help -h)-h[Show what there is.]' \
        '*:name: _claude_cli_live sessions' ;;
    'config')
      _arguments -s -S \
        '(--help -h)--help[Show what there is.]' \
        '(--help -h)-h[Show what there is.]' \
        '*:prompt:()' ;;
    'config show')
      _arguments -s -S \
        '(--profile)--profile=[Use the address, key, model and headers of \[profiles.NAME\] in the settings]:NAME: _claude_cli_live profiles' \
        '(--json)--json[Print one JSON object]' \
        '(--help -h)--help[Show what there is.]' \
        '(--help -h)-h[Show what there is.]' \
        '1:name:(model provider base_url api_version profile key_command keyring allow_http offline max_tokens effort system template retry_for_s connect_timeout_s first_byte_timeout_s idle_timeout_s pings_timeout_s screen_reader stdin_wait_s budget.day budget.month history.save history.days chat.overflow chat.vi serve.host serve.port serve.tls_cert serve.tls_key serve.behind_proxy serve.keys_file serve.cors_origins serve.allow_hosts serve.aliases serve.fallback_models serve.on_unsupported serve.open_metrics serve.requests_per_minute serve.tokens_per_minute serve.streams_at_once serve.limits_url serve.at_once serve.waiting serve.drain_s)' \
        '2:value: ' ;;
    'config set')
      _arguments -s -S \
        '(--help -h)--help[Show what there is.]' \
        '(--help -h)-h[Show what there is.]' \
        '1:name:(model provider base_url api_version profile key_command keyring allow_http offline max_tokens effort system template retry_for_s connect_timeout_s first_byte_timeout_s idle_timeout_s pings_timeout_s screen_reader stdin_wait_s budget.day budget.month history.save history.days chat.overflow chat.vi serve.host serve.port serve.tls_cert serve.tls_key serve.behind_proxy serve.keys_file serve.cors_origins serve.allow_hosts serve.aliases serve.fallback_models serve.on_unsupported serve.open_metrics serve.requests_per_minute serve.tokens_per_minute serve.streams_at_once serve.limits_url serve.at_once serve.waiting serve.drain_s)' \
        '2:value:{case $words[CURRENT-1] in model|serve.fallback_models) _claude_cli_live models;; profile) _claude_cli_live profiles;; keyring|offline|screen_reader|chat.vi|serve.behind_proxy|serve.open_metrics) compadd true false;; effort) compadd low medium high xhigh max;; template) _claude_cli_live templates;; history.save) compadd auto always never;; chat.overflow) compadd trim compact stop;; serve.on_unsupported) compadd warn drop reject;; esac}' ;;
    'config unset')
      _arguments -s -S \
        '(--help -h)--help[Show what there is.]' \
        '(--help -h)-h[Show what there is.]' \
        '1:name:(model provider base_url api_version profile key_command keyring allow_http offline max_tokens effort system template retry_for_s connect_timeout_s first_byte_timeout_s idle_timeout_s pings_timeout_s screen_reader stdin_wait_s budget.day budget.month history.save history.days chat.overflow chat.vi serve.host serve.port serve.tls_cert serve.tls_key serve.behind_proxy serve.keys_file serve.cors_origins serve.allow_hosts serve.aliases serve.fallback_models serve.on_unsupported serve.open_metrics serve.requests_per_minute serve.tokens_per_minute serve.streams_at_once serve.limits_url serve.at_once serve.waiting serve.drain_s)' \
        '2:value: ' ;;
    'config path')
      _arguments -s -S \
        '(--json)--json[Print one JSON object]' \
        '(--help -h)--help[Show what there is.]' \
        '(--help -h)-h[Show what there is.]' \
        '*:prompt:()' ;;
    'config edit')
      _arguments -s -S \
        '(--help -h)--help[Show what there is.]' \
        '(--help -h)-h[Show what there is.]' \
        '*:prompt:()' ;;
    'templates')
      _arguments -s -S \
        '(--help -h)--help[Show what there is.]' \
        '(--help -h)-h[Show what there is.]' \
        '*:prompt:()' ;;
    'templates list')
      _arguments -s -S \
        '(--json)--json[Print one JSON object]' \
        '(--help -h)--help[Show what there is.]' \
        '(--help -h)-h[Show what there is.]' \
        '*:prompt:()' ;;
    'templates show')
      _arguments -s -S \
        '(--help -h)--help[Show what there is.]' \
        '(--help -h)-h[Show what there is.]' \
        '*:name: _claude_cli_live templates' ;;
    'templates edit')
      _arguments -s -S \
        '(--help -h)--help[Show what there is.]' \
        '(--help -h)-h[Show what there is.]' \
        '*:name: _claude_cli_live templates' ;;
    'keys')
      _arguments -s -S \
        '(--help -h)--help[Show what there is.]' \
        '(--help -h)-h[Show what there is.]' \
        '*:prompt:()' ;;
    'keys set')
      _arguments -s -S \
        '(--profile)--profile=[Use the address, key, model and headers of \[profiles.NAME\] in the settings]:NAME: _claude_cli_live profiles' \
        '(--store)--store=[keyring, or file (keys.json, for you alone)]:WHERE:(keyring file)' \
        '(--base-url)--base-url=[The address the key is for]:URL: ' \
        '(--no-test)--no-test[Do not try the key with a call, which would be free]' \
        '(--timeout)--timeout=[Time for the whole call with its retries]:SECONDS: ' \
        '*--verbose[Say more on standard error\: who is asked, waits, what was taken out; -vv adds telemetry as JSON lines and tracebacks]' \
        '*-v[Say more on standard error\: who is asked, waits, what was taken out; -vv adds telemetry as JSON lines and tracebacks]' \
        '(--help -h)--help[Show what there is.]' \
        '(--help -h)-h[Show what there is.]' \
        '*:prompt:()' ;;
    'keys list')
      _arguments -s -S \
        '(--profile)--profile=[Use the address, key, model and headers of \[profiles.NAME\] in the settings]:NAME: _claude_cli_live profiles' \
        '(--base-url)--base-url=[The address the key is for]:URL: ' \
        '(--json)--json[Print one JSON object]' \
        '*--verbose[Say more on standard error\: who is asked, waits, what was taken out; -vv adds telemetry as JSON lines and tracebacks]' \
        '*-v[Say more on standard error\: who is asked, waits, what was taken out; -vv adds telemetry as JSON lines and tracebacks]' \
        '(--help -h)--help[Show what there is.]' \
        '(--help -h)-h[Show what there is.]' \
        '*:prompt:()' ;;
    'keys test')
      _arguments -s -S \
        '(--profile)--profile=[Use the address, key, model and headers of \[profiles.NAME\] in the settings]:NAME: _claude_cli_live profiles' \
        '(--base-url)--base-url=[The address the key is for]:URL: ' \
        '(--timeout)--timeout=[Time for the whole call with its retries]:SECONDS: ' \
        '*--verbose[Say more on standard error\: who is asked, waits, what was taken out; -vv adds telemetry as JSON lines and tracebacks]' \
        '*-v[Say more on standard error\: who is asked, waits, what was taken out; -vv adds telemetry as JSON lines and tracebacks]' \
        '(--help -h)--help[Show what there is.]' \
        '(--help -h)-h[Show what there is.]' \
        '*:prompt:()' ;;
    'keys rm')
      _arguments -s -S \
        '(--profile)--profile=[Use the address, key, model and headers of \[profiles.NAME\] in the settings]:NAME: _claude_cli_live profiles' \
        '(--store)--store=[keyring or file]:WHERE:(keyring file)' \
        '(--base-url)--base-url=[The address the key is for]:URL: ' \
        '(--yes -y)--yes[Remove it without a question]' \
        '(--yes -y)-y[Remove it without a question]' \
        '*--verbose[Say more on standard error\: who is asked, waits, what was taken out; -vv adds telemetry as JSON lines and tracebacks]' \
        '*-v[Say more on standard error\: who is asked, waits, what was taken out; -vv adds telemetry as JSON lines and tracebacks]' \
        '(--help -h)--help[Show what there is.]' \
        '(--help -h)-h[Show what there is.]' \
        '*:prompt:()' ;;
    'serve')
      _arguments -s -S \
        '(--host)--host=[Listen on this address]:ADDRESS: ' \
        '(--port)--port=[Port; 0 takes a free one]:N: ' \
        '(--tls-cert)--tls-cert=[Serve https with this certificate and its chain, in PEM]:FILE:_files' \
        '(--tls-key)--tls-key=[The key of that certificate, in PEM]:FILE:_files' \
        '(--behind-proxy)--behind-proxy[A proxy in front does TLS; believe its X-Forwarded-* headers]' \
        '(--no-auth)--no-auth[Ask nobody for a key; for this machine alone]' \
        '(--keys-file)--keys-file=[Keys that may come in, for containers]:FILE:_files' \
        '*--cors-origin=[A web page that may call, as in https\://app.example; repeatable]:ORIGIN: ' \
        '*--allow-host=[A name by which it may be called besides its own; repeatable]:NAME: ' \
        '(--on-unsupported)--on-unsupported=[With hints that no model here can honour\: warn (drop them, say so in a header), drop or reject]:DO:(warn drop reject)' \
        '(--fallback-model)--fallback-model=[Models to ask when the first one fails]:A,B: _claude_cli_live models' \
        '(--open-metrics)--open-metrics[Show /metrics and /v1/providers without an admin key]' \
        '(--drain)--drain=[How long answers may go on after SIGTERM or Ctrl-C]:SECONDS: ' \
        '(--retry-for)--retry-for=[How long failed calls are tried again]:SECONDS: ' \
        '(--retries)--retries=[Tries after the first at most]:N: ' \
        '(--timeout)--timeout=[Time for the whole call with its retries]:SECONDS: ' \
        '(--max-cost)--max-cost=[Spend at most so many US dollars, then refuse requests]:USD: ' \
        '(--provider)--provider=[Provider plugin that answers]:NAME: ' \
        '(--profile)--profile=[Use the address, key, model and headers of \[profiles.NAME\] in the settings]:NAME: _claude_cli_live profiles' \
        '(--base-url)--base-url=[Ask this address instead of the official one]:URL: ' \
        '(--offline)--offline[Let the built-in simulator answer\: no key, no network]' \
        '(--quiet -q)--quiet[Errors only on standard error\: no line for each request]' \
        '(--quiet -q)-q[Errors only on standard error\: no line for each request]' \
        '*--verbose[Log more\: each call as it begins and ends; -vv each piece of an answer, too]' \
        '*-v[Log more\: each call as it begins and ends; -vv each piece of an answer, too]' \
        '(--log-file)--log-file=[Log to PATH as JSON lines, keys and contents left out, instead of standard error]:PATH:_files' \
        '(--help -h)--help[Show what there is.]' \
        '(--help -h)-h[Show what there is.]' \
        '*:prompt:()' ;;
    'serve keys')
      _arguments -s -S \
        '(--help -h)--help[Show what there is.]' \
        '(--help -h)-h[Show what there is.]' \
        '*:prompt:()' ;;
    'serve keys create')
      _arguments -s -S \
        '*--model=[A model it may ask, by id or alias; repeatable]:NAME: _claude_cli_live models' \
        '*-m+[A model it may ask, by id or alias; repeatable]:NAME: _claude_cli_live models' \
        '(--requests-per-minute)--requests-per-minute=[Requests a minute; 0\: no limit of its own]:N: ' \
        '(--tokens-per-minute)--tokens-per-minute=[Tokens a minute, of prompts and answers; 0\: no limit of its own]:N: ' \
        '(--streams)--streams=[Answers at once; 0\: no limit of its own]:N: ' \
        '(--budget-day)--budget-day=[What it may cost in a day]:USD: ' \
        '(--budget-month)--budget-month=[What it may cost in a month]:USD: ' \
        '(--expires)--expires=[Its last day, as in 2026-12-31, or how long it lasts, as in 30d or 12h]:WHEN: ' \
        '(--admin)--admin[It may see /metrics and /v1/providers, too]' \
        '(--help -h)--help[Show what there is.]' \
        '(--help -h)-h[Show what there is.]' \
        '*:prompt:()' ;;
    'serve keys list')
      _arguments -s -S \
        '(--json)--json[Print one JSON object]' \
        '(--help -h)--help[Show what there is.]' \
        '(--help -h)-h[Show what there is.]' \
        '*:prompt:()' ;;
    'serve keys revoke')
      _arguments -s -S \
        '(--yes -y)--yes[Revoke it without a question]' \
        '(--yes -y)-y[Revoke it without a question]' \
        '(--help -h)--help[Show what there is.]' \
        '(--help -h)-h[Show what there is.]' \
        '*:prompt:()' ;;
    'ask')
      _arguments -s -S \
        '(--model -m)--model=[Model id or alias\: sonnet, opus, haiku, fable]:MODEL: _claude_cli_live models' \
        '(--model -m)-m+[Model id or alias\: sonnet, opus, haiku, fable]:MODEL: _claude_cli_live models' \
        '(--system -s)--system=[System prompt]:TEXT: ' \
        '(--system -s)-s+[System prompt]:TEXT: ' \
        '(--system-file)--system-file=[System prompt from a file]:PATH:_files' \
        '*--file=[Text file, folder, URL or '\''-'\'' into the prompt, or as the prompt where there is no other; repeatable]:PATH:_files' \
        '*-f+[Text file, folder, URL or '\''-'\'' into the prompt, or as the prompt where there is no other; repeatable]:PATH:_files' \
        '(--continue -c)--continue[Go on with the newest conversation that is kept]' \
        '(--continue -c)-c[Go on with the newest conversation that is kept]' \
        '(--session -S)--session=[Go on with the conversation of this id or title, or how one of them begins; where there is none, begin one of that title]:NAME: _claude_cli_live sessions' \
        '(--session -S)-S+[Go on with the conversation of this id or title, or how one of them begins; where there is none, begin one of that title]:NAME: _claude_cli_live sessions' \
        '(--fork)--fork[With -c or -S\: go on in a copy, and leave the conversation as it is]' \
        '(--save --no-save)--save[Keep the exchange, or do not]' \
        '(--save --no-save)--no-save[Keep the exchange, or do not]' \
        '(--template -t)--template=[Fill in a prompt template, by name or path; see templates list]:NAME: _claude_cli_live templates' \
        '(--template -t)-t+[Fill in a prompt template, by name or path; see templates list]:NAME: _claude_cli_live templates' \
        '*--param=[Value for a $NAME of the template; repeatable]:NAME=VALUE: ' \
        '*-p+[Value for a $NAME of the template; repeatable]:NAME=VALUE: ' \
        '(--edit -e)--edit[Write the prompt in your editor\: VISUAL, EDITOR, else nano or vi]' \
        '(--edit -e)-e[Write the prompt in your editor\: VISUAL, EDITOR, else nano or vi]' \
        '*--attach=[Image or PDF\: path, URL, '\''-'\'' or '\''clipboard'\''; repeatable]:PATH:_files' \
        '*-a+[Image or PDF\: path, URL, '\''-'\'' or '\''clipboard'\''; repeatable]:PATH:_files' \
        '*--image=[Image or PDF\: path, URL, '\''-'\'' or '\''clipboard'\''; repeatable]:PATH:_files' \
        '*-i+[Image or PDF\: path, URL, '\''-'\'' or '\''clipboard'\''; repeatable]:PATH:_files' \
        '(--max-tokens)--max-tokens=[Output tokens at most, thinking included]:N: ' \
        '*--stop=[Stop before this text; repeatable]:TEXT: ' \
        '(--effort)--effort=[How hard to try\: low, medium, high, xhigh or max]:LEVEL:(low medium high xhigh max)' \
        '(--thinking)--thinking=[Let the model think first]:on|off|TOKENS:(on off)' \
        '(--show-thinking)--show-thinking[Show the thinking on standard error]' \
        '(--temperature)--temperature=[0 to 1; only older models take it]:X: ' \
        '(--top-p)--top-p=[0 to 1; only older models take it]:X: ' \
        '(--top-k)--top-k=[0 or more; only older models take it]:N: ' \
        '(--service-tier)--service-tier=[auto or standard_only]:TIER:(auto standard_only)' \
        '(--web-search)--web-search[Let the model search the web; $10 per 1,000 searches, and the tokens of what it finds]' \
        '(--web-fetch)--web-fetch[Let the model read pages and PDFs that you or its searches name]' \
        '(--code-execution)--code-execution[Let the model run code at the provider]' \
        '(--cache)--cache=[Let the provider keep the prompt, so that the next question about the same files costs less\: auto for 5 minutes, 1h for an hour]:auto|off|1h:(auto off 1h)' \
        '*--option=[Any other field of the request; V is JSON where it parses, dots go deeper; repeatable]:K=V: ' \
        '*-O+[Any other field of the request; V is JSON where it parses, dots go deeper; repeatable]:K=V: ' \
        '*--beta=[Name for the anthropic-beta header; repeatable]:NAME: ' \
        '(--strict)--strict[Refuse what the model does not take instead of adjusting it]' \
        '(--on-truncate)--on-truncate=[When the answer is cut\: fail (status 7), continue (ask for the rest, 5 times at most) or ok]:DO:(fail continue ok)' \
        '(-x)-x[Print only the first code block; --extract first]' \
        '(--extract)--extract=[Print only code blocks\: first, last, all, or the first in a language such as python]:WHICH:(first last all)' \
        '(--schema)--schema=[Get JSON of this form\: a JSON Schema, a file with one, or '\''name, age int, tags list'\'']:SCHEMA:_files' \
        '(--output -o)--output=[Write the answer to FILE when it is whole; until then it is in FILE.partial]:FILE:_files' \
        '(--output -o)-o+[Write the answer to FILE when it is whole; until then it is in FILE.partial]:FILE:_files' \
        '(--format)--format=[auto (rendered on a terminal, text elsewhere), text, rendered (Markdown laid out), json or jsonl]:FORM:(auto text rendered json jsonl)' \
        '(--json)--json[Print one JSON object]' \
        '(--no-stream)--no-stream[Print the answer when it is whole]' \
        '(--usage -u)--usage[Print tokens, cost and seconds on standard error]' \
        '(--usage -u)-u[Print tokens, cost and seconds on standard error]' \
        '(--dry-run -n)--dry-run[Print the request, send nothing]' \
        '(--dry-run -n)-n[Print the request, send nothing]' \
        '(--max-cost)--max-cost=[Spend at most so many US dollars\: a shorter answer, or status 9 before anything is sent]:USD: ' \
        '(--timeout)--timeout=[Time for the whole call with its retries]:SECONDS: ' \
        '(--retry-for)--retry-for=[How long failed calls are tried again]:SECONDS: ' \
        '(--retries)--retries=[Tries after the first at most]:N: ' \
        '(--fallback-model)--fallback-model=[Models to ask when the first one fails; each switch is said]:A,B: _claude_cli_live models' \
        '(--provider)--provider=[Provider plugin that answers]:NAME: ' \
        '(--profile)--profile=[Use the address, key, model and headers of \[profiles.NAME\] in the settings]:NAME: _claude_cli_live profiles' \
        '(--base-url)--base-url=[Ask this address instead of the official one]:URL: ' \
        '(--offline)--offline[Let the built-in simulator answer\: no key, no network]' \
        '(--no-stdin)--no-stdin[Leave standard input alone]' \
        '(--no-input)--no-input[Never ask a question]' \
        '(--yes)--yes[Send large folders without a question]' \
        '(--color)--color=[Style the output\: auto, always or never]:WHEN:(auto always never)' \
        '(--quiet -q)--quiet[Errors only on standard error]' \
        '(--quiet -q)-q[Errors only on standard error]' \
        '*--verbose[Say more on standard error\: who is asked, waits, what was taken out; -vv adds telemetry as JSON lines and tracebacks]' \
        '*-v[Say more on standard error\: who is asked, waits, what was taken out; -vv adds telemetry as JSON lines and tracebacks]' \
        '(--log-file)--log-file=[Append what happens to PATH as JSON lines, keys and contents left out]:PATH:_files' \
        '(--help -h)--help[Show what there is.]' \
        '(--help -h)-h[Show what there is.]' \
        '*:prompt:()' ;;
    'doctor')
      _arguments -s -S \
        '(--live)--live[Also ask a model for a few words; what that may cost is said before]' \
        '(--model -m)--model=[The model that --live asks]:MODEL: _claude_cli_live models' \
        '(--model -m)-m+[The model that --live asks]:MODEL: _claude_cli_live models' \
        '(--base-url)--base-url=[Ask this address instead of the official one]:URL: ' \
        '(--provider)--provider=[Provider plugin that answers]:NAME: ' \
        '(--profile)--profile=[Use the address, key, model and headers of \[profiles.NAME\] in the settings]:NAME: _claude_cli_live profiles' \
        '(--offline)--offline[Let the built-in simulator answer\: no key, no network]' \
        '(--timeout)--timeout=[Time for all checks together]:SECONDS: ' \
        '(--json)--json[Print one JSON object]' \
        '(--quiet -q)--quiet[Errors only on standard error]' \
        '(--quiet -q)-q[Errors only on standard error]' \
        '*--verbose[Say more on standard error\: who is asked, waits, what was taken out; -vv adds telemetry as JSON lines and tracebacks]' \
        '*-v[Say more on standard error\: who is asked, waits, what was taken out; -vv adds telemetry as JSON lines and tracebacks]' \
        '(--help -h)--help[Show what there is.]' \
        '(--help -h)-h[Show what there is.]' \
        '*:prompt:()' ;;
    *)
      _arguments -s -S \
        '(--model -m)--model=[Model id or alias\: sonnet, opus, haiku, fable]:MODEL: _claude_cli_live models' \
        '(--model -m)-m+[Model id or alias\: sonnet, opus, haiku, fable]:MODEL: _claude_cli_live models' \
        '(--system -s)--system=[System prompt]:TEXT: ' \
        '(--system -s)-s+[System prompt]:TEXT: ' \
        '(--system-file)--system-file=[System prompt from a file]:PATH:_files' \
        '*--file=[Text file, folder, URL or '\''-'\'' into the prompt, or as the prompt where there is no other; repeatable]:PATH:_files' \
        '*-f+[Text file, folder, URL or '\''-'\'' into the prompt, or as the prompt where there is no other; repeatable]:PATH:_files' \
        '(--continue -c)--continue[Go on with the newest conversation that is kept]' \
        '(--continue -c)-c[Go on with the newest conversation that is kept]' \
        '(--session -S)--session=[Go on with the conversation of this id or title, or how one of them begins; where there is none, begin one of that title]:NAME: _claude_cli_live sessions' \
        '(--session -S)-S+[Go on with the conversation of this id or title, or how one of them begins; where there is none, begin one of that title]:NAME: _claude_cli_live sessions' \
        '(--fork)--fork[With -c or -S\: go on in a copy, and leave the conversation as it is]' \
        '(--save --no-save)--save[Keep the exchange, or do not]' \
        '(--save --no-save)--no-save[Keep the exchange, or do not]' \
        '(--template -t)--template=[Fill in a prompt template, by name or path; see templates list]:NAME: _claude_cli_live templates' \
        '(--template -t)-t+[Fill in a prompt template, by name or path; see templates list]:NAME: _claude_cli_live templates' \
        '*--param=[Value for a $NAME of the template; repeatable]:NAME=VALUE: ' \
        '*-p+[Value for a $NAME of the template; repeatable]:NAME=VALUE: ' \
        '(--edit -e)--edit[Write the prompt in your editor\: VISUAL, EDITOR, else nano or vi]' \
        '(--edit -e)-e[Write the prompt in your editor\: VISUAL, EDITOR, else nano or vi]' \
        '*--attach=[Image or PDF\: path, URL, '\''-'\'' or '\''clipboard'\''; repeatable]:PATH:_files' \
        '*-a+[Image or PDF\: path, URL, '\''-'\'' or '\''clipboard'\''; repeatable]:PATH:_files' \
        '*--image=[Image or PDF\: path, URL, '\''-'\'' or '\''clipboard'\''; repeatable]:PATH:_files' \
        '*-i+[Image or PDF\: path, URL, '\''-'\'' or '\''clipboard'\''; repeatable]:PATH:_files' \
        '(--max-tokens)--max-tokens=[Output tokens at most, thinking included]:N: ' \
        '*--stop=[Stop before this text; repeatable]:TEXT: ' \
        '(--effort)--effort=[How hard to try\: low, medium, high, xhigh or max]:LEVEL:(low medium high xhigh max)' \
        '(--thinking)--thinking=[Let the model think first]:on|off|TOKENS:(on off)' \
        '(--show-thinking)--show-thinking[Show the thinking on standard error]' \
        '(--temperature)--temperature=[0 to 1; only older models take it]:X: ' \
        '(--top-p)--top-p=[0 to 1; only older models take it]:X: ' \
        '(--top-k)--top-k=[0 or more; only older models take it]:N: ' \
        '(--service-tier)--service-tier=[auto or standard_only]:TIER:(auto standard_only)' \
        '(--web-search)--web-search[Let the model search the web; $10 per 1,000 searches, and the tokens of what it finds]' \
        '(--web-fetch)--web-fetch[Let the model read pages and PDFs that you or its searches name]' \
        '(--code-execution)--code-execution[Let the model run code at the provider]' \
        '(--cache)--cache=[Let the provider keep the prompt, so that the next question about the same files costs less\: auto for 5 minutes, 1h for an hour]:auto|off|1h:(auto off 1h)' \
        '*--option=[Any other field of the request; V is JSON where it parses, dots go deeper; repeatable]:K=V: ' \
        '*-O+[Any other field of the request; V is JSON where it parses, dots go deeper; repeatable]:K=V: ' \
        '*--beta=[Name for the anthropic-beta header; repeatable]:NAME: ' \
        '(--strict)--strict[Refuse what the model does not take instead of adjusting it]' \
        '(--on-truncate)--on-truncate=[When the answer is cut\: fail (status 7), continue (ask for the rest, 5 times at most) or ok]:DO:(fail continue ok)' \
        '(-x)-x[Print only the first code block; --extract first]' \
        '(--extract)--extract=[Print only code blocks\: first, last, all, or the first in a language such as python]:WHICH:(first last all)' \
        '(--schema)--schema=[Get JSON of this form\: a JSON Schema, a file with one, or '\''name, age int, tags list'\'']:SCHEMA:_files' \
        '(--output -o)--output=[Write the answer to FILE when it is whole; until then it is in FILE.partial]:FILE:_files' \
        '(--output -o)-o+[Write the answer to FILE when it is whole; until then it is in FILE.partial]:FILE:_files' \
        '(--format)--format=[auto (rendered on a terminal, text elsewhere), text, rendered (Markdown laid out), json or jsonl]:FORM:(auto text rendered json jsonl)' \
        '(--json)--json[Print one JSON object]' \
        '(--no-stream)--no-stream[Print the answer when it is whole]' \
        '(--usage -u)--usage[Print tokens, cost and seconds on standard error]' \
        '(--usage -u)-u[Print tokens, cost and seconds on standard error]' \
        '(--dry-run -n)--dry-run[Print the request, send nothing]' \
        '(--dry-run -n)-n[Print the request, send nothing]' \
        '(--max-cost)--max-cost=[Spend at most so many US dollars\: a shorter answer, or status 9 before anything is sent]:USD: ' \
        '(--timeout)--timeout=[Time for the whole call with its retries]:SECONDS: ' \
        '(--retry-for)--retry-for=[How long failed calls are tried again]:SECONDS: ' \
        '(--retries)--retries=[Tries after the first at most]:N: ' \
        '(--fallback-model)--fallback-model=[Models to ask when the first one fails; each switch is said]:A,B: _claude_cli_live models' \
        '(--provider)--provider=[Provider plugin that answers]:NAME: ' \
        '(--profile)--profile=[Use the address, key, model and headers of \[profiles.NAME\] in the settings]:NAME: _claude_cli_live profiles' \
        '(--base-url)--base-url=[Ask this address instead of the official one]:URL: ' \
        '(--offline)--offline[Let the built-in simulator answer\: no key, no network]' \
        '(--no-stdin)--no-stdin[Leave standard input alone]' \
        '(--no-input)--no-input[Never ask a question]' \
        '(--yes)--yes[Send large folders without a question]' \
        '(--color)--color=[Style the output\: auto, always or never]:WHEN:(auto always never)' \
        '(--quiet -q)--quiet[Errors only on standard error]' \
        '(--quiet -q)-q[Errors only on standard error]' \
        '*--verbose[Say more on standard error\: who is asked, waits, what was taken out; -vv adds telemetry as JSON lines and tracebacks]' \
        '*-v[Say more on standard error\: who is asked, waits, what was taken out; -vv adds telemetry as JSON lines and tracebacks]' \
        '(--log-file)--log-file=[Append what happens to PATH as JSON lines, keys and contents left out]:PATH:_files' \
        '(--help -h)--help[Show what there is.]' \
        '(--help -h)-h[Show what there is.]' \
        '(--version -V)--version[Print the version and leave]' \
        '(--version -V)-V[Print the version and leave]' \
        '*:prompt:()' ;;
  esac
}

# Read by `source`, it registers itself; found in fpath, compinit has done so and this file is the function.
if [[ $funcstack[1] == _claude-cli ]]; then
  _claude-cli "$@"
else
  compdef _claude-cli claude-cli clc
fi
