#!/usr/bin/env bash
# Whether the pages still say what is so. Prints each mistake as "file:line: message" and exits 1 if there is any.
#
#   tools/check-docs.sh [--root DIR] [--links-only] [--options PAGE PROGRAM]...
#
# In every .md file below DIR (this repository unless given; folders named build and hidden ones are left out), outside
# fenced blocks:
#   links       a relative link names a file or folder that exists; an anchor names a heading of the page
#   paths       `lib/Some/File.cpp` in backquotes exists, for the folders of this repository; with `:name` behind it, the
#               file holds that word. Paths with *, <, { or .. stand for several and are left alone.
# --links-only  links alone: for a copy of the pages without the sources.
# --options   the options that PAGE (relative to DIR) names in backquotes at the beginning of a table's row are those that
#             `PROGRAM --help` lists.
set -u -o pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
links_only=
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
  documented=$(sed -nE 's/^\| *`(--?[a-zA-Z][a-zA-Z0-9-]*).*/\1/p' "$page" | sort -u)
  while read -r option; do
    [ -n "$option" ] && violation "$page: $option of ${program##*/} is not described"
  done < <(comm -23 <(printf '%s\n' "$listed") <(printf '%s\n' "$documented"))
  while read -r option; do
    [ -n "$option" ] && violation "$page: ${program##*/} has no option $option"
  done < <(comm -13 <(printf '%s\n' "$listed") <(printf '%s\n' "$documented"))
}

while IFS= read -r page; do
  page=${page#./}
  check_links "$page"
  [ -n "$links_only" ] || check_paths "$page"
done < <(find . \( -name build -o -name '.?*' \) -prune -o -name '*.md' -type f -print | LC_ALL=C sort)
for ((i = 0; i < ${#pages[@]}; i++)); do
  check_options "${pages[i]}" "${programs[i]}"
done
exit $bad
