#include "operator/migrate_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>

#include "store/copy_store.h"

namespace oneclaw::operators {

namespace fs = std::filesystem;

namespace {

struct Flags {
  std::string from;
  std::string to;
};

/// The server's lock on its data folder, held for as long as this lives.
class StoppedServer {
 public:
  explicit StoppedServer(const fs::path& folder)
      : file_(::open((folder / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {}
  ~StoppedServer() {
    if (file_ >= 0) ::close(file_);
  }
  StoppedServer(const StoppedServer&) = delete;
  StoppedServer& operator=(const StoppedServer&) = delete;
  [[nodiscard]] bool is_held() const {
    return file_ >= 0 && ::flock(file_, LOCK_EX | LOCK_NB) == 0;
  }

 private:
  int file_;
};

/// One line for each step of each table, once a second at most while it lasts.
class Progress {
 public:
  void operator()(const store::CopyProgress& progress) {
    const auto at = std::chrono::steady_clock::now();
    const std::string what = std::string(progress.step) + " " + std::string(progress.table);
    const bool finished = progress.done >= progress.total;
    if (what == last_ && !finished && at < next_) return;
    last_ = what;
    next_ = at + std::chrono::seconds(1);
    std::cerr << what << " " << progress.done << " of " << progress.total << std::endl;
  }

 private:
  std::string last_;
  std::chrono::steady_clock::time_point next_{};
};

int fail(const std::string& why) {
  std::cerr << "oneclaw: " << why << "\n";
  return 1;
}

int migrate_store(const Flags& flags) {
  constexpr std::string_view kSqlite = "sqlite:";
  if (!flags.from.starts_with(kSqlite)) return fail("The source must be sqlite:FOLDER.");
  if (!flags.to.starts_with("postgresql://") && !flags.to.starts_with("postgres://")) {
    return fail("The destination must be a postgresql:// URL.");
  }
  fs::path file = flags.from.substr(kSqlite.size());
  std::error_code error;
  if (fs::is_directory(file, error)) file /= "oneclaw.db";
  if (!fs::is_regular_file(file, error)) return fail("There is no " + file.string() + ".");
  const StoppedServer stopped(file.parent_path());
  if (!stopped.is_held()) return fail("A server is using that data folder: stop it first.");

  auto progress = std::make_shared<Progress>();
  const auto report = store::copy_to_postgres(
      file, flags.to, [progress](const store::CopyProgress& step) { (*progress)(step); });
  if (!report.ok()) return fail(report.problem().detail);
  std::cout << "Copied and compared " << report->rows << " rows of " << report->tables
            << " tables; " << report->chains << " audit chains with " << report->events
            << " events verify.\nStart the nodes with this folder's keyring.\n";
  return 0;
}

}  // namespace

void add_migrate_store(CLI::App& parent, std::function<int()>& run) {
  const auto flags = std::make_shared<Flags>();
  CLI::App* command = parent.add_subcommand(
      "migrate-store", "Copy a SQLite data folder's database into an empty PostgreSQL one.");
  command->add_option("from", flags->from, "sqlite:FOLDER, of a stopped server")->required();
  command->add_option("to", flags->to, "postgresql://… (or in ONECLAW_DATABASE)")
      ->envname("ONECLAW_DATABASE")
      ->required();
  command->callback([flags, &run] { run = [flags] { return migrate_store(*flags); }; });
}

}  // namespace oneclaw::operators
