#include "CResources.h"

static const unsigned char openapi_yaml[] = {
#embed "../../openapi.yaml"
};

static const unsigned char openapi_json[] = {
#embed "../../openapi.json"
};

static const unsigned char dashboard_html[] = {
#embed "dashboard.html"
};

struct tenbin_resource tenbin_openapi_yaml(void) {
    return (struct tenbin_resource){openapi_yaml, sizeof openapi_yaml};
}

struct tenbin_resource tenbin_openapi_json(void) {
    return (struct tenbin_resource){openapi_json, sizeof openapi_json};
}

struct tenbin_resource tenbin_dashboard_html(void) {
    return (struct tenbin_resource){dashboard_html, sizeof dashboard_html};
}
