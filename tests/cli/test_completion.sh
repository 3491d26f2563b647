#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Completion for bash, zsh and fish, with the model that comes along: commands, options, models,
# classes.  Arguments: edt, folder of the completions, folder of models.  Prints TAP; a shell that is
# not installed is skipped.
PATH=$(dirname "$1"):$PATH
export EDT_MODEL_PATH=$3
files=$2
number=0

# What is offered for the last of WORD..., one a line.

offered_by_bash() { # WORD...
    # shellcheck disable=SC2034 # the completion reads them
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
    _edt
    printf '%s\n' "${COMPREPLY[@]}"
}

# Without a terminal there is no completion system: in its place stands what shows what it is told.
# It, not the completion, leaves out what does not begin as the word.
offered_by_zsh() { # WORD...
    # shellcheck disable=SC2016 # zsh expands it
    zsh -f -c '
        _files() { : }
        compadd() {
            local -a told
            while (($#)); do
                case $1 in
                -M) shift 2 ;;
                -a) told+=("${(@P)2}"); shift 2 ;;
                --) shift; told+=("$@"); break ;;
                esac
            done
            print -rl -- "${(@M)told:#(#i)${words[CURRENT]}*}"
        }
        setopt extendedglob
        file=$1 words=("${@:2}") CURRENT=$#words
        . $file' zsh "$files/_edt" "$@"
}

offered_by_fish() { # WORD...
    # shellcheck disable=SC2016 # fish expands it
    fish --no-config -c 'source $argv[1]; complete -C "$argv[2..]"' "$files/edt.fish" "$@" |
        cut -f 1
}

expect() { # WHAT-IS-OFFERED WORD...: the last word is completed
    local wanted=$1 result='not ok' offered
    shift
    offered=$("offered_by_$shell" "$@")
    # bash does not quote by itself
    ! grep -qxF -e "$wanted" -e "${wanted// /\\ }" <<<"$offered" || result=ok
    number=$((number + 1))
    echo "$result $number $shell: $* -> $wanted (of $(wc -l <<<"$offered"))"
}

# shellcheck source=/dev/null
. "$files/edt.bash"
for shell in bash zsh fish; do
    if ! command -v "$shell" >/dev/null; then
        number=$((number + 1))
        echo "ok $number $shell # SKIP it is not installed"
        continue
    fi
    expect sample edt sa
    expect --sampler edt sample --sa
    expect --force edt plot --f
    expect balanced edt sample --speed ba
    expect dpm++2m edt sample --sampler dp
    expect stamps edt sample -m st
    expect stamps edt info sta
    expect sunflower edt sample --class sunf
    expect 'hot dog' edt sample -m stamps -c hot
    expect volcano edt sample --class VOLC
done

# A class that only this model has, so that it was asked; "=" is a word of its own in bash.
shell=bash HOME=$EDT_MODEL_PATH
unset EDT_MODEL_PATH
# shellcheck disable=SC2088 # as it is typed
expect volcano edt sample -m '~/stamps.safetensors' --class volc
expect volcano edt sample --model = "$HOME/stamps.safetensors" --class volc
expect volcano edt sample -m "'$HOME/stamps.safetensors'" --class = volc
echo "1..$number"
