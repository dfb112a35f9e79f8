#!/usr/bin/env bash
# Whether a page says the sizes of models right: in each row of a table
#
#   | NAME | `OPTIONS of coopt-gen` | parameters, 10^9 | of a token, 10^9 | GB of a package in w4a8-g128-sym |
#
# the numbers are those of the tensors that coopt-compile declares for a model of these options. Prints the rows that are
# wrong, with the right numbers, and exits 1 if there is any.
#
#   model-sizes.sh PAGE WORK
set -eu -o pipefail
page=$1 work=$2
bad=0 rows=0

# The number of elements, or of bytes, of a tensor's type; `awk` programs below begin with this.
sizes='
function elements(type,  n, parts, count, i) {
  n = split(type, parts, "x"); count = 1
  for (i = 1; i < n; i++) count *= parts[i]
  return count
}
function bytes(type,  n, parts) {
  n = split(type, parts, "x")
  return elements(type) * (parts[n] == "i8" ? 1 : parts[n] == "f16" ? 2 : parts[n] == "f32" || parts[n] == "i32" ? 4 : "nan")
}
/^ *model.parameter / { name = $2; type = $4; sub(/^tensor</, "", type); sub(/[,>].*/, "", type) }
'

option() { # NAME, in $options
  sed -nE "s/.*--$1=([0-9]+).*/\1/p" <<<"$options"
}

while IFS='|' read -r _ name options said_all said_token said_package _; do
  rows=$((rows + 1))
  options=${options//\`/}
  experts=$(option experts) chosen=$(option experts-per-token)
  read -ra list <<<"$options"
  coopt-gen "${list[@]}" --noise --force -o "$work/model"
  # What a checkpoint has: without tables of rotary embeddings, and what experts become together.
  read -r all token < <(coopt-compile "$work/model" --compile-to=import -o - | awk -v experts="$experts" -v chosen="$chosen" "$sizes"'
    /^ *model.parameter / && name !~ /^@rotary|\.stacked$/ {
      all += elements(type)
      token += elements(type) * (name ~ /\.experts\.[0-9]/ ? chosen / experts : 1)
    }
    END { printf "%.2f %.2f\n", all / 1e9, token / 1e9 }')
  # What a package holds: the parameters that its entry loads.
  package=$(coopt-compile "$work/model" --quantize=w4a8-g128-sym --target=cpu:amx --compile-to=layout -o - | awk "$sizes"'
    /^ *model.parameter / { held[name] = bytes(type) }
    /^ *model.entry / { inside = 1 }
    inside && match($0, /model.load @[^ ]+/) { name = substr($0, RSTART + 11, RLENGTH - 11); all += held[name]; held[name] = 0 }
    END { printf "%.1f\n", all / 1e9 }')
  said=$(echo $said_all $said_token $said_package)
  if [ "$said" != "$all $token $package" ]; then
    echo "$page:$name: says $said, expected $all $token $package"
    bad=1
  fi
done < <(grep -E '^\| [^|]+ \| `--arch=' "$page")
if [ $rows = 0 ]; then
  echo "$page: no row of a table says the options of a model"
  bad=1
fi
exit $bad
