# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash disable=SC2154
#
# A distribution that has GIMP 3: its own packages, installed with its own tool.  Sourced by
# environment.sh.  Nothing is installed without root, or without asking before sudo is used.

fedora_packages=(
    gimp gimp-devel gtk3-devel onednn-devel libzip-devel json-glib-devel libpng-devel zlib-devel
    gdk-pixbuf2-devel librsvg2-devel librsvg2-tools
    meson ninja-build gcc gcc-c++ pkgconf-pkg-config gettext libasan libubsan libtsan
    openmpi openmpi-devel
    clang compiler-rt libomp-devel valgrind
    xorg-x11-server-Xvfb openbox dbus-daemon at-spi2-core python3 python3-gobject
    ImageMagick appstream jq zip unzip procps-ng iproute ca-certificates
)

# What other distributions are asked for, by what the build looks for.
needed_modules=(gimp-3.0 gimpui-3.0 gtk+-3.0 'libzip >= 1.11' json-glib-1.0 libpng zlib gdk-pixbuf-2.0)
needed_programs=(meson ninja gcc g++ clang pkg-config msgfmt jq)

# Prints what is missing, one name a line.
missing_native() {
    local name
    case $kind in
    apt) for name in "${packages[@]}"; do # a line for each architecture that has it
        dpkg-query -W -f '${db:Status-Status}\n' "$name" 2>/dev/null | grep -qx installed ||
            echo "$name"
    done ;;
    dnf) for name in "${fedora_packages[@]}"; do
        rpm -q --quiet --whatprovides "$name" || echo "$name"
    done ;;
    *)
        for name in "${needed_programs[@]}"; do
            command -v "$name" >/dev/null || echo "$name"
        done
        for name in "${needed_modules[@]}"; do
            pkg-config --exists "$name" 2>/dev/null || echo "$name"
        done
        echo '#include <oneapi/dnnl/dnnl.h>' | gcc -E -x c - >/dev/null 2>&1 || echo 'oneDNN (with headers)'
        ;;
    esac
}

# The shell command that installs the given packages; run by root.
install_command() { # PACKAGES...
    case $kind in
    apt) echo "apt-get update && apt-get install -y --no-install-recommends $*" ;;
    dnf) echo "dnf install -y $*" ;;
    esac
}

setup_native() {
    local missing command
    mapfile -t missing < <(missing_native)
    [ "${#missing[@]}" -gt 0 ] || return 0
    [ "$kind" != other ] ||
        fail "This distribution is not known to have GIMP 3.  Missing: $(printf '%s, ' "${missing[@]}" | sed 's/, $//')." \
            "Install them, or use Debian 12 or newer, Ubuntu 24.04 or" \
            "newer, or Fedora 42 or newer, where tools/setup does it."
    command=$(install_command "${missing[@]}")
    if [ "$EUID" -eq 0 ]; then
        say "Installing ${#missing[@]} packages: ${missing[*]}"
        DEBIAN_FRONTEND=noninteractive quietly "$cache/logs/setup.log" sh -c "$command"
    else
        ask_for_sudo "$command"
    fi
}

ask_for_sudo() { # COMMAND
    local answer
    say "Packages are missing.  This installs them:" "" "    sudo sh -c '$1'" ""
    if [ ! -t 0 ] || [ ! -t 2 ]; then
        fail "Run it, then start again."
    fi
    read -r -p "Run it now? [y/N] " answer
    case $answer in
    [yY]*) sudo sh -c "$1" >&2 ;;
    *) fail "Nothing was installed." ;;
    esac
}
