#include "store/failure.h"

namespace oneclaw::store {

Problem to_problem(const Error& error) {
  switch (error.kind()) {
    case Error::Kind::kUnique:
      return problems::conflict("A resource with that name or id already exists.");
    case Error::Kind::kBusy:
    case Error::Kind::kUnavailable:
      return problems::unavailable("The database is not available; try again soon.", 1);
    case Error::Kind::kTampered: {
      Problem problem = problems::internal("Stored data fails its integrity check.");
      problem.code = "tampered";
      return problem;
    }
    case Error::Kind::kConstraint:
    case Error::Kind::kOther:
      break;
  }
  return problems::internal();
}

}  // namespace oneclaw::store
