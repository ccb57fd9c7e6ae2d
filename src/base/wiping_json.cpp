#include "base/wiping_json.h"

#include <array>
#include <boost/json/memory_resource.hpp>
#include <boost/json/serializer.hpp>
#include <new>

namespace oneclaw {

namespace json = boost::json;

namespace {

class WipingResource final : public json::memory_resource {
  // No alignment is above the default one, and Boost 1.81 frees an object's keys under another
  // alignment than it asked for, so alignments are left aside.
  void* do_allocate(std::size_t size, std::size_t /*alignment*/) override {
    return ::operator new(size);
  }
  void do_deallocate(void* block, std::size_t size, std::size_t /*alignment*/) override {
    sodium_memzero(block, size);
    ::operator delete(block);
  }
  bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }
};

WipingResource wiping_resource;

}  // namespace

json::storage_ptr wiping_storage() {
  return &wiping_resource;
}

SecureString to_secure_json(const json::value& value) {
  SecureString text;
  json::serializer serializer;
  serializer.reset(&value);
  std::array<char, 2048> chunk{};
  while (!serializer.done()) text.append(serializer.read(chunk.data(), chunk.size()));
  sodium_memzero(chunk.data(), chunk.size());
  return text;
}

}  // namespace oneclaw
