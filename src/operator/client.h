// The client of the operator's socket (server/operator_socket.h says what goes over it).
#pragma once

#include <boost/json/value.hpp>
#include <filesystem>
#include <functional>
#include <string>

#include "base/result.h"
#include "base/secure.h"

namespace oneclaw::operators {

class Client {
 public:
  explicit Client(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// One command; the answer lies in wiped memory. 503 when no server runs over the folder.
  Result<boost::json::value> call(const boost::json::object& request) const;
  /// A command that answers with bytes, for `sink`. 503 when the stream breaks off.
  Result<void> stream(const boost::json::object& request,
                      const std::function<Result<void>(ByteView)>& sink) const;

 private:
  std::filesystem::path folder_;
};

}  // namespace oneclaw::operators
