#include "crypto/identity.h"

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <sstream>

#include "crypto/openssl_handle.h"
#include "hex.h"

namespace oneclaw::crypto {
namespace {

using Handle = OpensslHandle<EVP_PKEY, EVP_PKEY_free>;

Handle read_pem(const SecureString& pem) {
  EXPECT_TRUE(pem.view().starts_with("-----BEGIN PRIVATE KEY-----\n"));
  EXPECT_TRUE(pem.view().ends_with("\n-----END PRIVATE KEY-----\n"));
  const OpensslHandle<BIO, BIO_free> memory(
      BIO_new_mem_buf(pem.view().data(), static_cast<int>(pem.size())));
  return Handle(PEM_read_bio_PrivateKey(memory.get(), nullptr, nullptr, nullptr));
}

/// The strings and numbers of an OpenSSH key file (PROTOCOL.key), one after the other.
class SshReader {
 public:
  explicit SshReader(Bytes bytes) : bytes_(std::move(bytes)) {}
  std::uint32_t number() {
    std::uint32_t value = 0;
    for (int i = 0; i < 4; ++i) value = (value << 8U) | bytes_.at(at_++);
    return value;
  }
  Bytes bytes(std::size_t size) {
    Bytes out;
    for (std::size_t i = 0; i < size; ++i) out.push_back(bytes_.at(at_++));
    return out;
  }
  Bytes string() { return bytes(number()); }
  [[nodiscard]] std::size_t left() const { return bytes_.size() - at_; }

 private:
  Bytes bytes_;
  std::size_t at_ = 0;
};

TEST(SshKeyPair, HalvesBelongTogether) {
  const auto pair = generate_ssh_key_pair();
  ASSERT_TRUE(pair.ok());
  ASSERT_TRUE(pair->public_key.starts_with("ssh-ed25519 "));
  const auto blob = from_base64(pair->public_key.substr(12));
  ASSERT_TRUE(blob);

  std::string body;
  std::istringstream pem{std::string(pair->private_pem.view())};
  for (std::string line; std::getline(pem, line);) {
    if (!line.starts_with("-----")) body += line;
    EXPECT_LE(line.size(), 70U);
  }
  const auto file = from_base64(body);
  ASSERT_TRUE(file);
  SshReader reader(*file);
  EXPECT_EQ(as_text(reader.bytes(15)), std::string_view("openssh-key-v1\0", 15));
  EXPECT_EQ(as_text(reader.string()), "none");
  EXPECT_EQ(as_text(reader.string()), "none");
  EXPECT_TRUE(reader.string().empty());
  EXPECT_EQ(reader.number(), 1U);
  EXPECT_EQ(reader.string(), *blob);
  SshReader secret(reader.string());
  EXPECT_EQ(reader.left(), 0U);
  EXPECT_EQ(secret.left() % 8, 0U);
  EXPECT_EQ(secret.number(), secret.number());
  EXPECT_EQ(as_text(secret.string()), "ssh-ed25519");
  const Bytes point = secret.string();
  const Bytes secret_key = secret.string();
  ASSERT_EQ(secret_key.size(), 64U);

  // RFC 8709 §4: string "ssh-ed25519", string key.
  EXPECT_EQ(to_hex(*blob), "0000000b7373682d6564323535313900000020" + to_hex(point));
  Bytes derived(32);
  Bytes ignored(64);
  crypto_sign_seed_keypair(derived.data(), ignored.data(), secret_key.data());
  EXPECT_EQ(derived, point);
}

TEST(EcdhKeyPair, HalvesBelongTogether) {
  const auto pair = generate_ecdh_key_pair();
  ASSERT_TRUE(pair.ok());
  const Handle key = read_pem(pair->private_pem);
  ASSERT_TRUE(key);
  char group[32] = {};
  ASSERT_EQ(EVP_PKEY_get_group_name(key.get(), group, sizeof group, nullptr), 1);
  EXPECT_STREQ(group, "prime256v1");

  const auto point = from_base64(pair->public_key);
  ASSERT_TRUE(point);
  ASSERT_EQ(point->size(), 65U);
  EXPECT_EQ(point->front(), 0x04);
  Bytes expected(65);
  std::size_t size = 0;
  ASSERT_EQ(EVP_PKEY_get_octet_string_param(key.get(), OSSL_PKEY_PARAM_PUB_KEY, expected.data(),
                                            expected.size(), &size),
            1);
  EXPECT_EQ(*point, expected);
}

TEST(KeyPairs, AreFreshEachTime) {
  EXPECT_NE(generate_ssh_key_pair()->public_key, generate_ssh_key_pair()->public_key);
  EXPECT_NE(generate_ecdh_key_pair()->public_key, generate_ecdh_key_pair()->public_key);
}

}  // namespace
}  // namespace oneclaw::crypto
