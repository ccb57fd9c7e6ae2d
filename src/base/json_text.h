// JSON written straight into text, for the few objects that each request makes: a tree of values
// would cost more than the decryption of a secret. Everything else uses Boost.JSON.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace oneclaw {

/// Appends a JSON string (RFC 8259 §7). `Out` has append(std::string_view) and push_back(char).
/// Text that isn't UTF-8 goes through as it is.
template <class Out>
void append_json_string(Out& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out.push_back('"');
  std::size_t plain = 0;  // from here on nothing needs an escape
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out.append(text.substr(plain, i - plain));
    plain = i + 1;
    out.push_back('\\');
    switch (c) {
      case '\b':
        out.push_back('b');
        break;
      case '\f':
        out.push_back('f');
        break;
      case '\n':
        out.push_back('n');
        break;
      case '\r':
        out.push_back('r');
        break;
      case '\t':
        out.push_back('t');
        break;
      case '"':
      case '\\':
        out.push_back(static_cast<char>(c));
        break;
      default:
        out.append(std::string_view("u00"));
        out.push_back(kHex[c >> 4U]);
        out.push_back(kHex[c & 0x0fU]);
    }
  }
  out.append(text.substr(plain));
  out.push_back('"');
}

/// Appends the members of an object, parted by commas; braces are the caller's. Names need no
/// escapes.
template <class Out>
class JsonMembers {
 public:
  explicit JsonMembers(Out& out) : out_(out) {}

  JsonMembers& text(std::string_view name, std::string_view value) {
    start(name);
    append_json_string(out_, value);
    return *this;
  }
  JsonMembers& number(std::string_view name, std::int64_t value) {
    start(name);
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    out_.append(std::string_view(digits, static_cast<std::size_t>(end - digits)));
    return *this;
  }
  /// `json` is JSON already.
  JsonMembers& json(std::string_view name, std::string_view json) {
    start(name);
    out_.append(json);
    return *this;
  }

 private:
  void start(std::string_view name) {
    if (!first_) out_.push_back(',');
    first_ = false;
    char piece[64];  // one append, not three
    if (name.size() + 3 <= sizeof piece) {
      piece[0] = '"';
      name.copy(piece + 1, name.size());
      piece[name.size() + 1] = '"';
      piece[name.size() + 2] = ':';
      out_.append(std::string_view(piece, name.size() + 3));
      return;
    }
    out_.push_back('"');
    out_.append(name);
    out_.append(std::string_view("\":"));
  }

  Out& out_;
  bool first_ = true;
};

}  // namespace oneclaw
