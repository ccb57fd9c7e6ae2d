// The canonical encoding of what is authenticated (AAD, row MACs). Numbers are big-endian; texts
// carry their length; what is optional carries a presence byte. So two field lists never encode
// alike.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/secure.h"
#include "base/uuid.h"

namespace oneclaw {

class CanonicalWriter {
 public:
  /// Empties `out` and writes `label`, which parts one use of a key from another.
  CanonicalWriter(Bytes& out, std::string_view label) : out_(out) {
    out_.clear();
    text(label);
  }

  CanonicalWriter& id(const Uuid& value) {
    out_.insert(out_.end(), value.bytes.begin(), value.bytes.end());
    return *this;
  }
  CanonicalWriter& number(std::int64_t value) {
    for (int shift = 56; shift >= 0; shift -= 8) {
      out_.push_back(static_cast<std::uint8_t>(static_cast<std::uint64_t>(value) >> shift));
    }
    return *this;
  }
  CanonicalWriter& number(std::optional<std::int64_t> value) {
    out_.push_back(value ? 1 : 0);
    return value ? number(*value) : *this;
  }
  CanonicalWriter& bytes(ByteView value) {
    number(static_cast<std::int64_t>(value.size()));
    out_.insert(out_.end(), value.begin(), value.end());
    return *this;
  }
  CanonicalWriter& text(std::string_view value) { return bytes(as_bytes(value)); }

 private:
  Bytes& out_;
};

}  // namespace oneclaw
