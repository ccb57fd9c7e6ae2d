#include "crypto/digest.h"

#include <openssl/evp.h>
#include <sodium.h>

#include <initializer_list>
#include <new>

#include "crypto/openssl_handle.h"

namespace oneclaw::crypto {
namespace {

const EVP_MD* sha256_method() {
  static const EVP_MD* const method = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return method;
}

/// Of the parts, one behind the other, by a context that the thread keeps.
Digest hash_of(std::initializer_list<ByteView> parts) {
  thread_local const OpensslHandle<EVP_MD_CTX, EVP_MD_CTX_free> context(EVP_MD_CTX_new());
  // Short of memory is the one way in which hashing memory fails.
  if (!context || EVP_DigestInit_ex2(context.get(), sha256_method(), nullptr) != 1) {
    throw std::bad_alloc{};
  }
  for (const ByteView part : parts) {
    if (EVP_DigestUpdate(context.get(), part.data(), part.size()) != 1) throw std::bad_alloc{};
  }
  Digest digest{};
  if (EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) != 1) throw std::bad_alloc{};
  return digest;
}

}  // namespace

Digest sha256(ByteView message) {
  return hash_of({message});
}

void Sha256::Free::operator()(void* context) const {
  EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(context));
}

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  auto* const context = static_cast<EVP_MD_CTX*>(context_.get());
  if (context == nullptr || EVP_DigestInit_ex2(context, sha256_method(), nullptr) != 1) {
    throw std::bad_alloc{};
  }
}

void Sha256::update(ByteView bytes) {
  auto* const context = static_cast<EVP_MD_CTX*>(context_.get());
  if (EVP_DigestUpdate(context, bytes.data(), bytes.size()) != 1) throw std::bad_alloc{};
}

Digest Sha256::finish() {
  Digest digest{};
  auto* const context = static_cast<EVP_MD_CTX*>(context_.get());
  if (EVP_DigestFinal_ex(context, digest.data(), nullptr) != 1) throw std::bad_alloc{};
  return digest;
}

// By the letter of RFC 2104: OpenSSL's own HMAC takes and frees five contexts for each message,
// which costs more than hashing a row does.
Digest hmac_sha256(const Key256& key, ByteView message) {
  constexpr std::size_t kBlock = 64;  // of SHA-256; a key of 32 bytes is filled up with zeros
  std::array<std::uint8_t, kBlock> pad{};
  const auto keyed = [&](std::uint8_t filler, ByteView text) {
    pad.fill(filler);
    for (std::size_t i = 0; i < Key256::kSize; ++i) pad[i] ^= key.view()[i];
    return hash_of({pad, text});
  };
  const Digest inner = keyed(0x36, message);
  const Digest mac = keyed(0x5c, inner);
  sodium_memzero(pad.data(), pad.size());
  return mac;
}

}  // namespace oneclaw::crypto
