// secret scan
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/json.hpp>
#include <charconv>
#include <filesystem>
#include <iostream>

#include "base/secret_finder.h"
#include "cli/context.h"
#include "cli/files.h"
#include "cli/key_formats.h"
#include "cli/secrets.h"
#include "cli/terminal.h"

namespace oneclaw::cli {

namespace fs = std::filesystem;
namespace json = boost::json;

namespace {

constexpr std::size_t kMostFileBytes = 32U * 1024 * 1024;
constexpr std::size_t kLeastValueBytes = 8;  // shorter ones are all over any text

struct ScanOptions {
  std::vector<std::string> paths;
  bool git_diff = false;
  bool staged = false;
  bool formats_only = false;
  bool all_vaults = false;
};

struct Finding {
  std::string file;
  std::size_t line = 0;
  std::size_t column = 0;
  std::string what;
};

/// Looks through text on this machine; nothing of it is sent anywhere.
class Scanner {
 public:
  /// Fetches the values to look for.
  Result<void> load(Context& context, bool all_vaults) {
    std::vector<std::pair<std::string, std::string>> vaults;  // id, name
    TRY(const json::value answer, context.client().get("/v1/vaults"));
    std::string only;
    if (!all_vaults && context.names_vault()) {
      TRY(only, context.vault_id());
    }
    for (const json::value& vault : answer.at("vaults").as_array()) {
      const std::string name = cell(vault, "name");
      if (name.starts_with("__") || (!only.empty() && cell(vault, "id") != only)) continue;
      vaults.emplace_back(cell(vault, "id"), name);
    }
    for (const auto& [id, name] : vaults) CHECK_OK(load_vault(context, id, name));
    return {};
  }

  void scan_line(const std::string& file, std::size_t number, std::string_view line) {
    for (const FoundKey& key : find_keys(line)) {
      findings_.push_back({file, number, key.at + 1, std::string(key.what)});
    }
    if (values_ == 0) return;
    for (const SecretFinder::Match& match : finder_.find(line)) add_match(file, number, match);
  }

  /// Whole files, so that values of several lines are found too.
  void scan_file(const std::string& file, std::string_view text) {
    std::vector<std::size_t> starts{0};
    for (std::size_t at = text.find('\n'); at != text.npos; at = text.find('\n', at + 1)) {
      starts.push_back(at + 1);
    }
    for (std::size_t i = 0; i < starts.size(); ++i) {
      const std::size_t end = i + 1 < starts.size() ? starts[i + 1] - 1 : text.size();
      for (const FoundKey& key : find_keys(text.substr(starts[i], end - starts[i]))) {
        findings_.push_back({file, i + 1, key.at + 1, std::string(key.what)});
      }
    }
    if (values_ == 0) return;
    for (SecretFinder::Match match : finder_.find(text)) {
      const auto after = std::upper_bound(starts.begin(), starts.end(), match.at);
      const auto line = static_cast<std::size_t>(after - starts.begin());
      match.at -= starts[line - 1];
      add_match(file, line, match);
    }
  }

  [[nodiscard]] std::size_t values() const { return values_; }
  [[nodiscard]] std::size_t passed_over() const { return passed_over_; }
  [[nodiscard]] const std::vector<Finding>& findings() const { return findings_; }

 private:
  Result<void> load_vault(Context& context, const std::string& id, const std::string& vault) {
    TRY(const std::vector<json::object> secrets, list_secrets(context, id, ""));
    Progress progress("Reading " + vault, secrets.size());
    for (const json::object& listed : secrets) {
      progress.advance();
      const std::string path(listed.at("path").as_string());
      // A secret that may be read so and so often must not be used up by a scan.
      if (listed.contains("max_access_count")) {
        ++passed_over_;
        continue;
      }
      const Result<json::value> secret = get_secret(context, id, path);
      if (!secret.ok()) {
        if (exit_code(secret.problem()) != kNotFound) return secret.problem();
        continue;
      }
      const SecureString value = secure_member(*secret, "value");
      if (value.size() < kLeastValueBytes || !finder_.add(value.view(), names_.size())) {
        ++passed_over_;
        continue;
      }
      names_.push_back("secret oneclaw://" + vault + "/" + path);
      ++values_;
    }
    return {};
  }

  void add_match(const std::string& file, std::size_t line, const SecretFinder::Match& match) {
    findings_.push_back({file, line, match.at + 1, names_[match.label]});
  }

  SecretFinder finder_;
  std::vector<std::string> names_;
  std::size_t values_ = 0;
  std::size_t passed_over_ = 0;
  std::vector<Finding> findings_;
};

std::vector<fs::path> files_under(const fs::path& root) {
  std::error_code error;
  if (!fs::is_directory(root, error)) return {root};
  std::vector<fs::path> files;
  fs::recursive_directory_iterator entry(root, fs::directory_options::skip_permission_denied,
                                         error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    if (entry->is_directory(error) && entry->path().filename() == ".git") {
      entry.disable_recursion_pending();
    } else if (entry->is_regular_file(error) && !entry->is_symlink(error)) {
      files.push_back(entry->path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

Result<void> scan_tree(Scanner& scanner, const fs::path& root) {
  std::error_code error;
  if (!fs::exists(root, error)) return problems::not_found(root.string() + " isn't there.");
  const std::vector<fs::path> files = files_under(root);
  Progress progress("Scanning", files.size());
  for (const fs::path& file : files) {
    const Result<SecureString> text = read_file(file, kMostFileBytes);
    if (text.ok()) {
      scanner.scan_file(file.string(), text->view());
    } else {
      note("Not looked into: " + text.problem().detail);
    }
    progress.advance();
  }
  return {};
}

/// What a command prints; 500 when it fails.
Result<SecureString> output_of(const std::vector<const char*>& command) {
  std::array<int, 2> pipe{};
  if (::pipe(pipe.data()) != 0) return problems::internal("No pipe can be made.");
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(pipe[1], STDOUT_FILENO);
    ::close(pipe[0]);
    ::close(pipe[1]);
    std::vector<char*> arguments;
    for (const char* word : command) arguments.push_back(const_cast<char*>(word));  // NOLINT
    arguments.push_back(nullptr);
    ::execvp(arguments[0], arguments.data());
    ::_exit(127);
  }
  ::close(pipe[1]);
  Result<SecureString> text = read_descriptor(pipe[0], 256U * 1024 * 1024);
  ::close(pipe[0]);
  int status = 0;
  while (child > 0 && ::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (child < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return problems::internal(std::string(command[0]) + " failed: is this a git repository?");
  }
  return text;
}

/// The added lines of a unified diff, each with its file and number.
void scan_diff(Scanner& scanner, std::string_view diff) {
  std::string file;
  std::size_t number = 0;
  while (!diff.empty()) {
    const std::size_t end = std::min(diff.find('\n'), diff.size());
    const std::string_view line = diff.substr(0, end);
    diff.remove_prefix(std::min(end + 1, diff.size()));
    if (line.starts_with("+++ ")) {
      file = std::string(line.substr(line.starts_with("+++ b/") ? 6 : 4));
      if (file.ends_with('\t')) file.pop_back();  // git ends a name with a space in it so
    } else if (line.starts_with("@@ ")) {
      const std::size_t plus = std::min(line.find('+'), line.size() - 1);
      std::from_chars(line.data() + plus + 1, line.data() + line.size(), number);
    } else if (line.starts_with('+')) {
      scanner.scan_line(file, number++, line.substr(1));
    }
  }
}

Result<void> scan_git(Scanner& scanner, bool staged) {
  std::vector<const char*> command{"git",
                                   "-c",
                                   "core.quotePath=false",
                                   "diff",
                                   "--no-color",
                                   "--no-ext-diff",
                                   "--no-textconv",
                                   "--dst-prefix=b/",
                                   "-U0"};
  command.push_back(staged ? "--cached" : "HEAD");
  TRY(const SecureString diff, output_of(command));
  scan_diff(scanner, diff.view());
  return {};
}

Result<int> scan(Context& context, ScanOptions& options) {
  Scanner scanner;
  if (!options.formats_only) {
    CHECK_OK(scanner.load(context, options.all_vaults));
  }
  if (options.git_diff || options.staged) {
    CHECK_OK(scan_git(scanner, options.staged));
  } else if (options.paths.empty()) {
    options.paths.emplace_back(".");
  }
  for (const std::string& path : options.paths) CHECK_OK(scan_tree(scanner, path));

  json::object whole;
  json::array& rows = whole["findings"].emplace_array();
  for (const Finding& finding : scanner.findings()) {
    rows.push_back(json::object{{"file", finding.file},
                                {"line", finding.line},
                                {"column", finding.column},
                                {"what", finding.what}});
  }
  if (context.format() == Format::kTable) {
    for (const Finding& finding : scanner.findings()) {
      std::cout << printable(finding.file) << ":" << finding.line << ":" << finding.column << ": "
                << printable(finding.what) << "\n";
    }
  } else {
    print_rows(context.format(), whole, "findings",
               {{"FILE", "file"}, {"LINE", "line"}, {"COLUMN", "column"}, {"WHAT", "what"}});
  }
  std::string looked = options.formats_only
                           ? std::string("Looked for key formats alone")
                           : "Looked for " + std::to_string(scanner.values()) + " secrets";
  if (scanner.passed_over() > 0) {
    looked += " (not for " + std::to_string(scanner.passed_over()) +
              " that are under 8 bytes or may be read only so often)";
  }
  note(looked + ": found " + std::to_string(scanner.findings().size()) + ".");
  return scanner.findings().empty() ? kDone : kSecretsFound;
}

}  // namespace

void add_scan_command(CLI::App& secret, Context& context) {
  add_command<ScanOptions>(
      secret, context, "scan",
      "Look for secrets that oneclaw stores, in clear or encoded, and for well-known key formats, "
      "in files or a git diff. The text stays here. Exit code 8 when something is found.",
      [](CLI::App& command, ScanOptions& options) {
        command.add_option("path", options.paths, "Files and folders (.)")->type_name("PATH");
        command.add_flag("--git-diff", options.git_diff, "What differs from the last commit");
        command.add_flag("--staged", options.staged, "What is staged: for a pre-commit hook");
        command.add_flag("--formats-only", options.formats_only,
                         "Only key formats: no server is asked");
        command.add_flag("--all-vaults", options.all_vaults, "Secrets of every vault you see");
      },
      scan);
}

}  // namespace oneclaw::cli
