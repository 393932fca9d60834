#!/usr/bin/env bash
# Builds and tests the plugin with the Wireshark of each release, in chroots that are made where they are not
# there yet, and says in a table what was run. Needs root, debootstrap and, the first time, the network.
#
#   tools/versions.sh               all of them: bookworm (4.0) noble (4.2) trixie (4.4) sid (4.6)
#   tools/versions.sh RELEASE...    those
#   tools/versions.sh --if-there    those whose chroots are there; says so and succeeds where none is
#
# AEROSPIKE_CHROOTS names the folder of the chroots, about 1.5 GB each (~/.cache/aerospike-wireshark/versions).
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/common.sh
. tools/chroots.sh

# Sets `wanted`.
choose_releases() {
    local release
    wanted=("$@")
    if [ ${#wanted[@]} -eq 0 ]; then wanted=("${RELEASES[@]}"); fi
    if [ "${1:-}" = --if-there ]; then
        wanted=()
        for release in "${RELEASES[@]}"; do
            if [ -d "$CHROOTS/$release/build" ]; then wanted+=("$release"); fi
        done
    fi
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

# A user first, since what root installs is in the way of a personal copy.
test_release() { # RELEASE
    local release=$1 user passed failed ignored version install ran readme
    make_build_chroot "$release"
    for user in "$TESTER" root; do
        install=failed ran='- | - | -' readme=failed version='?'
        # Installing packages takes root, and minimal systems have no sudo.
        if run_step "$release" root packages tools/packages.sh test &&
            run_step "$release" "$user" install make install; then
            install=passed
            version=$(in_chroot "$CHROOTS/$release/build" root tshark --version 2>/dev/null |
                sed -nE '1s/^TShark \(Wireshark\) ([0-9.]+[0-9]).*/\1/p')
            if run_step "$release" "$user" test make test CARGO_TEST_OPTIONS=--no-fail-fast; then readme=passed; fi
            read -r passed failed ignored <<<"$(count_tests "$log")"
            ran="$passed | $failed | $ignored"
        fi
        rows+=("| $(release_title "$release") | $version | ${user/$TESTER/user} | $install | $ran | $readme |")
    done
    in_chroot "$CHROOTS/$release/build" root sh -c "cd /aerospike/project && make uninstall; $apt_clean" >/dev/null
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

choose_releases "$@"
reason=$(chroots_lack)
if [ "${1:-}" = --if-there ] && { [ -n "$reason" ] || [ ${#wanted[@]} -eq 0 ]; }; then
    say "Other versions of Wireshark were not tested: ${reason:-no chroots are in $CHROOTS}."
    say 'As root, with debootstrap and the network, "make versions" makes them and tests.'
    exit 0
fi
[ -z "$reason" ] || die "The versions cannot be tested here: $reason"
enter_own_namespace tools/versions.sh "$@"
fetch_crates

rows=() failures=()
for release in "${wanted[@]}"; do test_release "$release"; done
report
