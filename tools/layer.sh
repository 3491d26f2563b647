# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash disable=SC2154
#
# A copy of the environment that is thrown away: a layer above it, in memory, where packages can be
# installed.  Sourced behind environment.sh by package and test-arm64.
[ "$EUID" -eq 0 ] || fail "The layer above the environment needs root: sudo $0"
ensure_ready
case $kind in
root) lower=$root ;;
apt)
    # shellcheck disable=SC1091
    (. /etc/os-release && [ "${ID:-} ${VERSION_ID:-}" = "debian 13" ]) ||
        fail "This needs Debian 13 itself, or a machine where the environment is a Debian 13 folder."
    lower=/
    ;;
*) fail "This needs Debian 13, or a machine where the environment is a Debian 13 folder." ;;
esac
scratch=$(mktemp -d /var/tmp/edt-layer.XXXXXX)
trap 'rm -rf --one-file-system "$scratch"' EXIT
mkdir "$scratch/shared"

# Runs a script in a layer of its own, with a folder of the machine as /shared (default
# $scratch/shared).  then: a second script in the same layer, in a user namespace of its own, where
# root is nobody outside and file formats can be registered that only this process knows.
# shellcheck disable=SC2016
in_layer() { # NAME SCRIPT [ARGUMENTS...]
    local name=$1 shared=${shared:-$scratch/shared} then=${then:-}
    shift
    mkdir -p "$scratch/$name"
    unshare --mount --propagation private -- bash -euc '
        layer=$1 lower=$2 shared=$3 then=$4 first=$5
        shift 5
        mount -t tmpfs tmpfs "$layer"
        mkdir -p "$layer"/{upper,work,root}
        mount -t overlay overlay -o "lowerdir=$lower,upperdir=$layer/upper,workdir=$layer/work" \
            "$layer/root"
        for place in /proc /sys /dev; do
            mount --rbind "$place" "$layer/root$place"
        done
        mkdir -p "$layer/root/shared"
        mount --bind "$shared" "$layer/root/shared"
        cp -L /etc/resolv.conf "$layer/root/etc/" 2>/dev/null || true
        inside=(env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 HOME=/root
            DEBIAN_FRONTEND=noninteractive http_proxy="${http_proxy:-}"
            https_proxy="${https_proxy:-}" chroot "$layer/root" bash -euc)
        "${inside[@]}" "$first" "$@"
        [ -z "$then" ] ||
            exec unshare --user --map-root-user --mount -- "${inside[@]}" "$then" "$@"
    ' edt "$scratch/$name" "$lower" "$shared" "$then" "$@"
}
