#include "base/problem.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <memory>

#include "base/result.h"

namespace oneclaw {
namespace {

Result<int> half(int number) {
  if (number % 2 != 0) return problems::bad_request("odd");
  return number / 2;
}

Result<int> quarter(int number) {
  TRY(const int first, half(number));
  TRY(const int second, half(first));
  return second;
}

Result<void> check_quarter(int number) {
  CHECK_OK(quarter(number));
  return {};
}

TEST(Problem, JsonIsRfc7807) {
  const auto body = boost::json::parse(to_json(problems::not_found()));
  EXPECT_EQ(body, boost::json::value({{"type", "urn:oneclaw:problem:not-found"},
                                      {"title", "Not Found"},
                                      {"status", 404},
                                      {"detail", "No such resource."}}));
}

TEST(Problem, FieldsAreListed) {
  const Problem problem =
      problems::validation({{"name", "must be text"}, {"ttl", "is too \"big\""}});
  const auto body = boost::json::parse(to_json(problem));
  EXPECT_EQ(body.at("status"), 400);
  EXPECT_EQ(body.at("type"), "urn:oneclaw:problem:validation");
  const boost::json::array fields{{{"field", "name"}, {"message", "must be text"}},
                                  {{"field", "ttl"}, {"message", "is too \"big\""}}};
  EXPECT_EQ(body.at("fields"), fields);
}

TEST(Problem, OneFieldIsNamedInTheDetail) {
  const Problem problem = problems::validation("name", "must be text");
  EXPECT_EQ(problem.detail, "name must be text.");
  const auto body = boost::json::parse(to_json(problem));
  EXPECT_EQ(body.at("fields").as_array().size(), 1U);
}

TEST(Problem, WhatGoesInHeadersIsNotInTheBody) {
  const auto body = boost::json::parse(to_json(problems::too_many_requests("Slow down.", 7)));
  EXPECT_EQ(body.as_object().size(), 4U);
}

TEST(Problem, EachHasItsStatusAndCode) {
  const struct {
    Problem problem;
    int status;
    std::string_view code;
  } cases[] = {
      {problems::bad_request("d"), 400, "bad-request"},
      {problems::validation("f", "m"), 400, "validation"},
      {problems::unauthorized("d"), 401, "unauthorized"},
      {problems::forbidden("d"), 403, "forbidden"},
      {problems::not_found(), 404, "not-found"},
      {problems::conflict("d"), 409, "conflict"},
      {problems::gone("d"), 410, "gone"},
      {problems::payload_too_large("d"), 413, "payload-too-large"},
      {problems::too_many_requests("d", 3), 429, "too-many-requests"},
      {problems::unavailable("d", 4), 503, "unavailable"},
      {problems::internal(), 500, "internal"},
  };
  for (const auto& [problem, status, code] : cases) {
    EXPECT_EQ(problem.status, status);
    EXPECT_EQ(problem.code, code);
    EXPECT_FALSE(problem.detail.empty());
  }
  EXPECT_EQ(problems::too_many_requests("d", 3).retry_after_seconds, 3);
  EXPECT_EQ(problems::unavailable("d", 4).retry_after_seconds, 4);
  EXPECT_EQ(problems::gone("d").retry_after_seconds, std::nullopt);
}

TEST(ReasonPhrase, Rfc9110) {
  EXPECT_EQ(reason_phrase(200), "OK");
  EXPECT_EQ(reason_phrase(201), "Created");
  EXPECT_EQ(reason_phrase(204), "No Content");
  EXPECT_EQ(reason_phrase(405), "Method Not Allowed");
  EXPECT_EQ(reason_phrase(413), "Content Too Large");
  EXPECT_EQ(reason_phrase(503), "Service Unavailable");
  EXPECT_EQ(reason_phrase(299), "Unknown");
}

TEST(Result, TryBindsTheValueOrReturnsTheProblem) {
  ASSERT_TRUE(quarter(12).ok());
  EXPECT_EQ(*quarter(12), 3);
  ASSERT_FALSE(quarter(6).ok());
  EXPECT_EQ(quarter(6).problem().detail, "odd");
  EXPECT_TRUE(check_quarter(4).ok());
  EXPECT_EQ(check_quarter(3).problem().status, 400);
}

TEST(Result, HoldsWhatCanOnlyMove) {
  Result<std::unique_ptr<int>> result(std::make_unique<int>(5));
  const std::unique_ptr<int> taken = std::move(result).value();
  EXPECT_EQ(*taken, 5);
}

}  // namespace
}  // namespace oneclaw
