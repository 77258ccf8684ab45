#!/usr/bin/env bash
# Builds the fuzz targets for ClusterFuzzLite and OSS-Fuzz, with their options and seeds. The base image sets SRC, OUT, WORK, SANITIZER and the
# compilers' flags.
set -euo pipefail
cd "$SRC/tracehound"

# luajit_asserts is left out: it builds its backend when it starts, and the machines that run targets have no compiler.
targets="luajit text encoding"

# The host tools of LuaJIT's build run while it is built. They leave their memory to the system, which is no leak.
export ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0
case "${SANITIZER:-address}" in
address) options=(--sanitizer address) ;;
*) options=(--sanitizer none) ;;
esac
if [ "${SANITIZER:-}" = coverage ]; then
    # Source coverage is a build of its own, without libFuzzer's counters.
    export RUSTFLAGS="${RUSTFLAGS:-} -C instrument-coverage"
fi

triple=$(rustc -vV | sed -n 's/^host: //p')
for target in $targets; do
    cargo fuzz build --release --target-dir "$WORK/target" "${options[@]}" "$target"
    cp "$WORK/target/$triple/release/$target" "$OUT/$target"
    cp ".clusterfuzzlite/$target.options" "$OUT/"
done

# Seeds: the cases of record, as libFuzzer keeps them and as text. They are packed by a plain build of tracehound, which runs here.
seeds=$WORK/seeds
rm -rf "$seeds"
env -u CFLAGS -u CXXFLAGS -u RUSTFLAGS cargo build --release --locked --target-dir "$WORK/plain"
"$WORK/plain/release/tracehound" corpus pack corpus/ --out "$seeds/luajit"
mkdir -p "$seeds/text" "$seeds/encoding"
find corpus -name '*.trace' -exec cp -f {} "$seeds/text/" \;
head -c 4096 /dev/zero >"$seeds/encoding/zeros"
for target in $targets; do
    rm -f "$OUT/${target}_seed_corpus.zip"
    (cd "$seeds/$target" && zip -q -r "$OUT/${target}_seed_corpus.zip" .)
done
