// The version of this program, as CMake knows it.
#pragma once

namespace klink {
inline constexpr char kVersion[] = KLINK_VERSION;
}
