#include "crypto/digest.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>

#include <new>

#include "crypto/openssl_handle.h"

namespace oneclaw::crypto {
namespace {

using MacContext = OpensslHandle<EVP_MAC_CTX, EVP_MAC_CTX_free>;

const EVP_MD* sha256_method() {
  static const EVP_MD* const method = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return method;
}

// A context with its digest chosen and no key: copying it is quicker than making one.
EVP_MAC_CTX* make_hmac_template() {
  std::string digest = "SHA256";
  const std::array params{
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), digest.size()),
      OSSL_PARAM_construct_end()};
  const OpensslHandle<EVP_MAC, EVP_MAC_free> mac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
  MacContext context(EVP_MAC_CTX_new(mac.get()));
  if (!context || EVP_MAC_CTX_set_params(context.get(), params.data()) != 1) {
    throw std::bad_alloc{};
  }
  return context.release();
}

}  // namespace

Digest sha256(ByteView message) {
  Digest digest{};
  if (EVP_Digest(message.data(), message.size(), digest.data(), nullptr, sha256_method(),
                 nullptr) != 1) {
    throw std::bad_alloc{};  // the one way in which hashing memory fails
  }
  return digest;
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

Digest hmac_sha256(const Key256& key, ByteView message) {
  static const EVP_MAC_CTX* const keyless = make_hmac_template();
  const MacContext context(EVP_MAC_CTX_dup(keyless));
  Digest digest{};
  std::size_t size = 0;
  if (!context || EVP_MAC_init(context.get(), key.view().data(), Key256::kSize, nullptr) != 1 ||
      EVP_MAC_update(context.get(), message.data(), message.size()) != 1 ||
      EVP_MAC_final(context.get(), digest.data(), &size, digest.size()) != 1) {
    throw std::bad_alloc{};
  }
  return digest;
}

}  // namespace oneclaw::crypto
