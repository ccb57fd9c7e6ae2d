#include "base/json_text.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <string>

#include "base/secure.h"

namespace oneclaw {
namespace {

namespace json = boost::json;

std::string as_json(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

TEST(JsonText, EveryByteComesBack) {
  for (int c = 0; c < 0x80; ++c) {
    const std::string text = std::string("a") + static_cast<char>(c) + "b" + static_cast<char>(c);
    EXPECT_EQ(json::parse(as_json(text)).as_string(), text) << c;
    EXPECT_EQ(as_json(text), json::serialize(json::string(text))) << c;
  }
}

TEST(JsonText, TextIsKeptAsItIs) {
  for (const std::string_view text :
       {"", "plain", "grün/日本語/🔑", "\"", "\\\\", "\n\n", "a\"", "\"a"}) {
    EXPECT_EQ(json::parse(as_json(text)).as_string(), text);
  }
}

TEST(JsonText, WritesMembers) {
  SecureString out;
  out.push_back('{');
  JsonMembers members(out);
  members.text("name", "a \"b\"").number("least", INT64_MIN).number("n", 7);
  members.json("metadata", R"({"k":[1]})");
  out.push_back('}');
  const json::value parsed = json::parse(out.view());
  EXPECT_EQ(parsed.at("name").as_string(), "a \"b\"");
  EXPECT_EQ(parsed.at("least").as_int64(), INT64_MIN);
  EXPECT_EQ(parsed.at("n").as_int64(), 7);
  EXPECT_EQ(parsed.at("metadata").at("k").at(0).as_int64(), 1);
}

TEST(JsonText, NoMembersAreNoText) {
  std::string out;
  JsonMembers members(out);
  EXPECT_EQ(out, "");
}

}  // namespace
}  // namespace oneclaw
