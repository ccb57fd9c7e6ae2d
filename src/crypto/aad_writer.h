// The canonical encoding of additional authenticated data. Numbers are big-endian; texts carry
// their length; what is optional carries a presence byte. So two field lists never encode alike.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/secure.h"
#include "base/uuid.h"

namespace oneclaw::crypto {

class AadWriter {
 public:
  /// Empties `out` and writes `label`, which parts one use of a key from another.
  AadWriter(Bytes& out, std::string_view label) : out_(out) {
    out_.clear();
    text(label);
  }

  AadWriter& id(const Uuid& value) {
    out_.insert(out_.end(), value.bytes.begin(), value.bytes.end());
    return *this;
  }
  AadWriter& number(std::int64_t value) {
    for (int shift = 56; shift >= 0; shift -= 8) {
      out_.push_back(static_cast<std::uint8_t>(static_cast<std::uint64_t>(value) >> shift));
    }
    return *this;
  }
  AadWriter& number(std::optional<std::int64_t> value) {
    out_.push_back(value ? 1 : 0);
    return value ? number(*value) : *this;
  }
  AadWriter& bytes(ByteView value) {
    number(static_cast<std::int64_t>(value.size()));
    out_.insert(out_.end(), value.begin(), value.end());
    return *this;
  }
  AadWriter& text(std::string_view value) { return bytes(as_bytes(value)); }

 private:
  Bytes& out_;
};

}  // namespace oneclaw::crypto
