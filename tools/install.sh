#!/usr/bin/env bash
# Builds the plugin, puts it where the Wireshark of this machine looks for it, and shows that it works.
#
#   tools/install.sh install      as a user: into the personal plugin folder; as root: for everyone,
#                                 since Wireshark reads no personal plugins as root
#   tools/install.sh uninstall    takes it out again
#   tools/install.sh profile      copies the profile of this project to your Wireshark
#
# DESTDIR=/some/folder installs for everyone below that folder and leaves the machine alone.
# TOOLS=0 leaves out aerospike-report and aerospike-top. PROFILE=1 copies the profile too. TSHARK=/path/tshark names another tshark than the one in PATH.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/common.sh

SAMPLE=captures/kv-basic.pcapng
SAMPLE_FILTER='aerospike.bin.name == "a"'
DESTDIR=${DESTDIR:-}

# Two copies under two names keep Wireshark from starting at all, even for its version. The plugin is always
# called aerospike.so; what has another name, in the usual places, goes first.
clear_wrong_names() {
    local folder copy
    for folder in /usr/lib/*/wireshark/plugins /usr/lib{,64}/wireshark/plugins /usr/local/lib{,64}/wireshark/plugins \
        /usr/local/lib/*/wireshark/plugins "$HOME/.local/lib/wireshark/plugins"; do
        [ -d "$folder" ] || continue
        while IFS= read -r copy; do
            remove_copy "$copy"
        done < <(find "$folder" -name '*aerospike*.so' ! -name aerospike.so)
    done
}

remove_copy() {
    rm -f -- "$1" 2>/dev/null || refuse_copy "$1"
    say "Removed another copy of the plugin: $1"
}

refuse_copy() {
    die "Another copy of the plugin is in the way: $1" \
        'Wireshark would load that one, or not start at all, and it is not yours to remove. Either have it' \
        'removed (as root: make uninstall), or have it brought up to date (as root: make install).'
}

# Where the plugin goes: `system` and `personal` are Wireshark's folders, `target` the file.
find_folders() {
    have "$TSHARK" || die 'tshark is not here: there is no Wireshark to install for.'
    "$TSHARK" --version >/dev/null 2>&1 || clear_wrong_names
    version=$("$TSHARK" --version 2>/dev/null | minor_version)
    system=$(env -u WIRESHARK_PLUGIN_DIR "$TSHARK" -G folders 2>/dev/null |
        sed -nE 's/^Global Plugins:[[:space:]]+//p')
    personal=$(wireshark_folder 'Personal Plugins')
    if [ -z "$version" ] || [ -z "$system" ] || [ -z "$personal" ]; then
        die "\"$TSHARK\" does not say its version and folders ($TSHARK --version; $TSHARK -G folders)."
    fi
    if [ -n "$DESTDIR" ] || is_root; then
        target=$DESTDIR$system/epan/aerospike.so
    else
        target=$personal/epan/aerospike.so
    fi
}

# The plugin is for one minor version: that of the headers has to be that of the program.
check_versions() {
    local headers from gui
    if [ -n "${AEROSPIKE_WIRESHARK_INCLUDE:-}" ]; then
        from=$AEROSPIKE_WIRESHARK_INCLUDE/ws_version.h
        headers=$(sed -nE 's/^#define WIRESHARK_VERSION_(MAJOR|MINOR) +//p' "$from" | paste -s -d .)
    else
        from='pkg-config --modversion wireshark'
        headers=$(pkg-config --modversion wireshark | minor_version)
    fi
    case $version in
    [0-3].*) die "Wireshark $version is too old: the plugin needs 4.0 or later." ;;
    esac
    [ "$headers" = "$version" ] || die \
        "The headers are of Wireshark ${headers:-?} ($from), tshark is of $version ($(command -v "$TSHARK"))." \
        'Wireshark refuses a plugin of another minor version. Install both from one place (on Debian: tshark' \
        'and libwireshark-dev), or name the headers that fit in AEROSPIKE_WIRESHARK_INCLUDE.'
    if have wireshark; then
        gui=$(wireshark --version 2>/dev/null </dev/null | minor_version) || gui=
        [ -z "$gui" ] || [ "$gui" = "$version" ] ||
            warn "wireshark is of $gui, tshark of $version: the plugin will be for tshark only."
    fi
}

# Copies of the plugin that Wireshark would load beside the target: two are fatal at its start.
other_copies() {
    local folder
    for folder in "$system" "$personal"; do
        if is_root && [ "$folder" = "$personal" ]; then continue; fi
        if [ -d "$folder" ]; then find "$folder" -name '*aerospike*.so' ! -path "$target"; fi
    done
}

# Before the build, as nothing has been done then.
refuse_other_copies() {
    local copy
    while IFS= read -r copy; do
        [ -w "${copy%/*}" ] || refuse_copy "$copy"
    done < <(other_copies)
}

remove_other_copies() {
    local copy
    while IFS= read -r copy; do remove_copy "$copy"; done < <(other_copies)
}

# As root: personal copies are no trouble for root, but they are for the users who have them.
name_copies_of_users() {
    local home copy
    while IFS=: read -r _ _ _ _ _ home _; do
        case $home in "" | / | "$HOME") continue ;; esac
        for copy in "$home/.local/lib/wireshark/plugins/${system##*/}"/*/*aerospike*.so; do
            if [ -f "$copy" ]; then
                warn "a personal copy is in the way of its user; have it removed: rm '$copy'"
            fi
        done
    done < <(getent passwd | sort -u -t: -k6,6)
}

# The Lua dissector for Aerospike registers the same protocol name.
name_lua_plugins() {
    local place found=()
    while IFS= read -r place; do
        [ -d "$place" ] || continue
        mapfile -t -O ${#found[@]} found < <(find "$place" -maxdepth 4 -iname '*aerospike*.lua' 2>/dev/null
            grep -HniE '^[^-]*(dofile|require|loadfile).*aerospike' "$place/init.lua" 2>/dev/null)
    done < <({
        wireshark_folder 'Personal Lua Plugins'
        wireshark_folder 'Global Lua Plugins'
        wireshark_folder 'Personal configuration'
        wireshark_folder 'Global configuration'
        echo /etc/wireshark
    } | sort -u)
    [ ${#found[@]} -gt 0 ] || return 0
    warn 'A plugin for Aerospike in Lua is here too. Both claim the protocol, and Wireshark complains at each'
    printf '         %s\n' 'start until the Lua one is gone:' "${found[@]}" >&2
}

# tshark as the user who will use it; with DESTDIR as one who reads plugins from there and nowhere else.
run_tshark() {
    if [ -n "$DESTDIR" ]; then GUEST_PLUGINS=$DESTDIR${system%/*} as_guest "$TSHARK" "$@"; else "$TSHARK" "$@"; fi
}

# Exactly one copy is loaded, from the target, and it is the one just built.
prove_loaded() {
    local lines
    lines=$(run_tshark -G plugins 2>"$TEMPORARY/start" | grep -i 'aerospike.*\.so$' || true)
    [ -n "$lines" ] || die "Wireshark does not load $target:" "$(cat "$TEMPORARY/start")"
    [ "$(printf '%s\n' "$lines" | wc -l)" -eq 1 ] || die 'Wireshark loads more than one copy:' "$lines"
    loaded=$(printf '%s\n' "$lines" | sed -E 's/.*\t//')
    [ "$loaded" = "$target" ] || die "Wireshark loads $loaded" "and not $target"
    cmp -s "$loaded" "$built" || die "$loaded is not what was built"
    grep -v '^Running as user "root"' "$TEMPORARY/start" >&2 || true
}

show_sample() {
    local columns='"No.","%m","Source","%s","Destination","%d","Protocol","%p","Info","%i"'
    run_tshark -n -r "$SAMPLE" -o "gui.column.format:$columns" \
        -Y "$SAMPLE_FILTER" >"$TEMPORARY/sample" 2>"$TEMPORARY/words" ||
        die "tshark fails on $SAMPLE:" "$(cat "$TEMPORARY/words")"
    grep -q Aerospike "$TEMPORARY/sample" ||
        die "The plugin is loaded, but shows nothing of $SAMPLE." \
            'Is Aerospike switched off (Analyze > Enabled Protocols), or its port changed in your preferences?'
    printf '\n%s\n' "\$ tshark -r $SAMPLE -Y '$SAMPLE_FILTER'"
    cat "$TEMPORARY/sample"
    echo
}

# The profile: colours and columns, as files of a folder.
PROFILE_SOURCE=profile/Aerospike
profile_folder() { say "$(wireshark_folder 'Personal configuration')/profiles/Aerospike"; }

copy_profile() {
    local folder
    folder=$(profile_folder)
    mkdir -p "$folder"
    cp "$PROFILE_SOURCE"/* "$folder/"
    say "Copied the profile to $folder (choose it in the right corner of the status bar; tshark: -C Aerospike)."
}

offer_profile() {
    [ -z "$DESTDIR" ] || return 0
    local answer=${PROFILE:-}
    if [ -z "$answer" ] && [ -t 0 ] && [ -z "${CI:-}" ]; then
        read -r -p 'Copy the profile "Aerospike" (colours and columns) to your Wireshark? [y/N] ' answer
    fi
    case $answer in
    1 | y | Y | yes) copy_profile ;;
    *) say 'There is a profile with colours and columns for Aerospike: "make profile" copies it to your Wireshark.' ;;
    esac
}

# Where programs go that everybody finds, or this user.
find_prefix() { if [ -n "$DESTDIR" ] || is_root; then prefix=$DESTDIR/usr/local; else prefix=$HOME/.local; fi; }

# The plugin is what matters: where the tools do not build, that is said, and no more.
install_tools() {
    local name
    if [ "${TOOLS:-1}" = 0 ]; then
        say 'The tools aerospike-report and aerospike-top are left out, as TOOLS=0 asks for.'
        return
    fi
    if ! build_tools; then
        warn "aerospike-report and aerospike-top are left out: they do not build with $(rustc --version 2>/dev/null)."
        return
    fi
    find_prefix
    for name in "${TOOLS_NAMES[@]}"; do
        install -D -m 755 "${built%/*}/$name" "$prefix/bin/$name"
        install -D -m 644 "$TOOLS_PAGES/$name.1" "$prefix/share/man/man1/$name.1"
    done
    say "Installed the tools: $prefix/bin/aerospike-report, aerospike-top"
    case :$PATH: in
    *":${prefix#"$DESTDIR"}/bin:"*) ;;
    *) [ -n "$DESTDIR" ] || say "Your PATH does not have $prefix/bin: add it, or call them by their whole names." ;;
    esac
}

remove_tools() {
    local name file
    find_prefix
    for name in "${TOOLS_NAMES[@]}"; do
        for file in "$prefix/bin/$name" "$prefix/share/man/man1/$name.1"; do
            [ -e "$file" ] || continue
            rm -f -- "$file" || die "$file cannot be removed."
            say "Removed $file"
        done
    done
}

install_plugin() {
    tools/packages.sh build
    find_folders
    check_versions
    if [ -z "$DESTDIR" ]; then refuse_other_copies; fi
    build_plugin
    if [ -z "$DESTDIR" ]; then remove_other_copies; fi
    (umask 022 && mkdir -p "${target%/*}")
    # Under another name first: a Wireshark that runs keeps its copy, one that starts sees no half of it.
    install -m 644 "$built" "$target.new"
    mv -f "$target.new" "$target"
    temporary_folder
    make_guest
    prove_loaded
    show_sample
    if [ -z "$DESTDIR" ]; then
        if is_root; then name_copies_of_users; fi
        name_lua_plugins
    fi
    offer_profile
    install_tools
    say "Installed for Wireshark $version and loaded: $loaded"
    [ -n "$DESTDIR" ] || say "Restart Wireshark if it runs. To look at the sample there: wireshark $SAMPLE"
}

uninstall_plugin() {
    find_folders
    if [ -e "$target" ]; then
        rm -f -- "$target" || die "$target cannot be removed."
        say "Removed $target"
    else
        say "There is no $target"
    fi
    remove_tools
    if [ -z "$DESTDIR" ]; then
        remove_profile
        local left
        left=$("$TSHARK" -G plugins 2>/dev/null | sed -nE 's/.*\t(.*aerospike.*\.so)$/\1/p')
        [ -z "$left" ] || warn "another copy is still loaded: $left (as root: make uninstall)"
    fi
}

# Goes only if it is as it was copied: what a user has changed stays.
remove_profile() {
    local folder file
    folder=$(profile_folder)
    [ -d "$folder" ] || return 0
    for file in "$PROFILE_SOURCE"/*; do
        # Wireshark writes that one itself.
        [ "${file##*/}" != recent ] || continue
        if ! cmp -s "$file" "$folder/${file##*/}"; then
            say "The profile $folder has changes of yours: it stays."
            return
        fi
    done
    rm -r -- "$folder"
    say "Removed the profile $folder"
}

case ${1:-} in
install) install_plugin ;;
uninstall) uninstall_plugin ;;
profile) copy_profile ;;
*) die "usage: $0 install|uninstall|profile" ;;
esac
