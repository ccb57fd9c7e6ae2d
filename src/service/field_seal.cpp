#include "service/field_seal.h"

#include "crypto/aad_writer.h"
#include "crypto/aead.h"
#include "crypto/digest.h"

namespace oneclaw::service {

namespace {

Bytes aad_of(std::string_view column, const Uuid& row_id) {
  Bytes aad;
  crypto::AadWriter(aad, "oneclaw/field/v1").text(column).id(row_id);
  return aad;
}

Key256 row_key(const Key256& key, const Bytes& aad) {
  crypto::Digest derived = crypto::hmac_sha256(key, aad);
  Key256 row(derived);
  sodium_memzero(derived.data(), derived.size());
  return row;
}

}  // namespace

Result<Bytes> FieldSeal::seal(std::string_view column, const Uuid& row_id, ByteView plain) const {
  const Bytes aad = aad_of(column, row_id);
  return crypto::seal(row_key(key_, aad), plain, aad);
}

Result<SecureBytes> FieldSeal::open(std::string_view column, const Uuid& row_id,
                                    ByteView sealed) const {
  const Bytes aad = aad_of(column, row_id);
  return crypto::open(row_key(key_, aad), sealed, aad);
}

}  // namespace oneclaw::service
