// sample_checker.h — what must hold at the end of a history of a user's own mapping.
#pragma once

#include "simulate/checker.h"
#include "simulate/evidence.h"

namespace tidewire::simulate {

/// The checks that know what a field is: counterparts, convergence through the mapping's own functions, no lost edit, no
/// script error, no dead letter. What does not depend on the mapping is in checker.cpp.
std::optional<Violation> check_sample(World& world, const Evidence& evidence);

}  // namespace tidewire::simulate
