import os
import lit.formats

config.name = "coopt-unit"
config.test_source_root = config.test_exec_root = os.path.join(config.coopt_binary_dir, "test", "Unit")
# Programs whose name ends in Tests hold the quick tests; slow sweeps look at COOPT_SLOW and skip themselves.
config.test_format = lit.formats.GoogleTest("", "Tests")
config.suffixes = []
for name in ("COOPT_SLOW",):
    if name in os.environ:
        config.environment[name] = os.environ[name]
if config.coopt_sanitize:
    config.environment["UBSAN_OPTIONS"] = "print_stacktrace=1"
