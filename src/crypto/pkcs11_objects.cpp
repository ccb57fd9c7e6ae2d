#include "crypto/pkcs11_objects.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <type_traits>

#include "crypto/aead.h"
#include "crypto/aead_raw.h"

namespace oneclaw::crypto::pkcs11 {
namespace {

constexpr std::string_view kSigningLabel = "oneclaw-jwt";
constexpr std::size_t kIdSize = 16;
constexpr std::size_t kMostFound = 256;

/// A number, a flag, or an array to be filled.
template <class T>
requires(std::is_trivial_v<T> && !std::is_const_v<T>) CK_ATTRIBUTE
    attribute(CK_ATTRIBUTE_TYPE type, T& value) {
  return {type, &value, sizeof(value)};
}
CK_ATTRIBUTE text_attribute(CK_ATTRIBUTE_TYPE type, std::string_view value) {
  return {type, const_cast<char*>(value.data()), value.size()};  // read alone
}
CK_ATTRIBUTE bytes_attribute(CK_ATTRIBUTE_TYPE type, ByteView value) {
  return {type, const_cast<std::uint8_t*>(value.data()), value.size()};
}

/// A key's flag; false when it has none such.
bool flag(Session& session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) {
  CK_BBOOL value = CK_FALSE;
  CK_ATTRIBUTE wanted = attribute(type, value);
  return session.p11->C_GetAttributeValue(session.handle, object, &wanted, 1) == CKR_OK &&
         value == CK_TRUE;
}

CK_RV find_objects(Session& session, std::vector<CK_ATTRIBUTE> wanted,
                   std::vector<CK_OBJECT_HANDLE>& found) {
  CK_RV code = session.p11->C_FindObjectsInit(session.handle, wanted.data(), wanted.size());
  if (code != CKR_OK) return code;
  found.resize(kMostFound);
  CK_ULONG count = 0;
  code = session.p11->C_FindObjects(session.handle, found.data(), found.size(), &count);
  session.p11->C_FindObjectsFinal(session.handle);
  found.resize(code == CKR_OK ? count : 0);
  return code;
}

CK_GCM_PARAMS gcm(std::uint8_t* nonce, const Bytes& aad) {
  CK_GCM_PARAMS params{};
  params.iv_ptr = nonce;
  params.iv_len = kNonceSize;
  params.iv_bits = kNonceSize * 8;
  params.aad_ptr = const_cast<std::uint8_t*>(aad.data());  // read alone
  params.aad_len = aad.size();
  params.tag_bits = kTagSize * 8;
  return params;
}

}  // namespace

CK_RV find_root_keys(Session& session, std::string_view label, std::vector<RootKey>& found) {
  CK_OBJECT_CLASS kind = CKO_SECRET_KEY;
  CK_KEY_TYPE type = CKK_AES;
  std::vector<CK_OBJECT_HANDLE> keys;
  const CK_RV code = find_objects(
      session,
      {attribute(CKA_CLASS, kind), attribute(CKA_KEY_TYPE, type), text_attribute(CKA_LABEL, label)},
      keys);
  if (code != CKR_OK) return code;
  found.clear();
  for (const CK_OBJECT_HANDLE key : keys) {
    std::array<std::uint8_t, kIdSize> id{};
    CK_ATTRIBUTE wanted = attribute(CKA_ID, id);
    if (session.p11->C_GetAttributeValue(session.handle, key, &wanted, 1) != CKR_OK ||
        wanted.ulValueLen != kIdSize) {
      continue;
    }
    found.push_back({*Uuid::from_bytes(id), key});
  }
  return CKR_OK;
}

CK_RV generate_root_key(Session& session, std::string_view label, const Uuid& id) {
  CK_MECHANISM mechanism{CKM_AES_KEY_GEN, nullptr, 0};
  CK_OBJECT_CLASS kind = CKO_SECRET_KEY;
  CK_KEY_TYPE type = CKK_AES;
  CK_ULONG size = Key256::kSize;
  CK_BBOOL yes = CK_TRUE;
  CK_BBOOL no = CK_FALSE;
  std::array wanted{attribute(CKA_CLASS, kind),
                    attribute(CKA_KEY_TYPE, type),
                    attribute(CKA_VALUE_LEN, size),
                    attribute(CKA_TOKEN, yes),
                    attribute(CKA_PRIVATE, yes),
                    attribute(CKA_SENSITIVE, yes),
                    attribute(CKA_EXTRACTABLE, no),
                    attribute(CKA_ENCRYPT, yes),
                    attribute(CKA_DECRYPT, yes),
                    attribute(CKA_WRAP, no),
                    attribute(CKA_UNWRAP, no),
                    text_attribute(CKA_LABEL, label),
                    bytes_attribute(CKA_ID, ByteView(id.bytes))};
  CK_OBJECT_HANDLE key = 0;
  return session.p11->C_GenerateKey(session.handle, &mechanism, wanted.data(), wanted.size(), &key);
}

bool can_be_read(Session& session, CK_OBJECT_HANDLE key) {
  return flag(session, key, CKA_EXTRACTABLE) || !flag(session, key, CKA_SENSITIVE);
}

CK_RV encrypt(Session& session, CK_OBJECT_HANDLE root, ByteView plain, const Bytes& aad,
              Bytes& blob) {
  blob.assign(kNonceSize + plain.size() + kTagSize, 0);
  randombytes_buf(blob.data(), kNonceSize);
  CK_GCM_PARAMS params = gcm(blob.data(), aad);
  CK_MECHANISM mechanism{CKM_AES_GCM, &params, sizeof(params)};
  CK_RV code = session.p11->C_EncryptInit(session.handle, &mechanism, root);
  if (code != CKR_OK) return code;
  CK_ULONG size = plain.size() + kTagSize;
  code = session.p11->C_Encrypt(session.handle, const_cast<CK_BYTE_PTR>(plain.data()), plain.size(),
                                blob.data() + kNonceSize, &size);
  if (code == CKR_OK && size != plain.size() + kTagSize) return CKR_DEVICE_ERROR;
  return code;
}

CK_RV decrypt(Session& session, CK_OBJECT_HANDLE root, const Bytes& blob, const Bytes& aad,
              SecureBytes& plain) {
  Bytes nonce(blob.begin(), blob.begin() + kNonceSize);
  CK_GCM_PARAMS params = gcm(nonce.data(), aad);
  CK_MECHANISM mechanism{CKM_AES_GCM, &params, sizeof(params)};
  CK_RV code = session.p11->C_DecryptInit(session.handle, &mechanism, root);
  if (code != CKR_OK) return code;
  const std::size_t sealed = blob.size() - kNonceSize;
  plain.resize(sealed);
  CK_ULONG size = plain.size();
  code = session.p11->C_Decrypt(session.handle, const_cast<CK_BYTE_PTR>(blob.data() + kNonceSize),
                                sealed, plain.data(), &size);
  plain.resize(code == CKR_OK ? std::min<std::size_t>(size, sealed) : 0);
  return code;
}

CK_RV generate_pair(Session& session, const Bytes& id, Bytes& public_key) {
  // PrintableString "edwards25519" (PKCS #11 v3.0 §6.3.3), which tokens know best.
  constexpr std::string_view kCurve(
      "\x13\x0c"
      "edwards25519",
      14);
  CK_MECHANISM mechanism{CKM_EC_EDWARDS_KEY_PAIR_GEN, nullptr, 0};
  CK_BBOOL yes = CK_TRUE;
  CK_BBOOL no = CK_FALSE;
  std::array public_part{
      attribute(CKA_TOKEN, yes), attribute(CKA_VERIFY, yes), text_attribute(CKA_EC_PARAMS, kCurve),
      text_attribute(CKA_LABEL, kSigningLabel), bytes_attribute(CKA_ID, ByteView(id))};
  std::array private_part{attribute(CKA_TOKEN, yes),
                          attribute(CKA_PRIVATE, yes),
                          attribute(CKA_SENSITIVE, yes),
                          attribute(CKA_EXTRACTABLE, no),
                          attribute(CKA_SIGN, yes),
                          text_attribute(CKA_LABEL, kSigningLabel),
                          bytes_attribute(CKA_ID, ByteView(id))};
  CK_OBJECT_HANDLE public_handle = 0;
  CK_OBJECT_HANDLE private_handle = 0;
  CK_RV code = session.p11->C_GenerateKeyPair(session.handle, &mechanism, public_part.data(),
                                              public_part.size(), private_part.data(),
                                              private_part.size(), &public_handle, &private_handle);
  if (code != CKR_OK) return code;
  std::array<std::uint8_t, 64> point{};
  CK_ATTRIBUTE wanted{CKA_EC_POINT, point.data(), point.size()};
  code = session.p11->C_GetAttributeValue(session.handle, public_handle, &wanted, 1);
  if (code != CKR_OK) return code;
  // The 32 bytes, bare or in a DER OCTET STRING.
  ByteView bytes = ByteView(point).first(std::min<std::size_t>(wanted.ulValueLen, point.size()));
  if (bytes.size() == 34 && bytes[0] == 0x04 && bytes[1] == 0x20) bytes = bytes.subspan(2);
  public_key.assign(bytes.begin(), bytes.end());
  return CKR_OK;
}

CK_RV find_private_key(Session& session, const Bytes& id, CK_OBJECT_HANDLE& key) {
  CK_OBJECT_CLASS kind = CKO_PRIVATE_KEY;
  std::vector<CK_OBJECT_HANDLE> found;
  const CK_RV code = find_objects(
      session, {attribute(CKA_CLASS, kind), bytes_attribute(CKA_ID, ByteView(id))}, found);
  if (code != CKR_OK) return code;
  if (found.empty()) return CKR_TOKEN_NOT_PRESENT;
  key = found.front();
  return CKR_OK;
}

CK_RV sign(Session& session, CK_OBJECT_HANDLE key, const Bytes& message, Bytes& signature) {
  CK_MECHANISM mechanism{CKM_EDDSA, nullptr, 0};
  const CK_RV code = session.p11->C_SignInit(session.handle, &mechanism, key);
  if (code != CKR_OK) return code;
  signature.resize(64);
  CK_ULONG size = signature.size();
  return session.p11->C_Sign(session.handle, const_cast<CK_BYTE_PTR>(message.data()),
                             message.size(), signature.data(), &size);
}

}  // namespace oneclaw::crypto::pkcs11
