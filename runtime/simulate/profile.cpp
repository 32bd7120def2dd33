#include "simulate/profile.h"

#include <vector>

namespace tidewire::simulate {
namespace {

using Answer = sync::Capabilities::Answer;

Profile profile_plain() {
  Profile profile;
  profile.name = "plain";
  profile.about = "two well-behaved systems, webhooks doubled and out of order, people who edit at the same time";
  profile[Fault::kHookTwice] = 0.2;
  profile[Fault::kHookLate] = 0.2;
  profile[Fault::kPerson] = 0.15;
  profile[Fault::kRefused] = 0.02;
  profile[Fault::kThrottled] = 0.02;
  profile[Fault::kFailedBefore] = profile[Fault::kFailedAfter] = 0.01;
  profile.system.right.normalises = true;
  return profile;
}

Profile profile_slow() {
  Profile profile = profile_plain();
  profile.name = "slow";
  profile.about = "requests take seconds; some are applied after the caller gave up";
  profile[Fault::kSlow] = 0.4;
  profile[Fault::kLate] = 0.08;
  profile[Fault::kPerson] = 0.25;
  profile.system.left.answer = Answer::kAsSent;
  return profile;
}

Profile profile_lost() {
  Profile profile = profile_plain();
  profile.name = "lost-answers";
  profile.about = "requests and answers get lost, webhooks too; sweeps find what was missed";
  profile[Fault::kLostRequest] = 0.12;
  profile[Fault::kLostAnswer] = 0.15;
  profile[Fault::kHookLost] = 0.2;
  profile[Fault::kDisk] = profile[Fault::kFsync] = 0.01;
  profile[Fault::kFailedAfter] = 0.05;
  profile.system.left.answer = Answer::kAsSent;
  profile.system.left.unique = profile.system.right.unique = false;
  profile.entered_twice = false;
  profile.sweeps = true;
  return profile;
}

Profile profile_unguarded() {
  Profile profile = profile_plain();
  profile.name = "unguarded";
  profile.about = "the right system takes no guard and answers nothing";
  profile.system.right.guarded = false;
  profile.system.right.incarnation = false;
  profile.system.right.answer = Answer::kNone;
  profile[Fault::kLostAnswer] = 0.05;
  profile[Fault::kLostRequest] = 0.03;
  return profile;
}

Profile profile_replicas() {
  Profile profile = profile_plain();
  profile.name = "replicas";
  profile.about = "reads may come from a replica that is behind";
  profile.system.left.reads_behind = profile.system.right.reads_behind = true;
  profile.system.left.ordered = true;
  profile[Fault::kStaleRead] = 0.25;
  profile.sweeps = true;  // a read that shows what is known already looks like an echo
  profile[Fault::kLostAnswer] = 0.03;
  return profile;
}

Profile profile_deletes() {
  Profile profile = profile_plain();
  profile.name = "deletes";
  profile.about = "records are deleted, also while they are edited on the other side, and their names used again";
  profile.deletes = profile.recreates = profile.key_reuse = true;
  profile[Fault::kLostAnswer] = 0.04;
  profile[Fault::kPerson] = 0.1;
  return profile;
}

Profile profile_crashes() {
  Profile profile = profile_plain();
  profile.name = "crashes";
  profile.about = "the engine dies between any two steps and begins again on what it stored; the clock is set";
  profile[Fault::kCrash] = 0.03;
  profile[Fault::kLostAnswer] = 0.05;
  profile[Fault::kSlow] = 0.1;
  profile[Fault::kDisk] = profile[Fault::kFsync] = 0.01;
  profile.jumps = true;
  return profile;
}

Profile profile_renames() {
  Profile profile = profile_plain();
  profile.name = "renames";
  profile.about = "records get another key, and the old one is used again";
  profile.renames = profile.key_reuse = true;
  profile.sweeps = true;
  return profile;
}

Profile profile_rekeyed() {
  Profile profile = profile_plain();
  profile.name = "editable-match";
  profile.about = "people edit the match field, also while a create is in doubt; the right system takes the left one's keys";
  profile.system.right.client_keys = true;
  profile.system.right.rekeys = true;
  profile.system.left.unique = profile.system.right.unique = false;
  profile.entered_twice = false;
  profile[Fault::kLostAnswer] = 0.15;
  profile[Fault::kLate] = 0.05;
  profile[Fault::kSlow] = 0.1;
  return profile;
}

Profile profile_hidden() {
  Profile profile = profile_plain();
  profile.name = "hidden-rows";
  profile.about = "rows are not shown for a while; only an event says that one was deleted";
  profile.system.left.hides = profile.system.right.hides = true;
  profile.deletes = true;
  profile.sweeps = true;  // an event for what cannot be seen tells nothing
  profile[Fault::kHidden] = 0.1;
  profile[Fault::kPerson] = 0.05;
  return profile;
}

Profile profile_scripts() {
  Profile profile = profile_plain();
  profile.name = "script-errors";
  profile.about = "strategies raise errors and are mended; the disk fills up and fails";
  profile[Fault::kScript] = 0.2;
  profile[Fault::kDisk] = profile[Fault::kFsync] = 0.03;
  profile.system.left.answer = Answer::kNone;
  return profile;
}

Profile profile_polls() {
  Profile profile = profile_plain();
  profile.name = "polls";
  profile.about = "half of the webhooks are lost, and only polls find what they told";
  profile[Fault::kHookLost] = 0.5;
  profile[Fault::kDisk] = profile[Fault::kFsync] = 0.01;
  profile.polls = true;
  return profile;
}

Profile profile_judged() {
  Profile profile = profile_plain();
  profile.name = "judged";
  profile.about = "a judge outside decides a field, slowly or not at all; its answers hold over crashes and refused writes";
  profile.judged = true;
  profile[Fault::kJudge] = 0.2;
  profile[Fault::kSlow] = 0.1;
  profile[Fault::kPerson] = 0.25;
  profile[Fault::kCrash] = 0.01;
  profile[Fault::kLostAnswer] = 0.05;
  profile[Fault::kDisk] = profile[Fault::kFsync] = 0.01;
  profile.system.left.guarded = false;
  return profile;
}

Profile profile_grows() {
  Profile profile = profile_plain();
  profile.name = "growing-mapping";
  profile.about = "the mapping gets a field that both systems have filled already; the brake holds it until a person lets it go";
  profile.grows = true;
  profile[Fault::kCrash] = 0.01;
  profile[Fault::kLostAnswer] = 0.05;
  profile[Fault::kDisk] = profile[Fault::kFsync] = 0.01;
  profile.most_things = 5;
  return profile;
}

Profile profile_trash() {
  Profile profile = profile_plain();
  profile.name = "trash";
  profile.about = "deletes are not guarded; the right system's trash shows an edit that came before one, and brings it back";
  profile.deletes = true;
  profile.system.right.guarded = false;
  profile.system.right.trash = true;
  profile[Fault::kPerson] = 0.35;
  profile[Fault::kLostAnswer] = 0.04;
  profile[Fault::kSlow] = 0.1;
  profile[Fault::kCrash] = 0.005;
  return profile;
}

Profile profile_scope() {
  Profile profile = profile_plain();
  profile.name = "leaving-scope";
  profile.about = "records leave the scope of the mapping and come back: links are frozen or parted, counterparts deleted and made again";
  profile.scoped = true;
  profile[Fault::kLostAnswer] = 0.04;
  profile[Fault::kCrash] = 0.005;
  return profile;
}

Profile profile_pages() {
  Profile profile = profile_plain();
  profile.name = "pages";
  profile.about = "most webhooks are lost; what polls and sweeps show is not read again; the right system takes no guard";
  profile[Fault::kHookLost] = 0.7;
  profile[Fault::kPerson] = 0.3;
  profile[Fault::kSlow] = 0.2;
  profile[Fault::kLostAnswer] = 0.04;
  profile[Fault::kCrash] = 0.005;
  profile.polls = profile.sweeps = true;
  profile.system.left.pages = profile.system.right.pages = true;
  profile.system.right.guarded = false;
  profile.system.left.reads_behind = true;
  profile[Fault::kStaleRead] = 0.05;
  return profile;
}

Profile profile_short_lists() {
  Profile profile = profile_plain();
  profile.name = "short-lists";
  profile.about = "pages of lists lose rows, which reads do not show for a while either; the count tells, and nobody deletes anything";
  profile[Fault::kLostRow] = 0.3;
  profile[Fault::kCrash] = 0.005;
  profile.system.left.counts = profile.system.right.counts = true;
  profile.sweeps = true;
  profile.most_acts = 24;
  return profile;
}

Profile profile_unread() {
  Profile profile = profile_plain();
  profile.name = "unread-state";
  profile.about = "the state cannot be read now and then, in the middle of anything; the engine dies, requests and answers get lost";
  profile[Fault::kUnread] = 0.06;
  profile[Fault::kDisk] = 0.01;
  profile[Fault::kCrash] = 0.01;
  profile[Fault::kLostAnswer] = 0.08;
  profile[Fault::kSlow] = 0.1;
  profile[Fault::kHookLost] = 0.1;
  profile.system.right.trash = true;
  profile.system.right.guarded = false;
  profile.deletes = profile.renames = true;
  profile.polls = profile.sweeps = true;
  return profile;
}

Profile profile_outages() {
  Profile profile = profile_plain();
  profile.name = "outages";
  profile.about = "a system answers nobody for up to half an hour: keys are given up, tried again by what comes in, and by a person in the end";
  profile.outages = true;
  profile[Fault::kCrash] = 0.003;
  profile[Fault::kLostAnswer] = 0.04;
  profile.sweeps = true;
  profile.most_acts = 18;
  return profile;
}

Profile profile_parted() {
  Profile profile = profile_plain();
  profile.name = "parted-links";
  profile.about = "a person parts pairs, with edits on their way; they meet again as strangers, by a change or a sweep";
  profile.parted = true;
  profile[Fault::kLostAnswer] = 0.04;
  profile[Fault::kCrash] = 0.003;
  profile.sweeps = true;
  return profile;
}

Profile profile_groups() {
  Profile profile = profile_plain();
  profile.name = "groups";
  profile.about = "fields that are won together, by the newest, by a person or as a whole record, edited several at once; a side keeps one of them, one goes one way, a person decides one or all of them, or takes back what was written";
  profile.grouped = true;
  profile[Fault::kKept] = 0.1;
  profile[Fault::kPerson] = 0.25;
  profile[Fault::kLostAnswer] = 0.06;
  profile[Fault::kLostRequest] = 0.03;
  profile[Fault::kSlow] = 0.1;
  profile[Fault::kCrash] = 0.005;
  profile.system.right.normalises = false;
  profile.most_acts = 18;
  return profile;
}

Profile profile_mended() {
  Profile profile = profile_plain();
  profile.name = "mended-links";
  profile.about = "a person parts and joins pairs, sets records and fields aside, begins anew, merges and forgets, with edits on their way";
  profile.mended = true;
  profile[Fault::kLostAnswer] = 0.04;
  profile[Fault::kCrash] = 0.003;
  profile[Fault::kDisk] = profile[Fault::kFsync] = 0.005;
  profile.sweeps = true;
  profile.most_acts = 18;
  return profile;
}

Profile profile_dealt() {
  Profile profile = profile_plain();
  profile.name = "dead-letters";
  profile.about = "writes are refused for good and requests without answer given up; a person tries again or discards what stands";
  profile.dealt = profile.outages = true;
  profile[Fault::kRejected] = 0.15;
  profile[Fault::kLostAnswer] = 0.04;
  profile[Fault::kCrash] = 0.003;
  profile.sweeps = true;
  profile.most_acts = 18;
  return profile;
}

Profile profile_demanding() {
  Profile profile = profile_plain();
  profile.name = "required-fields";
  profile.about = "records come without a field that the mapping requires, and lose it again; people fill it in at last";
  profile.demanding = true;
  profile[Fault::kPerson] = 0.25;
  profile[Fault::kLostAnswer] = 0.04;
  profile[Fault::kCrash] = 0.005;
  profile.most_acts = 18;
  return profile;
}

Profile profile_pinned() {
  Profile profile = profile_plain();
  profile.name = "in-the-way";
  profile.about = "a record is in the way of another: it refers to what is to be deleted, or has a value that only one may have until it hands it on";
  profile.pinned = profile.deletes = true;
  profile[Fault::kLostAnswer] = 0.04;
  profile[Fault::kCrash] = 0.003;
  profile.most_things = 4;
  profile.most_acts = 18;
  return profile;
}

Profile profile_revised() {
  Profile profile = profile_plain();
  profile.name = "edited-mapping";
  profile.about = "the mapping loses a field and gets it back, again and again, with changes on their way";
  profile.revised = true;
  profile[Fault::kPerson] = 0.25;
  profile[Fault::kLostAnswer] = 0.05;
  profile[Fault::kSlow] = 0.1;
  profile[Fault::kCrash] = 0.01;
  profile.most_acts = 18;
  return profile;
}

Profile profile_related() {
  Profile profile = profile_plain();
  profile.name = "renamed-parents";
  profile.about = "records name each other, and what they name gets another key: its system follows, and tells of that or does not";
  profile.related = profile.renames = true;
  profile[Fault::kLostAnswer] = 0.04;
  profile[Fault::kSlow] = 0.1;
  profile[Fault::kCrash] = 0.005;
  profile.sweeps = true;
  profile.most_things = 4;
  profile.most_acts = 18;
  return profile;
}

Profile profile_retyped() {
  Profile profile = profile_lost();
  profile.name = "typed-again";
  profile.about = "answers get lost, and people enter again what both sides had agreed on, in fields and in single rows";
  profile.retyped = true;
  profile[Fault::kRefused] = 0.1;
  profile[Fault::kHookLost] = 0.05;
  profile[Fault::kLate] = 0.03;
  profile[Fault::kCrash] = 0.005;
  profile.most_things = 2;
  profile.most_acts = 18;
  return profile;
}

/// Rare faults of every kind in one history: what one profile's law does while another's is at work.
Profile profile_storm() {
  Profile profile;
  profile.name = "storm";
  profile.about = "a little of everything at once: deletes, renames, used names and edits amid lost, late and slow requests, crashes, a failing disk and scripts";
  for (double& rate : profile.rate) rate = 0.02;
  profile[Fault::kLostRow] = 0;  // of systems that count
  profile[Fault::kRejected] = 0;  // likewise of its own
  profile[Fault::kUnread] = 0;   // a profile of its own
  profile[Fault::kHookTwice] = profile[Fault::kHookLate] = profile[Fault::kPerson] = profile[Fault::kSlow] = 0.1;
  profile[Fault::kHookLost] = 0.05;
  profile[Fault::kCrash] = profile[Fault::kDisk] = profile[Fault::kFsync] = 0.005;
  profile.deletes = profile.recreates = profile.key_reuse = profile.renames = profile.jumps = true;
  profile.sweeps = profile.polls = profile.judged = true;
  profile.system.left.pages = true;
  profile.system.left.whole_calls = profile.system.right.whole_calls = true;
  profile.system.left.bulk_updates = profile.system.right.bulk_updates = 4;
  profile.system.right.normalises = profile.system.right.reads_behind = true;
  profile.most_acts = 10;
  return profile;
}

}  // namespace

const char* fault_name(Fault fault) {
  static constexpr const char* kNames[] = {"lost request", "lost answer", "applied late", "refused", "throttled", "stale read", "slow",
                                           "person between", "webhook lost", "webhook twice", "webhook late", "5xx before", "5xx after",
                                           "hidden row", "script error", "state not read", "disk full", "failed fsync", "crash", "silent judge", "lost row", "rejected", "kept"};
  return kNames[static_cast<std::size_t>(fault)];
}

std::span<const Profile> profiles() {
  static const std::vector<Profile> all{profile_plain(),    profile_slow(),    profile_lost(),    profile_unguarded(),
                                        profile_replicas(), profile_deletes(), profile_crashes(), profile_renames(),
                                        profile_rekeyed(),  profile_hidden(),  profile_scripts(),
                                        profile_polls(),    profile_judged(),
                                        profile_grows(),    profile_trash(),
                                        profile_scope(),    profile_pages(),
                                        profile_short_lists(), profile_unread(),
                                        profile_groups(), profile_outages(), profile_parted(),
                                        profile_mended(), profile_dealt(), profile_demanding(), profile_pinned(), profile_revised(), profile_related(), profile_retyped(),
                                        profile_storm()};
  return all;
}

const Profile* find_profile(std::string_view name) {
  for (const Profile& profile : profiles()) {
    if (profile.name == name) return &profile;
  }
  return nullptr;
}

}  // namespace tidewire::simulate
