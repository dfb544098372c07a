/* SPDX-License-Identifier: MIT
 * Binding: the address of each import goes to its slot. The walk of import.c has checked the slot when it calls.
 */
#include "pep.h"

typedef struct BINDING {
    PE_IMAGE *Mapped;
    PE_RESOLVE *Resolve;
    void *Context;
    PE_IMPORT *Failed;
    bool Unresolved;
} BINDING;

static bool PepBindOne(void *Context, const PE_IMPORT *Import)
{
    BINDING *binding = Context;
    uint64_t address;
    if (!binding->Resolve(binding->Context, Import, &address)) {
        binding->Unresolved = true;
        if (binding->Failed != NULL) {
            *binding->Failed = *Import;
        }
        return false;
    }
    PepWrite64(PepWritable(binding->Mapped, Import->SlotRva), address);
    return true;
}

PE_STATUS PeBindImports(PE_IMAGE *Mapped, PE_RESOLVE *Resolve, void *Context, PE_IMPORT *Failed)
{
    if (Mapped->Layout != PE_LAYOUT_MAPPED) {
        return PE_WRONG_LAYOUT;
    }
    BINDING binding = { Mapped, Resolve, Context, Failed, false };
    uint32_t index = 0;
    PE_RULE rule = PepWalkImports(Mapped, false, PepBindOne, &binding, &index);
    PE_STATUS status = PeRuleStatus(rule);
    if (status == PE_OK && !binding.Unresolved) {
        rule = PepWalkImports(Mapped, true, PepBindOne, &binding, &index);
        status = PepDelayStatus(rule);
    }
    if (rule != PE_RULE_NONE) {
        Mapped->Rule = rule;
    }
    return binding.Unresolved ? PE_UNRESOLVED : status;
}
