# Sourced by demo.sh, npu-demo.sh and test.sh: installs what is missing (Debian 12), configures a preset, builds targets.
# Needs root or sudo only when a package is missing.

coopt_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

coopt_packages=(
  cmake ninja-build pkg-config git ca-certificates ccache
  clang-22 lld-22 llvm-22-dev llvm-22-tools libmlir-22-dev mlir-22-tools libclang-rt-22-dev
  nlohmann-json3-dev libexpected-dev libcli11-dev libxxhash-dev libpcre2-dev libutf8proc-dev libgtest-dev
  libz3-dev libsqlite3-dev libzstd-dev zlib1g-dev python3 libstdc++-12-dev verilator make)

say() { printf '%s\n' "$*" >&2; }

install_packages() {
  local missing=()
  local package
  for package in "${coopt_packages[@]}"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  say "installing: ${missing[*]}"
  local sudo=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { say "error: these packages are missing, and neither root nor sudo is at hand: ${missing[*]}"; return 1; }
    sudo=(sudo)
  fi
  "${sudo[@]}" apt-get update -q >&2 &&
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >&2
}

# configure_and_build PRESET TARGET...
configure_and_build() {
  local preset=$1
  shift
  if [ ! -f "$coopt_root/build/$preset/build.ninja" ]; then
    (cd "$coopt_root" && cmake --preset "$preset" >&2) || return 1
  fi
  cmake --build "$coopt_root/build/$preset" --target "$@" >&2
}
