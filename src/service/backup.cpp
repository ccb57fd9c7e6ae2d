#include "service/backup.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <boost/json.hpp>

#include "base/canonical.h"
#include "base/encoding.h"
#include "base/uuid.h"
#include "crypto/aead.h"
#include "store/snapshot.h"

namespace oneclaw::service {

namespace fs = std::filesystem;
namespace json = boost::json;

namespace {

constexpr std::string_view kMagic = "oneclaw-backup-1\n";
constexpr std::size_t kChunkBytes = 1024UL * 1024;
constexpr std::size_t kMostHeaderBytes = 1024UL * 1024;
constexpr std::size_t kMostChunk = kChunkBytes + crypto::kNonceSize + crypto::kTagSize;
constexpr std::uint32_t kLast = 0x8000'0000U;

Problem damaged(std::string_view what) {
  return problems::validation("file", std::string(what));
}

Bytes key_aad(std::string_view id) {
  Bytes out;
  CanonicalWriter(out, "oneclaw/backup-key/1").text(id);
  return out;
}

Bytes chunk_aad(const crypto::Digest& header_hash, std::int64_t index, bool last) {
  Bytes out;
  CanonicalWriter(out, "oneclaw/backup-chunk/1")
      .bytes(header_hash)
      .number(index)
      .number(last ? 1 : 0);
  return out;
}

std::array<std::uint8_t, 4> to_bytes(std::uint32_t number) {
  return {static_cast<std::uint8_t>(number >> 24U), static_cast<std::uint8_t>(number >> 16U),
          static_cast<std::uint8_t>(number >> 8U), static_cast<std::uint8_t>(number)};
}

std::uint32_t from_bytes(const std::array<std::uint8_t, 4>& bytes) {
  return std::uint32_t{bytes[0]} << 24U | std::uint32_t{bytes[1]} << 16U |
         std::uint32_t{bytes[2]} << 8U | std::uint32_t{bytes[3]};
}

std::string to_json(const BackupHeader& header) {
  json::object body;
  body["id"] = header.id;
  body["made_at"] = to_rfc3339(header.made_at);
  body["version"] = header.version;
  body["engine"] = header.engine;
  body["schema"] = header.schema;
  body["provider"] = header.provider;
  body["root_key_id"] = header.root_key_id;
  body["wrapped_key"] = to_base64(header.wrapped_key);
  if (header.keyring) body["keyring"] = *header.keyring;
  body["database_bytes"] = header.database_bytes;
  json::object& holds = body["holds"].emplace_object();
  for (const auto& [table, rows] : header.holds) holds[table] = rows;
  return json::serialize(body);
}

std::optional<BackupHeader> header_from_json(std::string_view text) {
  json::error_code error;
  const json::value parsed = json::parse(text, error);
  const json::object* const body = error ? nullptr : parsed.if_object();
  if (body == nullptr) return std::nullopt;
  bool good = true;
  const auto get_text = [&](std::string_view name) {
    const json::value* const value = body->if_contains(name);
    good &= value != nullptr && value->is_string();
    return good ? std::string(value->get_string()) : std::string();
  };
  const auto get_number = [&](std::string_view name) {
    const json::value* const value = body->if_contains(name);
    good &= value != nullptr && value->is_int64() && value->get_int64() >= 0;
    return good ? value->get_int64() : 0;
  };
  BackupHeader header;
  header.id = get_text("id");
  const auto made_at = parse_rfc3339(get_text("made_at"));
  header.version = get_text("version");
  header.engine = get_text("engine");
  header.schema = get_number("schema");
  header.provider = get_text("provider");
  header.root_key_id = get_text("root_key_id");
  const auto key = from_base64(get_text("wrapped_key"));
  header.database_bytes = static_cast<std::uint64_t>(get_number("database_bytes"));
  if (body->contains("keyring")) header.keyring = get_text("keyring");
  const json::value* const holds = body->if_contains("holds");
  if (!good || !made_at || !key || holds == nullptr || !holds->is_object()) return std::nullopt;
  header.made_at = *made_at;
  header.wrapped_key = *key;
  for (const auto& member : holds->get_object()) {
    if (!member.value().is_int64()) return std::nullopt;
    header.holds.emplace_back(std::string(member.key()), member.value().get_int64());
  }
  return header;
}

/// A file that is taken back unless it is kept.
class NewFile {
 public:
  explicit NewFile(fs::path path)
      : path_(std::move(path)),
        descriptor_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) {}
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  ~NewFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
    if (descriptor_ >= 0 && !kept_) ::unlink(path_.c_str());
  }
  [[nodiscard]] bool is_open() const { return descriptor_ >= 0; }
  bool write(ByteView bytes) {
    while (!bytes.empty()) {
      const ssize_t done = ::write(descriptor_, bytes.data(), bytes.size());
      if (done < 0 && errno == EINTR) continue;
      if (done <= 0) return false;
      bytes = bytes.subspan(static_cast<std::size_t>(done));
    }
    return true;
  }
  bool sync() { return ::fsync(descriptor_) == 0; }
  bool keep_as(const fs::path& name) {
    kept_ = ::rename(path_.c_str(), name.c_str()) == 0;
    return kept_;
  }

 private:
  fs::path path_;
  int descriptor_;
  bool kept_ = false;
};

}  // namespace

Result<WrittenBackup> write_backup(store::Store& store, crypto::Keyring& keyring,
                                   const std::function<bool(ByteView)>& sink) {
  const Problem gone = problems::unavailable("The backup was broken off.");
  const Key256 key = Key256::random();
  BackupHeader header;
  header.id = Uuid::v7().to_string();
  header.made_at = now();
  TRY(crypto::WrappedKey wrapped, keyring.wrap(key.view(), key_aad(header.id)));
  TRY(const auto snapshot, store.snapshot());
  header.version = ONECLAW_VERSION;
  header.engine = snapshot->engine();
  header.schema = snapshot->schema_version();
  header.provider = keyring.status().provider;
  header.root_key_id = std::move(wrapped.root_key_id);
  header.wrapped_key = std::move(wrapped.blob);
  header.keyring = keyring.portable_file();
  header.database_bytes = snapshot->size();
  header.holds = snapshot->counts();

  crypto::Sha256 hash;
  const auto write = [&](ByteView bytes) {
    hash.update(bytes);
    return sink(bytes);
  };
  const std::string head = to_json(header);
  const crypto::Digest header_hash = crypto::sha256(as_bytes(head));
  if (!write(as_bytes(kMagic)) || !write(to_bytes(static_cast<std::uint32_t>(head.size()))) ||
      !write(as_bytes(head))) {
    return gone;
  }
  SecureBytes plain(kChunkBytes);
  std::uint64_t left = header.database_bytes;
  for (std::int64_t index = 0, last = 0; last == 0; ++index) {
    TRY(const std::size_t size, snapshot->read(plain));
    left -= std::min<std::uint64_t>(left, size);
    last = size < plain.size() || left == 0 ? 1 : 0;
    TRY(const Bytes sealed,
        crypto::seal(key, ByteView(plain).first(size), chunk_aad(header_hash, index, last != 0)));
    const auto length = static_cast<std::uint32_t>(sealed.size()) | (last != 0 ? kLast : 0U);
    if (!write(to_bytes(length)) || !write(sealed)) return gone;
  }
  const crypto::Digest digest = hash.finish();
  if (!sink(digest)) return gone;
  return WrittenBackup{.id = header.id, .sha256 = to_hex(digest)};
}

Result<BackupReader> BackupReader::open(const fs::path& file) {
  BackupReader reader(std::ifstream(file, std::ios::binary));
  if (!reader.file_) return damaged("can't be read");
  std::array<std::uint8_t, kMagic.size()> magic{};
  std::array<std::uint8_t, 4> length{};
  if (!reader.read(magic) || as_text(magic) != kMagic) return damaged("is not a oneclaw backup");
  if (!reader.read(length)) return damaged("is cut off");
  Bytes head(from_bytes(length));
  if (head.empty() || head.size() > kMostHeaderBytes || !reader.read(head)) {
    return damaged("is cut off or its header is damaged");
  }
  auto header = header_from_json(as_text(head));
  if (!header) return damaged("has a damaged header");
  reader.header_ = std::move(*header);
  reader.header_hash_ = crypto::sha256(head);
  return reader;
}

bool BackupReader::read(std::span<std::uint8_t> out) {
  file_.read(reinterpret_cast<char*>(out.data()), static_cast<std::streamsize>(out.size()));
  if (file_.gcount() != static_cast<std::streamsize>(out.size())) return false;
  hash_.update(out);
  return true;
}

Result<bool> BackupReader::next_chunk(Bytes& chunk, bool& last) {
  if (ended_) return false;
  std::array<std::uint8_t, 4> length{};
  if (!read(length)) return damaged("is cut off");
  const std::uint32_t number = from_bytes(length);
  last = (number & kLast) != 0;
  const std::size_t size = number & ~kLast;
  if (size < crypto::kNonceSize + crypto::kTagSize || size > kMostChunk) {
    return damaged("is damaged");
  }
  chunk.resize(size);
  if (!read(chunk)) return damaged("is cut off");
  ended_ = last;
  return true;
}

Result<std::string> BackupReader::check_end() {
  const crypto::Digest expected = hash_.finish();
  crypto::Digest stored{};
  file_.read(reinterpret_cast<char*>(stored.data()), stored.size());
  if (file_.gcount() != stored.size()) return damaged("is cut off");
  if (stored != expected) return damaged("is damaged: its checksum is wrong");
  if (file_.peek() != std::ifstream::traits_type::eof()) return damaged("has more than a backup");
  return to_hex(expected);
}

Result<std::string> BackupReader::verify() {
  Bytes chunk;
  bool last = false;
  for (bool more = true; more;) {
    TRY(more, next_chunk(chunk, last));
  }
  return check_end();
}

Result<void> BackupReader::restore(crypto::Keyring& keyring,
                                   const std::function<Result<void>(ByteView)>& sink) {
  auto raw = keyring.unwrap({header_.root_key_id, header_.wrapped_key}, key_aad(header_.id));
  if (!raw.ok() || raw->size() != Key256::kSize) {
    return problems::validation("keyring", "isn't the one that this backup was made with");
  }
  const Key256 key(*raw);
  Bytes chunk;
  bool last = false;
  std::uint64_t size = 0;
  for (;;) {
    TRY(const bool more, next_chunk(chunk, last));
    if (!more) break;
    auto plain = crypto::open(key, chunk, chunk_aad(header_hash_, index_++, last));
    if (!plain.ok()) return damaged("is damaged");
    size += plain->size();
    CHECK_OK(sink(*plain));
  }
  if (size != header_.database_bytes) return damaged("is damaged");
  auto checksum = check_end();
  if (!checksum.ok()) return std::move(checksum).problem();
  return {};
}

Result<void> restore_backup(BackupReader& backup, crypto::Keyring& keyring,
                            const fs::path& folder) {
  if (backup.header().engine != "sqlite") {
    return damaged("is of another database: " + backup.header().engine);
  }
  const fs::path database = folder / "oneclaw.db";
  const fs::path unfinished = folder / "oneclaw.db.restoring";
  std::error_code error;
  if (fs::exists(database, error)) return problems::conflict("The data folder isn't empty.");
  fs::remove(unfinished, error);  // of an attempt that was killed
  NewFile file(unfinished);
  if (!file.is_open()) return problems::internal("The data folder can't be written to.");
  CHECK_OK(backup.restore(keyring, [&](ByteView bytes) -> Result<void> {
    if (!file.write(bytes)) return problems::internal("The data folder can't be written to.");
    return {};
  }));
  CHECK_OK(store::check_restored_sqlite(unfinished));
  for (const char* end : {"-wal", "-shm"}) fs::remove(unfinished.string() + end, error);
  if (!file.sync() || !file.keep_as(database)) {
    return problems::internal("The data folder can't be written to.");
  }
  return {};
}

}  // namespace oneclaw::service
