#include "sql/sqlstate.h"

#include <algorithm>
#include <array>

namespace tidewire::sql {
namespace {

template <typename List, typename What>
bool among(const List& list, const What& what) {
  return std::find(std::begin(list), std::end(list), what) != std::end(list);
}

// The same statement may pass later: broken links, exhausted resources, deadlocks, time limits, shutdowns, faults of the
// server or of its disk.
constexpr std::array<std::string_view, 8> kPassingClasses = {"08", "40", "53", "55", "57", "58", "F0", "XX"};
constexpr std::array<std::string_view, 4> kDenials = {"28000", "28P01", "42501", "0P000"};
constexpr std::string_view kReadOnly = "25006";  // a standby: another server takes its place, or it is promoted

// Where the server's own code says that a plan or a function of the session was made for columns of other types.
constexpr std::array<std::string_view, 4> kPlanChecks = {"RevalidateCachedQuery", "plpgsql_param_eval_recfield", "ExecEvalParamExtern", "CheckVarSlotCompatibility"};

constexpr std::array<unsigned, 8> kMysqlDenials = {1044, 1045, 1142, 1143, 1227, 1370, 1698, 3118};
// 1317, 1969, 3024: the statement was ended, and with it what it had done. 1020, 1412, 1615: a row or a table changed under it.
constexpr std::array<unsigned, 20> kMysqlPassing = {1020, 1021, 1040, 1041, 1152, 1158, 1159, 1160, 1161, 1203,
                                                    1205, 1213, 1226, 1290, 1317, 1412, 1615, 1836, 1969, 3024};
// The session was ended, or its COMMIT failed: no word on whether that was before.
constexpr std::array<unsigned, 3> kMysqlStopped = {1053, 1180, 1927};
// The answer did not come, or not whole. 2006 too: the library learns of a dead link when it writes.
constexpr std::array<unsigned, 5> kMysqlLost = {2006, 2012, 2013, 2014, 2027};

}  // namespace

Code code_of_sqlstate(std::string_view state) {
  if (among(kDenials, state)) return Code::kDenied;
  if (state == kReadOnly || among(kPassingClasses, state.substr(0, 2))) return Code::kUnavailable;
  return Code::kInvalid;
}

bool is_outdated_plan(std::string_view state, std::string_view function) {
  return (state == "0A000" || state == "42804") && among(kPlanChecks, function);
}

Code code_of_mysql(unsigned number, bool sent) {
  if (among(kMysqlDenials, number)) return Code::kDenied;
  if (among(kMysqlPassing, number)) return Code::kUnavailable;
  const bool lost = among(kMysqlStopped, number) || among(kMysqlLost, number);
  if (lost && sent) return Code::kUnknown;
  if (lost || (number >= 2000 && number < 3000)) return Code::kUnavailable;
  return Code::kInvalid;
}

}  // namespace tidewire::sql
