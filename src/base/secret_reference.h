// References to secrets, as files, variables and agents write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace oneclaw {

/// `oneclaw://VAULT/PATH` or `oneclaw://VAULT/PATH#VERSION`; VAULT is an id or a name.
struct SecretReference {
  std::string vault;
  std::string path;
  std::optional<std::int64_t> version;

  static constexpr std::string_view kScheme = "oneclaw://";
  /// 400 when the text isn't of that form.
  static Result<SecretReference> parse(std::string_view text);
};

}  // namespace oneclaw
