// Row seals: a MAC beside a row, so that a row edited behind our back is refused when it is read.
#pragma once

#include <array>

#include "base/canonical.h"
#include "store/connection.h"
#include "store/store.h"

namespace oneclaw::store {

/// The key to the MACs, from outside: the store has none of its own. Thread-safe.
class RowSeal {
 public:
  using Mac = std::array<std::uint8_t, 32>;
  virtual ~RowSeal() = default;
  /// Throws Error while the key isn't known.
  [[nodiscard]] virtual Mac mac(ByteView row) const = 0;
};

/// What to store in the row's `mac` column; nothing when the store was opened without a seal.
std::optional<Bytes> seal_row(const Connection& connection, ByteView row);

/// Throws Error (kTampered, naming `what`) unless `stored` is what seal_row() gives.
void check_row(const Connection& connection, ByteView row, ByteView stored, std::string_view what);

/// Seals the rows that were written before there were seals.
void seal_unsealed_rows(Transaction& transaction);

}  // namespace oneclaw::store
