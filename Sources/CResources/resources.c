#include "CResources.h"

const unsigned char tenbin_openapi_yaml[] = {
#embed "../../openapi.yaml"
};
const size_t tenbin_openapi_yaml_count = sizeof tenbin_openapi_yaml;

const unsigned char tenbin_dashboard_html[] = {
#embed "dashboard.html"
};
const size_t tenbin_dashboard_html_count = sizeof tenbin_dashboard_html;
