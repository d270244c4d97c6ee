# The compiler is clang: g++ 12 frees aggregates twice when they are built inside a co_await expression.
if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang" OR CMAKE_CXX_COMPILER_VERSION VERSION_LESS 19)
  message(FATAL_ERROR "klink needs clang 19 or newer (found ${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}): "
                      "use a preset (cmake --preset dev) or ./x build. GCC 12 miscompiles the coroutines.")
endif()

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

add_compile_options(-Wall -Wextra -Wnon-virtual-dtor -Woverloaded-virtual -Wshadow-uncaptured-local -Werror)
add_compile_options(-msse4.2)  # the CRC-32C instruction; every x86-64 server since 2009
# Checked standard containers in every build: what release stops on, dev and asan stop on first.
add_compile_definitions(_GLIBCXX_ASSERTIONS)
add_compile_definitions(BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_HAS_STD_INVOKE_RESULT)
add_link_options(-fuse-ld=lld-19)

set(KLINK_SANITIZE "" CACHE STRING "address,undefined | thread | empty")
option(KLINK_HARDEN "Hardening flags" OFF)
option(KLINK_FUZZ "Build the libFuzzer binary" OFF)
if(KLINK_SANITIZE)
  add_compile_options(-fsanitize=${KLINK_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${KLINK_SANITIZE})
endif()
if(KLINK_HARDEN)
  add_compile_options(-fstack-protector-strong -fstack-clash-protection -fcf-protection=full -U_FORTIFY_SOURCE
                      -D_FORTIFY_SOURCE=3 -fPIE -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)
  add_link_options(-pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--build-id=sha1)
endif()
