#!/usr/bin/env bash
# All tests, from nothing: install, build, run.
#
#   tools/test.sh [--debug] [--quick|--slow]
#
#   --debug   the debug preset: assertions, AddressSanitizer and UBSan for our own code
#   --quick   only what takes under two minutes
#   --slow    the long sweeps too
set -euo pipefail
. "$(dirname "$0")/setup.sh"

preset=release
target=check-coopt
for argument in "$@"; do
  case $argument in
    --debug) preset=debug ;;
    --quick) target=check-coopt-quick ;;
    --slow) target=check-coopt-slow ;;
    -h | --help) sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) say "error: unknown option '$argument' (--debug, --quick, --slow)"; exit 1 ;;
  esac
done

install_packages
configure_and_build "$preset" all
cmake --build "$coopt_root/build/$preset" --target "$target"
