import os
import shutil
import lit.formats
from lit.llvm import llvm_config  # noqa: F401  (kept by lit's site header)

config.name = "coopt"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.test_source_root = os.path.dirname(__file__)
config.excludes = ["Inputs", "Unit", "corpus", "CMakeLists.txt", "README.md"]

tools = [os.path.join(config.coopt_binary_dir, "bin"), config.llvm_tools_dir]
config.environment["PATH"] = os.pathsep.join(tools + [os.environ["PATH"]])
if config.coopt_sanitize:
    config.environment["UBSAN_OPTIONS"] = "print_stacktrace=1"

fuzz_build = "" if config.coopt_fuzz else "fuzz"
config.substitutions.append(("%fuzzers", os.path.join(config.coopt_binary_dir, fuzz_build, "bin")))
config.substitutions.append(("%fuzz_seconds", os.environ.get("COOPT_FUZZ_SECONDS", "60")))
config.substitutions.append(("%test_data", config.coopt_test_data))
config.substitutions.append(("%source_dir", config.coopt_source_dir))
config.substitutions.append(("%build_dir", config.coopt_binary_dir))
mlir_lib_dir = os.path.join(config.llvm_tools_dir, "..", "lib")
config.substitutions.append(("%mlir_lib_dir", mlir_lib_dir))

# Functions over tensors to the LLVM dialect, and their @main run, by upstream's programs alone: what tests of the
# reference expansion share, so that nothing of this project stands between a definition and its values.
config.substitutions.append((
    "%plain_lowering",
    "mlir-opt -one-shot-bufferize='bufferize-function-boundaries allow-unknown-ops=false "
    "function-boundary-type-conversion=identity-layout-map' -convert-linalg-to-loops -lower-affine -convert-scf-to-cf "
    "-expand-strided-metadata -lower-affine -convert-math-to-llvm -convert-cf-to-llvm -convert-ub-to-llvm "
    "-convert-arith-to-llvm -finalize-memref-to-llvm -convert-func-to-llvm -reconcile-unrealized-casts"))
config.substitutions.append((
    "%plain_runner",
    "mlir-runner -e main -entry-point-result=void -shared-libs=" +
    ",".join(os.path.join(mlir_lib_dir, name) for name in ("libmlir_runner_utils.so", "libmlir_c_runner_utils.so"))))

with open("/proc/cpuinfo") as f:
    flags = next((line.split() for line in f if line.startswith("flags")), [])
for name, feature in (("avx2", "avx2"), ("avx512", "avx512bw")):
    if feature in flags:
        config.available_features.add(name)

# The variant with the most that this processor has, for tests that compile only one.
best_isa = "generic"
for name, needed in (("avx2", ["avx2", "fma"]), ("avx512", ["avx512bw", "avx512_vnni"]), ("amx", ["amx_int8", "amx_bf16", "avx512_bf16"])):
    if all(feature in flags for feature in needed):
        best_isa = name
config.substitutions.append(("%best_isa", best_isa))

if os.path.isdir(os.path.join(config.coopt_test_data, "models", "stories260k")):
    config.available_features.add("stories260k")
if shutil.which("script"):
    config.available_features.add("script")
for name in ("ptxas", "verilator", "mpiexec", "dnnl", "openblas"):
    if getattr(config, "coopt_" + name) and "NOTFOUND" not in getattr(config, "coopt_" + name):
        config.available_features.add(name)
if os.environ.get("COOPT_SLOW"):
    config.available_features.add("slow")
if config.coopt_sanitize:
    config.available_features.add("sanitize")
