#pragma once

#include <stddef.h>

// The files that the binary carries. The compiler embeds them byte for byte, which takes no time, where a Swift array
// literal of the same size takes minutes.

struct tenbin_resource {
    const unsigned char *bytes;
    size_t count;
};

struct tenbin_resource tenbin_openapi_yaml(void);
struct tenbin_resource tenbin_openapi_json(void);
struct tenbin_resource tenbin_dashboard_html(void);
