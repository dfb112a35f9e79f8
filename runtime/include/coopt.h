/*===- coopt.h - The C interface of the runtime ------------------------------===
 *
 * A package is immutable and may be shared by threads; a session holds state (KV cache, position, arena) and
 * belongs to one thread at a time. Errors are values: functions return NULL or a negative number and
 * coopt_error_message() gives the sentence of the calling thread's last error. No function terminates the
 * process or throws.
 *
 *===------------------------------------------------------------------------===*/
#ifndef COOPT_H
#define COOPT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct coopt_package coopt_package;
typedef struct coopt_session coopt_session;

/* The calling thread's last error, "" if there was none. Valid until its next call. */
const char *coopt_error_message(void);
/* "0.1.0" */
const char *coopt_version(void);

typedef struct coopt_package_options {
  size_t struct_size; /* sizeof(coopt_package_options) */
  const char *isa;    /* "generic", "avx2", "avx512", "amx", or NULL: the best that the processor has */
  int verify;         /* nonzero: check the weights' checksums */
  /* Experts that do not all fit. NULL or "": all are mapped. Bytes of them that are kept in memory ("4096", "512M", "1.5G") or a
   * share ("50%"); the others are read from the file when a session needs them. Results do not depend on it. */
  const char *expert_memory;
  const char *expert_policy; /* "lru", "score", "advice", or NULL: "score" */
  int expert_on_demand;      /* nonzero: nothing is read ahead */
  const char
      *device; /* "cpu", "npu-sim" (an accelerator, simulated), or NULL: what the package has code for */
} coopt_package_options;

coopt_package *coopt_package_open(const char *path, const coopt_package_options *options);
void coopt_package_close(coopt_package *package); /* after its sessions */

typedef struct coopt_expert_statistics {
  size_t struct_size; /* sizeof(coopt_expert_statistics) */
  uint64_t limit_bytes, total_bytes;
  uint64_t requests, hits; /* what dispatches asked for of one expert each, and how often it was there */
  uint64_t guessed;        /* of the requests: named by the guess for their layer */
  uint64_t foreseen;       /* of the hits: first use since a guess brought it */
  uint64_t read_bytes, waited_bytes; /* from the file; of these while a dispatch waited */
  double stall_seconds;
} coopt_expert_statistics;

/* Since the package was opened, of all its sessions. 0, or -1 if all experts are mapped. */
int coopt_package_expert_statistics(const coopt_package *package, coopt_expert_statistics *statistics);

/* Facts of a language model; -1 where the package holds none. */
int64_t coopt_package_vocabulary(const coopt_package *package);
int64_t coopt_package_context(const coopt_package *package);
/* The code in use: of a CPU its instructions, as in the options; of an accelerator the machine's name; "" if there is no kernel. */
const char *coopt_package_isa(const coopt_package *package);
/* "cpu" or "npu-sim" */
const char *coopt_package_device(const coopt_package *package);

/* Text to ids and back. Both write at most `capacity` elements and return how many there are in all, or -1.
 * add_special: with the tokenizer's special tokens, or with the model's bos in front where it has one and the
 * tokenizer has no post-processor. */
int64_t coopt_tokenize(const coopt_package *package, const char *text, size_t bytes, int add_special,
                       int32_t *tokens, size_t capacity);
int64_t coopt_detokenize(const coopt_package *package, const int32_t *tokens, size_t count, char *text,
                         size_t capacity);
/* Nonzero if generation ends with this token. */
int coopt_is_end(const coopt_package *package, int32_t token);

typedef struct coopt_session_options {
  size_t struct_size; /* sizeof(coopt_session_options) */
  int threads;        /* 0: as many as the process may use; npu-sim uses one */
} coopt_session_options;

coopt_session *coopt_session_open(coopt_package *package, const coopt_session_options *options);
void coopt_session_close(coopt_session *session);

/* Tokens held so far. */
int64_t coopt_session_position(const coopt_session *session);
/* Appends tokens (any number up to the context; cut into chunks) and writes the logits of the last one to
 * logits[vocabulary], if not NULL. 0 or -1; on error the session is as before. */
int coopt_session_append(coopt_session *session, const int32_t *tokens, size_t count, float *logits);
/* Appends count tokens and writes, for i in 0..count-1, the negative log-likelihood (natural) of targets[i]
 * after tokens[0..i] to nll[i]. 0 or -1. */
int coopt_session_score(coopt_session *session, const int32_t *tokens, const int32_t *targets, size_t count,
                        float *nll);
/* Draws a token from the last position's logits, as kept by the session: temperature 0 is the largest (lowest
 * index on ties); otherwise softmax(logits / temperature) with the session's random number. The token or -1.
 * The random number depends on the seed and the position p = coopt_session_position() alone: it is (z >> 40)
 * * 2^-24, z the output number p (from 0) of the SplitMix64 generator that starts at the seed. Hence sampling
 * twice at one position gives one token, and a session that was forked, saved or truncated goes on as the
 * first would have. */
int32_t coopt_session_sample(coopt_session *session, float temperature);
void coopt_session_seed(coopt_session *session, uint64_t seed); /* 0 at first */

/* Forgets all positions from `position` on. 0 or -1. With keys and values in KIVI's codes (--kv=kivi4, kivi2) the last positions
 * that stay are rounded when the session goes on, unless fewer were forgotten than a call of the compiled chunk brings. */
int coopt_session_truncate(coopt_session *session, int64_t position);
/* An independent session with the same contents. */
coopt_session *coopt_session_fork(const coopt_session *session);
/* Writes and reads the filled part of the state; a file of another package is refused. 0 or -1. */
int coopt_session_save(const coopt_session *session, const char *path);
int coopt_session_load(coopt_session *session, const char *path);

/* Packages of functions. */
typedef struct coopt_tensor {
  const char *name;
  const char *type; /* "f32", "i8", "bf16", ... */
  size_t rank;
  const int64_t *shape;
  void *data; /* row-major; of arguments only read, and of any alignment */
} coopt_tensor;

typedef struct coopt_size {
  const char *name;
  int64_t value;
} coopt_size;

/* Calls an entry point with its arguments by name, in any order. Run-time sizes follow from the arguments'
 * shapes; only those that no argument has must be in `sizes`. The number of results, or -1. */
int64_t coopt_session_call(coopt_session *session, const char *entry, const coopt_tensor *arguments,
                           size_t count, const coopt_size *sizes, size_t size_count);
/* A result of the last call; valid until the session's next call. 0 or -1. */
int coopt_session_result(const coopt_session *session, size_t index, coopt_tensor *result);

#ifdef __cplusplus
}
#endif

#endif /* COOPT_H */
