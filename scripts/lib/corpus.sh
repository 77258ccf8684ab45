# The backends that cases of record are about. Sourced by the scripts beside it.
# shellcheck shell=bash

# The names in the `expect` lines of the .trace files below folder $1, a line each.
corpus_backends() {
    grep -rhoE '^; expect luajit@[^ ]+' --include='*.trace' "$1" | awk '{ print $3 }' | sort -u
}
