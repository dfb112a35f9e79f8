#!/usr/bin/env bash
# Builds RTL with Verilator, and the program that compares it with its model.
#
#   build-rtl.sh MODE ROWS COLUMNS HOPS_DOWN HOPS_ACROSS [NAME=NUMBER...] FOLDER [RTL_FOLDER]
#
# MODE: a mode of the matrix array; requantizer: of COLUMNS lanes; sizes that it has not are -. NAME=NUMBER: what the mode has more, a member of
# MatrixArray and a parameter of the RTL, as a_slice=2. FOLDER is emptied; the program is FOLDER/check-rtl. RTL_FOLDER: other sources
# than runtime/Npu/Rtl. The model's sources are compiled with the program, so that both have the same compiler and flags.
set -euo pipefail

settings=() positions=()
for argument in "$@"; do
  case $argument in
  [a-z]*=*) settings+=("$argument") ;;
  *) positions+=("$argument") ;;
  esac
done
set -- "${positions[@]}"
[ $# -ge 6 ] || { sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2; }
mode=$1 rows=$2 columns=$3 down=$4 across=$5 folder=$6
inputs=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$inputs/../../.." && pwd)
rtl=${7:-$root/runtime/Npu/Rtl}

parameters=(-GCOLUMNS="$columns")
array=(-GROWS="$rows" -GHOPS_DOWN="$down" -GHOPS_ACROSS="$across")
partials=0 width=8 check=check-array
case $mode in
ws) top=weight_stationary parameters+=("${array[@]}" -GCHAIN=0) partials=1 ;;
ws-chain) top=weight_stationary parameters+=("${array[@]}" -GCHAIN=1) partials=1 ;;
nm) top=weight_stationary parameters+=("${array[@]}" -GCHAIN=0) partials=1 ;;
nm-chain) top=weight_stationary parameters+=("${array[@]}" -GCHAIN=1) partials=1 ;;
dot) top=dot_product parameters+=(-GROWS="$rows") down=1 across=1 ;;
lut) top=table_lookup parameters+=(-GROWS="$rows") down=1 across=1 ;;
os) top=output_stationary parameters+=("${array[@]}") ;;
bitserial) top=output_stationary width=16 parameters+=("${array[@]}" -GSERIAL=1 -GWIDTH=16) ;;
requantizer) top=requantizer check=check-requantizer ;;
*) echo "build-rtl.sh: error: unknown mode '$mode': expected ws, ws-chain, nm, nm-chain, dot, os, bitserial, lut, requantizer" >&2; exit 2 ;;
esac
members=
for setting in ${settings[@]+"${settings[@]}"}; do
  name=${setting%%=*}
  parameters+=("-G${name^^}=${setting#*=}")
  members+=" array.$(sed 's/_\(.\)/\u\1/g' <<<"$name") = ${setting#*=};"
done

rm -rf "$folder"
mkdir -p "$folder"
# What differs between arrays is in a header: the compiler cache then has the other sources.
printf '#define COOPT_%s\n' "MODE \"$mode\"" "HAS_PARTIALS $partials" "OPERAND_BITS $width" "ROWS $rows" "COLUMNS $columns" \
  "HOPS_DOWN $down" "HOPS_ACROSS $across" "SETTINGS$members" "SETTINGS_TEXT \"${settings[*]-}\"" >"$folder/ArrayOfRtl.h"
flags="-std=c++20 -O1 -I$root/include -I$root/runtime -I$inputs"
make=(CXX=clang++-22 LINK=clang++-22)
# Mistakes that are put in may cause warnings; the sources may not.
lint=(-Wall -Wno-DECLFILENAME -Wno-UNUSEDSIGNAL)
[ $# -ge 7 ] && lint=(-Wno-fatal)
command -v ccache >/dev/null && make+=(OBJCACHE=ccache)
log=$folder/log
# Nothing but Verilog of 2005, and no warning. The registers' first values are noise: reset must be enough.
verilator --cc --exe --build -j 2 --Mdir "$folder" -o check-rtl --prefix Vrtl --top-module "$top" \
  --language 1364-2005 "${lint[@]}" --x-initial unique --output-split 5000 \
  -O3 -MAKEFLAGS "OPT_FAST=-O1" -MAKEFLAGS "OPT_SLOW=-O0" -MAKEFLAGS "OPT_GLOBAL=-O1" \
  $(printf -- '-MAKEFLAGS %s ' "${make[@]}") "${parameters[@]}" -CFLAGS "$flags" -y "$rtl" "$rtl/$top.v" \
  "$inputs/$check.cpp" "$inputs/Comparison.cpp" "$root"/runtime/Npu/*.cpp \
  "$root/lib/CostModel/MatrixArray.cpp" "$root/lib/Numerics/DyadicScale.cpp" >"$log" 2>&1 ||
  { cat "$log" >&2; exit 1; }
