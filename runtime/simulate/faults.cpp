#include "simulate/faults.h"

namespace tidewire::simulate {
namespace {

std::uint64_t stirred(std::uint64_t mixed) {
  mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9;
  mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB;
  return mixed ^ mixed >> 31;
}

}  // namespace

std::uint64_t SimulatedRandom::next() { return stirred(state_ += 0x9E3779B97F4A7C15); }

std::uint64_t Faults::draw(const std::string& what, std::uint64_t count) const {
  std::uint64_t hash = 0xCBF29CE484222325;
  for (const char c : what) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3;
  return stirred(stirred(hash + seed_ * 0x9E3779B97F4A7C15) + count * 0xD1B54A32D192ED03);
}

bool Faults::strikes(Fault fault, const std::string& where) {
  if (calm_ || profile_[fault] <= 0) return false;
  const std::string kind = std::string(fault_name(fault)) + ", " + where;
  const std::uint64_t count = ++chances_[kind];
  const double unit = static_cast<double>(draw(kind, count) >> 11) * 0x1.0p-53;
  if (unit >= profile_[fault]) return false;
  std::string name = kind + ", " + std::to_string(count);
  if (left_out_.contains(name)) return false;
  struck_.push_back(std::move(name));
  return true;
}

std::uint64_t Faults::number(const std::string& what, std::uint64_t limit) { return draw(what, ++chances_[what]) % limit; }

Duration Faults::between(const std::string& what, Duration least, Duration most) {
  return least + Duration(static_cast<std::int64_t>(number(what, static_cast<std::uint64_t>((most - least).count()) + 1)));
}

}  // namespace tidewire::simulate
