#!/usr/bin/env bash
# A model on three accelerators: compiled for each, run on its simulator, compared with the processor dispatch by dispatch (every
# tensor that a dispatch writes, integers and floats), and what the run took: cycles, utilisation, memory, energy, the longest stalls.
#
#   tools/npu-demo.sh [--bin DIR] [MODEL_DIRECTORY [FORMAT]]
#
# Without a directory it takes the small trained model in ../shared/models where that exists, else a generated one. FORMAT is what
# coopt-compile --quantize takes, one whose values are the same on all machines; w8a8 if not given. --bin: programs that are
# built already; else they are built, and what they need is installed. Exits with non-zero status if a value differs.
set -euo pipefail
. "$(dirname "$0")/setup.sh"

bin=
if [ "${1-}" = --bin ]; then
  bin=${2:?--bin needs a folder}
  shift 2
fi
if [ -z "$bin" ]; then
  install_packages
  configure_and_build release coopt-gen coopt-compile coopt-run
  bin=$coopt_root/build/release/bin
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

model=${1-$coopt_root/../shared/models/stories260k}
format=${2-w8a8}
if [ $# -eq 0 ] && [ ! -d "$model" ]; then
  model=$work/generated
  "$bin/coopt-gen" --arch=llama --layers=2 --hidden=72 --heads=6 --kv-heads=2 --ffn=172 --vocab=512 --seed=1 -o "$model"
fi
prompt="Once upon a time"
tokens=16

"$bin/coopt-compile" "$model" --quantize="$format" -o "$work/cpu.coopt"
"$bin/coopt-run" "$work/cpu.coopt" --prompt "$prompt" -n $tokens --record "$work/record" >"$work/cpu.txt"
for machine in edge1 gemmini16 trn-like; do
  echo "== $machine, $format"
  "$bin/coopt-compile" "$model" --quantize="$format" --target=npu:$machine -o "$work/npu.coopt"
  "$bin/coopt-run" "$work/npu.coopt" --prompt "$prompt" -n $tokens --stats >"$work/npu.txt" 2>"$work/stats.txt"
  cmp "$work/cpu.txt" "$work/npu.txt"
  if ! "$bin/coopt-run" "$work/npu.coopt" --replay "$work/record" >"$work/replay.txt"; then
    cat "$work/replay.txt" >&2
    exit 1
  fi
  tail -n 1 "$work/replay.txt"
  grep -E '^(npu-sim|busy|array|memory|energy|stalls) ' "$work/stats.txt"
done
