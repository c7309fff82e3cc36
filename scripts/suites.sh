# Sourced by scripts/test and scripts/check: runs named suites one after another, goes on after a failure, and prints
# each suite's time at the end. Sets nothing up itself.

suite_lines=()
suites_failed=0

# suite NAME COMMAND...: prints the command's output as it comes; its failure is remembered.
suite() {
    local name=$1 start=$SECONDS status=0
    shift
    printf '\n== %s\n' "$name"
    "$@" || status=$?
    local seconds=$((SECONDS - start))
    if [ "$status" -eq 0 ]; then
        suite_lines+=("$(printf '%-28s %4d s  ok' "$name" "$seconds")")
    else
        suite_lines+=("$(printf '%-28s %4d s  FAILED (exit %d)' "$name" "$seconds" "$status")")
        suites_failed=$((suites_failed + 1))
    fi
    return 0
}

# Prints the times; fails when a suite failed.
suites_end() {
    printf '\n== time of each suite\n'
    printf '%s\n' "${suite_lines[@]}"
    [ "$suites_failed" -eq 0 ]
}
