#include <boost/json.hpp>
#include <set>

#include "base/uuid.h"
#include "crypto/aead_raw.h"
#include "crypto/key_text.h"
#include "crypto/root_key_file.h"

namespace oneclaw::crypto {
namespace {

namespace json = boost::json;

constexpr std::string_view kFormat = "oneclaw-keyring-1";

// The parsed document holds keys too. Boost.JSON asks for no more than the default alignment, and
// doesn't give blocks back with the one that it asked for.
class WipingResource final : public json::memory_resource {
  void* do_allocate(std::size_t size, std::size_t /*align*/) override {
    return ::operator new(size);
  }
  void do_deallocate(void* block, std::size_t size, std::size_t /*align*/) override {
    sodium_memzero(block, size);
    ::operator delete(block);
  }
  bool do_is_equal(const json::memory_resource& other) const noexcept override {
    return this == &other;
  }
};

const json::string* text_member(const json::object& object, std::string_view name) {
  const json::value* const member = object.if_contains(name);
  return member ? member->if_string() : nullptr;
}

std::optional<RootKey> root_key_from_json(const json::value& value) {
  const json::object* const object = value.if_object();
  if (!object) return std::nullopt;
  const json::string* const id = text_member(*object, "id");
  const json::string* const text = text_member(*object, "key");
  if (!id || !Uuid::parse(*id) || !text) return std::nullopt;
  RootKey made{.id = std::string(*id), .key = Key256()};
  const std::span<std::uint8_t, Key256::kSize> key{made.key.data(), Key256::kSize};
  if (!read_key_text(*text, key)) return std::nullopt;
  return made;
}

}  // namespace

RootKeys make_root_keys() {
  RootKeys made;
  made.active = Uuid::v7().to_string();
  made.keys.push_back({.id = made.active, .key = Key256::random()});
  return made;
}

SecureString to_json(const RootKeys& keys) {
  SecureString out;
  out.append("{\n  \"format\": \"");
  out.append(kFormat);
  out.append("\",\n  \"active\": \"");
  out.append(keys.active);
  out.append("\",\n  \"keys\": [");
  std::string_view separator = "\n";
  for (const RootKey& key : keys.keys) {
    out.append(separator);
    out.append("    {\"id\": \"");
    out.append(key.id);
    out.append("\", \"key\": \"");
    append_key_text(out, raw(key.key));
    out.append("\"}");
    separator = ",\n";
  }
  out.append("\n  ]\n}\n");
  return out;
}

std::optional<RootKeys> root_keys_from_json(std::string_view text) {
  WipingResource memory;
  json::parser parser(&memory);
  parser.reset(&memory);
  json::error_code error;
  parser.write(text, error);
  if (error) return std::nullopt;
  const json::value document = parser.release();

  const json::object* const object = document.if_object();
  if (!object) return std::nullopt;
  const json::string* const format = text_member(*object, "format");
  const json::string* const active = text_member(*object, "active");
  const json::value* const list = object->if_contains("keys");
  if (!format || std::string_view(*format) != kFormat || !active || !list || !list->is_array()) {
    return std::nullopt;
  }
  RootKeys made{.active = std::string(*active), .keys = {}};
  std::set<std::string_view> ids;
  for (const json::value& entry : list->get_array()) {
    std::optional<RootKey> key = root_key_from_json(entry);
    if (!key || !ids.insert(*text_member(entry.get_object(), "id")).second) return std::nullopt;
    made.keys.push_back(std::move(*key));
  }
  if (!ids.contains(made.active)) return std::nullopt;
  return made;
}

}  // namespace oneclaw::crypto
