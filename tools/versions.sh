#!/usr/bin/env bash
# Builds and tests the plugin with the Wireshark of each release, in chroots that are made where they are not
# there yet, and says in a table what was run. Needs root, debootstrap and, the first time, the network.
#
#   tools/versions.sh               all of them: bookworm (4.0) noble (4.2) trixie (4.4) resolute and sid (4.6)
#   tools/versions.sh RELEASE...    those, or questing (4.4); with trixie also its own Rust, the oldest that the plugin
#                                   promises; with sid also headers that say they are of the next Wireshark
#   USERS=tester tools/versions.sh ...   not as root, too: half the time
#   tools/versions.sh --oldest      Debian 13 with its own Rust alone
#   tools/versions.sh --short       "make install" and some of the tests, as a user, in the chroots that are there;
#                                   what cannot be run there is said and left out
#
# AEROSPIKE_CHROOTS names the folder of the chroots, about 3 GB a release (~/.cache/aerospike-wireshark/versions).
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/common.sh
. tools/chroots.sh

# Those that touch most of what differs between versions: reports, columns and filters, findings, values.
SHORT_TESTS=(docs faults protocol)
# A user first, since what root installs is in the way of a personal copy.
read -ra users <<<"${USERS:-$TESTER root}"
# After so many seconds --short begins with no other release.
SHORT_TIME=240

# Sets `wanted`.
choose_releases() {
    local release
    wanted=("$@")
    if [ ${#wanted[@]} -eq 0 ]; then wanted=("${RELEASES[@]}"); fi
    for release in "${wanted[@]}"; do release_title "$release" >/dev/null; done
}

# Runs a step in a chroot; its words go to a file, `log`. What fails goes to `failures`.
run_step() { # RELEASE USER NAME COMMAND...
    local release=$1 user=$2 name=$3 start=$SECONDS
    shift 3
    log=$CHROOTS/$release/$name-$user.log
    say "$(release_title "$release"), $user: $*"
    if ! in_project "$release" "$user" "$@" >"$log" 2>&1; then
        failures+=("$(release_title "$release"): as $user: $* ($log)")
        return 1
    fi
    say "    done in $((SECONDS - start)) s"
}

# "passed failed not-run" of what cargo test said.
count_tests() {
    sed -nE 's/^test result: .* ([0-9]+) passed; ([0-9]+) failed; ([0-9]+) ignored.*/\1 \2 \3/p' "$1" |
        awk '{ p += $1; f += $2; i += $3 } END { printf "%d %d %d", p, f, i }'
}

# After a build whose words are in `log`: the C compiler of the release has nothing to say.
expect_no_warning() { # RELEASE
    if grep -q '^warning: aerospike-wireshark' "$log"; then
        failures+=("$(release_title "$1"): the compiler warns ($log)")
    fi
}

version_in() { # RELEASE
    in_chroot "$CHROOTS/$1/build" root tshark --version 2>/dev/null | sed -nE '1s/^TShark \(Wireshark\) ([0-9.]+[0-9]).*/\1/p'
}

# For everyone, as a run that was broken off may have left it.
uninstall_in() { # RELEASE
    in_project "$1" root sh -c 'tshark --version >/dev/null 2>&1 && make uninstall || true' >/dev/null 2>&1
}

test_release() { # RELEASE
    local release=$1 user passed failed ignored version install ran readme
    make_build_chroot "$release"
    uninstall_in "$release"
    for user in "${users[@]}"; do
        install=failed ran='- | - | -' readme=failed version='?'
        # Installing packages takes root, and minimal systems have no sudo.
        if run_step "$release" root packages tools/packages.sh test &&
            run_step "$release" "$user" install make install; then
            install=passed
            expect_no_warning "$release"
            version=$(version_in "$release")
            if run_step "$release" "$user" test make test; then readme=passed; fi
            read -r passed failed ignored <<<"$(count_tests "$log")"
            ran="$passed | $failed | $ignored"
            # For the table of tools/dist.sh.
            say "$passed passed, $failed failed ($(git rev-parse --short HEAD 2>/dev/null || say '?'))" >"$CHROOTS/$release/tests.txt"
        fi
        rows+=("| $(release_title "$release") | $version | ${user/$TESTER/user} | $install | $ran | $readme |")
    done
    uninstall_in "$release"
    in_chroot "$CHROOTS/$release/build" root sh -c "$apt_clean" >/dev/null
}

# Debian 13 with its own Rust, the oldest that the plugin promises: no rustup, and the tests are built, too.
test_oldest() {
    local release=trixie install=failed wanted found=Rust
    wanted=$(sed -nE 's/^rust-version = "(.*)"/\1/p' Cargo.toml)
    make_build_chroot "$release"
    uninstall_in "$release"
    local CHROOT_RUST='' CHROOT_TARGET=/var/cache/aerospike-oldest
    rm -rf "$CHROOTS/$release/build$CHROOT_TARGET"
    if run_step "$release" root packages-oldest tools/packages.sh build; then
        found=$(in_chroot "$CHROOTS/$release/build" root rustc --version)
        [[ "$found" == "rustc $wanted."* ]] || failures+=("$(release_title "$release") has $found, not Rust $wanted")
        if run_step "$release" "$TESTER" install-oldest make install &&
            run_step "$release" "$TESTER" check-oldest cargo check --locked --all-targets; then
            install=passed
        fi
    fi
    rows+=("| $(release_title "$release") with its own ${found%% (*} | $(version_in "$release") | user | $install | built, not run | | | |")
    uninstall_in "$release"
}

report() {
    printf '%s\n' '' '| release | Wireshark | as | make install | tests passed | failed | not run | make test |' \
        '|---|---|---|---|---|---|---|---|' "${rows[@]}"
    if [ -d "${AEROSPIKE_CAPTURES:-../shared/captures}" ]; then
        say 'Captures: those of the project and the larger set beside it.'
    else
        say 'Captures: those of the project only.'
    fi
    [ ${#failures[@]} -eq 0 ] || die 'Not all passed:' "${failures[@]}"
}

# Why nothing can be built in the chroot of a release, or nothing. A shell of its own stops at the first fault.
fault_of() { # RELEASE
    local folder=$CHROOTS/$1/build log=$CHROOTS/$1/enter.log
    if [ ! -d "$folder" ]; then
        say 'its chroot is not there'
    elif ! true 2>/dev/null >"$log"; then
        say "$CHROOTS cannot be written to"
    elif [ "$(df --output=avail -k "$folder" | tail -n 1)" -lt 1000000 ]; then
        say "there is less than 1 GB of room in $CHROOTS"
    elif ! bash -euo pipefail -c '. tools/common.sh && . tools/chroots.sh && make_build_chroot "$1" && in_project "$1" "$TESTER" \
            sh -ec "test -f Cargo.toml; cargo --version; touch \$CARGO_TARGET_DIR/probe"' bash "$1" >"$log" 2>&1; then
        say "its chroot cannot be entered ($log)"
    elif ! in_project "$1" root tools/packages.sh test >"$log" 2>&1; then
        say "packages cannot be installed there ($log)"
    fi
}

# A step of the short run: what it says goes to `log`. A full disk is no fault of the project.
short_step() { # RELEASE COMMAND...
    log=$CHROOTS/$1/short.log
    if ! in_project "$1" "$TESTER" "${@:2}" >"$log" 2>&1; then
        if grep -q 'No space left on device' "$log"; then
            skip "$1" "there is no room left in $CHROOTS or for temporary files"
        else
            failures+=("$(release_title "$1"): ${*:2} ($log)")
            grep -E '^(error|test .*FAILED)|panicked at' -A 3 "$log" | head -n 40
        fi
        return 1
    fi
}

skip() { # RELEASE REASON
    rows+=("    $(release_title "$1"): NOT RUN: $2")
}

short_release() { # RELEASE
    local start=$SECONDS fault version passed
    if [ "$start" -gt "$SHORT_TIME" ]; then
        skip "$1" "$start s have gone by"
        return
    fi
    fault=$(fault_of "$1")
    if [ -n "$fault" ]; then
        skip "$1" "$fault"
        return
    fi
    version=$(version_in "$1")
    if [ "$(minor_version <<<"$version")" = "$("$TSHARK" --version 2>/dev/null | minor_version)" ]; then
        skip "$1" "its Wireshark $version is of this machine's minor version, which \"make test\" runs with"
        return
    fi
    uninstall_in "$1"
    short_step "$1" make install || return 0
    expect_no_warning "$1"
    if short_step "$1" tools/test.sh "${SHORT_TESTS[@]/#/--test=}"; then
        read -r passed _ <<<"$(count_tests "$log")"
        rows+=("    $(release_title "$1"): Wireshark $version: make install, $passed tests: passed in $((SECONDS - start)) s")
    fi
}

test_in_short() {
    local release
    for release in "${wanted[@]}"; do short_release "$release"; done
    say "Other versions of Wireshark, in short: \"make install\" and the tests ${SHORT_TESTS[*]}, as a user;"
    say 'all of them are run by "make versions".'
    printf '%s\n' "${rows[@]}"
    [ ${#failures[@]} -eq 0 ] || die 'Not all passed:' "${failures[@]}"
}

# Why the short run is not made at all, or nothing.
short_lacks() {
    local reason
    reason=$(chroots_lack)
    if [ -n "$reason" ]; then
        say "$reason"
    elif ! compgen -G "$CHROOTS/*/build" >/dev/null; then
        say "no chroots are in $CHROOTS"
    elif ! true 2>/dev/null >>"$CHROOTS/lock"; then
        say "$CHROOTS cannot be written to"
    elif ! flock --nonblock "$CHROOTS/lock" true; then
        say "the chroots in $CHROOTS are in use"
    elif ! fetch_crates; then
        say 'the crates cannot be fetched'
    fi
}

if [ "${1:-}" = --short ]; then
    choose_releases "${@:2}"
    reason=$(short_lacks)
    if [ -n "$reason" ]; then
        say "Other versions of Wireshark were NOT tested: $reason."
        say 'As root, with debootstrap and the network, "make versions" makes the chroots and tests.'
        exit 0
    fi
else
    if [ "${1:-}" != --oldest ]; then choose_releases "$@"; fi
    reason=$(chroots_lack)
    [ -z "$reason" ] || die "The versions cannot be tested here: $reason"
fi
enter_own_namespace tools/versions.sh "$@"
lock_chroots
rows=() failures=()
if [ "${1:-}" = --short ]; then
    test_in_short
elif [ "${1:-}" = --oldest ]; then
    fetch_crates
    test_oldest
    report
else
    fetch_crates
    for release in "${wanted[@]}"; do
        test_release "$release"
        [ "$release" != trixie ] || test_oldest
        [ "$release" != sid ] || run_step sid "$TESTER" next tools/next.sh || true
    done
    report
fi
