#include "crypto/envelope.h"

#include "crypto/aad_writer.h"
#include "crypto/aead.h"
#include "crypto/aead_raw.h"
#include "crypto/wiped_array.h"

namespace oneclaw::crypto {
namespace {

using Dek = WipedArray<Key256::kSize>;

// One buffer a thread, so that no call allocates for its AAD.
Bytes& aad_buffer() {
  thread_local Bytes buffer;
  return buffer;
}

ByteView dek_aad(const VersionBinding& binding, std::int64_t kek_version) {
  Bytes& out = aad_buffer();
  AadWriter(out, "oneclaw/dek/1")
      .id(binding.org_id)
      .id(binding.vault_id)
      .id(binding.secret_id)
      .text(binding.path)
      .number(binding.version)
      .number(kek_version);
  return out;
}

ByteView value_aad(const VersionBinding& binding) {
  std::optional<std::int64_t> expires_at;
  if (binding.expires_at) expires_at = to_micros(*binding.expires_at);
  Bytes& out = aad_buffer();
  AadWriter(out, "oneclaw/value/1")
      .id(binding.org_id)
      .id(binding.vault_id)
      .id(binding.secret_id)
      .text(binding.path)
      .number(binding.version)
      .text(binding.type)
      .text(binding.metadata_json)
      .text(binding.created_by)
      .number(to_micros(binding.created_at))
      .number(expires_at)
      .number(binding.max_access_count);
  return out;
}

}  // namespace

Result<SealedVersion> seal_version(const Key256& kek, std::int64_t kek_version,
                                   const VersionBinding& binding, ByteView value) {
  Dek dek;
  randombytes_buf(dek.data(), Key256::kSize);
  TRY(Bytes wrapped_dek, seal_raw(raw(kek), dek.view(), dek_aad(binding, kek_version)));
  TRY(Bytes ciphertext, seal_raw(dek.view(), value, value_aad(binding)));
  return SealedVersion{.wrapped_dek = std::move(wrapped_dek), .ciphertext = std::move(ciphertext)};
}

Result<SecureBytes> open_version(const Key256& kek, std::int64_t kek_version,
                                 const VersionBinding& binding, const SealedVersion& sealed) {
  if (sealed.ciphertext.size() < kNonceSize + kTagSize) return decryption_failed();
  Dek dek;
  if (!open_raw(raw(kek), sealed.wrapped_dek, dek_aad(binding, kek_version), dek.span())) {
    return decryption_failed();
  }
  SecureBytes value(sealed.ciphertext.size() - kNonceSize - kTagSize);
  if (!open_raw(dek.view(), sealed.ciphertext, value_aad(binding), value)) {
    return decryption_failed();
  }
  return value;
}

Result<Bytes> rewrap_dek(const Key256& old_kek, std::int64_t old_version, const Key256& new_kek,
                         std::int64_t new_version, const VersionBinding& binding,
                         ByteView wrapped_dek) {
  Dek dek;
  if (!open_raw(raw(old_kek), wrapped_dek, dek_aad(binding, old_version), dek.span())) {
    return decryption_failed();
  }
  return seal_raw(raw(new_kek), dek.view(), dek_aad(binding, new_version));
}

Bytes kek_aad(const Uuid& org_id, const Uuid& vault_id, std::int64_t kek_version) {
  Bytes out;
  AadWriter(out, "oneclaw/kek/1").id(org_id).id(vault_id).number(kek_version);
  return out;
}

}  // namespace oneclaw::crypto
