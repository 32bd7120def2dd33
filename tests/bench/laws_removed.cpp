// laws_removed.cpp — takes one law away at a time and says after how many simulated histories each is missed:
// build/dev/tests/bench_laws_removed [rounds] [most histories a round]
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "tests/simulate/planted.h"

using namespace tidewire::simulate;

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 5;
  const int most = argc > 2 ? std::atoi(argv[2]) : 1000;
  std::printf("| taken away | law | profile | missed after (median, worst of %d) | as |\n|---|---|---|---|---|\n", rounds);
  for (const Planted& planted : planted_bugs()) {
    std::vector<int> after;
    Violation violation;
    for (int round = 0; round < rounds; ++round) {
      const int noticed = noticed_after(planted, 1'000'000u * static_cast<unsigned>(round + 1), most, &violation);
      after.push_back(noticed == 0 ? most + 1 : noticed);
    }
    std::sort(after.begin(), after.end());
    const auto text = [most](int count) { return count > most ? "over " + std::to_string(most) : std::to_string(count); };
    std::printf("| %s | %s | %s | %s, %s | %s |\n", planted.name.c_str(), planted.law.c_str(), planted.profile.name.c_str(), text(after[after.size() / 2]).c_str(), text(after.back()).c_str(), violation.law.c_str());
    std::fflush(stdout);
  }
  return 0;
}
