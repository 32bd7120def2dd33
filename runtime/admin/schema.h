// schema.h — the shapes of bodies and answers, one file (schemas.json) for the OpenAPI document and for reading bodies.
//
// A small part of JSON Schema is enough for what we send and take: type, enum, properties, required, additionalProperties,
// items, anyOf, $ref, minimum, maximum, minLength, maxLength. The whole of it is checked by the tests, in another language.
// null is a value as any other: what is not given is left out.
#pragma once

#include <string>

#include "base/result.h"
#include "base/value.h"

namespace tidewire::admin {

/// All of them: {NAME: schema}, with references as "#/components/schemas/NAME".
const Value& schemas();

/// The body without the members that its schema does not name: of a caller of an earlier service, who sends its own. kInvalid for one
/// that is a known one but for case, "_" and "-": without it something else would be done than was asked for.
Result<Value> known_members(Value body, const std::string& schema_name);

/// kInvalid says which member is wrong and what is wanted, with a suggestion for one that is not known.
Result<void> check_shape(const Value& value, const std::string& schema_name);

}  // namespace tidewire::admin
