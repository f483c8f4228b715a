# Checks that the plugin can be loaded by every LLDB it is meant for: it needs only LLDB functions that the oldest one has
# (sb_baseline.txt; weak references are optional and not checked), no library beyond libc's family and libgcc_s, and
# exports nothing but its entry point.
cmake_minimum_required(VERSION 3.22)

function(run output)
  execute_process(COMMAND ${ARGN} OUTPUT_VARIABLE text RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "failed: ${ARGN}")
  endif()
  string(REPLACE ";" "," text "${text}")
  string(REPLACE "\n" ";" lines "${text}")
  set(${output} "${lines}" PARENT_SCOPE)
endfunction()

file(STRINGS ${BASELINE} baseline REGEX "^[^#]")
set(bad "")

run(undefined ${NM} -D -u ${PLUGIN})
foreach(line IN LISTS undefined)
  if(line MATCHES "^ +U (_ZNK?4lldb[^@]*)" AND NOT CMAKE_MATCH_1 IN_LIST baseline)
    list(APPEND bad "not in LLDB 14: ${CMAKE_MATCH_1}")
  endif()
endforeach()

run(dynamic ${READELF} -d ${PLUGIN})
foreach(line IN LISTS dynamic)
  if(line MATCHES "NEEDED.*\\[(.*)\\]" AND
     NOT CMAKE_MATCH_1 MATCHES "^(libc|libm|libgcc_s|ld-linux-x86-64|libpthread|libdl|librt)\\.so")
    list(APPEND bad "needs the library ${CMAKE_MATCH_1}")
  endif()
endforeach()

run(defined ${NM} -D --defined-only ${PLUGIN})
foreach(line IN LISTS defined)
  if(line AND NOT line MATCHES " T _ZN4lldb16PluginInitializeENS_10SBDebuggerE$")
    list(APPEND bad "exports: ${line}")
  endif()
endforeach()

if(bad)
  list(JOIN bad "\n  " bad)
  message(FATAL_ERROR "the plugin\n  ${bad}")
endif()
