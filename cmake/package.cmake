# The Debian package: `cpack -G DEB` in a build folder. What depends on Debian's ways is in deploy/debian.

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME tidemark)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "The tidemark authors <tidemark@tidemark.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "ledger of schema migrations and watch for drift")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"tidemark keeps one ledger of every schema migration across all environments
of an application, and watches its PostgreSQL databases for drift. It stands
beside the migration tool: it reads its ledger, verifies it with the tool's
own arithmetic, and never writes where it may not.

This package contains the daemon tidemarkd with its systemd units, and the
client tidemark.")
set(CPACK_DEBIAN_PACKAGE_SECTION database)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS
  "systemd | systemd-standalone-sysusers, systemd | systemd-standalone-tmpfiles, ca-certificates")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  ${PROJECT_SOURCE_DIR}/deploy/debian/preinst
  ${PROJECT_SOURCE_DIR}/deploy/debian/postinst
  ${PROJECT_SOURCE_DIR}/deploy/debian/prerm
  ${PROJECT_SOURCE_DIR}/deploy/debian/postrm)
set(CPACK_STRIP_FILES ON)
# The prefix as the installed files see it: the unit has it in its lines.
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/cmake/package_debian.cmake)
set(CPACK_TIDEMARK_SOURCE_DIR ${PROJECT_SOURCE_DIR})
include(CPack)
