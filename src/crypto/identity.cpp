#include "crypto/identity.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <sodium.h>

#include <algorithm>
#include <array>

#include "base/encoding.h"
#include "crypto/digest.h"
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

template <class Container>
void append_u32(Container& out, std::size_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    out.push_back(static_cast<std::uint8_t>(value >> shift));
  }
}

template <class Container>
void append_ssh_string(Container& out, ByteView value) {
  append_u32(out, value.size());
  out.insert(out.end(), value.begin(), value.end());
}

constexpr std::string_view kSshAlgorithm = "ssh-ed25519";

/// `secret_key`: the seed and the public key, 64 bytes.
SecureString to_openssh_pem(ByteView public_blob, ByteView public_key, ByteView secret_key) {
  SecureBytes secret;
  const std::uint32_t check = randombytes_random();  // twice, so that a wrong passphrase shows
  append_u32(secret, check);
  append_u32(secret, check);
  append_ssh_string(secret, as_bytes(kSshAlgorithm));
  append_ssh_string(secret, public_key);
  append_ssh_string(secret, secret_key);
  append_ssh_string(secret, ByteView());  // comment
  for (std::uint8_t pad = 1; secret.size() % 8 != 0; ++pad) secret.push_back(pad);

  constexpr std::string_view kMagic("openssh-key-v1\0", 15);
  SecureBytes key(kMagic.begin(), kMagic.end());
  append_ssh_string(key, as_bytes("none"));  // cipher
  append_ssh_string(key, as_bytes("none"));  // key derivation
  append_ssh_string(key, ByteView());
  append_u32(key, 1);
  append_ssh_string(key, public_blob);
  append_ssh_string(key, secret);

  SecureString base64;
  base64.resize(sodium_base64_ENCODED_LEN(key.size(), sodium_base64_VARIANT_ORIGINAL));
  sodium_bin2base64(base64.data(), base64.size(), key.data(), key.size(),
                    sodium_base64_VARIANT_ORIGINAL);
  std::string_view rest = base64.view();
  rest.remove_suffix(1);  // the NUL
  constexpr std::size_t kLine = 70;
  SecureString pem("-----BEGIN OPENSSH PRIVATE KEY-----\n");
  while (!rest.empty()) {
    pem.append(rest.substr(0, kLine));
    pem.push_back('\n');
    rest.remove_prefix(std::min(kLine, rest.size()));
  }
  pem.append("-----END OPENSSH PRIVATE KEY-----\n");
  return pem;
}

}  // namespace

Result<KeyPair> generate_ssh_key_pair() {
  std::array<std::uint8_t, crypto_sign_PUBLICKEYBYTES> public_key{};
  SecureBytes secret_key(crypto_sign_SECRETKEYBYTES);
  if (crypto_sign_keypair(public_key.data(), secret_key.data()) != 0) return failed();
  Bytes blob;
  append_ssh_string(blob, as_bytes(kSshAlgorithm));
  append_ssh_string(blob, public_key);
  return KeyPair{.public_key = std::string(kSshAlgorithm) + " " + to_base64(blob),
                 .private_pem = to_openssh_pem(blob, public_key, secret_key)};
}

std::optional<std::string> ssh_fingerprint(std::string_view public_key) {
  Bytes header;
  append_ssh_string(header, as_bytes(kSshAlgorithm));
  append_u32(header, crypto_sign_PUBLICKEYBYTES);
  Bytes blob;
  if (public_key.starts_with(kSshAlgorithm)) {
    public_key.remove_prefix(kSshAlgorithm.size());
    if (!public_key.starts_with(' ')) return std::nullopt;
    public_key.remove_prefix(1);
    const auto decoded = from_base64(public_key.substr(0, public_key.find(' ')));
    if (!decoded || decoded->size() != header.size() + crypto_sign_PUBLICKEYBYTES ||
        !std::equal(header.begin(), header.end(), decoded->begin())) {
      return std::nullopt;
    }
    blob = *decoded;
  } else {
    const auto raw = from_base64(public_key);
    if (!raw || raw->size() != crypto_sign_PUBLICKEYBYTES) return std::nullopt;
    blob = header;
    blob.insert(blob.end(), raw->begin(), raw->end());
  }
  std::string text = to_base64(sha256(blob));
  while (text.ends_with('=')) text.pop_back();
  return "SHA256:" + text;
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
