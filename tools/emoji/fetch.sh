# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash disable=SC2154
#
# What datasets of emoji are made from: packages of npm and names from Debian's Unicode packages,
# each fetched once and kept in ${XDG_CACHE_HOME:-~/.cache}/edt/emoji.  Sourced by the tools of
# stickers after environment.sh.

emoji=$cache/emoji

# Reads "package version" lines; each package lies in a folder with the last part of its name.
fetch_packages() {
    local package version
    while read -r package version; do
        fetch_package "$package" "$version" </dev/null
    done
}

fetch_package() { # PACKAGE VERSION
    local folder=$emoji/packages/${1##*/}
    [ "$(cat "$folder/version" 2>/dev/null)" != "$2" ] || return 0
    say "Fetching $1 $2"
    command -v npm >/dev/null ||
        fail "The pictures come from npm, which is not here: install it (Debian: npm) and try again."
    rm -rf "$folder" "$folder.partial"
    mkdir -p "$folder.partial"
    quietly "$cache/logs/emoji-npm.log" npm pack --silent --pack-destination "$folder.partial" "$1@$2"
    tar -xzf "$folder.partial"/*.tgz -C "$folder.partial" --strip-components 1
    rm "$folder.partial"/*.tgz
    echo "$2" >"$folder.partial/version" # written last: the folder is whole
    mv "$folder.partial" "$folder"
}

# emoji-test.txt, UnicodeData.txt and CLDR's annotations: the machine's own, else unpacked from
# Debian's packages without installing them.
find_unicode() {
    local folder=/usr/share/unicode
    if in_environment test -f $folder/emoji/emoji-test.txt -a -f $folder/UnicodeData.txt \
        -a -f $folder/cldr/common/annotations/de.xml; then
        echo $folder
        return
    fi
    [ -d "$emoji/unicode" ] || fetch_unicode
    echo "$emoji/unicode/usr/share/unicode"
}

fetch_unicode() {
    local partial=$emoji/unicode.partial
    say "Fetching Debian's unicode-data and unicode-cldr-core"
    rm -rf "$partial"
    mkdir -p "$partial"
    # shellcheck disable=SC2016
    quietly "$cache/logs/emoji-unicode.log" in_environment sh -ec 'cd "$1"
        download="apt-get download -o APT::Sandbox::User=root unicode-data unicode-cldr-core"
        $download || { apt-get update; $download; }
        for package in *.deb; do dpkg-deb -x "$package" .; rm "$package"; done' fetch "$partial" ||
        fail "Install the packages with Unicode's emoji and CLDR data by hand (Debian: unicode-data" \
            "and unicode-cldr-core), so that they are in /usr/share/unicode, and try again."
    mv "$partial" "$emoji/unicode"
}

# What is wrong with the words, and --help, is told before anything is set up, built or fetched: by
# the Python of this machine, where it has one.  It ends the program then.
read_words() { # SCRIPT ARGUMENTS...
    command -v python3 >/dev/null || return 0
    PYTHONPATH="$tools/emoji" python3 -B "$@" || exit
    case " $* " in
    *" -h "* | *" --help "*) exit ;;
    esac
}

# Fetches what the script needs with these options and lets it make its folder.
make_dataset() { # DATASET.PY OPTIONS...
    local script=$1 sets=$emoji/sets.$$ unicode
    shift
    read_words "$script" --sets /dev/null "$@"
    ensure_ready
    mkdir -p "$emoji"
    rm -f "$sets"
    emoji_python "$script" --sets "$sets" "$@"
    [ -f "$sets" ] || return 0
    fetch_packages <"$sets"
    rm "$sets"
    unicode=$(find_unicode)
    emoji_python "$script" --packages "$emoji/packages" --unicode "$unicode" \
        --cache "$emoji/pictures" "$@"
}

# Python with the modules of tools/emoji beside those of the script.
emoji_python() { # SCRIPT ARGUMENTS...
    in_environment env PYTHONPATH="$tools/emoji" nice python3 -B "$@"
}
