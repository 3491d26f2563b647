# SPDX-License-Identifier: GPL-3.0-or-later
#
# Completion of `edt` for fish; see edt.bash.
set -l commands sample import info classes train plot bench doctor

function __edt_names
    $argv --json 2>/dev/null | sed -n 's/.*"name":"\(\([^"\\\\]\|\\\\.\)*\)".*/\1/p'
end

function __edt_models
    edt info --json 2>/dev/null | sed -n 's/.*"path":"\([^"]*\)".*/\1/p' |
        sed 's|.*/||; s|\.safetensors$||'
end

# -m MODEL or --model MODEL of the line, if it is there.
function __edt_model
    set -l words (commandline -opc)
    for i in (seq (count $words))
        if contains -- $words[$i] -m --model; and test $i -lt (count $words)
            printf '%s\n' -m $words[(math $i + 1)]
        end
    end
end

# The option itself is no candidate here: fish asks for "--name<TAB>description".
function __edt_options
    set -l words (commandline -opc)
    edt $words[2] --options 2>/dev/null | awk -F '\t' '{ print $1 "\t" $4 }'
end

complete -c edt -n "not __fish_seen_subcommand_from $commands help" -f -a "$commands help"
complete -c edt -n "__fish_seen_subcommand_from help" -f -a "$commands"
complete -c edt -n "__fish_seen_subcommand_from $commands" -a '(__edt_options)'
complete -c edt -s m -l model -r -a '(__edt_models)'
complete -c edt -l init -r -a '(__edt_models)'
complete -c edt -s c -l class -x -a '(__edt_names edt classes (__edt_model))'
complete -c edt -l style -x -a '(__edt_names edt classes --styles (__edt_model))'
complete -c edt -l speed -x -a 'exact balanced fast'
complete -c edt -l sampler -x -a 'ddpm ddim dpm++2m unipc'
complete -c edt -l amm -x -a 'off official auto'
complete -c edt -l backend -x -a 'auto cpu cuda'
complete -c edt -n "not __fish_seen_subcommand_from import" -l type -x -a 'auto f32 bf16'
complete -c edt -n "not __fish_seen_subcommand_from train" -l type -x -a 'f32 bf16 int8'
complete -c edt -n "__fish_seen_subcommand_from info" -a '(__edt_models)'
