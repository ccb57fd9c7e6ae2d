#include "crypto/keyring_file.h"

#include <boost/json.hpp>

#include "base/encoding.h"
#include "crypto/aad_writer.h"
#include "crypto/aead.h"

namespace oneclaw::crypto {
namespace {

namespace json = boost::json;

constexpr std::string_view kFormat = "oneclaw-keyring-2";
constexpr std::int64_t kMostMemoryKib = 1024LL * 1024;
constexpr std::int64_t kMostPasses = 64;

Bytes aad_of(const LockedKeyring& locked) {
  Bytes out;
  AadWriter(out, kFormat)
      .text(to_string(locked.unseal_with))
      .number(locked.memory_kib)
      .number(locked.passes)
      .bytes(locked.salt)
      .number(locked.threshold)
      .number(locked.count)
      .number(locked.set);
  return out;
}

const json::object* object_member(const json::object& object, std::string_view name) {
  const json::value* const member = object.if_contains(name);
  return member ? member->if_object() : nullptr;
}

std::string text_member(const json::object& object, std::string_view name) {
  const json::value* const member = object.if_contains(name);
  return member && member->is_string() ? std::string(member->get_string()) : std::string();
}

/// -1 unless it is an integer from 1 to `most`.
std::int64_t number_member(const json::object& object, std::string_view name, std::int64_t most) {
  const json::value* const member = object.if_contains(name);
  if (!member || !member->is_int64()) return -1;
  const std::int64_t number = member->get_int64();
  return number >= 1 && number <= most ? number : -1;
}

bool read_kdf(const json::object& document, LockedKeyring& locked) {
  const json::object* const kdf = object_member(document, "kdf");
  if (!kdf || text_member(*kdf, "name") != "argon2id") return false;
  locked.memory_kib = number_member(*kdf, "memory_kib", kMostMemoryKib);
  locked.passes = number_member(*kdf, "passes", kMostPasses);
  const auto salt = from_hex(text_member(*kdf, "salt"));
  if (!salt || salt->size() != crypto_pwhash_SALTBYTES) return false;
  locked.salt = *salt;
  return locked.memory_kib >= 8 && locked.passes > 0;
}

bool read_shares(const json::object& document, LockedKeyring& locked) {
  const json::object* const shares = object_member(document, "shares");
  if (!shares) return false;
  locked.threshold = static_cast<int>(number_member(*shares, "threshold", 255));
  locked.count = static_cast<int>(number_member(*shares, "count", 255));
  const std::int64_t set = number_member(*shares, "set", 0xFFFF'FFFFLL);
  locked.set = static_cast<std::uint32_t>(set);
  return locked.threshold > 0 && locked.count >= locked.threshold && set > 0;
}

}  // namespace

LockedKeyring new_passphrase_lock() {
  LockedKeyring locked;
  locked.unseal_with = UnsealWith::kPassphrase;
  locked.memory_kib = crypto_pwhash_MEMLIMIT_MODERATE / 1024;
  locked.passes = crypto_pwhash_OPSLIMIT_MODERATE;
  locked.salt.resize(crypto_pwhash_SALTBYTES);
  randombytes_buf(locked.salt.data(), locked.salt.size());
  return locked;
}

LockedKeyring new_shares_lock(int threshold, int count) {
  LockedKeyring locked;
  locked.unseal_with = UnsealWith::kShares;
  locked.threshold = threshold;
  locked.count = count;
  while (locked.set == 0) locked.set = randombytes_random();
  return locked;
}

bool is_locked_keyring(std::string_view text) {
  return text.find(kFormat) != std::string_view::npos;
}

std::string to_json(const LockedKeyring& locked) {
  json::object document{{"format", kFormat}, {"unseal", to_string(locked.unseal_with)}};
  if (locked.unseal_with == UnsealWith::kPassphrase) {
    document["kdf"] = {{"name", "argon2id"},
                       {"memory_kib", locked.memory_kib},
                       {"passes", locked.passes},
                       {"salt", to_hex(locked.salt)}};
  } else {
    document["shares"] = {{"threshold", locked.threshold},
                          {"count", locked.count},
                          {"set", std::int64_t{locked.set}}};
  }
  document["sealed"] = to_base64(locked.sealed);
  return json::serialize(document) + "\n";
}

std::optional<LockedKeyring> locked_keyring_from_json(std::string_view text) {
  json::error_code error;
  const json::value parsed = json::parse(text, error);
  const json::object* const document = error ? nullptr : parsed.if_object();
  if (!document || text_member(*document, "format") != kFormat) return std::nullopt;
  LockedKeyring locked;
  const std::string unseal = text_member(*document, "unseal");
  if (unseal == to_string(UnsealWith::kPassphrase)) {
    locked.unseal_with = UnsealWith::kPassphrase;
    if (!read_kdf(*document, locked)) return std::nullopt;
  } else if (unseal == to_string(UnsealWith::kShares)) {
    locked.unseal_with = UnsealWith::kShares;
    if (!read_shares(*document, locked)) return std::nullopt;
  } else {
    return std::nullopt;
  }
  auto sealed = from_base64(text_member(*document, "sealed"));
  if (!sealed) return std::nullopt;
  locked.sealed = std::move(*sealed);
  return locked;
}

Result<Key256> derive_lock_key(const LockedKeyring& locked, std::string_view passphrase) {
  Key256 key;
  if (crypto_pwhash(key.data(), Key256::kSize, passphrase.data(), passphrase.size(),
                    locked.salt.data(), static_cast<unsigned long long>(locked.passes),
                    static_cast<std::size_t>(locked.memory_kib) * 1024,
                    crypto_pwhash_ALG_ARGON2ID13) != 0) {
    return problems::unavailable("There is too little memory to check the passphrase.");
  }
  return key;
}

Result<void> lock(LockedKeyring& locked, const Key256& lock_key, const RootKeys& keys) {
  TRY(locked.sealed, seal(lock_key, to_json(keys).bytes(), aad_of(locked)));
  return {};
}

Result<RootKeys> unlock(const LockedKeyring& locked, const Key256& lock_key) {
  auto text = open(lock_key, locked.sealed, aad_of(locked));
  if (!text.ok()) {
    return locked.unseal_with == UnsealWith::kShares
               ? problems::validation("share", "and the others don't open this keyring")
               : problems::validation("passphrase", "doesn't open this keyring");
  }
  auto keys = root_keys_from_json(as_text(*text));
  if (!keys) return problems::internal("The keyring's content is damaged.");
  return std::move(*keys);
}

}  // namespace oneclaw::crypto
