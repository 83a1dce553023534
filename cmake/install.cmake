# Where everything goes. With the prefix /usr, as in a package, the places are those that systemd, man and the shells look
# at; under another prefix they look there only when they are told to.

set(TIDEMARK_UNIT_DIR lib/systemd/system CACHE PATH "Where systemd's units go")
set(TIDEMARK_SYSUSERS_DIR lib/sysusers.d CACHE PATH "Where systemd's users go")
set(TIDEMARK_TMPFILES_DIR lib/tmpfiles.d CACHE PATH "Where systemd's directories go")
set(examples_dir ${CMAKE_INSTALL_DOCDIR}/examples)
set(share_dir ${CMAKE_INSTALL_DATADIR}/tidemark)

install(TARGETS tidemarkd DESTINATION ${CMAKE_INSTALL_SBINDIR})
install(TARGETS tidemark DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS tidemark-parser DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/tidemark)

# The prefix that the unit's lines name is known when it is installed.
install(CODE "
  set(TIDEMARKD \${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_SBINDIR}/tidemarkd)
  set(TIDEMARK \${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}/tidemark)
  configure_file(${PROJECT_SOURCE_DIR}/systemd/tidemark.service ${PROJECT_BINARY_DIR}/systemd/tidemark.service @ONLY)")
install(FILES ${PROJECT_BINARY_DIR}/systemd/tidemark.service systemd/tidemark.socket systemd/tidemark-http.socket
  DESTINATION ${TIDEMARK_UNIT_DIR})
install(FILES systemd/tidemark.sysusers DESTINATION ${TIDEMARK_SYSUSERS_DIR} RENAME tidemark.conf)
install(FILES systemd/tidemark.tmpfiles DESTINATION ${TIDEMARK_TMPFILES_DIR} RENAME tidemark.conf)

install(FILES config/tidemark.schema.json DESTINATION ${share_dir})
install(FILES config/tidemark.example.yaml systemd/drop-in.conf DESTINATION ${examples_dir})
foreach(folder grafana prometheus runbooks)
  if(IS_DIRECTORY ${PROJECT_SOURCE_DIR}/deploy/${folder})
    install(DIRECTORY deploy/${folder} DESTINATION ${share_dir})
  endif()
endforeach()
install(FILES README.md CHANGELOG.md LICENSE deploy/STATEMENTS.md DESTINATION ${CMAKE_INSTALL_DOCDIR})

foreach(page man1/tidemark.1 man5/tidemark.yaml.5 man8/tidemarkd.8)
  get_filename_component(section ${page} DIRECTORY)
  get_filename_component(name ${page} NAME)
  install(FILES man/${name} DESTINATION ${CMAKE_INSTALL_MANDIR}/${section})
endforeach()

# The client itself knows what there is to complete.
set(completions)
foreach(shell bash zsh fish)
  set(script ${PROJECT_BINARY_DIR}/completions/tidemark.${shell})
  add_custom_command(OUTPUT ${script}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${PROJECT_BINARY_DIR}/completions
    COMMAND $<TARGET_FILE:tidemark> completion ${shell} > ${script}
    DEPENDS tidemark VERBATIM)
  list(APPEND completions ${script})
endforeach()
add_custom_target(completions ALL DEPENDS ${completions})
install(FILES ${PROJECT_BINARY_DIR}/completions/tidemark.bash
  DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME tidemark)
install(FILES ${PROJECT_BINARY_DIR}/completions/tidemark.zsh
  DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions RENAME _tidemark)
install(FILES ${PROJECT_BINARY_DIR}/completions/tidemark.fish
  DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
