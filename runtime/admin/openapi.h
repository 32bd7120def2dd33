// openapi.h — the OpenAPI 3.1 document, made from the table of routes and the schemas: it cannot say what is not so.
#pragma once

#include "base/value.h"

namespace tidewire::admin {

Value openapi_document();

}  // namespace tidewire::admin
