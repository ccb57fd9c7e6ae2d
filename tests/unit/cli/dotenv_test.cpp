#include "cli/dotenv.h"

#include <gtest/gtest.h>

namespace oneclaw::cli {
namespace {

std::string shown(std::string_view text) {
  const auto variables = parse_dotenv(text);
  if (!variables.ok()) return "! " + variables.problem().detail;
  std::string all;
  for (const Variable& variable : *variables) {
    all += variable.name + "=<" + std::string(variable.value.view()) + ">";
  }
  return all;
}

TEST(Dotenv, Lines) {
  EXPECT_EQ(shown("A=1\nB = two words \n\n# no\n  export C=3\nexport\tD=4"),
            "A=<1>B=<two words>C=<3>D=<4>");
  EXPECT_EQ(shown("A=\nB=#x\nC=a#b # c\r\n"), "A=<>B=<>C=<a#b>");
  EXPECT_EQ(shown("A=1\nA=2"), "A=<2>");
  EXPECT_EQ(shown("A=b=c"), "A=<b=c>");
}

TEST(Dotenv, Quotes) {
  EXPECT_EQ(shown(R"(A="x\n\"y\" \\ \$z \q")"), "A=<x\n\"y\" \\ $z \\q>");
  EXPECT_EQ(shown(R"(A='x\n"$y"')"), "A=<x\\n\"$y\">");
  EXPECT_EQ(shown("A=\"two\nlines\" # c\nB=' s '"), "A=<two\nlines>B=< s >");
}

TEST(Dotenv, MistakesNameTheLine) {
  EXPECT_EQ(shown("A=1\nno equals"), "! Line 2 has no = in it.");
  EXPECT_EQ(shown("1A=1"), "! Line 1 doesn't start with a variable's name.");
  EXPECT_EQ(shown("A='open\nB=1"), "! Line 1 opens a quote that is never closed.");
  EXPECT_EQ(shown("A='x' y"), "! Line 1 goes on after its closing quote.");
}

TEST(Dotenv, ReadsWhatItWrites) {
  std::vector<Variable> variables;
  for (const char* value :
       {"", "plain", " sp ", "a\nb\r\nc", "\"q\" 'r' `s`", "$HOME \\ #x", "é🔐"}) {
    variables.push_back({"V" + std::to_string(variables.size()), SecureString(value)});
  }
  const auto again = parse_dotenv(to_dotenv(variables).view());
  ASSERT_TRUE(again.ok());
  ASSERT_EQ(again->size(), variables.size());
  for (std::size_t i = 0; i < variables.size(); ++i) {
    EXPECT_EQ((*again)[i].value.view(), variables[i].value.view());
  }
}

}  // namespace
}  // namespace oneclaw::cli
