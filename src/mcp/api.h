// The oneclaw API as the tools call it: over HTTP from `oneclaw mcp`, in process in the server.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <utility>

#include "base/result.h"

namespace oneclaw::mcp {

struct ApiCall {
  // A constructor, for GCC 12 may destroy an aggregate argument of a coroutine twice.
  ApiCall(std::string method_in, std::string path_in, boost::json::value body_in)
      : method(std::move(method_in)), path(std::move(path_in)), body(std::move(body_in)) {}

  std::string method;
  std::string path;         ///< with its query
  boost::json::value body;  ///< null: none
};

class Api {
 public:
  virtual ~Api() = default;
  /// The JSON of a success (null for none), in wiped memory, or the API's problem; status 0 when
  /// there was no answer. Every call passes the whole request pipeline: authentication, scopes,
  /// policies and audit are those of any other request.
  virtual boost::asio::awaitable<Result<boost::json::value>> call(ApiCall call) = 0;
};

}  // namespace oneclaw::mcp
