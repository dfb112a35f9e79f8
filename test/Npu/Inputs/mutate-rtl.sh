#!/usr/bin/env bash
# Puts mistakes into the RTL and looks whether the comparison with the model finds them.
#
#   mutate-rtl.sh FOLDER [NAME...]
#
# NAME: of mutations.txt, all unless given. Prints a line a mistake, "NAME: found: MESSAGE", and exits 1 if one is not found, does
# not build, or does not stand where the list says.
set -uo pipefail

folder=${1:?a folder}
shift
inputs=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
rtl=$(cd "$inputs/../../../runtime/Npu/Rtl" && pwd)
bad=0 tried=0

# The next field of $line, up to " | ", in $field; \| is a bar and \n a new line.
field() {
  local bar=$'\001'
  line=${line//'\|'/$bar}
  field=${line%%|*}
  [[ $line == *'|'* ]] && line=${line#*|} || line=
  field=${field//$bar/|}
  line=${line//$bar/'\|'}
  field=${field//'\n'/$'\n'}
  field=${field#"${field%%[![:space:]]*}"}
  field=${field%"${field##*[![:space:]]}"}
}

while IFS= read -r line; do
  [[ -z $line || $line == '#'* ]] && continue
  field; name=$field
  if [ $# -gt 0 ]; then
    wanted=0
    for one in "$@"; do [ "$one" = "$name" ] && wanted=1; done
    [ $wanted -eq 1 ] || continue
  fi
  field; read -r -a array <<<"$field"
  field; file=$field
  field; from=$field
  field; to=$field
  tried=$((tried + 1))

  rm -rf "$folder/$name"
  mkdir -p "$folder/$name/rtl"
  cp "$rtl"/*.v "$folder/$name/rtl/"
  text=$(<"$rtl/$file") || exit 1
  without=${text//"$from"/}
  if [ $((${#text} - ${#without})) -ne ${#from} ] || [ -z "$from" ]; then
    echo "$name: $file does not hold once: $from"
    bad=1
    continue
  fi
  printf '%s\n' "${text/"$from"/"$to"}" >"$folder/$name/rtl/$file"

  if ! "$inputs/build-rtl.sh" "${array[@]}" "$folder/$name/build" "$folder/$name/rtl" >"$folder/$name/log" 2>&1; then
    echo "$name: does not build: $folder/$name/log"
    bad=1
    continue
  fi
  message=$("$folder/$name/build/check-rtl" --cases=40 2>&1)
  status=$?
  if [ $status -eq 1 ] && [[ $message == "check-rtl: error: "*": case "* ]]; then
    echo "$name: found: ${message#check-rtl: error: }"
    rm -rf "$folder/$name"
  else
    echo "$name: not found, status $status: $message"
    bad=1
  fi
done <"$inputs/mutations.txt"

if [ $tried -eq 0 ] || { [ $# -gt 0 ] && [ $tried -ne $# ]; }; then
  echo "mutate-rtl.sh: error: tried $tried of the mistakes: $*"
  bad=1
fi
exit $bad
