// The seam to a SQL database: SQLite's and PostgreSQL's implementations are behind it.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "base/secure.h"
#include "base/time.h"
#include "base/uuid.h"

namespace oneclaw::store {

/// A database failure. Thrown by connections, statements and repositories; Store::read and
/// Store::write catch it, so it never leaves src/store.
class Error : public std::runtime_error {
 public:
  enum class Kind {
    kUnique,       ///< a UNIQUE or PRIMARY KEY constraint
    kConstraint,   ///< any other constraint
    kBusy,         ///< locked, or a serialization failure: worth a retry
    kUnavailable,  ///< disk full, I/O error, connection lost
    kTampered,     ///< a row isn't as it was written: see row_seal.h
    kOther,
  };
  Error(Kind kind, const std::string& what) : std::runtime_error(what), kind_(kind) {}
  [[nodiscard]] Kind kind() const { return kind_; }

 private:
  Kind kind_;
};

/// A prepared statement, on loan from its connection's cache. Parameters are ?1, ?2, … in the
/// SQL and 1-based in bind(); columns are 0-based.
///
///     auto query = connection.prepare("SELECT name FROM vaults WHERE id = ?1");
///     query.bind(1, id);
///     while (query.step()) use(query.text(0));
///
/// Destroying it resets it and clears the bindings.
class Statement {
 public:
  class Impl {
   public:
    virtual ~Impl() = default;
    virtual void bind_null(int index) = 0;
    virtual void bind_int(int index, std::int64_t value) = 0;
    virtual void bind_text(int index, std::string_view value) = 0;
    virtual void bind_blob(int index, ByteView value) = 0;
    /// The same for what stays as it is until reset(): an implementation need not copy it.
    virtual void bind_lasting_text(int index, std::string_view value) { bind_text(index, value); }
    virtual void bind_lasting_blob(int index, ByteView value) { bind_blob(index, value); }
    virtual bool step() = 0;
    /// All steps; an implementation may wait for their outcome later, by the end of the job.
    virtual void run() {
      while (step()) {
      }
    }
    virtual bool is_null(int column) = 0;
    virtual std::int64_t integer(int column) = 0;
    virtual std::string_view text(int column) = 0;  // valid until the next step()
    virtual ByteView blob(int column) = 0;          // valid until the next step()
    virtual void reset() = 0;
  };

  explicit Statement(Impl* impl) : impl_(impl) {}
  Statement(Statement&& other) noexcept : impl_(std::exchange(other.impl_, nullptr)) {}
  Statement& operator=(Statement&&) = delete;
  ~Statement() {
    if (impl_ != nullptr) impl_->reset();
  }

  // bind() returns *this, so that calls chain.
  Statement& bind(int index, std::nullopt_t) { return impl_->bind_null(index), *this; }
  Statement& bind(int index, std::int64_t value) { return impl_->bind_int(index, value), *this; }
  Statement& bind(int index, int value) { return impl_->bind_int(index, value), *this; }
  Statement& bind(int index, bool value) { return impl_->bind_int(index, value ? 1 : 0), *this; }
  Statement& bind(int index, std::string_view value) {
    return impl_->bind_text(index, value), *this;
  }
  Statement& bind(int index, const char* value) { return impl_->bind_text(index, value), *this; }
  Statement& bind(int index, ByteView value) { return impl_->bind_blob(index, value), *this; }
  Statement& bind(int index, const Uuid& value) {
    return impl_->bind_blob(index, value.bytes), *this;
  }
  Statement& bind(int index, TimePoint value) {
    return impl_->bind_int(index, to_micros(value)), *this;
  }
  template <class T>
  Statement& bind(int index, const std::optional<T>& value) {
    if (value) return bind(index, *value);
    return bind(index, std::nullopt);
  }

  /// bind() without a copy: `value` must stay as it is for as long as the statement is on loan.
  Statement& bind_lasting(int index, std::string_view value) {
    return impl_->bind_lasting_text(index, value), *this;
  }
  Statement& bind_lasting(int index, ByteView value) {
    return impl_->bind_lasting_blob(index, value), *this;
  }

  /// Runs to the next row; false when there is none.
  bool step() { return impl_->step(); }
  /// Runs a statement that gives no rows. Its Error may come as late as the connection's next
  /// step() or changes(), or the job's end.
  void run() { impl_->run(); }

  [[nodiscard]] bool is_null(int column) { return impl_->is_null(column); }
  [[nodiscard]] std::int64_t integer(int column) { return impl_->integer(column); }
  [[nodiscard]] bool boolean(int column) { return impl_->integer(column) != 0; }
  [[nodiscard]] std::string text(int column) { return std::string(impl_->text(column)); }
  [[nodiscard]] Bytes blob(int column) {
    const ByteView view = impl_->blob(column);
    return {view.begin(), view.end()};
  }
  /// Valid until the next step().
  [[nodiscard]] ByteView view(int column) { return impl_->blob(column); }
  [[nodiscard]] std::string_view text_view(int column) { return impl_->text(column); }
  /// Throws Error when the column isn't 16 bytes.
  [[nodiscard]] Uuid uuid(int column);
  [[nodiscard]] TimePoint time(int column) { return from_micros(impl_->integer(column)); }
  [[nodiscard]] std::optional<TimePoint> optional_time(int column) {
    return is_null(column) ? std::nullopt : std::optional(time(column));
  }
  [[nodiscard]] std::optional<std::int64_t> optional_integer(int column) {
    return is_null(column) ? std::nullopt : std::optional(integer(column));
  }
  [[nodiscard]] std::optional<std::string> optional_text(int column) {
    return is_null(column) ? std::nullopt : std::optional(text(column));
  }
  [[nodiscard]] std::optional<Uuid> optional_uuid(int column) {
    return is_null(column) ? std::nullopt : std::optional(uuid(column));
  }

 private:
  Impl* impl_;
};

class RowSeal;

/// One connection, used by one thread at a time.
class Connection {
 public:
  virtual ~Connection() = default;
  /// Prepares or takes from the cache. A statement already on loan must not be asked for again.
  virtual Statement prepare(std::string_view sql) = 0;
  /// Runs one or more statements without parameters (DDL, PRAGMA, BEGIN).
  virtual void execute(std::string_view sql) = 0;
  /// Rows changed by the last statement that was run.
  virtual std::int64_t changes() = 0;

  /// What seals rows (row_seal.h); null when they aren't sealed. Set before the connection is used.
  [[nodiscard]] const RowSeal* row_seal() const { return row_seal_; }
  void set_row_seal(const RowSeal* row_seal) { row_seal_ = row_seal; }

 private:
  const RowSeal* row_seal_ = nullptr;
};

}  // namespace oneclaw::store
