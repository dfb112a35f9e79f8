#!/usr/bin/env bash
# The main job, from nothing: install, build, make a model, compile it, generate text with it.
#
#   tools/demo.sh [MODEL_DIRECTORY]
#
# Without an argument the small trained model in ../shared/models is used where it exists, besides a generated one.
set -euo pipefail
. "$(dirname "$0")/setup.sh"

install_packages
configure_and_build release coopt-gen coopt-compile coopt-run
bin=$coopt_root/build/release/bin
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

generate() { # directory, what it is
  local quantize
  for quantize in f32 w8a8; do
    say
    say "== $2, $quantize"
    "$bin/coopt-compile" "$1" --target=cpu --quantize=$quantize -o "$work/model.coopt"
    "$bin/coopt-run" "$work/model.coopt" --prompt "Once upon a time" -n 100
    echo
  done
}

if [ $# -gt 0 ]; then
  generate "$1" "$1"
  exit 0
fi
"$bin/coopt-gen" --arch=llama --layers=2 --hidden=72 --heads=3 --kv-heads=1 --ffn=172 --vocab=512 --seed=1 -o "$work/generated"
generate "$work/generated" "a generated model (its text is noise)"
real=$coopt_root/../shared/models/stories260k
if [ -d "$real" ]; then
  generate "$real" "a trained model of 260 thousand parameters"
fi
