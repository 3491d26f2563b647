# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash disable=SC2154
#
# A Debian or Ubuntu older than GIMP 3: a Debian 13 folder in the cache, made with debootstrap and
# entered with chroot.  Sourced by environment.sh; setup_root makes the folder, in_root enters it.
#
# Every call has a mount namespace of its own: what is bound into the folder is seen by that call
# alone and gone with it, so deleting the folder never reaches through to the machine's own files.

suite=trixie
fallback_mirror=http://deb.debian.org/debian
root=$cache/debian13
stamp=$root/var/lib/edt-setup # what was installed; written last

wanted_stamp() {
    printf '%s\n' "$suite" "${packages[@]}" | sha256sum
}

root_is_ready() {
    [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$(wanted_stamp)" ]
}

# ---- entering ----

require_root() {
    [ "$EUID" -eq 0 ] ||
        fail "This distribution has no GIMP 3, so the project works in a Debian 13 folder" \
            "($root), which only root can make and enter.  Either" \
            "    sudo $0" \
            "or use a distribution with GIMP 3, where root is not needed: Debian 13," \
            "Ubuntu 25.04 or Fedora 42, or newer."
    unshare --mount true 2>/dev/null ||
        fail "This machine does not let root mount folders, as in a container without privileges." \
            "Give the container CAP_SYS_ADMIN, or use an image of Debian 13, Ubuntu 25.04 or" \
            "Fedora 42, or newer."
}

# Before a command: enter the Debian 13 folder.  After it comes "work": everything of the machine but
# its system folders is there under the same path, and the command starts in the caller's directory;
# or "bare": nothing but devices, for installing.
# shellcheck disable=SC2016
root_entry=(unshare --mount --propagation private --
    bash -c '. "$1/environment.sh"; shift; enter_root "$@"' edt "$tools")

bind_same() { # DIRECTORY
    mkdir -p "$root$1"
    mount --rbind "$1" "$root$1"
}

# A folder that has no equal among Debian's own.
is_unknown_in_root() { # DIRECTORY
    [ -d "$1" ] && [ -z "$(ls -A "$root$1" 2>/dev/null)" ]
}

bind_work() {
    local folder
    for folder in /*; do
        case $folder in
        /bin | /boot | /dev | /etc | /lib* | /lost+found | /proc | /run | /sbin | /sys | /usr | /var) ;;
        *) [ ! -d "$folder" ] || bind_same "$folder" ;;
        esac
    done
    bind_same /var/tmp
    for folder in /run/user "$checkout" "$cache" "${TMPDIR:-/tmp}" "$PWD"; do
        ! is_unknown_in_root "$folder" || bind_same "$folder"
    done
    if [ -d /usr/local/cuda ]; then
        bind_same /usr/local/cuda
        mount -o remount,bind,ro "$root/usr/local/cuda"
    fi
}

# NVIDIA's libraries and nvidia-smi: they have to be those of the running kernel's module.
driver=/run/edt-driver
bind_driver() {
    local file place
    mkdir -p "$root$driver"
    mount -t tmpfs edt-driver "$root$driver"
    for file in $(ldconfig -p | awk '/lib(cuda|cudadebugger|nvidia-[^ ]*)\.so.*x86-64/ { print $NF }') \
        "$(command -v nvidia-smi || true)"; do
        place=$root$driver/${file##*/}
        [ -z "$file" ] || [ -e "$place" ] || { : >"$place" && mount --bind "$(realpath "$file")" "$place"; }
    done
}

# Never returns: becomes the command.
enter_root() { # HOW COMMAND...
    local how=$1 path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin folder
    shift
    [ "$how" != work ] || bind_work
    for folder in /proc /sys /dev; do
        bind_same "$folder"
    done
    [ ! -d /usr/local/cuda/bin ] || path=$path:/usr/local/cuda/bin
    unset LD_LIBRARY_PATH LD_PRELOAD PYTHONPATH PYTHONHOME "${!LC_@}"
    if [ "$how" = work ] && [ -e /dev/nvidiactl ]; then
        bind_driver
        path=$path:$driver
        export LD_LIBRARY_PATH=$driver
    fi
    # shellcheck disable=SC2016
    LANG=C.UTF-8 PATH=$checkout/build/cli:$path \
        exec chroot "$root" /bin/sh -c 'cd "$0" 2>/dev/null || cd /; exec "$@"' "$PWD" "$@"
}

# ---- making ----

# The mirror that the machine's own apt sources name, one called debian before others that have a
# "stable"; apt itself reads them, without the network.
find_mirror() {
    local VERSION_CODENAME='' uri
    # shellcheck disable=SC1091
    . /etc/os-release
    if [ -n "${EDT_DEBIAN_MIRROR:-}" ]; then
        echo "$EDT_DEBIAN_MIRROR"
        return
    fi
    uri=$(apt-get --print-uris update 2>/dev/null |
        sed -n "s,^'\(\(https\?\|file\):[^']*\)/dists/\($VERSION_CODENAME\|\(old\)*stable\)/InRelease'.*,\1,p" |
        awk '!found || /\/debian\/*$/ && !debian { found = $0 } /\/debian\/*$/ { debian = 1 } END { print found }')
    case $ID in
    debian) echo "${uri:-$fallback_mirror}" ;;
    *) echo "$fallback_mirror" ;; # the machine's mirror is not Debian's
    esac
}

install_debootstrap() {
    command -v debootstrap >/dev/null && return
    say "Installing debootstrap"
    local install='apt-get install -y --no-install-recommends debootstrap debian-archive-keyring'
    quietly "$cache/logs/setup.log" sh -c "$install || { apt-get update && $install; }"
}

# A folder that is there is whole: it gets its name last.
make_base() { # MIRROR
    local partial=$root.partial script=/usr/share/debootstrap/scripts/$suite
    [ ! -x "$root/usr/bin/apt-get" ] || return 0
    ! grep -q " $root/" /proc/mounts || fail "Something is mounted in $root; unmount it first."
    install_debootstrap
    say "Making a Debian 13 folder in $root"
    rm -rf --one-file-system "$partial" "$root"
    [ -e "$script" ] || script=/usr/share/debootstrap/scripts/sid # older than its name
    quietly "$cache/logs/setup.log" debootstrap --variant=minbase --include=ca-certificates \
        "$suite" "$partial" "$1" "$script" ||
        fail "No Debian 13 could be made from $1.  Another mirror: sudo EDT_DEBIAN_MIRROR=http://… $0" \
            "An unknown key means that debian-archive-keyring is older than Debian 12 (Ubuntu 22.04)."
    mv "$partial" "$root"
}

# The machine's ways to the network: name server, proxies, own certificates, age of mirrors.
copy_network_settings() { # MIRROR
    local conf=$root/etc/apt/apt.conf.d
    echo "deb $1 $suite main" >"$root/etc/apt/sources.list"
    apt-config dump | grep -E '^Acquire::(https?|Check-|Min-Valid|Max-Valid|Force|Retries)' |
        grep -v Proxy-Auto-Detect >"$conf/90machine" || true
    echo 'Acquire::Languages "none";' >"$conf/91edt"
    echo force-unsafe-io >"$root/etc/dpkg/dpkg.cfg.d/edt"
    cp -L /etc/resolv.conf /etc/hosts "$root/etc/" 2>/dev/null || true
    cp /usr/local/share/ca-certificates/*.crt "$root/usr/local/share/ca-certificates/" 2>/dev/null || true
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d" # packages start no services here
    chmod +x "$root/usr/sbin/policy-rc.d"
}

install_packages() {
    local script='export DEBIAN_FRONTEND=noninteractive
        update-ca-certificates
        dpkg --configure -a || true
        apt-get update
        apt-get install -y -f
        apt-get install -y --no-install-recommends "$@"
        apt-get clean'
    say "Installing ${#packages[@]} packages and what they need (about 3 GB, once)"
    quietly "$cache/logs/setup.log" "${root_entry[@]}" bare sh -ec "$script" setup "${packages[@]}"
}

setup_root() {
    local mirror
    require_root
    mirror=$(find_mirror)
    make_base "$mirror"
    copy_network_settings "$mirror"
    install_packages
    wanted_stamp >"$stamp"
}
