#!/usr/bin/env bash
# What the processor records of prompts, accelerators compute: each tensor of each dispatch, on arrays of 32 and of 16 columns, with the chosen
# tiles and with others. Prints how each replay ended.
#
#   npu-prompts.sh MODEL FORMAT ISA TILES PROMPTS
#
# TILES: a file of schedules. PROMPTS: a file, a prompt a line, of each of which 64 tokens are generated. Works in the current folder.
set -euo pipefail
model=$1 format=$2 isa=$3 tiles=$4 prompts=$5

coopt-compile "$model" --quantize="$format" --isa="$isa" -o cpu.coopt
for machine in edge1 gemmini16; do
  coopt-compile "$model" --quantize="$format" --target=npu:$machine -o $machine.coopt
  coopt-compile "$model" --quantize="$format" --target=npu:$machine --schedule "$tiles" -o $machine-tiles.coopt
done
while IFS= read -r prompt; do
  rm -rf record
  coopt-run cpu.coopt --prompt "$prompt" -n 64 --temperature=0.9 --seed=${#prompt} --record record >/dev/null
  for package in edge1 edge1-tiles gemmini16 gemmini16-tiles; do
    coopt-run $package.coopt --replay record >replayed.txt
    tail -n 1 replayed.txt
  done
done <"$prompts"
