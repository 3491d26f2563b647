# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# The build for a GPU; sourced by run and bundle, which both keep it in build-gpu.
PATH=$PATH:/usr/local/cuda/bin:/opt/cuda/bin

build_for_gpu() { # FOLDER ARCHITECTURES [TARGETS...]: nothing for all architectures, and for all targets
    local folder=$1 architectures=$2
    # always said: the folder may have been another machine's, or the bundle's
    local options=(-Dcuda=enabled -Dplugin=disabled --buildtype=debugoptimized
        "-Dgpu_architectures=$architectures")
    shift 2
    if [ -d "$folder/meson-private" ]; then
        meson configure "$folder" "${options[@]}"
    else
        meson setup "$folder" "${options[@]}"
    fi
    meson compile -C "$folder" "$@"
}
