// Linked into sanitized programs that use LLVM, which is not instrumented: what is allocated, annotated or poisoned on one
// side of that border is freed, grown or used on the other. Leaks: the tools end without tearing everything down.
const char *__asan_default_options(void);

__attribute__((used, visibility("default"))) const char *__asan_default_options(void) {
  return "detect_leaks=0:detect_container_overflow=0:allow_user_poisoning=0";
}
