// faults.h — whether trouble strikes, drawn from the seed at every chance for it.
//
// A draw depends on the seed, the kind of fault and how many chances of that kind there were, on nothing else: so leaving
// one fault or one edit out moves the others as little as can be, which is what makes shrinking work.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "simulate/profile.h"

namespace tidewire::simulate {

/// The engine's own chance (jitter, identifiers).
class SimulatedRandom final : public Random {
 public:
  explicit SimulatedRandom(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() override;

 private:
  std::uint64_t state_;
};

class Faults {
 public:
  Faults(std::uint64_t seed, const Profile& profile, std::set<std::string> left_out) : seed_(seed), profile_(profile), left_out_(std::move(left_out)) {}

  /// `where` tells chances of one kind apart ("left read").
  bool strikes(Fault fault, const std::string& where);
  /// In [0, limit).
  std::uint64_t number(const std::string& what, std::uint64_t limit);
  Duration between(const std::string& what, Duration least, Duration most);
  void calm(bool calm = true) { calm_ = calm; }
  bool is_calm() const { return calm_; }
  /// What struck so far, by name ("lost answer, right update, 3rd").
  const std::vector<std::string>& struck() const { return struck_; }

 private:
  std::uint64_t draw(const std::string& what, std::uint64_t count) const;

  std::uint64_t seed_;
  const Profile& profile_;
  std::set<std::string> left_out_;
  bool calm_ = false;
  std::map<std::string, std::uint64_t> chances_;
  std::vector<std::string> struck_;
};

}  // namespace tidewire::simulate
