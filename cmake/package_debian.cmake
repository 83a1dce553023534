# Run by CPack on the tree that becomes the package: what Debian wants otherwise than `cmake --install` leaves it.

set(share ${CPACK_TEMPORARY_DIRECTORY}/usr/share)
set(doc ${share}/doc/tidemark)
set(debian ${CPACK_TIDEMARK_SOURCE_DIR}/deploy/debian)

file(REMOVE ${doc}/LICENSE) # in copyright by reference
# Not INSTALL: CPack has set DESTDIR, and these paths have it already.
set(readable FILE_PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
file(COPY ${debian}/copyright ${debian}/README.Debian DESTINATION ${doc} ${readable})
file(RENAME ${doc}/CHANGELOG.md ${doc}/changelog)
string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)
file(WRITE ${doc}/changelog.Debian
  "tidemark (${CPACK_PACKAGE_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE}) bookworm; urgency=medium\n\n"
  "  * What changes for operators is in changelog.gz.\n\n"
  " -- ${CPACK_PACKAGE_CONTACT}  ${date}\n")
foreach(file man/man1/tidemark.1 man/man5/tidemark.yaml.5 man/man8/tidemarkd.8 doc/tidemark/changelog doc/tidemark/changelog.Debian)
  execute_process(COMMAND gzip -9nf ${share}/${file} COMMAND_ERROR_IS_FATAL ANY)
endforeach()
file(MAKE_DIRECTORY ${share}/lintian)
file(COPY ${debian}/lintian-overrides DESTINATION ${share}/lintian ${readable})
file(MAKE_DIRECTORY ${share}/lintian/overrides)
file(RENAME ${share}/lintian/lintian-overrides ${share}/lintian/overrides/tidemark)
