// The environment of a child process, in memory that wipes itself.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "base/secure.h"

namespace oneclaw {

/// What a child has no use for: with them it could read more than it was given.
inline constexpr std::array<std::string_view, 4> kCredentialVariables{
    "ONECLAW_TOKEN", "ONECLAW_AGENT_TOKEN", "ONECLAW_API_KEY", "ONECLAW_AGENT_API_KEY"};

class ChildEnvironment {
 public:
  /// Replaces what is there under that name.
  void set(std::string_view name, std::string_view value) {
    unset(name);
    SecureString entry(name);
    entry.push_back('=');
    entry.append(value);
    entry.push_back('\0');
    entries_.push_back(std::move(entry));
  }
  void unset(std::string_view name) {
    std::erase_if(entries_, [&](const SecureString& entry) {
      return entry.view().starts_with(name) && entry.view().substr(name.size()).starts_with('=');
    });
  }
  void unset_credentials() {
    for (const std::string_view name : kCredentialVariables) unset(name);
  }
  /// For exec: valid while this object is and nothing is set.
  std::vector<char*> pointers() {
    std::vector<char*> list;
    for (SecureString& entry : entries_) list.push_back(entry.data());
    list.push_back(nullptr);
    return list;
  }

 private:
  std::vector<SecureString> entries_;
};

}  // namespace oneclaw
