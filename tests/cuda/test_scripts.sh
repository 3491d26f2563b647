#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# What the scripts for a GPU ask of Meson, and what they read from the tables.  Prints TAP.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
count=0

check() { # NAME WANTED GOT
    count=$((count + 1))
    if [ "$2" = "$3" ]; then
        echo "ok $count $1"
    else
        printf 'not ok %s %s\n# wanted: %s\n# got:    %s\n' "$count" "$1" "$2" "$3"
    fi
}

# ---- the build ----

# shellcheck source=tests/cuda/build.sh
. "$here/build.sh"

meson() {
    printf '%s\n' "$@" | grep architectures || true
}

mkdir -p "$folder/old/meson-private"
check 'a folder is configured for the architectures that are wanted' \
    -Dgpu_architectures=90 "$(build_for_gpu "$folder/old" 90)"
check 'a folder that was for one is for all again' \
    -Dgpu_architectures= "$(build_for_gpu "$folder/old" '')"
check 'a new folder, too' -Dgpu_architectures= "$(build_for_gpu "$folder/new" '')"

# ---- the aims ----

eval "$(sed -n '/^aims()/,/^}/p' "$here/bundle_run")"
results=$folder
: >"$folder/table.md"

ratio() { # ROWS OF PYTORCH
    printf '%s\n' "$@" >"$folder/pytorch.md"
    aims | grep PyTorch
}

eager='| EDT-S/2 | bf16 | 2 | 1.000 (1.0, 1.0) | 1.200 | 1.20x | 1.200 (autocast) | 1.20x |'
compiled='| EDT-B/2 | bf16 | 2 | 1.000 (1.0, 1.0) | 3.000 | 3.00x | 1.400 (bf16 weights, compiled) | 1.40x |'
slower='| EDT-XL/2 | bf16 | 2 | 1.000 (1.0, 1.0) | 3.000 | 3.00x | 1.500 (bf16 weights, compiled) | 1.50x |'
check 'without a compiler there is no ratio to torch.compile' \
    'aim not measured: 1.3x PyTorch with torch.compile' "$(ratio "$eager")"
check 'the least of the compiled ones is it' \
    'aim met: 1.3x PyTorch with torch.compile: 1.40x' "$(ratio "$eager" "$compiled" "$slower")"
echo "1..$count"
