# Completion of claude-cli for bash. Written by `claude-cli completions bash`: change the program, not this file.
# Only models, profiles, templates and sessions are asked of the program; all other words stand here.

_claude_cli() {
  local program=${1/#\~/$HOME} current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}
  local path="" flags="" argument="" kind="" word typed hinders
  COMPREPLY=()
  # Bash splits --flag=value into three words.
  if [[ $current == "=" ]]; then
    current=""
  elif [[ $previous == "=" ]]; then
    previous=${COMP_WORDS[COMP_CWORD-2]}
  fi
  if ((COMP_CWORD == 1)); then argument='words chat complete models tokens usage health simulate completions batch history config templates keys serve ask doctor'; fi
  if ((COMP_CWORD > 1)); then path=${COMP_WORDS[1]}; fi
  if ((COMP_CWORD > 2)); then case "$path ${COMP_WORDS[2]}" in 'batch run' | 'history list' | 'history show' | 'history search' | 'history export' | 'history import' | 'history rm' | 'config show' | 'config set' | 'config unset' | 'config path' | 'config edit' | 'templates list' | 'templates show' | 'templates edit' | 'keys set' | 'keys list' | 'keys test' | 'keys rm' | 'serve keys') path+=" ${COMP_WORDS[2]}" ;; esac; fi
  if ((COMP_CWORD > 3)); then case "$path ${COMP_WORDS[3]}" in 'serve keys create' | 'serve keys list' | 'serve keys revoke') path+=" ${COMP_WORDS[3]}" ;; esac; fi
  case $path in
    chat)
      flags='--continue -c --session -S --fork --save --no-save --model -m --system -s --system-file --file -f --attach -a --image -i --template -t --param -p --max-tokens --stop --effort --thinking --show-thinking --temperature --top-p --top-k --service-tier --web-search --web-fetch --code-execution --cache --option -O --beta --strict --on-truncate --usage -u --max-cost --timeout --retry-for --retries --fallback-model --provider --profile --base-url --offline --no-stdin --no-input --yes --color --quiet -q --verbose -v --log-file --help -h'
      case $previous in
        --session | -S) kind=sessions ;;
        --model | -m | --fallback-model) kind=models ;;
        --system | -s | --param | -p | --max-tokens | --stop | --temperature | --top-p | --top-k | --option | -O | --beta | --max-cost | --timeout | --retry-for | --retries | --provider | --base-url) kind=none ;;
        --system-file | --file | -f | --attach | -a | --image | -i | --log-file) kind=files ;;
        --template | -t) kind=templates ;;
        --effort) kind='words low medium high xhigh max' ;;
        --thinking) kind='words on off' ;;
        --service-tier) kind='words auto standard_only' ;;
        --cache) kind='words auto off 1h' ;;
        --on-truncate) kind='words fail continue ok' ;;
        --profile) kind=profiles ;;
        --color) kind='words auto always never' ;;
      esac
      ;;
    models)
      flags='--can --refresh --retired --json --profile --base-url --offline --timeout --quiet -q --help -h'
      argument=searches
      case $previous in
        --can) kind='words vision pdf tools schema search code batch citations caching prefill sampling forced system geo batch300k thinking effort fast long' ;;
        --profile) kind=profiles ;;
        --base-url | --timeout) kind=none ;;
      esac
      ;;
    tokens)
      flags='--model -m --system -s --system-file --file -f --attach -a --image -i --template -t --param -p --option -O --estimate --json --timeout --provider --profile --base-url --offline --no-stdin --no-input --yes --quiet -q --verbose -v --help -h'
      case $previous in
        --model | -m) kind=models ;;
        --system | -s | --param | -p | --option | -O | --timeout | --provider | --base-url) kind=none ;;
        --system-file | --file | -f | --attach | -a | --image | -i) kind=files ;;
        --template | -t) kind=templates ;;
        --profile) kind=profiles ;;
      esac
      ;;
    usage)
      flags='--by --since --until --json --csv --quiet -q --help -h'
      case $previous in
        --by) kind='words day month model command session profile' ;;
        --since) kind='words today yesterday week month all 7d 30d' ;;
        --until) kind='words today yesterday' ;;
      esac
      ;;
    health)
      flags='--live --model -m --base-url --provider --profile --offline --timeout --json --quiet -q --verbose -v --help -h'
      case $previous in
        --model | -m) kind=models ;;
        --base-url | --provider | --timeout) kind=none ;;
        --profile) kind=profiles ;;
      esac
      ;;
    simulate)
      flags='--port --script --pace --bare-models --requests-per-minute --input-tokens-per-minute --output-tokens-per-minute --burst --help -h'
      case $previous in
        --port | --pace | --requests-per-minute | --input-tokens-per-minute | --output-tokens-per-minute | --burst) kind=none ;;
        --script) kind=files ;;
      esac
      ;;
    completions)
      flags='--help -h'
      argument='words bash zsh fish'
      ;;
    batch)
      flags='--help -h'
      argument='words run'
      ;;
    'batch run')
      flags='--output -o --as-completed --input-format --files-root --model -m --system -s --system-file --template -t --param -p --jobs -j --dry-run -n --expect-output --retry-failed --restart --skip-invalid --stop-after-failures --until --for --max-cost --max-tokens --stop --effort --thinking --temperature --top-p --top-k --service-tier --cache --option -O --beta --strict --on-truncate -x --extract --schema --stream --timeout --retry-for --retries --provider --profile --base-url --offline --json --color --quiet -q --verbose -v --log-file --help -h'
      argument=files
      case $previous in
        --output | -o | --files-root | --system-file | --schema | --log-file) kind=files ;;
        --input-format) kind='words auto jsonl csv lines' ;;
        --model | -m) kind=models ;;
        --system | -s | --param | -p | --jobs | -j | --expect-output | --stop-after-failures | --until | --for | --max-cost | --max-tokens | --stop | --temperature | --top-p | --top-k | --option | -O | --beta | --timeout | --retry-for | --retries | --provider | --base-url) kind=none ;;
        --template | -t) kind=templates ;;
        --effort) kind='words low medium high xhigh max' ;;
        --thinking) kind='words on off' ;;
        --service-tier) kind='words auto standard_only' ;;
        --cache) kind='words auto off' ;;
        --on-truncate) kind='words fail continue ok' ;;
        --extract) kind='words first last all' ;;
        --profile) kind=profiles ;;
        --color) kind='words auto always never' ;;
      esac
      ;;
    history)
      flags='--help -h'
      argument='words list show search export import rm'
      ;;
    'history list')
      flags='--limit -n --since --until --model -m --json --quiet -q --help -h'
      case $previous in
        --limit | -n) kind=none ;;
        --since) kind='words today yesterday week month all 7d 30d' ;;
        --until) kind='words today yesterday' ;;
        --model | -m) kind=models ;;
      esac
      ;;
    'history show')
      flags='--all --json --help -h'
      argument=sessions
      ;;
    'history search')
      flags='--rank --limit -n --since --until --model -m --json --quiet -q --help -h'
      case $previous in
        --limit | -n) kind=none ;;
        --since) kind='words today yesterday week month all 7d 30d' ;;
        --until) kind='words today yesterday' ;;
        --model | -m) kind=models ;;
      esac
      ;;
    'history export')
      flags='--all --output -o --format --raw --yes -y --quiet -q --help -h'
      argument=sessions
      case $previous in
        --output | -o) kind=files ;;
        --format) kind='words md json' ;;
      esac
      ;;
    'history import')
      flags='--quiet -q --help -h'
      argument=files
      ;;
    'history rm')
      flags='--all --before --yes -y --quiet -q --help -h'
      argument=sessions
      case $previous in
        --before) kind='words today yesterday' ;;
      esac
      ;;
    config)
      flags='--help -h'
      argument='words show set unset path edit'
      ;;
    'config show')
      flags='--profile --json --help -h'
      argument='words model provider base_url api_version profile key_command keyring allow_http offline max_tokens effort system template retry_for_s connect_timeout_s first_byte_timeout_s idle_timeout_s pings_timeout_s screen_reader stdin_wait_s budget.day budget.month history.save history.days chat.overflow chat.vi serve.host serve.port serve.tls_cert serve.tls_key serve.behind_proxy serve.keys_file serve.cors_origins serve.allow_hosts serve.aliases serve.fallback_models serve.on_unsupported serve.open_metrics serve.requests_per_minute serve.tokens_per_minute serve.streams_at_once serve.limits_url serve.at_once serve.waiting serve.drain_s'
      case $previous in
        --profile) kind=profiles ;;
        model | provider | base_url | api_version | profile | key_command | keyring | allow_http | offline | max_tokens | effort | system | template | retry_for_s | connect_timeout_s | first_byte_timeout_s | idle_timeout_s | pings_timeout_s | screen_reader | stdin_wait_s | budget.day | budget.month | history.save | history.days | chat.overflow | chat.vi | serve.host | serve.port | serve.tls_cert | serve.tls_key | serve.behind_proxy | serve.keys_file | serve.cors_origins | serve.allow_hosts | serve.aliases | serve.fallback_models | serve.on_unsupported | serve.open_metrics | serve.requests_per_minute | serve.tokens_per_minute | serve.streams_at_once | serve.limits_url | serve.at_once | serve.waiting | serve.drain_s) kind=none ;;
      esac
      ;;
    'config set')
      flags='--help -h'
      argument='words model provider base_url api_version profile key_command keyring allow_http offline max_tokens effort system template retry_for_s connect_timeout_s first_byte_timeout_s idle_timeout_s pings_timeout_s screen_reader stdin_wait_s budget.day budget.month history.save history.days chat.overflow chat.vi serve.host serve.port serve.tls_cert serve.tls_key serve.behind_proxy serve.keys_file serve.cors_origins serve.allow_hosts serve.aliases serve.fallback_models serve.on_unsupported serve.open_metrics serve.requests_per_minute serve.tokens_per_minute serve.streams_at_once serve.limits_url serve.at_once serve.waiting serve.drain_s'
      case $previous in
        model | serve.fallback_models) kind=models ;;
        provider | base_url | api_version | key_command | allow_http | max_tokens | system | retry_for_s | connect_timeout_s | first_byte_timeout_s | idle_timeout_s | pings_timeout_s | stdin_wait_s | budget.day | budget.month | history.days | serve.host | serve.port | serve.tls_cert | serve.tls_key | serve.keys_file | serve.cors_origins | serve.allow_hosts | serve.aliases | serve.requests_per_minute | serve.tokens_per_minute | serve.streams_at_once | serve.limits_url | serve.at_once | serve.waiting | serve.drain_s) kind=none ;;
        profile) kind=profiles ;;
        keyring | offline | screen_reader | chat.vi | serve.behind_proxy | serve.open_metrics) kind='words true false' ;;
        effort) kind='words low medium high xhigh max' ;;
        template) kind=templates ;;
        history.save) kind='words auto always never' ;;
        chat.overflow) kind='words trim compact stop' ;;
        serve.on_unsupported) kind='words warn drop reject' ;;
      esac
      ;;
    'config unset')
      flags='--help -h'
      argument='words model provider base_url api_version profile key_command keyring allow_http offline max_tokens effort system template retry_for_s connect_timeout_s first_byte_timeout_s idle_timeout_s pings_timeout_s screen_reader stdin_wait_s budget.day budget.month history.save history.days chat.overflow chat.vi serve.host serve.port serve.tls_cert serve.tls_key serve.behind_proxy serve.keys_file serve.cors_origins serve.allow_hosts serve.aliases serve.fallback_models serve.on_unsupported serve.open_metrics serve.requests_per_minute serve.tokens_per_minute serve.streams_at_once serve.limits_url serve.at_once serve.waiting serve.drain_s'
      case $previous in
        model | provider | base_url | api_version | profile | key_command | keyring | allow_http | offline | max_tokens | effort | system | template | retry_for_s | connect_timeout_s | first_byte_timeout_s | idle_timeout_s | pings_timeout_s | screen_reader | stdin_wait_s | budget.day | budget.month | history.save | history.days | chat.overflow | chat.vi | serve.host | serve.port | serve.tls_cert | serve.tls_key | serve.behind_proxy | serve.keys_file | serve.cors_origins | serve.allow_hosts | serve.aliases | serve.fallback_models | serve.on_unsupported | serve.open_metrics | serve.requests_per_minute | serve.tokens_per_minute | serve.streams_at_once | serve.limits_url | serve.at_once | serve.waiting | serve.drain_s) kind=none ;;
      esac
      ;;
    'config path')
      flags='--json --help -h'
      ;;
    'config edit')
      flags='--help -h'
      ;;
    templates)
      flags='--help -h'
      argument='words list show edit'
      ;;
    'templates list')
      flags='--json --help -h'
      ;;
    'templates show')
      flags='--help -h'
      argument=templates
      ;;
    'templates edit')
      flags='--help -h'
      argument=templates
      ;;
    keys)
      flags='--help -h'
      argument='words set list test rm'
      ;;
    'keys set')
      flags='--profile --store --base-url --no-test --timeout --verbose -v --help -h'
      case $previous in
        --profile) kind=profiles ;;
        --store) kind='words keyring file' ;;
        --base-url | --timeout) kind=none ;;
      esac
      ;;
    'keys list')
      flags='--profile --base-url --json --verbose -v --help -h'
      case $previous in
        --profile) kind=profiles ;;
        --base-url) kind=none ;;
      esac
      ;;
    'keys test')
      flags='--profile --base-url --timeout --verbose -v --help -h'
      case $previous in
        --profile) kind=profiles ;;
        --base-url | --timeout) kind=none ;;
      esac
      ;;
    'keys rm')
      flags='--profile --store --base-url --yes -y --verbose -v --help -h'
      case $previous in
        --profile) kind=profiles ;;
        --store) kind='words keyring file' ;;
        --base-url) kind=none ;;
      esac
      ;;
    serve)
      flags='--host --port --tls-cert --tls-key --behind-proxy --no-auth --keys-file --cors-origin --allow-host --on-unsupported --fallback-model --open-metrics --drain --retry-for --retries --timeout --max-cost --provider --profile --base-url --offline --quiet -q --verbose -v --log-file --help -h'
      argument='words keys'
      case $previous in
        --host | --port | --cors-origin | --allow-host | --drain | --retry-for | --retries | --timeout | --max-cost | --provider | --base-url) kind=none ;;
        --tls-cert | --tls-key | --keys-file | --log-file) kind=files ;;
        --on-unsupported) kind='words warn drop reject' ;;
        --fallback-model) kind=models ;;
        --profile) kind=profiles ;;
      esac
      ;;
    'serve keys')
      flags='--help -h'
      argument='words create list revoke'
      ;;
    'serve keys create')
      flags='--model -m --requests-per-minute --tokens-per-minute --streams --budget-day --budget-month --expires --admin --help -h'
      case $previous in
        --model | -m) kind=models ;;
        --requests-per-minute | --tokens-per-minute | --streams | --budget-day | --budget-month | --expires) kind=none ;;
      esac
      ;;
    'serve keys list')
      flags='--json --help -h'
      ;;
    'serve keys revoke')
      flags='--yes -y --help -h'
      ;;
    ask)
      flags='--model -m --system -s --system-file --file -f --continue -c --session -S --fork --save --no-save --template -t --param -p --edit -e --attach -a --image -i --max-tokens --stop --effort --thinking --show-thinking --temperature --top-p --top-k --service-tier --web-search --web-fetch --code-execution --cache --option -O --beta --strict --on-truncate -x --extract --schema --output -o --format --json --no-stream --usage -u --dry-run -n --max-cost --timeout --retry-for --retries --fallback-model --provider --profile --base-url --offline --no-stdin --no-input --yes --color --quiet -q --verbose -v --log-file --help -h'
      case $previous in
        --model | -m | --fallback-model) kind=models ;;
        --system | -s | --param | -p | --max-tokens | --stop | --temperature | --top-p | --top-k | --option | -O | --beta | --max-cost | --timeout | --retry-for | --retries | --provider | --base-url) kind=none ;;
        --system-file | --file | -f | --attach | -a | --image | -i | --schema | --output | -o | --log-file) kind=files ;;
        --session | -S) kind=sessions ;;
        --template | -t) kind=templates ;;
        --effort) kind='words low medium high xhigh max' ;;
        --thinking) kind='words on off' ;;
        --service-tier) kind='words auto standard_only' ;;
        --cache) kind='words auto off 1h' ;;
        --on-truncate) kind='words fail continue ok' ;;
        --extract) kind='words first last all' ;;
        --format) kind='words auto text rendered json jsonl' ;;
        --profile) kind=profiles ;;
        --color) kind='words auto always never' ;;
      esac
      ;;
    doctor)
      flags='--live --model -m --base-url --provider --profile --offline --timeout --json --quiet -q --verbose -v --help -h'
      case $previous in
        --model | -m) kind=models ;;
        --base-url | --provider | --timeout) kind=none ;;
        --profile) kind=profiles ;;
      esac
      ;;
    *)
      if ((COMP_CWORD == 1)); then flags='--version -V '; fi
      flags+='--model -m --system -s --system-file --file -f --continue -c --session -S --fork --save --no-save --template -t --param -p --edit -e --attach -a --image -i --max-tokens --stop --effort --thinking --show-thinking --temperature --top-p --top-k --service-tier --web-search --web-fetch --code-execution --cache --option -O --beta --strict --on-truncate -x --extract --schema --output -o --format --json --no-stream --usage -u --dry-run -n --max-cost --timeout --retry-for --retries --fallback-model --provider --profile --base-url --offline --no-stdin --no-input --yes --color --quiet -q --verbose -v --log-file --help -h'
      case $previous in
        --model | -m | --fallback-model) kind=models ;;
        --system | -s | --param | -p | --max-tokens | --stop | --temperature | --top-p | --top-k | --option | -O | --beta | --max-cost | --timeout | --retry-for | --retries | --provider | --base-url) kind=none ;;
        --system-file | --file | -f | --attach | -a | --image | -i | --schema | --output | -o | --log-file) kind=files ;;
        --session | -S) kind=sessions ;;
        --template | -t) kind=templates ;;
        --effort) kind='words low medium high xhigh max' ;;
        --thinking) kind='words on off' ;;
        --service-tier) kind='words auto standard_only' ;;
        --cache) kind='words auto off 1h' ;;
        --on-truncate) kind='words fail continue ok' ;;
        --extract) kind='words first last all' ;;
        --format) kind='words auto text rendered json jsonl' ;;
        --profile) kind=profiles ;;
        --color) kind='words auto always never' ;;
      esac
      ;;
  esac
  if [[ -z $kind && $current == -* ]]; then
    kind="words $flags"
  elif [[ -z $kind ]]; then
    kind=$argument
  fi
  case $kind in
    words\ *)
      COMPREPLY=($(compgen -W "${kind#words }" -- "$current")) ;;
    files)
      compopt -o filenames 2>/dev/null
      while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$current") ;;
    models | searches | profiles | templates | sessions)
      type -P -- "$program" >/dev/null || program=claude-cli
      # A word may have blanks and more, and be begun with or without quotes.
      case $current in
        \'*) typed=${current#?} hinders="*[']*" ;;
        \"*) typed=${current#?} hinders='*["$`\!]*' ;;
        *) typed=${current//\\/} hinders= ;;
      esac
      while IFS=$'\t' read -r word _; do
        [[ -n $word && $word == "$typed"* ]] || continue
        if [[ -z $hinders ]]; then
          COMPREPLY+=("$(printf %q "$word")")
        elif [[ $word != $hinders ]]; then
          COMPREPLY+=("$word")
        fi
      done < <("$program" --complete "$kind" 2>/dev/null) ;;
  esac
}

complete -F _claude_cli claude-cli clc
