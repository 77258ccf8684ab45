#!/usr/bin/env bash
# Builds the fuzz targets for ClusterFuzzLite and OSS-Fuzz, with their options, seeds and known findings. The base image sets SRC, OUT, WORK, SANITIZER and
# the compilers' flags.
set -euo pipefail
cd "$SRC/tracehound"

# luajit_asserts is left out: it builds its backend when it starts, and the machines that run targets have no compiler.
targets="luajit text encoding"

# LuaJIT has its own flags for the sanitizer. Unicorn and Capstone are not what is fuzzed, and many times as slow with one.
export CFLAGS="" CXXFLAGS=""
# The host tools of LuaJIT's build leave their memory to the system, which is no leak.
export ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0
case "${SANITIZER:-address}" in
address) options=(--sanitizer address) ;;
*) options=(--sanitizer none) ;;
esac

# Not `--target-dir`: for source coverage, the image's cargo makes another command of `cargo fuzz build`, without its options.
triple=$(rustc -vV | sed -n 's/^host: //p')
for target in $targets; do
    CARGO_TARGET_DIR=$WORK/target cargo fuzz build --release "${options[@]}" "$target"
    cp "$WORK/target/$triple/release/$target" "$OUT/$target"
    cp ".clusterfuzzlite/$target.options" "$OUT/"
done

# Seeds: the cases of record, as libFuzzer keeps them and as text. They are packed by a plain build of tracehound, which runs here.
seeds=$WORK/seeds
rm -rf "$seeds"
RUSTFLAGS='' CARGO_TARGET_DIR=$WORK/plain cargo build --release --locked
tracehound=$WORK/plain/release/tracehound
"$tracehound" corpus pack corpus/ --out "$seeds/luajit"
mkdir -p "$seeds/text" "$seeds/encoding"
find corpus -name '*.trace' -exec cp -f {} "$seeds/text/" \;
head -c 4096 /dev/zero >"$seeds/encoding/zeros"

# Bugs that are open don't stop a run: what the target says of them is sent out with it. A case that AddressSanitizer stops it at is no seed.
"$tracehound" corpus pack corpus/open --out "$seeds/open"
rm -rf "$OUT/luajit_findings"
export LLVM_PROFILE_FILE=/dev/null TRACEHOUND_KEEP_GOING=1 TRACEHOUND_FINDINGS=$OUT/luajit_findings
for case in "$seeds"/open/*; do
    rm -rf "$seeds/one" && mkdir "$seeds/one" && cp "$case" "$seeds/one/"
    "$OUT/luajit" -runs=0 -artifact_prefix="$WORK/" "$seeds/one" || rm "$seeds/luajit/$(basename "$case")"
done

for target in $targets; do
    rm -f "$OUT/${target}_seed_corpus.zip"
    (cd "$seeds/$target" && zip -q -r "$OUT/${target}_seed_corpus.zip" .)
done
