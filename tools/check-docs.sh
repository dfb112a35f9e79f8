#!/usr/bin/env bash
# Whether the pages still say what is so. Prints each mistake as "file:line: message" and exits 1 if there is any.
#
#   tools/check-docs.sh [--root DIR] [--links-only] [--options PAGE PROGRAM]...
#   tools/check-docs.sh [--root DIR] --run PAGE
#
# In every .md file below DIR (this repository unless given; folders named build and hidden ones are left out), outside
# fenced blocks:
#   links       a relative link names a file or folder that exists; an anchor names a heading of the page
#   paths       `lib/Some/File.cpp` in backquotes exists, for the folders of this repository; with `:name` behind it, the
#               file holds that word. Paths with *, <, { or .. stand for several and are left alone.
# --links-only  links alone: for a copy of the pages without the sources.
# --options   the options that PAGE (relative to DIR) names in backquotes at the beginning of a table's rows, in each one or
#             several, are those that `PROGRAM --help` lists.
# --run       nothing but this: the commands of PAGE (relative to DIR), lines that begin with "$ " in fenced blocks, do what
#             the page shows. They run one after the other in an empty folder. What a command prints, to standard output or
#             standard error, is what stands below it: there `...` in a line is any text, a line of it any lines. A command
#             fails if and only if a line of what stands there begins with "PROGRAM: error: ". A line that ends with \
#             goes on in the next.
set -u -o pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
links_only=
run=
pages=()
programs=()
while [ $# -gt 0 ]; do
  case "$1" in
  --root)
    root=$(cd "${2:?--root needs a folder}" && pwd) || exit 2
    shift 2
    ;;
  --links-only)
    links_only=1
    shift
    ;;
  --options)
    pages+=("${2:?--options needs a page}")
    programs+=("${3:?--options needs a program}")
    shift 3
    ;;
  --run)
    run=${2:?--run needs a page}
    shift 2
    ;;
  -h | --help)
    sed -n '2,/^set/{/^set/!p}' "${BASH_SOURCE[0]}"
    exit 0
    ;;
  *)
    echo "check-docs: unknown argument $1" >&2
    exit 2
    ;;
  esac
done
cd "$root" || exit 2
bad=0

violation() {
  printf '%s\n' "$1"
  bad=1
}

# A page without its fenced blocks, which become empty lines.
prose() {
  awk '/^[ \t]*(```|~~~)/ { inside = !inside; print ""; next } { print inside ? "" : $0 }' "$1"
}

# The anchors of a page's headings, as GitHub makes them.
anchors() {
  prose "$1" | sed -nE 's/^#{1,6} +(.*)$/\1/p' | tr '[:upper:]' '[:lower:]' | sed -E 's/[^a-z0-9 _-]//g; s/ /-/g'
}

check_links() {
  local page=$1 line target file anchor folder
  folder=$(dirname "$page")
  while IFS=: read -r line target; do
    target=${target#](}
    target=${target%)}
    target=${target%% \"*}
    case "$target" in
    *://* | mailto:*) continue ;;
    esac
    file=${target%%#*}
    anchor=
    [[ "$target" == *#* ]] && anchor=${target#*#}
    if [[ "$file" == /* ]]; then
      violation "$page:$line: link to $target: expected a relative path"
      continue
    fi
    file=${file:+$folder/$file}
    file=${file:-$page}
    if [ ! -e "$file" ]; then
      violation "$page:$line: link to $target: no such file"
    elif [ -n "$anchor" ] && ! { [ -f "$file" ] && grep -qxF -- "$anchor" <<<"$(anchors "$file")"; }; then
      violation "$page:$line: link to $target: no such heading"
    fi
  done < <(prose "$page" | sed -E 's/`[^`]*`//g' | grep -noE '\]\([^) ]+( "[^"]*")?\)')
}

check_paths() {
  local page=$1 line text path name
  while IFS=: read -r line text; do
    text=${text#\`}
    text=${text%\`}
    path=${text%%:*}
    name=
    [[ "$text" == *:* ]] && name=${text#*:}
    case "$path" in
    *'*'* | *'<'* | *'{'* | *..* | *' '*) continue ;;
    esac
    if [ ! -e "$path" ]; then
      violation "$page:$line: \`$path\`: no such file"
    elif [ -n "$name" ] && ! grep -qwF -- "${name##*::}" "$path"; then
      violation "$page:$line: \`$path\` has no '${name##*::}'"
    fi
  done < <(prose "$page" | grep -noE '`(cmake|dialects|include|lib|python-free-docs|runtime|test|tools)/[^`]*`')
}

check_options() {
  local page=$1 program=$2 help documented listed option
  if [ ! -f "$page" ]; then
    violation "$page: no such page"
    return
  fi
  if ! help=$("$program" --help); then
    violation "$page: '$program --help' fails"
    return
  fi
  listed=$(sed -nE 's/^ +(-[a-zA-Z],)?(--?[a-zA-Z][a-zA-Z0-9-]*).*/\2/p' <<<"$help" | sort -u)
  # The first name of a row, and other long ones in its first cell.
  documented=$(sed -nE 's/^\| *(`-[^|]*)\|.*/\1/p' "$page" | grep -oE '^`-[a-zA-Z][a-zA-Z0-9-]*|`--[a-zA-Z][a-zA-Z0-9-]*' | tr -d '`' | sort -u)
  while read -r option; do
    [ -n "$option" ] && violation "$page: $option of ${program##*/} is not described"
  done < <(comm -23 <(printf '%s\n' "$listed") <(printf '%s\n' "$documented"))
  while read -r option; do
    [ -n "$option" ] && violation "$page: ${program##*/} has no option $option"
  done < <(comm -13 <(printf '%s\n' "$listed") <(printf '%s\n' "$documented"))
}

# A regular expression for output that is shown so.
output_pattern() {
  local any_lines=$'(.*\n)?' any_text=$'[^\n]*' line pattern=
  while IFS= read -r line; do
    if [ "$line" = ... ]; then
      pattern+=$any_lines
    else
      line=$(sed 's/[][\\.*^$+?(){}|]/\\&/g' <<<"$line")
      pattern+=${line//'\.\.\.'/$any_text}$'\n'
    fi
  done
  printf '^%s$' "$pattern"
}

# A command of a page in the folder $scratch, whose output is shown as $3.
run_command() {
  local place=$1 command=$2 shown=$3 output status expected=0
  ran=$((ran + 1))
  output=$(cd "$scratch" && LC_ALL=C bash -o pipefail -c "$command" 2>&1 </dev/null)
  status=$?
  output+=${output:+$'\n'}
  grep -qE '^[a-z-]+: error: ' <<<"$shown" && expected=1
  if [ $((status != 0)) -ne $expected ]; then
    violation "$place: status $status of: $command"
  elif [[ "$output" =~ $(printf %s "$shown" | output_pattern) ]]; then
    return
  else
    violation "$place: expected other output of: $command"
  fi
  printf %s "$output" | sed 's/^/  /'
}

run_page() {
  local page=$1 number=0 ran=0 line place command shown
  local state=prose # block: of no command yet; command: one that goes on in the next line; output: what it prints
  if [ ! -f "$page" ]; then
    violation "$page: no such page"
    return
  fi
  scratch=$(mktemp -d) || exit 2
  trap 'rm -rf "$scratch"' EXIT
  while IFS= read -r line; do
    number=$((number + 1))
    if [ $state = command ]; then
      command=${command%\\}$line
      state=output
    elif [[ "$line" == '```'* ]]; then
      [ $state = output ] && run_command "$page:$place" "$command" "$shown"
      [ $state = prose ] && state=block || state=prose
      continue
    elif [ $state != prose ] && [[ "$line" == '$ '* ]]; then
      [ $state = output ] && run_command "$page:$place" "$command" "$shown"
      place=$number command=${line#'$ '} shown= state=output
    elif [ $state = output ]; then
      shown+=$line$'\n'
      continue
    fi
    [ $state = output ] && [[ "$command" == *\\ ]] && state=command
  done <"$page"
  [ $state = output ] && run_command "$page:$place" "$command" "$shown"
  [ $state = prose ] || violation "$page: a fenced block has no end"
  [ $ran -gt 0 ] || violation "$page: no commands"
}

if [ -n "$run" ]; then
  run_page "$run"
  exit $bad
fi
while IFS= read -r page; do
  page=${page#./}
  check_links "$page"
  [ -n "$links_only" ] || check_paths "$page"
done < <(find . \( -name build -o -name '.?*' \) -prune -o -name '*.md' -type f -print | LC_ALL=C sort)
for ((i = 0; i < ${#pages[@]}; i++)); do
  check_options "${pages[i]}" "${programs[i]}"
done
exit $bad
