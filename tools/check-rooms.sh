#!/usr/bin/env bash
# Who leans on whom, checked. Prints each violation as "file:line: message" and exits 1 if there is any.
#
#   tools/check-rooms.sh [--root DIR] [BUILD]
#
# Includes (of .h, .cpp, .td and .inc files; DIR is this repository unless given):
#   base      include/coopt/X and lib/X for X in the list below: base, the standard library, POSIX, nlohmann, tl, xxhash,
#             utf8proc
#   runtime/  base, itself, PCRE2
#   dialects/ base, Solver, itself, other dialects' IR/ without a cycle, MLIR and LLVM; neither nlohmann/json nor Z3
#   the rest of include/coopt and lib: base, dialects and compiler rooms of their own layer or a lower one
#   tools/    anything
# Constraints: each label C<n> of a dialect (in an ODS description as "C<n>:", or under the heading Constraints of its
#   README.md) is part of the name of a case of test/dialects/<Name>/invalid*.mlir, a symbol that the case defines
#   ("@c<n>_.."), or of the name of a test file there.
# Symbols, if a build folder is given: libcoopt_runtime, coopt-run and coopt-bench have none of LLVM or MLIR and load
#   neither library.
set -u -o pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=
while [ $# -gt 0 ]; do
  case "$1" in
  --root)
    root=$(cd "${2:?--root needs a folder}" && pwd) || exit 2
    shift 2
    ;;
  -h | --help)
    sed -n '2,/^set/{/^set/!p}' "${BASH_SOURCE[0]}"
    exit 0
    ;;
  -*)
    echo "check-rooms: unknown option $1" >&2
    exit 2
    ;;
  *)
    build=$(cd "$1" && pwd) || exit 2
    shift
    ;;
  esac
done
cd "$root" || exit 2

sources() {
  local folders=()
  for folder in include lib runtime dialects; do
    [ -d "$folder" ] && folders+=("$folder")
  done
  [ ${#folders[@]} -eq 0 ] && return
  find "${folders[@]}" -type f \( -name '*.h' -o -name '*.cpp' -o -name '*.td' -o -name '*.inc' -o -name '*.def' \) | sort
}

check_includes() {
  sources | awk '
    function room(path,    part) {
      split(path, part, "/")
      if (part[1] == "include" && part[2] == "coopt") { return part[3] in base ? "base" : "compiler" }
      if (part[1] == "lib") { return part[2] in base ? "base" : "compiler" }
      return part[1] ~ /^(runtime|dialects|tools|test)$/ ? part[1] : "external"
    }
    # The name of the room that a path of base, compiler or dialects lies in: Layout, Pipelines, Quantized.
    function roomName(path,    part) {
      split(path, part, "/")
      return part[1] == "include" ? part[3] : part[2]
    }
    function normal(path,    part, n, i, out, depth) {
      n = split(path, part, "/"); depth = 0
      for (i = 1; i <= n; i++) {
        if (part[i] == "..") { if (depth > 0) depth-- }
        else if (part[i] != "." && part[i] != "") { out[++depth] = part[i] }
      }
      path = depth > 0 ? out[1] : ""
      for (i = 2; i <= depth; i++) { path = path "/" out[i] }
      return path
    }
    # The file of this repository that an include names, or "" for one from elsewhere. Files that are generated in the
    # build folder do not exist here and are placed by their path.
    function resolve(from, name,    folder, candidate) {
      folder = from; sub(/\/[^\/]*$/, "", folder)
      candidate = normal(folder "/" name); if (candidate in exists) { return candidate }
      candidate = normal("include/" name); if (candidate in exists) { return candidate }
      candidate = normal(name); if (candidate in exists) { return candidate }
      if (room(from) == "runtime") {
        candidate = normal("runtime/include/" name); if (candidate in exists) { return candidate }
        candidate = normal("runtime/" name); if (candidate in exists) { return candidate }
      }
      if (name ~ /^coopt\//) { return "include/" name }
      if (name ~ /^(dialects|lib|runtime|tools|test)\//) { return name }
      return ""
    }
    function standard(name) {
      return name ~ /^[a-z0-9_]+$/ || name ~ /^(sys|linux)\// || name in posix
    }
    function violation(message) { print file ":" line ": " message; bad = 1 }
    function check(name,    target, to, from, a, b) {
      from = room(file); target = resolve(file, name); to = target == "" ? "external" : room(target)
      if (from == "base") {
        if (to == "base") { return }
        if (to == "external" && (standard(name) || name ~ /^(nlohmann|tl)\// || name == "xxhash.h" || name == "utf8proc.h")) { return }
        violation("base leans on " name "; it may use base, the standard library, nlohmann, tl, xxhash and utf8proc")
      } else if (from == "runtime") {
        if (to == "base" || to == "runtime") { return }
        if (to == "external" && (standard(name) || name ~ /^(nlohmann|tl)\// || name == "xxhash.h" || name == "pcre2.h")) { return }
        violation("the runtime leans on " name "; it may use base, itself and PCRE2")
      } else if (from == "dialects") {
        a = roomName(file)
        if (to == "base" || (to == "compiler" && roomName(target) == "Solver")) { return }
        if (to == "dialects") {
          b = roomName(target)
          if (a == b) { return }
          if (target !~ /^dialects\/[^\/]+\/IR\//) { violation("dialect " a " leans on " name "; of another dialect it may use IR/ alone"); return }
          if (!((a, b) in edge)) { edge[a, b] = file ":" line; names[a]; names[b] }
          return
        }
        if (to == "external" && (standard(name) || name ~ /^(mlir|llvm|mlir-c|llvm-c|tl)\// || name == "xxhash.h")) { return }
        violation("dialect " a " leans on " name "; it may use base, Solver, dialects, MLIR and LLVM" \
                  (name ~ /nlohmann|z3/ ? " (JSON and Z3 throw: they live outside dialects)" : ""))
      } else if (from == "compiler") {
        if (to == "runtime" || to == "tools" || to == "test") { violation("the compiler leans on " name " of " to "/"); return }
        if (to == "compiler") {
          a = roomName(file); b = roomName(target)
          if ((a in layer) && (b in layer) && layer[b] > layer[a]) { violation(a " leans on " name "; " b " is a higher layer") }
        }
      }
    }
    BEGIN {
      count = split("Support Numerics Layout Machine NpuIsa PackageFormat CostModel Calibration", list, " ")
      for (i = 1; i <= count; i++) { base[list[i]] }
      count = split("assert complex cpuid ctype dirent dlfcn elf errno fcntl fenv float immintrin inttypes limits link locale malloc " \
                    "math poll pthread sched semaphore setjmp signal spawn stdalign stdbool stddef stdint stdio stdlib string strings " \
                    "time unistd wait x86intrin xmmintrin", list, " ")
      for (i = 1; i <= count; i++) { posix[list[i] ".h"] }
      layer["Solver"] = 0; layer["Tuning"] = 0
      layer["Analysis"] = 1; layer["Transforms"] = 1; layer["Conversion"] = 1; layer["Proof"] = 1
      layer["Target"] = 2; layer["Import"] = 2; layer["Package"] = 2
      layer["Pipelines"] = 3
    }
    { exists[$0]; files[++fileCount] = $0 }
    END {
      for (f = 1; f <= fileCount; f++) {
        file = files[f]; line = 0
        while ((getline text < file) > 0) {
          line++
          if (match(text, /^[ \t]*#[ \t]*(include|import)[ \t]*["<][^">]*[">]/) || match(text, /^include[ \t]*"[^"]*"/)) {
            name = substr(text, RSTART, RLENGTH); sub(/^[^"<]*["<]/, "", name); sub(/[">]$/, "", name)
            check(name)
          }
        }
        close(file)
      }
      # Dialects that are on a cycle: the transitive closure of the edges.
      for (pair in edge) { reach[pair] }
      for (k in names) for (i in names) if ((i, k) in reach) for (j in names) if ((k, j) in reach) { reach[i, j] }
      for (pair in edge) {
        split(pair, end, SUBSEP)
        if ((end[2], end[1]) in reach) { print edge[pair] ": dialects " end[1] " and " end[2] " lean on each other"; bad = 1 }
      }
      exit bad
    }'
}

# "file:line:label" of every label that a dialect defines, once per label.
constraint_labels() {
  local dialect=$1
  {
    find "$dialect" -name '*.td' -exec grep -HnoE '\bC[0-9]+:' {} + | sed -E 's/:$//'
    if [ -f "$dialect/README.md" ]; then
      awk -v file="$dialect/README.md" '
        /^#/ { inside = tolower($0) ~ /constraints/ }
        inside {
          rest = $0
          while (match(rest, /C[0-9]+/)) {
            before = RSTART > 1 ? substr(rest, RSTART - 1, 1) : " "
            if (before !~ /[A-Za-z0-9_]/) { print file ":" NR ":" substr(rest, RSTART, RLENGTH) }
            rest = substr(rest, RSTART + RLENGTH)
          }
        }' "$dialect/README.md"
    fi
  } | sort -t: -k3.2,3n -u
}

check_constraints() {
  local bad=0 dialect name tests labels file line label
  for dialect in dialects/*/; do
    [ -d "$dialect" ] || continue
    dialect=${dialect%/}
    name=${dialect##*/}
    labels=$(constraint_labels "$dialect")
    [ -n "$labels" ] || continue
    tests="test/dialects/$name"
    # The names of test files, and of the symbols that the cases of invalid*.mlir define: comments are no names, nor are
    # symbols that are only used, nor those of a case in which nothing is wrong.
    local cases
    cases=$(
      find "$tests" -type f -name '*.mlir' -printf '%f\n'
      find "$tests" -type f -name 'invalid*.mlir' -exec awk '
        function finish() { if (wrong) { printf "%s", names }; names = ""; wrong = 0 }
        FNR == 1 || /^\/\/ -----/ { finish() }
        /expected-error/ { wrong = 1 }
        match($0, /^[ \t]*(module|[a-z]+\.[a-z_]+)( (private|public|nested))* @[A-Za-z0-9_]+/) && !/^[ \t]*func\.call/ {
          name = substr($0, RSTART, RLENGTH); sub(/.*@/, "", name); names = names name "\n"
        }
        END { finish() }' {} +
    )
    while IFS=: read -r file line label; do
      if ! grep -qiE "(^|[^A-Za-z0-9])$label([^A-Za-z0-9]|\$)" <<<"$cases"; then
        echo "$file:$line: constraint $label of dialect $name has no case @${label,}_.. in $tests/invalid.mlir"
        bad=1
      fi
    done <<<"$labels"
  done
  return $bad
}

check_symbols() {
  local bad=0 found=0 file
  while IFS= read -r file; do
    found=1
    local symbols
    symbols=$({ nm "$file" 2>/dev/null; nm -D "$file" 2>/dev/null; } |
      grep -E '[^A-Za-z0-9](_Z[A-Za-z0-9]*N?K?4(llvm|mlir)[0-9A-Z]|(LLVM|mlir)[A-Z][a-z])' | head -n 1)
    if [ -n "$symbols" ]; then
      echo "$file: has a symbol of LLVM or MLIR: ${symbols##* }"
      bad=1
    fi
    case "$file" in
    *.a) ;;
    *)
      # Not straight into a grep that stops early: the broken pipe would count as a failure, now and then.
      local libraries
      libraries=$(ldd "$file" 2>/dev/null || true)
      if [[ $libraries =~ lib(LLVM|MLIR)[^[:space:]]* ]]; then
        echo "$file: loads ${BASH_REMATCH[0]}"
        bad=1
      fi
      ;;
    esac
  done < <(find "$build" -path "$build/test" -prune -o \( -name 'libcoopt_runtime.*' -o -name 'coopt-run' -o -name 'coopt-bench' \) \( -type f -o -type l \) -print | sort)
  [ $found -eq 1 ] || echo "note: $build has no runtime library or program yet: symbols are not checked" >&2
  return $bad
}

status=0
check_includes || status=1
check_constraints || status=1
if [ -n "$build" ]; then
  check_symbols || status=1
fi
exit $status
