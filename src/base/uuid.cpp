#include "base/uuid.h"

#include <sodium.h>

#include <algorithm>
#include <chrono>

#include "base/encoding.h"

namespace oneclaw {

namespace {

constexpr char kHex[] = "0123456789abcdef";

bool is_dash_position(std::size_t index) {
  return index == 8 || index == 13 || index == 18 || index == 23;
}

/// Random bytes. A system call for each id would cost more than all else of it, so each thread
/// draws for many at once; what has been given out is wiped.
void draw(std::array<std::uint8_t, 16>& out) {
  struct Pool {
    std::array<std::uint8_t, 2048> bytes{};
    std::size_t used = bytes.size();
  };
  thread_local Pool pool;
  if (pool.used == pool.bytes.size()) {
    randombytes_buf(pool.bytes.data(), pool.bytes.size());
    pool.used = 0;
  }
  std::uint8_t* const next = pool.bytes.data() + pool.used;
  std::copy_n(next, out.size(), out.begin());
  std::fill_n(next, out.size(), std::uint8_t{0});
  pool.used += out.size();
}

void set_version(Uuid& id, unsigned version) {
  id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0fU) | (version << 4U));
  id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3fU) | 0x80U);
}

}  // namespace

Uuid Uuid::v7() {
  Uuid id = v4();
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  auto millis = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count());
  for (std::size_t i = 6; i-- > 0; millis >>= 8U) id.bytes[i] = static_cast<std::uint8_t>(millis);
  set_version(id, 7);
  return id;
}

Uuid Uuid::v4() {
  Uuid id;
  draw(id.bytes);
  set_version(id, 4);
  return id;
}

std::optional<Uuid> Uuid::parse(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  Uuid id;
  std::size_t nibble = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_dash_position(i)) {
      if (text[i] != '-') return std::nullopt;
      continue;
    }
    const int value = hex_digit(text[i]);
    if (value < 0) return std::nullopt;
    std::uint8_t& byte = id.bytes[nibble / 2];
    byte = static_cast<std::uint8_t>(byte * 16 + value);
    ++nibble;
  }
  return id;
}

std::optional<Uuid> Uuid::from_bytes(std::span<const std::uint8_t> raw) {
  Uuid id;
  if (raw.size() != id.bytes.size()) return std::nullopt;
  std::copy(raw.begin(), raw.end(), id.bytes.begin());
  return id;
}

std::string Uuid::to_string() const {
  std::string text(36, '-');
  std::size_t at = 0;
  for (const std::uint8_t byte : bytes) {
    if (is_dash_position(at)) ++at;
    text[at++] = kHex[byte >> 4U];
    text[at++] = kHex[byte & 0x0fU];
  }
  return text;
}

}  // namespace oneclaw
