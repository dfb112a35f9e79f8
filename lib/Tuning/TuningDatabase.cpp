#include "coopt/Tuning/TuningDatabase.h"

#include <cmath>
#include <sqlite3.h>

using namespace coopt;
using namespace coopt::tuning;

namespace {

constexpr int kApplication = 0x636f7074; // "copt"
constexpr int kVersion = 1;
constexpr int kPatience = 10000; // milliseconds that another process may take to write

constexpr char kSchema[] =
    "CREATE TABLE IF NOT EXISTS measurements (kernel TEXT NOT NULL, machine TEXT NOT NULL, family TEXT NOT "
    "NULL, schedule TEXT NOT NULL, seconds REAL NOT NULL, samples INTEGER NOT NULL, "
    "PRIMARY KEY (kernel, machine, family, schedule)) WITHOUT ROWID";
constexpr char kUpdate[] = " ON CONFLICT DO UPDATE SET seconds = min(seconds, excluded.seconds), "
                           "samples = samples + excluded.samples";

/// A prepared statement, whose values are bound in order.
class Statement {
public:
  Statement(sqlite3 *database, const std::string &sql) {
    sqlite3_prepare_v2(database, sql.c_str(), -1, &statement, nullptr);
  }
  ~Statement() { sqlite3_finalize(statement); }
  Statement(const Statement &) = delete;
  Statement &operator=(const Statement &) = delete;

  Statement &bind(const std::string &text) {
    sqlite3_bind_text(statement, ++bound, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
    return *this;
  }
  Statement &bind(double value) {
    sqlite3_bind_double(statement, ++bound, value);
    return *this;
  }
  Statement &bind(int64_t value) {
    sqlite3_bind_int64(statement, ++bound, value);
    return *this;
  }
  /// SQLITE_ROW, SQLITE_DONE, or what went wrong.
  int step() { return statement ? sqlite3_step(statement) : SQLITE_ERROR; }
  double number(int column) { return sqlite3_column_double(statement, column); }
  std::string text(int column) {
    const unsigned char *text = sqlite3_column_text(statement, column);
    return text ? reinterpret_cast<const char *>(text) : "";
  }
  int64_t integer(int column) { return sqlite3_column_int64(statement, column); }

private:
  sqlite3_stmt *statement = nullptr;
  int bound = 0;
};

} // namespace

void TuningDatabase::Close::operator()(sqlite3 *database) const { sqlite3_close_v2(database); }

tl::unexpected<Error> TuningDatabase::mistake() const {
  return fail(path + ": " + (handle ? sqlite3_errmsg(handle.get()) : "no memory"));
}

Status TuningDatabase::execute(const char *sql) const {
  return sqlite3_exec(handle.get(), sql, nullptr, nullptr, nullptr) == SQLITE_OK ? Status() : mistake();
}

Expected<TuningDatabase> TuningDatabase::openWith(const std::string &path, int flags) {
  sqlite3 *raw = nullptr;
  const int opened = sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
  TuningDatabase database(Handle(raw), path);
  if (opened != SQLITE_OK) {
    return database.mistake();
  }
  sqlite3_busy_timeout(raw, kPatience);
  Statement application(raw, "PRAGMA application_id"), version(raw, "PRAGMA user_version"),
      tables(raw, "SELECT count(*) FROM sqlite_master");
  if (application.step() != SQLITE_ROW || version.step() != SQLITE_ROW || tables.step() != SQLITE_ROW) {
    return database.mistake();
  }
  const bool isNew = tables.integer(0) == 0;
  if (!isNew && application.integer(0) != kApplication) {
    return fail(path + ": is no tuning database");
  }
  if (!isNew && version.integer(0) > kVersion) {
    return fail(path + ": is a tuning database of version " + std::to_string(version.integer(0)) +
                ", this program knows version " + std::to_string(kVersion));
  }
  return database;
}

Expected<TuningDatabase> TuningDatabase::open(const std::string &path) {
  auto database = openWith(path, SQLITE_OPEN_READWRITE);
  // An empty file is none: a query would not find its table.
  if (database && !database->size()) {
    return fail(path + ": is no tuning database");
  }
  return database;
}

Expected<TuningDatabase> TuningDatabase::openOrCreate(const std::string &path) {
  auto database = openWith(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  if (!database) {
    return database;
  }
  const std::string marks = "PRAGMA application_id = " + std::to_string(kApplication) +
                            "; PRAGMA user_version = " + std::to_string(kVersion);
  for (const char *sql : {kSchema, marks.c_str()}) {
    if (Status status = database->execute(sql); !status) {
      return forward(status.error());
    }
  }
  return database;
}

Status TuningDatabase::record(const Measurement &measurement) {
  if (!(measurement.seconds > 0) || !std::isfinite(measurement.seconds) || measurement.samples < 1) {
    return fail(path + ": expected a time above 0, got " + std::to_string(measurement.seconds));
  }
  Statement insert(handle.get(), std::string("INSERT INTO measurements VALUES (?, ?, ?, ?, ?, ?)") + kUpdate);
  insert.bind(measurement.kernel).bind(measurement.machine).bind(measurement.family);
  insert.bind(measurement.schedule).bind(measurement.seconds).bind(measurement.samples);
  return insert.step() == SQLITE_DONE ? Status() : mistake();
}

Expected<std::optional<Measurement>> TuningDatabase::find(const Measurement &key) const {
  Statement select(handle.get(), "SELECT seconds, samples FROM measurements WHERE kernel = ? AND machine = ? "
                                 "AND family = ? AND schedule = ?");
  select.bind(key.kernel).bind(key.machine).bind(key.family).bind(key.schedule);
  switch (select.step()) {
  case SQLITE_DONE:
    return std::nullopt;
  case SQLITE_ROW: {
    Measurement found = key;
    found.seconds = select.number(0);
    found.samples = select.integer(1);
    return found;
  }
  default:
    return mistake();
  }
}

Expected<std::optional<Best>> TuningDatabase::best(const Measurement &key) const {
  // A bare column beside min() is that of the row that has it (sqlite.org/lang_select.html, 2.5).
  Statement select(handle.get(), "SELECT min(seconds), schedule, samples, count(*) FROM measurements WHERE "
                                 "kernel = ? AND machine = ? AND family = ?");
  select.bind(key.kernel).bind(key.machine).bind(key.family);
  if (select.step() != SQLITE_ROW) {
    return mistake();
  }
  if (select.integer(3) == 0) {
    return std::nullopt;
  }
  Best best{key, select.integer(3)};
  best.measurement.seconds = select.number(0);
  best.measurement.schedule = select.text(1);
  best.measurement.samples = select.integer(2);
  return best;
}

Status TuningDatabase::merge(const std::string &other) {
  if (auto readable = open(other); !readable) {
    return forward(readable.error());
  }
  Statement attach(handle.get(), "ATTACH DATABASE ? AS other");
  if (attach.bind(other).step() != SQLITE_DONE) {
    return mistake();
  }
  // "WHERE true" tells the clause of conflicts from one of joins.
  Status status =
      execute((std::string("INSERT INTO measurements SELECT * FROM other.measurements WHERE true") + kUpdate)
                  .c_str());
  Status detached = execute("DETACH DATABASE other");
  return status ? detached : status;
}

Expected<int64_t> TuningDatabase::size() const {
  Statement count(handle.get(), "SELECT count(*) FROM measurements");
  return count.step() == SQLITE_ROW ? Expected<int64_t>(count.integer(0)) : mistake();
}
