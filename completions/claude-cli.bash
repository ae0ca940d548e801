# Completion of claude-cli for bash. Written by `claude-cli completions bash`: change the program, not this file.
# Only models, profiles and templates are asked of the program; all other words stand here.

_claude_cli() {
  local program=${1/#\~/$HOME} current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}
  local path="" flags="" argument="" kind="" word
  COMPREPLY=()
  # Bash splits --flag=value into three words.
  if [[ $current == "=" ]]; then
    current=""
  elif [[ $previous == "=" ]]; then
    previous=${COMP_WORDS[COMP_CWORD-2]}
  fi
  if ((COMP_CWORD == 1)); then argument='words complete models tokens usage health simulate completions config templates keys ask doctor'; fi
  if ((COMP_CWORD > 1)); then path=${COMP_WORDS[1]}; fi
  case $path in config | templates | keys) if ((COMP_CWORD > 2)); then path+=" ${COMP_WORDS[2]}"; fi ;; esac
  case $path in
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
      flags='--port --script --pace --bare-models --help -h'
      case $previous in
        --port | --pace) kind=none ;;
        --script) kind=files ;;
      esac
      ;;
    completions)
      flags='--help -h'
      argument='words bash zsh fish'
      ;;
    config)
      flags='--help -h'
      argument='words show set unset path edit'
      ;;
    'config show')
      flags='--profile --json --help -h'
      argument='words model provider base_url api_version profile key_command keyring allow_http offline max_tokens effort system template retry_for_s connect_timeout_s first_byte_timeout_s idle_timeout_s pings_timeout_s screen_reader stdin_wait_s budget.day budget.month'
      case $previous in
        --profile) kind=profiles ;;
        model | provider | base_url | api_version | profile | key_command | keyring | allow_http | offline | max_tokens | effort | system | template | retry_for_s | connect_timeout_s | first_byte_timeout_s | idle_timeout_s | pings_timeout_s | screen_reader | stdin_wait_s | budget.day | budget.month) kind=none ;;
      esac
      ;;
    'config set')
      flags='--help -h'
      argument='words model provider base_url api_version profile key_command keyring allow_http offline max_tokens effort system template retry_for_s connect_timeout_s first_byte_timeout_s idle_timeout_s pings_timeout_s screen_reader stdin_wait_s budget.day budget.month'
      case $previous in
        model) kind=models ;;
        provider | base_url | api_version | key_command | allow_http | max_tokens | system | retry_for_s | connect_timeout_s | first_byte_timeout_s | idle_timeout_s | pings_timeout_s | stdin_wait_s | budget.day | budget.month) kind=none ;;
        profile) kind=profiles ;;
        keyring | offline | screen_reader) kind='words true false' ;;
        effort) kind='words low medium high xhigh max' ;;
        template) kind=templates ;;
      esac
      ;;
    'config unset')
      flags='--help -h'
      argument='words model provider base_url api_version profile key_command keyring allow_http offline max_tokens effort system template retry_for_s connect_timeout_s first_byte_timeout_s idle_timeout_s pings_timeout_s screen_reader stdin_wait_s budget.day budget.month'
      case $previous in
        model | provider | base_url | api_version | profile | key_command | keyring | allow_http | offline | max_tokens | effort | system | template | retry_for_s | connect_timeout_s | first_byte_timeout_s | idle_timeout_s | pings_timeout_s | screen_reader | stdin_wait_s | budget.day | budget.month) kind=none ;;
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
    ask)
      flags='--model -m --system -s --system-file --file -f --template -t --param -p --edit -e --attach -a --image -i --max-tokens --stop --effort --thinking --show-thinking --temperature --top-p --top-k --service-tier --web-search --web-fetch --code-execution --cache --option -O --beta --strict --on-truncate -x --extract --schema --output -o --format --json --no-stream --usage -u --dry-run -n --max-cost --timeout --retry-for --retries --fallback-model --provider --profile --base-url --offline --no-stdin --no-input --yes --color --quiet -q --verbose -v --log-file --help -h'
      case $previous in
        --model | -m | --fallback-model) kind=models ;;
        --system | -s | --param | -p | --max-tokens | --stop | --temperature | --top-p | --top-k | --option | -O | --beta | --max-cost | --timeout | --retry-for | --retries | --provider | --base-url) kind=none ;;
        --system-file | --file | -f | --attach | -a | --image | -i | --schema | --output | -o | --log-file) kind=files ;;
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
      flags+='--model -m --system -s --system-file --file -f --template -t --param -p --edit -e --attach -a --image -i --max-tokens --stop --effort --thinking --show-thinking --temperature --top-p --top-k --service-tier --web-search --web-fetch --code-execution --cache --option -O --beta --strict --on-truncate -x --extract --schema --output -o --format --json --no-stream --usage -u --dry-run -n --max-cost --timeout --retry-for --retries --fallback-model --provider --profile --base-url --offline --no-stdin --no-input --yes --color --quiet -q --verbose -v --log-file --help -h'
      case $previous in
        --model | -m | --fallback-model) kind=models ;;
        --system | -s | --param | -p | --max-tokens | --stop | --temperature | --top-p | --top-k | --option | -O | --beta | --max-cost | --timeout | --retry-for | --retries | --provider | --base-url) kind=none ;;
        --system-file | --file | -f | --attach | -a | --image | -i | --schema | --output | -o | --log-file) kind=files ;;
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
    models | searches | profiles | templates)
      type -P -- "$program" >/dev/null || program=claude-cli
      while IFS=$'\t' read -r word _; do
        [[ -n $word && $word == "$current"* ]] && COMPREPLY+=("$(printf %q "$word")")
      done < <("$program" --complete "$kind" 2>/dev/null) ;;
  esac
}

complete -F _claude_cli claude-cli clc
