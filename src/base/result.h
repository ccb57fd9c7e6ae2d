// Result<T>: a value or the Problem that stands in its place.
#pragma once

#include <optional>
#include <utility>
#include <variant>

#include "base/problem.h"

namespace oneclaw {

template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}            // NOLINT
  Result(Problem problem) : state_(std::in_place_index<1>, std::move(problem)) {}  // NOLINT

  [[nodiscard]] bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  /// Undefined unless ok().
  T& value() & { return *std::get_if<0>(&state_); }
  const T& value() const& { return *std::get_if<0>(&state_); }
  T&& value() && { return std::move(*std::get_if<0>(&state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  /// Undefined when ok().
  Problem& problem() & { return *std::get_if<1>(&state_); }
  const Problem& problem() const& { return *std::get_if<1>(&state_); }
  Problem&& problem() && { return std::move(*std::get_if<1>(&state_)); }

 private:
  std::variant<T, Problem> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;

  Result() = default;
  Result(Problem problem) : problem_(std::move(problem)) {}  // NOLINT

  [[nodiscard]] bool ok() const { return !problem_.has_value(); }
  explicit operator bool() const { return ok(); }
  Problem& problem() & { return *problem_; }
  const Problem& problem() const& { return *problem_; }
  Problem&& problem() && { return std::move(*problem_); }

 private:
  std::optional<Problem> problem_;
};

}  // namespace oneclaw

#define ONECLAW_CONCAT_INNER(a, b) a##b
#define ONECLAW_CONCAT(a, b) ONECLAW_CONCAT_INNER(a, b)

/// `TRY(auto x, expr);` binds the value of a Result, or returns its Problem.
#define ONECLAW_TRY_IMPL(result, ret, decl, ...)     \
  auto result = (__VA_ARGS__);                       \
  if (!result.ok()) ret std::move(result).problem(); \
  decl = std::move(result).value()
#define TRY(decl, ...) \
  ONECLAW_TRY_IMPL(ONECLAW_CONCAT(try_, __COUNTER__), return, decl, __VA_ARGS__)
/// The same inside a coroutine.
#define CO_TRY(decl, ...) \
  ONECLAW_TRY_IMPL(ONECLAW_CONCAT(try_, __COUNTER__), co_return, decl, __VA_ARGS__)

/// `CHECK_OK(expr);` returns the Problem of a Result whose value is of no interest.
#define CHECK_OK(...)                                                               \
  do {                                                                              \
    if (auto check = (__VA_ARGS__); !check.ok()) return std::move(check).problem(); \
  } while (false)
/// The same inside a coroutine.
#define CO_CHECK_OK(...)                                   \
  do {                                                     \
    auto check = (__VA_ARGS__);                            \
    if (!check.ok()) co_return std::move(check).problem(); \
  } while (false)
