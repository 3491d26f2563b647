# SPDX-License-Identifier: GPL-3.0-or-later
#
# Completion of `edt` for bash: commands, options (as --help tells them) and a few values.
_edt_options() {
    edt "$1" --help 2>/dev/null | grep -o -- '--[a-z][a-z-]*'
}

_edt() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    local commands='sample import info classes train plot bench doctor help'
    if [ "$COMP_CWORD" -eq 1 ]; then
        mapfile -t COMPREPLY < <(compgen -W "$commands --help --version" -- "$word")
        return
    fi
    case $before in
    --sampler) mapfile -t COMPREPLY < <(compgen -W 'ddpm ddim dpm++2m' -- "$word") ;;
    --amm) mapfile -t COMPREPLY < <(compgen -W 'off official auto' -- "$word") ;;
    --backend) mapfile -t COMPREPLY < <(compgen -W 'auto cpu cuda' -- "$word") ;;
    --type) mapfile -t COMPREPLY < <(compgen -W 'auto f32 bf16' -- "$word") ;;
    help) mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$word") ;;
    *)
        if [[ $word == -* ]]; then
            mapfile -t COMPREPLY < <(compgen -W "$(_edt_options "${COMP_WORDS[1]}")" -- "$word")
        else
            mapfile -t COMPREPLY < <(compgen -f -- "$word")
        fi
        ;;
    esac
}
complete -o filenames -F _edt edt
