#include "base/ascii.h"

#include <gtest/gtest.h>

namespace oneclaw {
namespace {

TEST(Ascii, LowersLettersOfAsciiAlone) {
  EXPECT_EQ(ascii_lower("X-Request-ID [@`{ \xC3\x84"), "x-request-id [@`{ \xC3\x84");
}

TEST(Ascii, KnowsTheCharactersOfATokenAndNoOthers) {
  std::string found;
  for (int c = 0; c < 256; ++c) {
    if (is_token_char(static_cast<char>(c))) found.push_back(static_cast<char>(c));
  }
  EXPECT_EQ(found, "!#$%&'*+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz|~");
}

}  // namespace
}  // namespace oneclaw
