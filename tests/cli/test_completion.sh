#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Completion for bash, with the model that comes along: commands, options, models, classes.
# Arguments: edt, edt.bash, folder of models.  Prints TAP.
PATH=$(dirname "$1"):$PATH
export EDT_MODEL_PATH=$3
# shellcheck source=/dev/null
. "$2"
number=0

expect() { # WHAT-IS-OFFERED WORD...: the last word is completed
    local wanted=$1 result='not ok' reply
    shift
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
    _edt
    for reply in "${COMPREPLY[@]}"; do
        [ "$reply" != "$wanted" ] || result=ok
    done
    number=$((number + 1))
    echo "$result $number $* -> $wanted (of ${#COMPREPLY[@]})"
}

expect sample edt sa
expect --sampler edt sample --sa
expect --force edt plot --f
expect balanced edt sample --speed ba
expect dpm++2m edt sample --sampler dp
expect stamps edt sample -m st
expect stamps edt info sta
expect sunflower edt sample --class sunf
expect 'hot\ dog' edt sample -m stamps -c hot
expect volcano edt sample --class VOLC
echo "1..$number"
