#include "store/sqlite_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace oneclaw::store {

namespace {

constexpr std::int64_t kApplicationId = 0x31434C57;  // "1CLW"

}  // namespace

void make_private_file(const std::filesystem::path& file) {
  // An existing file is not opened: closing it would drop the locks that another connection of
  // this process holds on it.
  const int descriptor =
      ::open(file.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor >= 0) ::close(descriptor);
  if ((descriptor < 0 && errno != EEXIST) || ::chmod(file.c_str(), 0600) != 0) {
    throw Error(Error::Kind::kUnavailable,
                "the database file can't be made: " + std::string(std::strerror(errno)));
  }
}

void claim_database(SqliteConnection& connection) {
  const std::int64_t id = connection.query_integer("PRAGMA application_id");
  if (id == kApplicationId) return;
  if (id != 0 || connection.query_integer("SELECT count(*) FROM sqlite_master") != 0) {
    throw Error(Error::Kind::kOther, "the file is not a oneclaw database");
  }
  connection.execute("PRAGMA application_id = " + std::to_string(kApplicationId));
}

void configure(SqliteConnection& connection) {
  connection.execute(
      "PRAGMA journal_mode = WAL;"
      "PRAGMA synchronous = FULL;"
      "PRAGMA foreign_keys = ON;"
      "PRAGMA trusted_schema = OFF;"
      "PRAGMA cell_size_check = ON;"
      "PRAGMA secure_delete = FAST;"
      "PRAGMA cache_size = -8192;"  // KiB
      "PRAGMA temp_store = MEMORY");
}

}  // namespace oneclaw::store
