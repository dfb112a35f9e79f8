//===- TuningDatabase.h - What schedules were measured to take ------------===//
//
// A SQLite file with one table, `measurements`: a row for each kernel (its kind, sizes, operands and formats, as cost::kernelKey writes them), machine
// (its name), instruction family and schedule, with the least time that was measured and how many measurements there were. Files are merged row by
// row; several processes may write one file.
//
//===----------------------------------------------------------------------===//
#ifndef COOPT_TUNING_TUNINGDATABASE_H
#define COOPT_TUNING_TUNINGDATABASE_H

#include "coopt/Support/Error.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

struct sqlite3;

namespace coopt::tuning {

struct Measurement {
  std::string kernel, machine, family, schedule;
  double seconds = 0;  ///< the least; above 0
  int64_t samples = 1; ///< at least 1
};

/// The quickest of several.
struct Best {
  Measurement measurement;
  int64_t schedules = 1; ///< that were measured
};

/// Errors, of all functions: what SQLite says, with the file's name in front.
class TuningDatabase {
public:
  /// Opens a file that is there. Errors besides: it is none of this kind, or of a later version.
  static Expected<TuningDatabase> open(const std::string &path);
  /// Opens a file, or makes it.
  static Expected<TuningDatabase> openOrCreate(const std::string &path);

  /// Adds a measurement: the least time stays, samples add up. Errors besides: a time that is not above 0.
  Status record(const Measurement &measurement);
  /// The least time of what was measured; nothing if it was not. Only kernel, machine, family and schedule are read.
  Expected<std::optional<Measurement>> find(const Measurement &key) const;
  /// The quickest of a kernel's schedules; nothing if none was measured. Only kernel, machine and family are read.
  Expected<std::optional<Best>> best(const Measurement &key) const;
  /// Adds all of another file's.
  Status merge(const std::string &path);
  /// Rows.
  Expected<int64_t> size() const;

private:
  struct Close {
    void operator()(sqlite3 *database) const;
  };
  using Handle = std::unique_ptr<sqlite3, Close>;
  TuningDatabase(Handle handle, std::string path) : handle(std::move(handle)), path(std::move(path)) {}
  static Expected<TuningDatabase> openWith(const std::string &path, int flags);
  tl::unexpected<Error> mistake() const;
  Status execute(const char *sql) const;

  Handle handle;
  std::string path;
};

} // namespace coopt::tuning

#endif // COOPT_TUNING_TUNINGDATABASE_H
