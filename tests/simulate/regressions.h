// regressions.h — seeds whose histories once broke a law, each with the bug that it showed.
//
// A change of what the simulator draws moves every history, and then a seed here is one more history and no more; the bugs
// that mattered most have a test of their own beside the code.
#pragma once

#include <cstdint>

namespace tidewire::simulate {

struct Regression {
  const char* profile;
  std::uint64_t seed;
  const char* bug;
};

constexpr Regression kRegressions[] = {
    {"slow", 100638, "a create that found its record there stayed open when the next pass came from the other key"},
    {"lost-answers", 94, "a copied field of a request known to be applied was calculated again, and an edit counted twice"},
    {"lost-answers", 300018, "a copy of a computed value of unknown outcome was calculated again"},
    {"lost-answers", 300197, "a doubt was not stored before the pass wrote on, and its own write looked like the answer"},
    {"editable-match", 12, "a create in doubt was looked for by the match value of now, not by the one sent"},
    {"editable-match", 300146, "a search that failed closed the create in doubt, and the next pass created again"},
    {"script-errors", 70, "a commit that failed and was stored all the same left keys waiting for a closed create"},
    {"plain", 200544, "what was written before the other side's guard refused was not in the operation"},
    {"slow", 300227, "a slow read was taken for one made after the settle time"},
    {"crashes", 300239, "a refused write stayed announced while the next one was made, and after a crash counted as applied"},
    {"replicas", 300361, "a write that could not land any more counted as applied because a later one wrote the same"},
    {"deletes", 300393, "a delete of unknown outcome whose pair was never linked stayed announced for ever"},
    {"deletes", 300400, "an update announced for a record that was deleted stayed announced for ever"},
    {"deletes", 300458, "a name used again inherited the create of the record before"},
    {"deletes", 500633, "a name used again between a search and its read was linked as the record that matched"},
    {"deletes", 500775, "a key whose match was linked elsewhere stayed in conflict after that link was buried"},
    {"editable-match", 900014, "a record found to be our own create, as it was sent, was taken for an echo and never linked"},
    {"replicas", 2000391, "what a write was announced on was not remembered as seen, and a stale read of before it was written over an edit"},
    {"replicas", 2000199, "a read from before a write that was announced looked like the answer to its doubt"},
    {"replicas", 2000437, "a read from before a refused write decided again"},
    {"renames", 2000121, "a rename met a computed value of which one side was written, and its version guarded a base that was not what it showed"},
    {"hidden-rows", 1795992255, "the counterpart found in a pass and not shown a moment later counted as deleted, by the evidence of the one before"},
    {"deletes", 2000462, "both names were used again, and what stood under the one was taken for an edit against the delete of the other"},
    {"deletes", 2000335, "our own write in another form, unanswered, counted as an edit against a delete"},
    {"deletes", 2000156, "both records were gone, and what a create in doubt had made of the one was taken for a stranger"},
    {"trash", 3000131, "a record found by its match was deleted as if our create had made it"},
    {"editable-match", 3000181, "the stamp of an earlier value counted for a later one, and was not on record"},
    {"script-errors", 3000078, "the read after a write showed an edit, and its version guarded a write over it"},
    {"leaving-scope", 3000047, "a delete that was refused, and its record back in the scope, stayed announced for ever"},
    {"pages", 3000163, "an edit that a page had shown was written over by a pass that had read before it"},
    {"deletes", 950330, "a value that a system stores in another form counted as an edit against a delete"},
    {"leaving-scope", 61000025, "a record found by the match of a create in doubt was frozen with the values sent as its base, and the edit that differed won unrecorded"},
    {"leaving-scope", 3000206, "the other record was deleted with values that half a first contact had not yet written"},
    {"trash", 83000003, "a record was deleted as unchanged, with values that the deleted one had never been written"},
    {"leaving-scope", 70001144, "drift that went with its record, and stands in the base of the tombstone, was looked for elsewhere (the simulator's)"},
    {"hidden-rows", 90000324, "a delete of unknown outcome, on a system that hides rows, was taken for done because the record was not shown"},
    {"judged", 90000320, "what stood on the target of a one-way field when its counterpart was made went without a record, where a crash came between the write and its commit"},
    {"polls", 90000234, "one side was written, the other refused, and the next pass read only the side that it was told of"},
    {"short-lists", 101000381, "what a create in doubt had made was deleted because its source was not shown twice"},
    {"short-lists", 101000409, "a sweep that had counted and listed before a record was made took it for missing"},
    {"storm", 101001484, "the other record read as missing shortly after it was made, and both counted as gone"},
    {"storm", 101000716, "a person's word for the side that was deleted meanwhile was lost with it"},
    {"storm", 101000663, "what a create in doubt had sent was no base where the record was found by its match, and an edit clashed with it"},
    {"script-errors", 101002563, "two records waited for ever for the create of the other, which each might have been made by"},
    {"storm", 98000163, "an update announced to a record that was deleted and made again stayed announced for ever"},
    {"storm", 101002817, "a page from before a delete announced a create for what was buried, and that stayed announced for ever"},
    {"trash", 101000243, "a delete announced before its record had a link stayed announced for ever"},
    {"trash", 103000275, "a delete that its guard had refused stayed announced for ever, and so did its link, where both records were gone"},
    {"pages", 102001190, "an edit on an unguarded side counted as seen while the page that showed it was on its way (the simulator's)"},
    {"storm", 101003897, "a delete counted as binding where the record, made by a create of unknown outcome, had been edited before it was found (the simulator's)"},
    {"trash", 121501223, "a delete counted as binding where a crash lost the answer to the write before it (the simulator's)"},
    {"unread-state", 121901230, "what was announced for a pair that never came to be stayed open"},
    {"unread-state", 121901303, "the trash was not looked into after a delete of unknown outcome of a record without link"},
    {"editable-match", 130000502, "the doubt of a create was counted from its announcement, long before its request left"},
    {"script-errors", 96000043, "that a value may be only our own in another form was not in the record that it was decided again from (the simulator's)"},
    {"growing-mapping", 90000239, "drift from before the counterpart was made was overwritten unrecorded"},
    {"renamed-parents", 1108, "a renamed record took what its create in doubt had sent for agreed on with the record that it was found to match"},
    {"mended-links", 3, "two passes of one pair that was ignored ran at once, and what waited for a record that is ignored was not in the balance"},
    {"pages", 200000859, "a pair that was given up counted once in the balance, where both sides had told of it (the simulator's)"},
    {"renamed-parents", 119, "a renamed record that waited for another one woke that one, which waited for it, without end and without a pause"},
    {"renames", 200000969, "a record that got another name between the read and its delete counted as gone, and was made again"},
    {"trash", 200000882, "after a delete without an answer the trash was asked for the record that the link had before, and that was put back"},
    {"unread-state", 200000882, "the same, where the pair was told of otherwise"},
    {"in-the-way", 1015, "a delete counted as binding where a badge was handed on to its record (the simulator's)"},
    {"groups", 19, "that the sides are left to differ was not stored with the side that was written, and the other side failed"},
    {"groups", 310003056, "a group that somebody edited after a side took it in part was put back field by field"},
};

}  // namespace tidewire::simulate
