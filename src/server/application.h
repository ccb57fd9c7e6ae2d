// The server put together: keyring, store, services, routes, HTTP.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "server/config.h"

namespace oneclaw::server {

class Application {
 public:
  /// Makes the data folder (0700) at the first start, opens the keyring and the store, and binds
  /// the address. 500 with a plain detail for the operator when something stands in the way.
  static Result<std::unique_ptr<Application>> create(const Config& config);
  ~Application();

  [[nodiscard]] std::uint16_t port() const;
  /// Every route as "METHOD pattern access", in the order they were added.
  [[nodiscard]] std::vector<std::string> routes() const;
  /// Serves until SIGTERM, SIGINT or stop(), then drains.
  void run();

 private:
  struct Parts;
  explicit Application(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace oneclaw::server
