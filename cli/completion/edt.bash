# SPDX-License-Identifier: GPL-3.0-or-later
#
# Completion of `edt` for bash: commands, options (as `edt COMMAND --options` tells them), models,
# the names of classes and styles, and a few words.
_edt_names() { # COMMAND...: the names in its events
    "$@" --json 2>/dev/null | sed -n 's/.*"name":"\(\([^"\\]\|\\.\)*\)".*/\1/p'
}

_edt_models() {
    edt info --json 2>/dev/null |
        sed -n 's/.*"path":"\([^"]*\)".*/\1/p' | sed 's|.*/||; s|\.safetensors$||'
}

# The lines of stdin that begin with the word, quoted as the shell wants them.
_edt_offer() { # WORD
    local line word=${1//\\/}
    word=${word#[\"\']}
    while IFS= read -r line; do
        [[ ${line,,} != "${word,,}"* ]] || COMPREPLY+=("$(printf %q "$line")")
    done
}

# -m MODEL, --model MODEL or --model=MODEL of the line, if it is there, as the shell would hand it on.
# "=" is a word of its own here.
_edt_model() {
    local i at model
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        -m | --model)
            at=$((i + 1))
            [[ ${COMP_WORDS[at]} != = ]] || at=$((at + 1))
            model=${COMP_WORDS[at]//\\/}
            model=${model#[\"\']}
            model=${model%[\"\']}
            # shellcheck disable=SC2088 # as it was typed
            [[ $model != '~/'* ]] || model=$HOME/${model:2}
            printf '%s\n' -m "$model"
            ;;
        esac
    done
}

_edt() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} model=()
    local commands='sample import info classes train plot bench doctor help' types
    COMPREPLY=()
    if [[ $word == = ]]; then
        word=
    elif [[ $before == = ]]; then
        before=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    if [ "$COMP_CWORD" -eq 1 ]; then
        mapfile -t COMPREPLY < <(compgen -W "$commands --help --version" -- "$word")
        return
    fi
    mapfile -t model < <(_edt_model)
    case $before in
    -c | --class) _edt_offer "$word" < <(_edt_names edt classes "${model[@]}") ;;
    --style) _edt_offer "$word" < <(_edt_names edt classes --styles "${model[@]}") ;;
    -m | --model | --init)
        _edt_offer "$word" < <(_edt_models)
        mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$word")
        ;;
    --speed) mapfile -t COMPREPLY < <(compgen -W 'exact balanced fast' -- "$word") ;;
    --sampler) mapfile -t COMPREPLY < <(compgen -W 'ddpm ddim dpm++2m unipc' -- "$word") ;;
    --amm) mapfile -t COMPREPLY < <(compgen -W 'off official auto' -- "$word") ;;
    --backend) mapfile -t COMPREPLY < <(compgen -W 'auto cpu cuda' -- "$word") ;;
    --type)
        case ${COMP_WORDS[1]} in
        import) types='f32 bf16 int8' ;;
        train) types='auto f32 bf16' ;;
        *) types='auto f32 bf16 int8' ;;
        esac
        mapfile -t COMPREPLY < <(compgen -W "$types" -- "$word")
        ;;
    help) mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$word") ;;
    *)
        if [[ $word == -* ]]; then
            mapfile -t COMPREPLY < <(compgen -W "$(edt "${COMP_WORDS[1]}" --options 2>/dev/null |
                cut -f1) --help" -- "$word")
        elif [ "${COMP_WORDS[1]}" = info ]; then
            _edt_offer "$word" < <(_edt_models)
            mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$word")
        else
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -f -- "$word")
        fi
        ;;
    esac
}
complete -F _edt edt
