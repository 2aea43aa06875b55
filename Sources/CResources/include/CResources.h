#pragma once

#include <stddef.h>

// The files that the binary carries. The compiler embeds them byte for byte, which takes no time, where a Swift array
// literal of the same size takes minutes.

extern const unsigned char tenbin_openapi_yaml[];
extern const size_t tenbin_openapi_yaml_count;
extern const unsigned char tenbin_dashboard_html[];
extern const size_t tenbin_dashboard_html_count;
