#include "crypto/identity.h"

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

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

TEST(SshKeyPair, HalvesBelongTogether) {
  const auto pair = generate_ssh_key_pair();
  ASSERT_TRUE(pair.ok());
  const Handle key = read_pem(pair->private_pem);
  ASSERT_TRUE(key);
  ASSERT_TRUE(EVP_PKEY_is_a(key.get(), "ED25519"));
  Bytes point(32);
  std::size_t size = point.size();
  ASSERT_EQ(EVP_PKEY_get_raw_public_key(key.get(), point.data(), &size), 1);

  ASSERT_TRUE(pair->public_key.starts_with("ssh-ed25519 "));
  const auto blob = from_base64(pair->public_key.substr(12));
  ASSERT_TRUE(blob);
  // RFC 8709 §4: string "ssh-ed25519", string key.
  EXPECT_EQ(to_hex(*blob), "0000000b7373682d6564323535313900000020" + to_hex(point));
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
