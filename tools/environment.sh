# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# Where the project is built and run; sourced by setup, run, demo and test.  Two kinds of machine:
# a distribution with GIMP 3 is used as it is (setup_native.sh); an older Debian or Ubuntu gets a
# Debian 13 folder beside it, entered with chroot (setup_root.sh).  Either way a command starts in
# the caller's directory and sees the same paths.  Talk goes to stderr, stdout belongs to the command.
set -euo pipefail
unset CDPATH # cd would print

tools=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
checkout=$(dirname "$tools")
export HOME="${HOME:-$(getent passwd "$EUID" | cut -d: -f6)}" # a service may have none
[[ ${XDG_CACHE_HOME:-/} == /* ]] || unset XDG_CACHE_HOME       # by its specification
cache=${XDG_CACHE_HOME:-$HOME/.cache}/edt

# Debian's names.  Fedora's are in setup_native.sh.
packages=(
    gimp libgimp-3.0-dev libgtk-3-dev libdnnl-dev libzip-dev libjson-glib-dev libpng-dev zlib1g-dev
    libgdk-pixbuf-2.0-dev librsvg2-dev librsvg2-bin librsvg2-common gir1.2-gdkpixbuf-2.0
    webp-pixbuf-loader libavif-gdk-pixbuf libjxl-gdk-pixbuf
    meson ninja-build gcc g++ pkg-config gettext libopenmpi-dev openmpi-bin
    clang libclang-rt-dev libomp-dev valgrind
    xvfb openbox dbus at-spi2-core gir1.2-atspi-2.0 gir1.2-gimp-3.0 python3 python3-gi
    imagemagick appstream jq zip unzip procps iproute2 ca-certificates
)

say() {
    printf '%s\n' "$@" >&2
}

fail() {
    say "$@"
    exit 1
}

# What a program is called with is looked at before anything is done: --help is answered with the
# lines at its head, and what it does not take is refused.
answer_help() { # ARGUMENTS
    case ${1:-} in
    -h | --help)
        sed -n '4,${/^#/!q; /^# shellcheck/q; s/^# \{0,1\}//; p}' "$0"
        exit
        ;;
    esac
}

refuse() { # WHY
    say "$1" "$0 --help says what there is."
    exit 2
}

no_options() { # MOST ARGUMENTS...: so many names at most
    local most=$1 word
    shift
    for word in "$@"; do
        [[ $word != -* ]] || refuse "There is no option $word."
    done
    [ $# -le "$most" ] || refuse "That is one word too many: ${*:most + 1:1}"
}

# The whole path of a file that shall be read.
path_of() { # FILE
    if [ ! -f "$1" ] || [ ! -r "$1" ]; then
        say "There is no file \"$1\" that can be read."
        return 2
    fi
    realpath -- "$1"
}

# Runs a command with its output in a log; shows the end of the log only where it fails.
quietly() { # LOG COMMAND...
    local log=$1
    shift
    mkdir -p "$(dirname "$log")"
    "$@" >"$log" 2>&1 </dev/null && return
    local status=$?
    tail -n 40 "$log" >&2
    say "Failed ($status): $*" "The whole log: $log"
    return "$status"
}

is_version() { # VERSION at least WANTED
    [ "$(printf '%s\n' "$1" "$2" | sort -V | head -n 1)" = "$2" ]
}

# apt and dnf: GIMP 3 is in the distribution; root: a Debian 13 folder; other: the user's own care.
machine_kind() {
    local ID='' ID_LIKE='' VERSION_ID=''
    # shellcheck disable=SC1091
    [ ! -r /etc/os-release ] || . /etc/os-release
    case $ID in
    debian) kind_since 13 "${VERSION_ID:-13}" apt root ;; # testing has no VERSION_ID
    ubuntu) kind_since 25.04 "$VERSION_ID" apt root ;;
    fedora) kind_since 42 "$VERSION_ID" dnf other ;;
    *) case " $ID_LIKE " in
        *" debian "* | *" ubuntu "*) kind_since 3.0 "$(apt_gimp_version)" apt root ;;
        *) echo other ;;
        esac ;;
    esac
}

kind_since() { # VERSION-WANTED VERSION KIND ELSE-KIND
    if is_version "$2" "$1"; then
        echo "$3"
    else
        echo "$4"
    fi
}

# What a distribution made from Debian or Ubuntu would install.
apt_gimp_version() {
    local version
    version=$(LC_ALL=C apt-cache policy gimp 2>/dev/null | sed -n 's/^ *Candidate: \([0-9]*:\)\?//p')
    echo "${version:-0}"
}

kind=${EDT_MACHINE_KIND:-$(machine_kind)}
# shellcheck source=tools/setup_native.sh
. "$tools/setup_native.sh"
# shellcheck source=tools/setup_root.sh
. "$tools/setup_root.sh"

# Everything the project needs is there, without a look at the network.
is_ready() {
    case $kind in
    root) root_is_ready ;;
    *) [ -z "$(missing_native)" ] ;;
    esac
}

ensure_ready() {
    [ "$kind" != root ] || require_root
    is_ready || "$tools/setup" >&2
}

# What stands before a command that shall run in the environment, with the built programs on PATH.
case $kind in
root) entry=("${root_entry[@]}" work) ;;
*) entry=(env "PATH=$checkout/build/cli:$PATH") ;;
esac

in_environment() { # COMMAND...
    "${entry[@]}" "$@"
}

# Whether a build folder is of this meson and of this place: another one of either cannot go on with it.
is_current() { # FOLDER
    local now made='.meson_version.full, .directories.source'
    # shellcheck disable=SC2016
    mapfile -t now < <(in_environment sh -c 'meson --version; jq -r "$0" "$1"' "$made" \
        "$1/meson-info/meson-info.json" 2>/dev/null)
    [ "${now[*]}" = "${now[0]} ${now[0]} $checkout" ]
}

# Configures and compiles a build folder; a half-configured one is made anew, and one that is there
# gets the options given now.
build() { # FOLDER [MESON OPTIONS...]
    local folder=$checkout/$1
    shift
    local log=$cache/logs/${folder##*/}.log
    if [ ! -f "$folder/build.ninja" ]; then
        say "Configuring ${folder##*/}"
        rm -rf "$folder"
        quietly "$log" in_environment meson setup "$folder" "$checkout" "$@" || return
    elif ! is_current "$folder"; then
        quietly "$log" in_environment meson setup --reconfigure "$folder" "$checkout" "$@" || return
    elif [ $# -gt 0 ]; then
        quietly "$log" in_environment meson configure "$folder" "$@" || return
    fi
    say "Compiling ${folder##*/}"
    quietly "$log" in_environment meson compile -C "$folder"
}
