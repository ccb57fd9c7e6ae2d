#include "crypto/aead.h"

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <memory>
#include <optional>
#include <set>
#include <string>

#include "hex.h"

namespace oneclaw::crypto {
namespace {

struct Vector {
  std::string_view key, nonce, plaintext, aad, ciphertext, tag;
};

// McGrew & Viega, "The Galois/Counter Mode of Operation (GCM)", as submitted to NIST:
// test cases 13 to 16.
constexpr Vector kVectors[] = {
    {"0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000",
     "", "", "", "530f8afbc74536b9a963b4f1c4cb738b"},
    {"0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000",
     "00000000000000000000000000000000", "", "cea7403d4d606b6e074ec5d3baf39d18",
     "d0d1c8a799996bf0265b98b5d48ab919"},
    {"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
     "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
     "",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
     "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad",
     "b094dac5d93471bdec1a502270e3cc6c"},
    {"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
     "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
     "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
     "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
     "76fc6ece0f4e1768cddf8853bb2d551b"},
};

TEST(Aead, KnownAnswers) {
  for (const Vector& v : kVectors) {
    const Key256 key = hex_key(v.key);
    const Bytes plaintext = hex(v.plaintext);
    const Bytes aad = hex(v.aad);
    const auto sealed = seal_with_nonce(key, hex(v.nonce), plaintext, aad);
    ASSERT_TRUE(sealed.ok());
    EXPECT_EQ(to_hex(*sealed),
              std::string(v.nonce) + std::string(v.ciphertext) + std::string(v.tag));
    const auto opened = open(key, *sealed, aad);
    ASSERT_TRUE(opened.ok());
    EXPECT_EQ(to_hex(*opened), v.plaintext);
  }
}

/// Decrypts by OpenSSL, whatever the size; empty when the tag is wrong.
std::optional<Bytes> open_by_openssl(const Key256& key, ByteView sealed, ByteView aad) {
  const std::size_t size = sealed.size() - kNonceSize - kTagSize;
  Bytes plaintext(size + 16);
  Bytes tag(sealed.end() - kTagSize, sealed.end());
  int done = 0;
  const std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context(
      EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key.view().data(), sealed.data());
  EVP_DecryptUpdate(context.get(), nullptr, &done, aad.data(), static_cast<int>(aad.size()));
  EVP_DecryptUpdate(context.get(), plaintext.data(), &done, sealed.data() + kNonceSize,
                    static_cast<int>(size));
  EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, kTagSize, tag.data());
  if (EVP_DecryptFinal_ex(context.get(), plaintext.data() + size, &done) != 1) return std::nullopt;
  plaintext.resize(size);
  return plaintext;
}

// Small messages go by libsodium, large ones by OpenSSL: no size may tell which sealed it.
TEST(Aead, BothLibrariesComputeTheSame) {
  const Key256 key = Key256::random();
  for (const std::size_t size : {0U, 1U, 15U, 16U, 17U, 100U, 1023U, 1024U, 1025U, 5000U}) {
    for (const std::size_t aad_size : {1U, 16U, 250U, 1024U, 1025U}) {
      Bytes plaintext(size + 1);  // never a null pointer to draw into
      Bytes aad(aad_size);
      randombytes_buf(plaintext.data(), plaintext.size());
      randombytes_buf(aad.data(), aad.size());
      plaintext.pop_back();
      auto sealed = seal(key, plaintext, aad);
      ASSERT_TRUE(sealed.ok());
      EXPECT_EQ(open_by_openssl(key, *sealed, aad), plaintext);
      for (const std::size_t at : {std::size_t{0}, kNonceSize, sealed->size() - 1}) {
        (*sealed)[at] ^= 1U;
        EXPECT_FALSE(open(key, *sealed, aad).ok());
        (*sealed)[at] ^= 1U;
      }
    }
  }
}

TEST(Aead, SealsWithAFreshNonce) {
  const Key256 key = Key256::random();
  std::set<Bytes> nonces;
  for (int i = 0; i < 100; ++i) {
    const auto sealed = seal(key, as_bytes("value"), as_bytes("aad"));
    ASSERT_TRUE(sealed.ok());
    ASSERT_EQ(sealed->size(), kNonceSize + 5 + kTagSize);
    nonces.emplace(sealed->begin(), sealed->begin() + kNonceSize);
  }
  EXPECT_EQ(nonces.size(), 100U);
}

void expect_refused(const Result<SecureBytes>& opened) {
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.problem().status, 500);
  EXPECT_EQ(opened.problem().code, "decryption-failed");
  EXPECT_EQ(opened.problem().detail, "Stored data could not be decrypted.");
}

TEST(Aead, RefusesEveryFlippedBit) {
  const Key256 key = Key256::random();
  const Bytes sealed = seal(key, as_bytes("value"), as_bytes("aad")).value();
  for (std::size_t i = 0; i < sealed.size() * 8; ++i) {
    Bytes forged = sealed;
    forged[i / 8] = static_cast<std::uint8_t>(forged[i / 8] ^ (1U << (i % 8)));
    expect_refused(open(key, forged, as_bytes("aad")));
  }
  EXPECT_TRUE(open(key, sealed, as_bytes("aad")).ok());
}

TEST(Aead, RefusesAnotherKeyOrAad) {
  const Key256 key = Key256::random();
  const Bytes sealed = seal(key, as_bytes("value"), as_bytes("aad")).value();
  expect_refused(open(Key256::random(), sealed, as_bytes("aad")));
  for (const std::string_view aad : {"", "aa", "aad ", "aae"}) {
    expect_refused(open(key, sealed, as_bytes(aad)));
  }
}

TEST(Aead, RefusesEveryOtherLength) {
  const Key256 key = Key256::random();
  Bytes sealed = seal(key, as_bytes("value"), {}).value();
  for (std::size_t size = 0; size < sealed.size(); ++size) {
    expect_refused(open(key, ByteView(sealed).first(size), {}));
  }
  sealed.push_back(0);
  expect_refused(open(key, sealed, {}));
}

TEST(Aead, RefusesANonceOfAnotherLength) {
  const Key256 key;
  EXPECT_FALSE(seal_with_nonce(key, Bytes(11), {}, {}).ok());
  EXPECT_FALSE(seal_with_nonce(key, Bytes(13), {}, {}).ok());
}

TEST(Aead, AFailureLeavesNothingInTheErrorQueue) {
  const Key256 key = Key256::random();
  expect_refused(open(key, Bytes(kNonceSize + kTagSize), {}));
  EXPECT_EQ(ERR_peek_error(), 0U);
}

}  // namespace
}  // namespace oneclaw::crypto
