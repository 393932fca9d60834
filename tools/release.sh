#!/usr/bin/env bash
# All that a release is, in target/dist: archives and packages for each Wireshark and processor, made and tried in chroots
# (tools/dist.sh), SHA256SUMS, and NOTES.md. Nothing is made of a tree that is not as a release has to be. The version is
# written down in Cargo.toml; everything else is compared with it.
#
#   tools/release.sh --check    only whether the tree is fit for a release
#   tools/release.sh --notes    only NOTES.md, of what is in target/dist
#   tools/release.sh            all of it; then it says how to tag
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/common.sh
. tools/chroots.sh

version=$(plugin_version)
OUT=target/dist
faults=()

# The lines of the changelog below the version's heading.
entry() {
    awk -v heading="## $version" '$0 == heading { on = 1; next } /^## / { on = 0 } on' CHANGELOG.md | sed -e '/./,$!d'
}

# The version that a Cargo.lock has of the plugin, and of the tools where they are in it.
locked() { awk '/^name = "aerospike-wireshark(-tools)?"$/ { getline; gsub(/version = |"/, ""); print }' "$1" | sort -u | paste -sd ' '; }

check_tree() {
    local file tagged
    [ -z "$(git status --porcelain)" ] || faults+=('The tree is not clean: git status')
    for file in Cargo.lock fuzz/Cargo.lock; do
        [ "$(locked "$file")" = "$version" ] || faults+=("$file says $(locked "$file"), Cargo.toml $version: cargo update --workspace")
    done
    [ -n "$(entry)" ] || faults+=("CHANGELOG.md has no entry \"## $version\"")
    if [ -n "$(sed -n '/^## Unreleased$/,/^## [0-9]/p' CHANGELOG.md | grep '^\*' || true)" ]; then
        faults+=("CHANGELOG.md still has changes under \"Unreleased\": they belong under \"## $version\"")
    fi
    tagged=$(git rev-parse --verify --quiet "v$version^{commit}" || true)
    [ -z "$tagged" ] || [ "$tagged" = "$(git rev-parse HEAD)" ] ||
        faults+=("v$version is another commit: a new version in Cargo.toml, or the tag was moved")
    [ ${#faults[@]} -eq 0 ] || die "This is no release $version:" "${faults[@]}"
    say "The tree is fit for a release: $version, $(git rev-parse --short HEAD)."
}

# Nothing is left out silently: each release's files are there.
check_files() {
    local release kind
    for release in "${RELEASES[@]}"; do wanted+=("$release"); done
    for release in "${ARM64_RELEASES[@]}"; do wanted+=("$release-arm64"); done
    for release in "${wanted[@]}"; do
        kind=$(release_title "${release%-arm64}")
        # Wireshark, the processor, Rust, from source, archive, package.
        grep -q "^| $kind |[^|]*| $([[ $release == *-arm64 ]] && say arm64 || say x86-64) |[^|]*|[^|]*| yes | yes |" "$OUT/TRIED.md" ||
            faults+=("$release: its archive and package were not made and tried")
    done
    [ ${#faults[@]} -eq 0 ] || die 'Not all was made:' "${faults[@]}"
}

notes() {
    {
        say "# $version"
        say
        entry
        say
        say '## Files'
        say
        say "\`tshark --version\` says which Wireshark is there: its first two numbers choose the file. Then \`sha256sum -c --ignore-missing SHA256SUMS\`, and"
        say "\`sudo dpkg -i FILE.deb\`, or unpack the archive and \`./install.sh\`."
        say
        say '| file | SHA-256 |'
        say '|---|---|'
        # shellcheck disable=SC2016 # what stands in backquotes is shown so
        sed -E 's/^([0-9a-f]+)  (.*)$/| `\2` | `\1` |/' "$OUT/SHA256SUMS"
        if [ -f "$OUT/TRIED.md" ]; then
            say
            say '## Tried'
            say
            cat "$OUT/TRIED.md"
        fi
    } >"$OUT/NOTES.md"
    say "$OUT/NOTES.md"
}

wanted=()
case ${1:-} in
--check) check_tree ;;
--notes) notes ;;
'')
    check_tree
    for release in "${RELEASES[@]}"; do wanted+=("$release"); done
    for release in "${ARM64_RELEASES[@]}"; do wanted+=("$release-arm64"); done
    tools/dist.sh "${wanted[@]}"
    wanted=()
    check_files
    notes
    say "Release $version is in $OUT. To publish it:" "git tag -a v$version -m 'Release $version' && git push origin v$version"
    ;;
*) die "usage: $0 [--check|--notes]" ;;
esac
