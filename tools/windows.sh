#!/usr/bin/env bash
# Builds the plugin for Windows, and shows that it does there what it does on Linux: a tshark.exe of Wireshark's own source, run
# by wine, has to say of captures what the tshark of the same version says on Linux, byte by byte, with faults injected, too.
# In chroots (see chroots.sh): Debian 13 with MinGW-w64 and wine, and Ubuntu 24.04 with the tshark to compare with. Needs root,
# debootstrap and, the first time, the network and an hour of two processors.
#
#   tools/windows.sh           all of it
#   tools/windows.sh --build   the DLL alone, without the comparison
#
# The DLL comes to target/windows, ready for tools/dist.sh; what was compared is said there in COMPARED.md.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/common.sh
. tools/chroots.sh

TARGET=x86_64-pc-windows-gnu
OUT=$PWD/target/windows
# With what tshark.exe is built, and which Linux has the same Wireshark.
BUILDER=trixie LINUX=noble
ROOM=/opt/w
# In both chroots: the list of runs, and what was said.
PLACE=/var/cache/aerospike-windows

ENTRIES=(plugin_describe plugin_reg_handoff plugin_register plugin_version plugin_want_major plugin_want_minor)

# Of faults: tests/soundness says what each does.
FAULTS=(panic-segment@5 panic-segment@0 panic-message@5 panic-message@0 panic-length@5 panic-length@0 panic-item@100 panic-item@0
    panic-open panic-heuristic@1 panic-tap@3 panic-tap@0 bad-field@100 bad-field@0 beyond@1 items@5 depth@5 depth@0 subdissector@5 subdissector@0)

# In the chroot with MinGW, with Debian's own Rust.
in_builder() { # USER COMMAND...
    local CHROOT_KIND=windows CHROOT_RUST='' clang
    # Clang's own headers, where it is installed by then; it does not find them without its program.
    clang=$(cd "$CHROOTS/$BUILDER/windows" && echo usr/lib/llvm-*/lib/clang/*/include)
    in_project "$BUILDER" "$1" env \
        CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER=x86_64-w64-mingw32-gcc \
        CARGO_PROFILE_RELEASE_DEBUG=0 CARGO_PROFILE_RELEASE_STRIP=symbols \
        "BINDGEN_EXTRA_CLANG_ARGS_x86_64_pc_windows_gnu=-isystem /$clang -isystem /usr/x86_64-w64-mingw32/include" \
        "AEROSPIKE_WIRESHARK_INCLUDE=$ROOM/include" "AEROSPIKE_WIRESHARK_LIB=$ROOM/import" \
        "AEROSPIKE_GLIB_INCLUDE=$ROOM/prefix/include/glib-2.0:$ROOM/prefix/lib/glib-2.0/include" "${@:2}"
}

make_builder() {
    local CHROOT_KIND=windows CHROOT_RUST='' library
    make_build_chroot "$BUILDER"
    logged 'tshark.exe' in_builder root tools/windows-tshark.sh
    library=$(echo "$CHROOTS/$BUILDER/windows"/usr/src/rustc-*/library)
    logged 'crates of the standard library' tools/rust-std.sh --fetch "$library"
    copy_crates
    logged 'standard library' in_builder root tools/rust-std.sh "$TARGET"
}

# Sets `series`, the Wireshark it is for.
build_dll() {
    logged 'aerospike.dll' in_builder "$TESTER" cargo build --release --locked --target "$TARGET"
    mkdir -p "$OUT"
    rm -f "$OUT"/*
    cp "$CHROOTS/$BUILDER/windows$CHROOT_TARGET/$TARGET/release/aerospike.dll" "$OUT/"
    series=$(sed -nE 's/^#define WIRESHARK_VERSION_(MAJOR|MINOR) +([0-9]+)/\2/p' "$CHROOTS/$BUILDER/windows$ROOM/include/ws_version.h" | paste -sd.)
    say "$series" >"$OUT/wireshark"
}

# What it asks for is of Wireshark's DLLs, of GLib's, or of every Windows' own; and it has what Wireshark looks up.
look_at_dll() {
    local asked=() name found=0 exported words
    words=$(in_builder "$TESTER" x86_64-w64-mingw32-objdump -p "$CHROOT_TARGET/$TARGET/release/aerospike.dll")
    mapfile -t asked < <(sed -nE 's/^\s*DLL Name: (.*)/\1/p' <<<"$words" | sort)
    exported=$(sed -nE '/^\[Ordinal\/Name Pointer\]/,/^$/s/^\s+\[ *[0-9]+\] .* (\S+)$/\1/p' <<<"$words" | sort | paste -sd' ')
    say "    asks for ${asked[*]}"
    say "    exports $exported"
    for name in "${asked[@]}"; do
        case ${name,,} in
        libwireshark.dll | libwsutil.dll | glib-2.0-0.dll) found=$((found + 1)) ;;
        kernel32.dll | advapi32.dll | dbghelp.dll | msvcrt.dll | ntdll.dll | bcryptprimitives.dll | userenv.dll | ws2_32.dll | api-ms-win-core-synch-l1-2-0.dll | user32.dll) ;;
        *) die "aerospike.dll asks for $name, which not every Windows has" ;;
        esac
    done
    [ "$found" = 3 ] || die 'aerospike.dll does not ask for all of Wireshark and GLib'
    [ "$exported" = "${ENTRIES[*]}" ] || die 'aerospike.dll exports other than what Wireshark looks up.'
}

in_linux() { # USER COMMAND...
    local CHROOT_KIND=build
    in_project "$LINUX" "$@"
}

make_linux() {
    local CHROOT_KIND=build
    make_build_chroot "$LINUX"
    logged 'packages of Linux' in_linux root tools/packages.sh test
    logged 'aerospike.so' in_linux "$TESTER" cargo build --release --locked
}

# The plugin goes where a user puts it.
install_both() { # PROFILE-FOLDER
    # shellcheck disable=SC2016 # expanded in the chroots
    in_builder "$TESTER" sh -ec '
        export WINEDEBUG=-all WINEDLLOVERRIDES="mscoree=;mshtml=" XDG_RUNTIME_DIR=/tmp
        [ -d ~/.wine/drive_c ] || wineboot --init >/dev/null 2>&1
        folder=$(wine cmd /c "echo %APPDATA%" 2>/dev/null | tr -d "\r")
        folder=$(winepath -u "$folder")/Wireshark/plugins/'"$series"'/epan
        mkdir -p "$folder"
        cp "$CARGO_TARGET_DIR/'"$TARGET/$1"'/aerospike.dll" "$folder/"' ||
        die 'aerospike.dll cannot be put into the folder of wine'
    # shellcheck disable=SC2016
    in_linux "$TESTER" sh -ec '
        folder=~/.local/lib/wireshark/plugins/'"$series"'/epan
        mkdir -p "$folder"
        cp "$CARGO_TARGET_DIR/'"$1"'/libaerospike.so" "$folder/aerospike.so"'
}

# Found where it was put, by Wireshark's own list.
list_plugin() {
    local words
    words=$(in_builder "$TESTER" env WINEDEBUG=-all wine "$ROOM/tshark/tshark.exe" -G plugins 2>/dev/null | tr -d '\r' | grep '^aerospike\.dll') ||
        die 'tshark.exe -G plugins does not list aerospike.dll'
    say "    tshark.exe -G plugins: $(tr -s '\t ' ' ' <<<"$words")"
}

# Runs a list on both.
run_both() { # LIST
    local which folder
    for which in linux wine; do
        folder=$(place_of $which)
        rm -rf "$folder"
        mkdir -p "$folder/said"
        if [ $which = linux ]; then cp "$1" "$folder/list"; else longest_first <"$1" >"$folder/list"; fi
        chmod -R a+rwX "$folder"
        if [ $which = linux ]; then
            in_linux "$TESTER" tools/windows-runs.sh linux "$PLACE/list" "$PLACE/said"
        else
            in_builder "$TESTER" tools/windows-runs.sh wine "$PLACE/list" "$PLACE/said"
        fi
    done
}
# A list, by how much Linux said, so that no processor waits at the end.
longest_first() {
    local name rest
    while IFS=$'\t' read -r name rest; do
        printf '%s\t%s\t%s\n' "$(stat -c %s "$(place_of linux)/said/$name.out")" "$name" "$rest"
    done | sort -rn | cut -f2-
}
place_of() { if [ "$1" = linux ]; then say "$CHROOTS/$LINUX/build$PLACE"; else say "$CHROOTS/$BUILDER/windows$PLACE"; fi; }

# What was said on both is the same; counts runs and lines.
compare_said() { # LIST
    local name rest linux wine stream
    linux=$(place_of linux)/said wine=$(place_of wine)/said
    while IFS=$'\t' read -r name rest; do
        runs=$((runs + 1))
        lines=$((lines + $(wc -l <"$linux/$name.out")))
        if cmp -s <(level_lines <"$linux/$name.out") <(level_lines <"$wine/$name.out") && cmp -s "$linux/$name.end" "$wine/$name.end" &&
            cmp -s <(level_words <"$linux/$name.err") <(level_words <"$wine/$name.err"); then
            continue
        fi
        different+=("$name: ${rest##*$'\t'}")
        for stream in out end err; do
            diff <(level_words <"$linux/$name.$stream") <(level_words <"$wine/$name.$stream") | head -n 8 | sed "s/^/    $stream: /" || true
        done
    done <"$1"
}
# What is not compared: the name of the program and the time, when it said something; that GLib finds no console; the number of
# a thread that panics, which the newer Rust of the two says; the "./" before the name of Wireshark's file in an assertion, which
# Ubuntu's build has; and that Wireshark has from wine's C library "UT" for "UTC" where it says when a packet arrived.
level_words() {
    level_lines | LC_ALL=C sed -E "s/tshark\.exe/tshark/g; s/\(tshark:[0-9]+\) [0-9:.]+/(tshark)/
        s/^(thread '<unnamed>') \([0-9]+\) panicked/\1 panicked/
        /Failed to determine console output code page/d"
}
level_lines() { LC_ALL=C sed -E 's/^(    Arrival Time: .*) UTC?$/\1 UTC/; s/\.\/(epan\/proto\.c:[0-9]+: failed assertion)/\1/'; }

# Every report there is.
reports() {
    say "expert endpoints,aerospike credentials"
    in_linux "$TESTER" tshark -z help 2>&1 | sed -nE 's/^[[:space:]]*(aerospike[a-z,]*)$/\1/p' | sort -u
}

compare() {
    local file name which='' report list=$TEMPORARY/list
    for report in $(reports); do which+=" -z $report"; done
    say "    reports:${which// -z/}"
    printf '%s\t-\t%s\n' fields '-G fields' protocols '-G protocols' heuristics '-G heuristic-decodes' >"$list"
    for name in kv-basic "${COMPARED[@]}"; do
        file=$(find captures -name "$name.pcapng" -o -name "$name.pcapng.gz" | head -n 1)
        [ -n "$file" ] || die "There is no capture $name."
        printf '%s\t-\t-n -r %s %s\n' "$name-lines" "$file" '' "$name-details" "$file" "-V$which" >>"$list"
    done
    for file in captures/hostile/*.pcap*; do
        name=hostile-${file##*/}
        printf '%s\t-\t-n -r %s -V%s\n' "$name" "$file" "$which" >>"$list"
    done
    run_both "$list"
    only_ours "$(place_of linux)/said" "$(place_of wine)/said"
    compare_said "$list"
}

# Of the lists of all that Wireshark has, what is of the plugin: tshark.exe was built with less.
only_ours() { # FOLDER...
    local folder name
    for folder in "$@"; do
        for name in fields protocols heuristics; do
            grep -i aerospike "$folder/$name.out" >"$folder/$name.ours" || die "tshark -G $name of $folder has nothing of Aerospike"
            mv "$folder/$name.ours" "$folder/$name.out"
        done
    done
}

compare_faults() {
    local fault how list=$TEMPORARY/faults
    for fault in "${FAULTS[@]}"; do
        how='-r captures/kv-basic.pcapng -z aerospike,hotkeys -z aerospike,diagnosis -z aerospike,tree'
        [ "$fault" != panic-heuristic@1 ] || how='-r captures/nonstandard-port-4333.pcapng --enable-heuristic aerospike_tcp'
        printf '%s\t%s\t-n -V %s\n' "$fault" "$fault" "$how"
    done >"$list"
    run_both "$list"
    for fault in "${FAULTS[@]}"; do
        grep -q '^aerospike soundness: .* fired=[1-9][0-9]* left=0 alive=0$' "$(place_of wine)/said/$fault.err" ||
            die "$fault under wine: it did not strike, or values stay alive" "$(tail -n 3 "$(place_of wine)/said/$fault.err")"
    done
    compare_said "$list"
}

reason=$(chroots_lack)
[ -z "$reason" ] || die "Windows cannot be built for here: $reason"
enter_own_namespace tools/windows.sh "$@"
lock_chroots
temporary_folder
cargo fetch --quiet --locked --target "$(rustc -vV | sed -n 's/^host: //p')" --target "$TARGET"
make_builder
build_dll
look_at_dll
[ "${1:-}" != --build ] || exit 0

different=() runs=0 lines=0
make_linux
install_both release
start=$SECONDS
say 'tshark.exe by wine, and tshark on Linux:'
list_plugin
compare
say "    $runs runs, $lines lines, ${#different[@]} different, in $((SECONDS - start)) s"
plain=$runs
logged 'aerospike.dll with faults' in_builder "$TESTER" cargo build --locked --target "$TARGET" --features soundness
logged 'aerospike.so with faults' in_linux "$TESTER" cargo build --locked --features soundness
install_both debug
compare_faults
say "    $((runs - plain)) runs with faults"
[ ${#different[@]} -eq 0 ] || die 'Windows and Linux differ:' "${different[@]}"
say "| Wireshark $series | $plain runs of captures and lists, $((runs - plain)) with faults | $lines lines | no difference |" | tee "$OUT/COMPARED.md"
