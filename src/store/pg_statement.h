// A statement of a PgConnection: what is bound to it, and its result's columns.
#pragma once

#include <libpq-fe.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/connection.h"
#include "store/pg_connection.h"

namespace oneclaw::store {

class PgStatement final : public Statement::Impl {
 public:
  PgStatement(PgConnection& connection, std::string sql, std::string name)
      : connection_(connection), sql_(std::move(sql)), name_(std::move(name)) {}

  /// Throws Error when it is on loan already.
  void lend();

  void bind_null(int index) override;
  void bind_int(int index, std::int64_t value) override;
  void bind_text(int index, std::string_view value) override;
  void bind_blob(int index, ByteView value) override;
  bool step() override;
  void run() override;
  bool is_null(int column) override;
  std::int64_t integer(int column) override;
  std::string_view text(int column) override;
  ByteView blob(int column) override;
  void reset() override;

 private:
  friend class PgConnection;
  enum class Prepared { kNot, kSent, kReady };
  struct Param {
    Oid type = 0;  ///< inferred
    bool null = true;
    std::string value{};
  };

  Param& at(int index);
  [[nodiscard]] bool mentions(std::size_t parameter) const;
  /// Of the parameters, for PREPARE.
  [[nodiscard]] std::vector<Oid> types() const;

  PgConnection& connection_;
  const std::string sql_;
  const std::string name_;
  Prepared prepared_ = Prepared::kNot;
  std::vector<Param> params_;
  PgConnection::ResultPtr result_{};
  int row_ = -1;
  bool on_loan_ = false;
};

}  // namespace oneclaw::store
