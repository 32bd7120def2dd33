#include "admin/route.h"

namespace tidewire::admin {

std::vector<Parameter> paged(std::vector<Parameter> more) {
  more.push_back({"limit", Parameter::Type::kCount, "at most so many rows, 1 to 1000; default 100"});
  more.push_back({"after", Parameter::Type::kMark, "`next` of the page before, as it was given; what is no such mark is refused (400)"});
  return more;
}

std::vector<const Route*> own_routes() {
  std::vector<const Route*> all;
  for (const auto routes : {open_routes(), session_routes(), account_routes(), read_routes(), history_routes(), alert_routes(), conflict_routes(), act_routes(), job_routes(), link_routes(), explain_routes(), connecting_routes(), connection_routes(), install_routes(), mapping_routes(),
                            event_routes(), trigger_routes(), webhook_routes(), page_routes()}) {
    for (const Route& route : routes) all.push_back(&route);
  }
  return all;
}

std::vector<const Route*> all_routes() {
  std::vector<const Route*> all = own_routes();
  for (const Route& route : alias_routes()) all.push_back(&route);
  return all;
}

}  // namespace tidewire::admin
