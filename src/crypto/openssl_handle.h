// OpenSSL objects as unique_ptrs.
#pragma once

#include <memory>

namespace oneclaw::crypto {

template <auto Free>
struct OpensslFree {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};

/// Owns a T that `Free` gives back.
template <class T, auto Free>
using OpensslHandle = std::unique_ptr<T, OpensslFree<Free>>;

}  // namespace oneclaw::crypto
