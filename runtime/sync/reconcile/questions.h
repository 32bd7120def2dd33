// questions.h — what a pass must know of other records before it can decide: keys of other mappings' links, records of other
// collections.
#pragma once

#include <optional>
#include <vector>

#include "sync/merge/decide.h"

namespace tidewire::sync {

/// Which references the pass needs translated before decide can run.
std::vector<Reference> references_of(const Situation& situation);
/// What a form of the field names in other mappings: of rows, each cell of each row.
std::vector<Reference> references_in(const Field& field, Side side, const Value& form);
/// What it has to look up in other collections.
std::vector<Question> questions_of(const Situation& situation);
/// What `lookup` asks for the records of a side; nullopt where the record names none.
std::optional<Question> question_of(const Lookup& lookup, Side side, const Situation& situation);
/// What t.find asks for a value on its way to `to`.
Question question_of(const Finder& find, Side to, const Value& value, const Type& type);
/// The word of t.ref_by that a form names; nullptr where it names none.
const Field::Word* word_of(const Field& field, Side side, const Value& form);
/// The elements of a form that is a list, else none.
const Array& elements_of(const Value& form);

}  // namespace tidewire::sync
