/* SPDX-License-Identifier: MIT
 * All directories at once, for reports and for loaders that want to say more than "it loaded".
 */
#include "pep.h"

typedef PE_RULE DIRECTORY_CHECK(const PE_IMAGE *Image);

PE_STATUS PeCheck(const PE_IMAGE *Image, PE_RULE *Rule)
{
    static DIRECTORY_CHECK *const checks[] = {
        PepCheckRelocations, PepCheckImports, PepCheckDelayImports, PepCheckExports, PepCheckExceptions,
        PepCheckLoadConfig, PepCheckTls, PepCheckResources, PepCheckDebug,
    };
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        PE_RULE rule = checks[i](Image);
        if (rule == PE_RULE_NONE) {
            continue;
        }
        if (Rule != NULL) {
            *Rule = rule;
        }
        return checks[i] == PepCheckDelayImports ? PepDelayStatus(rule) : PeRuleStatus(rule);
    }
    if (Rule != NULL) {
        *Rule = PE_RULE_NONE;
    }
    return PE_OK;
}
