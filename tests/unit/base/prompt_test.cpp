#include "base/prompt.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <string>
#include <thread>

namespace oneclaw {
namespace {

/// What is read from a pipe that holds `text` and nothing more.
class Piped {
 public:
  explicit Piped(std::string_view text) {
    if (::pipe(ends_.data()) != 0) std::abort();
    EXPECT_EQ(::write(ends_[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
    ::close(ends_[1]);
  }
  Piped(const Piped&) = delete;
  Piped& operator=(const Piped&) = delete;
  ~Piped() { ::close(ends_[0]); }
  Result<SecureString> next() { return read_line(ends_[0]); }

 private:
  std::array<int, 2> ends_{};
};

TEST(ReadLine, OneAtATime) {
  Piped input("first\nsecond\r\n\nlast");
  EXPECT_EQ(input.next()->view(), "first");
  EXPECT_EQ(input.next()->view(), "second");
  EXPECT_EQ(input.next()->view(), "");
  EXPECT_EQ(input.next()->view(), "last");
  EXPECT_EQ(input.next().problem().detail, "Nothing was entered.");
}

TEST(ReadLine, AtMostSoLong) {
  const std::string longest(kMostLineBytes, 'a');
  EXPECT_EQ(Piped(longest + "\n").next()->view(), longest);
  EXPECT_EQ(Piped(longest + "a\n").next().problem().detail, "The line is too long.");
}

/// A pseudo-terminal, and a person at it who types `answer` when something is asked.
class Person {
 public:
  explicit Person(std::string answer) {
    if (::openpty(&master_, &slave_, nullptr, nullptr, nullptr) != 0) std::abort();
    typist_ = std::thread([this, text = std::move(answer)] { type(text); });
  }
  Person(const Person&) = delete;
  Person& operator=(const Person&) = delete;
  ~Person() {
    if (typist_.joinable()) typist_.join();
    ::close(slave_);
    ::close(master_);
  }
  Result<SecureString> asked(Answer answer) {
    auto line = ask_at_terminal(slave_, slave_, "Question? ", answer);
    typist_.join();
    return line;
  }
  [[nodiscard]] bool echoes() const {
    termios mode{};
    return ::tcgetattr(slave_, &mode) == 0 && (mode.c_lflag & ECHO) != 0;
  }
  [[nodiscard]] bool echoed_when_asked() const { return echoed_when_asked_; }

 private:
  void type(std::string_view text) {
    std::string shown;
    std::array<char, 64> block{};
    while (!shown.ends_with("? ")) {
      const ssize_t got = ::read(master_, block.data(), block.size());
      if (got <= 0) return;
      shown.append(block.data(), static_cast<std::size_t>(got));
    }
    echoed_when_asked_ = echoes();
    while (!text.empty()) {
      const ssize_t written = ::write(master_, text.data(), text.size());
      if (written <= 0) return;
      text.remove_prefix(static_cast<std::size_t>(written));
    }
  }

  int master_ = -1;
  int slave_ = -1;
  bool echoed_when_asked_ = false;
  std::thread typist_;
};

TEST(AskAtTerminal, HidesTheAnswerAlone) {
  Person hiding("the answer\n");
  EXPECT_EQ(hiding.asked(Answer::kHidden)->view(), "the answer");
  EXPECT_FALSE(hiding.echoed_when_asked());
  EXPECT_TRUE(hiding.echoes());
  Person open("the answer\n");
  EXPECT_EQ(open.asked(Answer::kShown)->view(), "the answer");
  EXPECT_TRUE(open.echoed_when_asked());
}

TEST(AskAtTerminal, RefusesWhatMayHaveBeenCut) {
  EXPECT_EQ(Person(std::string(4094, 'a') + "\n").asked(Answer::kHidden)->size(), 4094U);
  for (const std::size_t length : {4095U, 5000U}) {
    Person person(std::string(length, 'a') + "\n");
    EXPECT_EQ(person.asked(Answer::kHidden).problem().detail, "The line is too long.") << length;
    EXPECT_TRUE(person.echoes());
  }
}

TEST(AskAtTerminal, TheEndOfTheInput) {
  Person person("\x04");
  EXPECT_EQ(person.asked(Answer::kHidden).problem().detail, "Nothing was entered.");
  EXPECT_TRUE(person.echoes());
}

TEST(AskAtTerminal, OnlyATerminalHides) {
  const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  EXPECT_FALSE(ask_at_terminal(nothing, nothing, "Question? ", Answer::kHidden).ok());
  ::close(nothing);
}

}  // namespace
}  // namespace oneclaw
