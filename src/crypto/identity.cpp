#include "crypto/identity.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <array>

#include "base/encoding.h"
#include "crypto/openssl_handle.h"

namespace oneclaw::crypto {
namespace {

using PrivateKey = OpensslHandle<EVP_PKEY, EVP_PKEY_free>;

Problem failed() {
  ERR_clear_error();
  return problems::internal("A key pair could not be made.");
}

Result<SecureString> to_pem(EVP_PKEY* key) {
  const OpensslHandle<BIO, BIO_free> memory(BIO_new(BIO_s_secmem()));  // wiped when grown or freed
  char* text = nullptr;
  if (!memory || PEM_write_bio_PKCS8PrivateKey(memory.get(), key, nullptr, nullptr, 0, nullptr,
                                               nullptr) != 1) {
    return failed();
  }
  const long size = BIO_get_mem_data(memory.get(), &text);
  if (size <= 0) return failed();
  return SecureString(std::string_view{text, static_cast<std::size_t>(size)});
}

void append_ssh_string(Bytes& out, ByteView value) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    out.push_back(static_cast<std::uint8_t>(value.size() >> shift));
  }
  out.insert(out.end(), value.begin(), value.end());
}

}  // namespace

Result<KeyPair> generate_ssh_key_pair() {
  const PrivateKey key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  std::array<std::uint8_t, crypto_sign_PUBLICKEYBYTES> point{};
  std::size_t size = point.size();
  if (!key || EVP_PKEY_get_raw_public_key(key.get(), point.data(), &size) != 1 ||
      size != point.size()) {
    return failed();
  }
  TRY(SecureString pem, to_pem(key.get()));
  constexpr std::string_view kAlgorithm = "ssh-ed25519";
  Bytes blob;
  append_ssh_string(blob, as_bytes(kAlgorithm));
  append_ssh_string(blob, point);
  return KeyPair{.public_key = std::string(kAlgorithm) + " " + to_base64(blob),
                 .private_pem = std::move(pem)};
}

Result<KeyPair> generate_ecdh_key_pair() {
  const PrivateKey key(EVP_EC_gen("P-256"));
  unsigned char* point = nullptr;
  const std::size_t size = key ? EVP_PKEY_get1_encoded_public_key(key.get(), &point) : 0;
  if (size == 0) return failed();
  const std::string public_key = to_base64({point, size});
  OPENSSL_free(point);
  TRY(SecureString pem, to_pem(key.get()));
  return KeyPair{.public_key = public_key, .private_pem = std::move(pem)};
}

}  // namespace oneclaw::crypto
