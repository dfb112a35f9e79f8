import os
import lit.formats

# Named so that the quick target, which filters by this word, leaves these programs out.
config.name = "coopt-Integration"
config.test_source_root = config.test_exec_root = os.path.join(config.coopt_binary_dir, "test", "Integration", "Programs")
config.test_format = lit.formats.GoogleTest("", "Tests")
config.suffixes = []
if config.coopt_sanitize:
    config.environment["UBSAN_OPTIONS"] = "print_stacktrace=1"
