# What `cmake --install` puts where, and the Debian package that `cpack` makes of it (examples/deploy/debian).
include(GNUInstallDirs)
set(deploy ${PROJECT_SOURCE_DIR}/examples/deploy)
set(made ${PROJECT_BINARY_DIR}/package)
string(TIMESTAMP package_day "%Y-%m-%d" UTC)
string(TIMESTAMP package_date "%a, %d %b %Y %H:%M:%S +0000" UTC)
set(TIDEWIRE_PACKAGER "Tidewire maintainers <maintainers@tidewire.invalid>" CACHE STRING "who answers for a package: name and address")

# The unit as a package has it: the program is in /usr/bin, variables are in /etc.
file(READ ${deploy}/systemd/tidewire@.service unit)
string(REGEX REPLACE "^(#[^\n]*\n)+" "# One project: /srv/tidewire/NAME, made with `tidewire new`, served by tidewire@NAME.\n" unit "${unit}")
string(REPLACE "/usr/local/bin/tidewire" "/usr/bin/tidewire" unit "${unit}")
string(REPLACE "Type=notify\n" "Type=notify\nEnvironmentFile=-/etc/tidewire/daemon.conf\n" unit "${unit}")
file(WRITE ${made}/tidewire@.service "${unit}")
file(WRITE ${made}/changelog "tidewire (${PROJECT_VERSION}) unstable; urgency=medium\n\n  * Version ${PROJECT_VERSION}.\n\n -- ${TIDEWIRE_PACKAGER}  ${package_date}\n")
configure_file(${deploy}/debian/copyright ${made}/copyright COPYONLY)

install(TARGETS tidewire)
install(FILES ${made}/tidewire@.service DESTINATION lib/systemd/system)
install(FILES ${deploy}/debian/sysusers.conf DESTINATION lib/sysusers.d RENAME tidewire.conf)
install(FILES ${deploy}/debian/daemon.conf DESTINATION /etc/tidewire)
install(FILES ${deploy}/README.md ${deploy}/TROUBLESHOOTING.md ${made}/copyright DESTINATION share/doc/tidewire)
install(DIRECTORY ${deploy}/docker ${deploy}/proxy ${deploy}/prometheus ${deploy}/grafana DESTINATION share/doc/tidewire/examples)
install(FILES ${deploy}/supervisord.conf DESTINATION share/doc/tidewire/examples)
# The manual page is what the program itself says.
install(CODE "
  set(to \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/share\")
  file(MAKE_DIRECTORY \${to}/man/man1 \${to}/doc/tidewire)
  execute_process(COMMAND ${deploy}/debian/man.sh $<TARGET_FILE:tidewire> ${PROJECT_VERSION} ${package_day} COMMAND gzip -9n
                  OUTPUT_FILE \${to}/man/man1/tidewire.1.gz COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND gzip -9nc ${made}/changelog OUTPUT_FILE \${to}/doc/tidewire/changelog.gz COMMAND_ERROR_IS_FATAL ANY)
  file(CHMOD \${to}/man/man1/tidewire.1.gz \${to}/doc/tidewire/changelog.gz PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
")

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME tidewire)
set(CPACK_PACKAGE_VENDOR Tidewire)
set(CPACK_PACKAGE_CONTACT "${TIDEWIRE_PACKAGER}")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "systemd | systemd-standalone-sysusers | systemd-sysusers")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "ca-certificates")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "libmariadb3, nginx | caddy, prometheus")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION TRUE)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${deploy}/debian/postinst ${deploy}/debian/prerm ${deploy}/debian/postrm ${deploy}/debian/conffiles)
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "keeps records in two systems the same
 Tidewire is a small daemon that keeps records of two systems in step, in both
 directions: ERPNext/Frappe, Odoo, Supabase, PostgreSQL, MariaDB, Notion and
 anything with a REST API. What corresponds to what is said in Lua scripts that
 are reloaded when they are saved; conflicts are decided by rules or by a
 person, and every value written can be explained.")
include(CPack)
