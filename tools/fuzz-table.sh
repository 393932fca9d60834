#!/usr/bin/env bash
# The rows of the table in docs/reliability.md, from the log of the fuzzing.
#
#   tools/fuzz-table.sh [LOG...]    target/fuzz.log where none is named
set -euo pipefail
cd "$(dirname "$0")/.."

[ $# -gt 0 ] || set -- target/fuzz.log
awk '
    { split("", of); for (i = 2; i <= NF; i++) { n = index($i, "="); of[substr($i, 1, n - 1)] = substr($i, n + 1) } }
    $2 == "FAILED" { next }
    $1 == "parser" {
        t = of["target"]
        if (!(t in seconds)) order[++targets] = t
        seconds[t] += of["seconds"]; cpu[t] += of["cpu"]; runs[t] += of["runs"]; if (of["edges"] > edges[t]) edges[t] = of["edges"]
        # 72: libFuzzer was told to stop.
        failed[t] += of["status"] != 0 && of["status"] != 72
    }
    $1 ~ /^(plugin|asan|valgrind)$/ && "from" in of {
        m = $1
        if (!(m in done)) modes[++n_modes] = m
        done[m] += of["runs"]; took[m] += of["seconds"]; bad[m] += of["failures"]; known[m] += of["known"]
        if (of["of"] > captures[m]) captures[m] = of["of"]
    }
    END {
        for (i = 1; i <= targets; i++) { t = order[i]
            printf "| parsers: `%s` | %.1f min (%.1f of CPU), %.1f million inputs, %d edges covered | %s | `make fuzz TIME=1800 TARGETS=%s` |\n",
                t, seconds[t] / 60, cpu[t] / 60, runs[t] / 1e6, edges[t], failed[t] ? failed[t] " runs ended at a fault" : "nothing", t
        }
        for (i = 1; i <= n_modes; i++) { m = modes[i]
            printf "| whole plugin%s | %d runs of %d captures, %d min | %s%s | `make fuzz-plugin%s RUNS=%d` |\n",
                m == "plugin" ? "" : ", " m, done[m], captures[m], took[m] / 60, bad[m] ? bad[m] " faults" : "nothing",
                known[m] ? " (" known[m] " times Wireshark'\''s own, below)" : "", m == "plugin" ? "" : " MODE=" m, done[m]
        }
    }
' "$@"
