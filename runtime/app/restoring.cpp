#include "app/restoring.h"

#include <filesystem>

#include "app/backups.h"
#include "app/project.h"
#include "store/lock.h"

namespace tidewire::app {

Result<store::Restored> restore_state(const std::string& folder, const std::string& environment, const std::string& scripts_folder, const std::string& copy) {
  ScriptFiles files(folder, scripts_folder);
  const Project project = TRY(load_project(folder, environment, files, connector_kinds(folder, scripts_folder)));
  const auto lock = TRY(store::Lock::take(project.state_folder()));
  std::error_code bad;
  std::string path = copy;
  if (path.empty()) {
    const auto copies = backups_in(project.backup_folder());
    if (copies.empty()) return make_error(Code::kNotFound, "no copy in " + project.backup_folder(), "name a file: tidewire restore FILE");
    path = project.backup_folder() + "/" + copies.front();
  } else if (!std::filesystem::exists(path, bad)) {
    path = project.backup_folder() + "/" + copy;
  }
  return store::restore(path, project.state_file(), SystemClock().now());
}

}  // namespace tidewire::app
