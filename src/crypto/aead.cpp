#include "crypto/aead.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <sodium.h>

#include <algorithm>

#include "crypto/aead_raw.h"
#include "crypto/openssl_handle.h"

namespace oneclaw::crypto {
namespace {

constexpr std::size_t kOverhead = kNonceSize + kTagSize;
constexpr std::size_t kMaxMessage = 1U << 30;  // EVP counts in int

// One context per call: freeing it wipes the key schedule. A kept one would save 0.2 µs.
using CipherContext = OpensslHandle<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;

const EVP_CIPHER* aes_256_gcm() {
  static const EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  return cipher;
}

// libsodium's AES-GCM needs no context on the heap, which is most of the cost of a small message;
// OpenSSL's is several times faster on a large one, and there on every processor. They compute the
// same: the tests open each one's messages with the other.
constexpr std::size_t kMostForSodium = 1024;

bool suits_sodium(std::size_t size, ByteView aad) {
  static const bool available = sodium_init() >= 0 && crypto_aead_aes256gcm_is_available() == 1;
  return available && size <= kMostForSodium && aad.size() <= kMostForSodium;
}

/// A key schedule on the stack, wiped.
class SodiumKey {
 public:
  explicit SodiumKey(RawKey key) { crypto_aead_aes256gcm_beforenm(&state_, key.data()); }
  ~SodiumKey() { sodium_memzero(&state_, sizeof state_); }
  SodiumKey(const SodiumKey&) = delete;
  SodiumKey& operator=(const SodiumKey&) = delete;
  [[nodiscard]] const crypto_aead_aes256gcm_state* get() const { return &state_; }

 private:
  crypto_aead_aes256gcm_state state_;
};

// A failure must not linger in this thread's error queue, where TLS would take it for its own.
bool failed() {
  ERR_clear_error();
  return false;
}

bool encrypt(RawKey key, ByteView nonce, ByteView plaintext, ByteView aad, std::uint8_t* out,
             std::uint8_t* tag) {
  if (suits_sodium(plaintext.size(), aad)) {
    const SodiumKey schedule(key);
    return crypto_aead_aes256gcm_encrypt_detached_afternm(
               out, tag, nullptr, plaintext.data(), plaintext.size(), aad.data(), aad.size(),
               nullptr, nonce.data(), schedule.get()) == 0;
  }
  const CipherContext context(EVP_CIPHER_CTX_new());
  int done = 0;
  if (!context ||
      EVP_EncryptInit_ex2(context.get(), aes_256_gcm(), key.data(), nonce.data(), nullptr) != 1) {
    return failed();
  }
  if (!aad.empty() && EVP_EncryptUpdate(context.get(), nullptr, &done, aad.data(),
                                        static_cast<int>(aad.size())) != 1) {
    return failed();
  }
  if (!plaintext.empty() && EVP_EncryptUpdate(context.get(), out, &done, plaintext.data(),
                                              static_cast<int>(plaintext.size())) != 1) {
    return failed();
  }
  return (EVP_EncryptFinal_ex(context.get(), tag, &done) == 1 &&
          EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, kTagSize, tag) == 1) ||
         failed();
}

bool decrypt(RawKey key, ByteView nonce, ByteView ciphertext, ByteView tag, ByteView aad,
             std::uint8_t* out) {
  if (suits_sodium(ciphertext.size(), aad)) {
    const SodiumKey schedule(key);
    return crypto_aead_aes256gcm_decrypt_detached_afternm(
               out, nullptr, ciphertext.data(), ciphertext.size(), tag.data(), aad.data(),
               aad.size(), nonce.data(), schedule.get()) == 0;
  }
  const CipherContext context(EVP_CIPHER_CTX_new());
  int done = 0;
  if (!context ||
      EVP_DecryptInit_ex2(context.get(), aes_256_gcm(), key.data(), nonce.data(), nullptr) != 1) {
    return failed();
  }
  if (!aad.empty() && EVP_DecryptUpdate(context.get(), nullptr, &done, aad.data(),
                                        static_cast<int>(aad.size())) != 1) {
    return failed();
  }
  if (!ciphertext.empty() && EVP_DecryptUpdate(context.get(), out, &done, ciphertext.data(),
                                               static_cast<int>(ciphertext.size())) != 1) {
    return failed();
  }
  std::array<std::uint8_t, kTagSize> expected{};
  std::copy_n(tag.begin(), kTagSize, expected.begin());
  return (EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, kTagSize, expected.data()) ==
              1 &&
          EVP_DecryptFinal_ex(context.get(), expected.data(), &done) == 1) ||
         failed();
}

Result<Bytes> seal_at(RawKey key, ByteView nonce, ByteView plaintext, ByteView aad) {
  if (nonce.size() != kNonceSize || plaintext.size() > kMaxMessage || aad.size() > kMaxMessage) {
    return problems::internal();
  }
  Bytes sealed(kOverhead + plaintext.size());
  std::copy_n(nonce.begin(), kNonceSize, sealed.begin());
  std::uint8_t* const body = sealed.data() + kNonceSize;
  if (!encrypt(key, nonce, plaintext, aad, body, body + plaintext.size())) {
    return problems::internal();
  }
  return sealed;
}

}  // namespace

Problem decryption_failed() {
  Problem problem = problems::internal("Stored data could not be decrypted.");
  problem.code = "decryption-failed";
  return problem;
}

Result<Bytes> seal_raw(RawKey key, ByteView plaintext, ByteView aad) {
  std::array<std::uint8_t, kNonceSize> nonce{};
  randombytes_buf(nonce.data(), nonce.size());
  return seal_at(key, nonce, plaintext, aad);
}

bool open_raw(RawKey key, ByteView sealed, ByteView aad, std::span<std::uint8_t> out) {
  if (out.size() > kMaxMessage || sealed.size() != kOverhead + out.size() ||
      aad.size() > kMaxMessage) {
    return false;
  }
  return decrypt(key, sealed.first(kNonceSize), sealed.subspan(kNonceSize, out.size()),
                 sealed.last(kTagSize), aad, out.data());
}

Result<Bytes> seal(const Key256& key, ByteView plaintext, ByteView aad) {
  return seal_raw(raw(key), plaintext, aad);
}

Result<SecureBytes> open(const Key256& key, ByteView sealed, ByteView aad) {
  if (sealed.size() < kOverhead) return decryption_failed();
  SecureBytes plaintext(sealed.size() - kOverhead);
  if (!open_raw(raw(key), sealed, aad, plaintext)) return decryption_failed();
  return plaintext;
}

Result<Bytes> seal_with_nonce(const Key256& key, ByteView nonce, ByteView plaintext, ByteView aad) {
  return seal_at(raw(key), nonce, plaintext, aad);
}

}  // namespace oneclaw::crypto
