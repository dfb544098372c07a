# SPDX-License-Identifier: MIT
# The PE library's sources, for the loader, the kernel and the host build.
set(PE_SOURCES
    ${CMAKE_CURRENT_LIST_DIR}/bind.c
    ${CMAKE_CURRENT_LIST_DIR}/check.c
    ${CMAKE_CURRENT_LIST_DIR}/debug.c
    ${CMAKE_CURRENT_LIST_DIR}/directories.c
    ${CMAKE_CURRENT_LIST_DIR}/exception.c
    ${CMAKE_CURRENT_LIST_DIR}/export.c
    ${CMAKE_CURRENT_LIST_DIR}/forwarder.c
    ${CMAKE_CURRENT_LIST_DIR}/import.c
    ${CMAKE_CURRENT_LIST_DIR}/loadconfig.c
    ${CMAKE_CURRENT_LIST_DIR}/map.c
    ${CMAKE_CURRENT_LIST_DIR}/parse.c
    ${CMAKE_CURRENT_LIST_DIR}/relocate.c
    ${CMAKE_CURRENT_LIST_DIR}/resource.c
    ${CMAKE_CURRENT_LIST_DIR}/rules.c
    ${CMAKE_CURRENT_LIST_DIR}/sections.c
    ${CMAKE_CURRENT_LIST_DIR}/tls.c)
