#!/usr/bin/env bash
# Every table of the cost models, and at the end each figure beside what is promised of it.
#
#   tools/cost-tables.sh [--bin DIR] [--work DIR] [--quick] [SECTION...]
#
# Sections, all of them if none is named:
#   processor    this machine is calibrated, models of noise weights are compiled for it, in several formats, with the schedules that the model
#                chooses and with given ones; each kernel's time beside what the model says
#   sweep        of some kernels every schedule that there is to choose from, and some that are not, is measured as far as time goes; what the model chooses beside
#                the best of them
#   accelerator  the model's cycles of each kernel beside the simulator's
#   selection    schedules that were chosen for accelerators beside the best of a sweep, by the simulator
#   memory       memory plans beside simpler ones and beside all plans
#
# --bin:   programs that are built already (with coopt-test-costs, a target of its own); else they are built, and what they need is installed.
# --work:  a folder that keeps models, packages, here.json (the machine's description) and pairs.json (all pairs); else a temporary one.
# --quick: small shapes and a few of them. It shows that everything runs; its figures are of little worth.
#
# The processor's times are those of a machine with nothing else to do; the others are counts of cycles, the same everywhere. All of it takes some hour
# and 4 GB in the work folder. Exit status 1: something did not run. A promise that is not kept is said, and is no error.
set -euo pipefail
. "$(dirname "$0")/setup.sh"

# Models of the processor, as coopt-gen takes them, and others than those that anybody looked at while the model was made: python-free-docs/cost-models.md
# lists these.
shapes=(
  "n1280 --hidden=1280 --heads=20 --kv-heads=4 --ffn=3456 --layers=5"
  "n1792 --hidden=1792 --heads=28 --kv-heads=4 --ffn=4864 --layers=4"
  "n2560 --hidden=2560 --heads=20 --kv-heads=4 --ffn=6912 --layers=2"
)
formats=(w8a8 w4a8-qoq w4a8-g128-sym w4a16-g32-asym)
# Rows and columns of the tiles of all products, of one token a row; none: as they are chosen.
tiles=("" "8 16" "32 64")
repeat=9
# Of the sweep: two layers, so that what one kernel leaves in the caches is little; tiles that the model would not look at; seconds for each format.
swept_shape="s1280 --hidden=1280 --heads=20 --kv-heads=4 --ffn=3456 --layers=2"
swept_formats=(w8a8 w4a8-g128-sym w4a16-g32-asym)
swept_tiles=("24 48" "96 192" "128 512")
swept_seconds=480
plans=200 # generated graphs of a kind
suite='test' # of coopt-test-costs: shapes that were not looked at
selection_suite='test'

# What is promised: ranks are Spearman's correlations, errors means of |predicted - measured| / measured, shares geometric means.
processor_rank=0.9
processor_error=0.20
swept_share=0.95 # of the best
swept_kernels=40
accelerator_rank=0.9
declare -A accelerator_error=([contraction]=0.09 [elementwise]=0.08 [rows]=0.06) # relativeError of the model's estimates
selection_share=0.95 # of the best
selection_rule=1.2  # of the rule's cycles, at most

fail() {
  say "error: $*"
  exit 1
}

# run WHAT COMMAND...: what it prints is shown if it fails.
run() {
  say "$1"
  if ! "${@:2}" >"$work/log" 2>&1; then
    cat "$work/log" >&2
    fail "$1"
  fi
}

# figure NAME VALUE WORDS BOUND: WORDS are "at least" or "at most".
figures=()
figure() {
  local sign='>=' verdict
  [ "$3" = "at least" ] || sign='<='
  [[ $2 =~ ^-?[0-9]+(\.[0-9]+)?$ ]] || fail "$1: expected a number, got '$2'"
  verdict=$(awk "BEGIN { print ($2 $sign $4) ? \"kept\" : \"NOT KEPT\" }")
  figures+=("$(printf '%-58s %8s  %-8s %-6s %s' "$1" "$2" "$3" "$4" "$verdict")")
}

# share PERCENT: "9.1%" or "9.1 %" as 0.091.
share() { awk -v text="$1" 'BEGIN { if (text !~ /^ *[0-9.]+ ?% *$/) exit 1; printf "%.3f", text / 100 }'; }

# cases SIZE ROWS COLUMNS: schedules for one of the run-time size, and for more.
cases() {
  printf '#schedule.set<[<[\\"%s\\" le 1]> -> <tile = [1, %d]>, <[]> -> <tile = [%d, %d]>]>' "$1" "$3" "$2" "$3"
}

# The processor as it is now: $here and $isa.
here='' isa=''
calibrate() {
  [ -z "$here" ] || return 0
  here=$work/here.json
  say "== this machine"
  "$bin/coopt-bench" --calibrate="$here"
  isa=$(grep -oE '"(generic|avx2|avx512|amx)": \{' "$here" | tail -n 1 | tr -dc 'a-z0-9')
}

# package MODEL FORMAT TILE NAME OPTION...: compiles NAME.coopt for this machine, with a given tile ("ROWS COLUMNS") or as the model chooses (""), and NAME.json, which
# says why.
package() {
  local model=$1 format=$2 tile=$3 name=$4 schedule=()
  if [ -n "$tile" ]; then
    # shellcheck disable=SC2086
    printf '{"schedules": [{"op": "*_proj", "set": "%s"}, {"op": "lm_head", "set": "%s"}]}\n' \
      "$(cases tokens $tile)" "$(cases outputs $tile)" >"$work/schedule.json"
    schedule=("--schedule=$work/schedule.json")
  fi
  run "package ${name##*/}" "$bin/coopt-compile" "$model" --quantize="$format" --target="$here" --isa="$isa" \
    --chunk=128 --context=256 --attention=fast --kv=f16 "${schedule[@]}" -o "$name.coopt" --explain-schedule="$name.json" "${@:5}"
}

# model SHAPE: "NAME OPTIONS of coopt-gen"; $model is its folder.
model() {
  model=$work/${1%% *}
  # shellcheck disable=SC2086
  [ -d "$model" ] || run "model ${1%% *}" "$bin/coopt-gen" --noise ${1#* } --vocab=16000 -o "$model"
}

processor() {
  local packages=() shape format tile name model
  calibrate
  for shape in "${shapes[@]}"; do
    model "$shape"
    for format in "${formats[@]}"; do
      for tile in "${tiles[@]}"; do
        name=$model-$format${tile:+-${tile/ /x}}
        package "$model" "$format" "$tile" "$name"
        packages+=("$name.coopt")
      done
    done
  done
  say "each kernel beside what the model says of it, ${#packages[@]} packages"
  "$bin/coopt-bench" --check-model "${packages[@]}" --repeat="$repeat" --json="$work/pairs.json" >"$work/pairs.txt"
  echo "== processor ($isa, ${#packages[@]} packages; $(sed -n 's/.*"source": "\(.*\)",*/\1/p' "$here"))"
  sed -n '/^kernels /,$p' "$work/pairs.txt"
  local all
  all=$(grep '^all ' "$work/pairs.txt") || fail "no line of all kernels"
  # shellcheck disable=SC2086
  set -- $all
  figure "processor: rank correlation of $2 pairs" "$3" "at least" "$processor_rank"
  figure "processor: mean error" "$(share "$4")" "at most" "$processor_error"
}

sweep() {
  local format tile name model database=$work/sweep.db packages=() given=()
  calibrate
  model "$swept_shape"
  for format in "${swept_formats[@]}"; do
    name=$model-$format
    package "$model" "$format" "" "$name-tuned" --tune="$swept_seconds" --tuning-db="$database"
    for tile in "${swept_tiles[@]}"; do
      package "$model" "$format" "$tile" "$name-${tile/ /x}"
      given+=("$name-${tile/ /x}.coopt")
    done
    package "$model" "$format" "" "$name"
    packages+=("$name.coopt")
  done
  run "given tiles" "$bin/coopt-bench" --check-model "${given[@]}" --repeat="$repeat" --tuning-db="$database"
  say "what the model chooses"
  echo "== sweep ($isa)"
  "$bin/coopt-bench" --check-model "${packages[@]}" --repeat="$repeat" --tuning-db="$database" >"$work/sweep.txt"
  sed -n '/of roofline/,$p' "$work/sweep.txt"
  local last kernels
  last=$(tail -n 1 "$work/sweep.txt")
  kernels=$(sed -n 's/.*geometric mean of \([0-9]*\) kernel.*/\1/p' <<<"$last")
  figure "sweep: kernels" "${kernels:-none}" "at least" "$swept_kernels"
  figure "sweep: share of the best known schedules' speed" "$(share "${last##*: }")" "at least" "$swept_share"
}

# costs ARGUMENTS...: a table of coopt-test-costs, whose cells are then in $work/cells, tabs between.
costs() {
  "$bin/coopt-test-costs" "$@" --bin "$bin" --work "$work" | tee "$work/table"
  sed -n '3,$p' "$work/table" | sed 's/^| *//; s/ *|$//; s/ *| */\t/g; s/`//g' >"$work/cells"
  [ -s "$work/cells" ] || fail "coopt-test-costs $1: an empty table"
}

accelerator() {
  say "the accelerator's model beside its simulator"
  echo "== accelerator (suite $suite)"
  costs "$suite"
  local machine kind number mean greatest rank
  while IFS=$'\t' read -r machine kind number mean greatest rank; do
    [ -n "${accelerator_error[$kind]-}" ] || fail "nothing is promised of $kind"
    figure "$machine, $kind: rank correlation of $number kernels" "$rank" "at least" "$accelerator_rank"
    figure "$machine, $kind: mean error (greatest $greatest)" "$(share "$mean")" "at most" "${accelerator_error[$kind]}"
  done <"$work/cells"
}

selection() {
  say "schedules that were chosen for accelerators beside a sweep"
  echo "== selection (suite $selection_suite)"
  costs "$selection_suite" --selection
  local machine number best rule worst
  while IFS=$'\t' read -r machine number best rule worst; do
    figure "$machine: share of the best, $number products" "$(share "$best")" "at least" "$selection_share"
    figure "$machine: cycles over the rule's, greatest (mean $rule)" "$worst" "at most" "$selection_rule"
  done <"$work/cells"
}

memory() {
  say "memory plans"
  echo "== memory plans"
  "$bin/coopt-bench" --check-memory-plans --plan-graphs="$plans" # a promise that is broken is its error
}

# A section is a function that prints its table and calls `figure`.
all=(processor sweep accelerator selection memory)

bin='' work='' sections=()
while [ $# -gt 0 ]; do
  case $1 in
    --bin) bin=$(cd "${2:?--bin needs a folder}" && pwd); shift 2 ;;
    --work) mkdir -p "${2:?--work needs a folder}"; work=$(cd "$2" && pwd); shift 2 ;;
    --quick)
      shapes=("n384 --hidden=384 --heads=6 --kv-heads=2 --ffn=896 --layers=2")
      formats=(w8a8 w4a8-qoq) tiles=("" "32 64") repeat=2 suite=quick selection_suite=choice
      swept_shape="${shapes[0]}" swept_formats=(w8a8) swept_tiles=("24 48") swept_seconds=1 plans=10
      shift
      ;;
    -h | --help) sed -n '2,/^set/{/^set/!p}' "$0" | sed 's/^# \{0,1\}//'; exit 0 ;;
    *)
      [[ " ${all[*]} " == *" $1 "* ]] || fail "unknown option or section '$1' (--bin, --work, --quick; ${all[*]})"
      sections+=("$1")
      shift
      ;;
  esac
done
[ ${#sections[@]} -gt 0 ] || sections=("${all[@]}")
if [ -z "$bin" ]; then
  install_packages
  configure_and_build release coopt-gen coopt-compile coopt-run coopt-opt coopt-bench coopt-test-costs
  bin=$coopt_root/build/release/bin
fi
if [ -z "$work" ]; then
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
fi

for section in "${sections[@]}"; do
  "$section"
  echo
done
echo "== what is promised"
printf '%s\n' "${figures[@]}"
missed=$(printf '%s\n' "${figures[@]}" | grep -c 'NOT KEPT$' || true)
echo "$((${#figures[@]} - missed)) of ${#figures[@]} promises kept"
