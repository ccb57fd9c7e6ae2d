// Small columns that must be read back: TOTP secrets, signing secrets, mail bodies with links.
#pragma once

#include <string_view>

#include "base/result.h"
#include "base/secure.h"
#include "base/uuid.h"

namespace oneclaw::service {

/// AES-256-GCM. Each row of each column has a key of its own, HMAC-SHA-256(field key, label |
/// column | row id), so that the field key may seal any number of rows; column and row id are the
/// AAD too, so that a sealed value opens only where it was put. Thread-safe.
class FieldSeal {
 public:
  /// `key`, the server's field key, must outlive this.
  explicit FieldSeal(const Key256& key) : key_(key) {}

  /// `column` as in "outbox.sealed".
  [[nodiscard]] Result<Bytes> seal(std::string_view column, const Uuid& row_id,
                                   ByteView plain) const;
  /// 500 (code "decryption-failed") for what was not sealed for this column and row.
  [[nodiscard]] Result<SecureBytes> open(std::string_view column, const Uuid& row_id,
                                         ByteView sealed) const;

 private:
  const Key256& key_;
};

}  // namespace oneclaw::service
