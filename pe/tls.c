/* SPDX-License-Identifier: MIT
 * The TLS directory (PE format, "The .tls Section"). Its fields are absolute addresses.
 */
#include "pep.h"

enum {
    TLS_DIRECTORY_SIZE = 40,
    OFFSET_START = 0,
    OFFSET_END = 8,
    OFFSET_INDEX = 16,
    OFFSET_CALLBACKS = 24,
    OFFSET_ZERO_FILL = 32,
};

static PE_RULE PepReadTemplate(const PE_IMAGE *Image, const uint8_t *Raw, PE_TLS *Tls)
{
    uint64_t start = PepRead64(Raw + OFFSET_START);
    uint64_t size = PepRead64(Raw + OFFSET_END) - start;
    Tls->ZeroFill = PepRead32(Raw + OFFSET_ZERO_FILL);
    if (size > PEP_MAX_IMAGE_SIZE || size + Tls->ZeroFill > PEP_MAX_IMAGE_SIZE) {
        return PE_RULE_TLS_TEMPLATE;
    }
    if (size != 0 && !PepRvaOfAddress(Image, start, (uint32_t)size, &Tls->TemplateRva)) {
        return PE_RULE_TLS_TEMPLATE;
    }
    Tls->TemplateSize = (uint32_t)size;
    return PE_RULE_NONE;
}

/* Every callback lies in the image, up to the null that ends the list. */
static PE_RULE PepCheckCallbacks(const PE_IMAGE *Image, uint32_t Rva)
{
    for (uint32_t i = 0; i < PEP_MAX_TLS_CALLBACKS; i++) {
        const uint8_t *slot = PepAt(Image, (uint64_t)Rva + (uint64_t)i * 8, 8);
        uint32_t callback;
        if (slot == NULL) {
            return PE_RULE_TLS_CALLBACKS;
        }
        uint64_t address = PepRead64(slot);
        if (address == 0) {
            return PE_RULE_NONE;
        }
        if (!PepRvaOfAddress(Image, address, 1, &callback)) {
            return PE_RULE_TLS_CALLBACKS;
        }
    }
    return PE_RULE_TLS_CALLBACKS;
}

static PE_RULE PepReadTls(const PE_IMAGE *Image, PE_TLS *Tls)
{
    PE_RANGE directory = Image->Directories[PE_DIR_TLS];
    const uint8_t *raw = PepAt(Image, directory.Rva, TLS_DIRECTORY_SIZE);
    if (raw == NULL || directory.Size < TLS_DIRECTORY_SIZE) {
        return PE_RULE_TLS_HEADER;
    }
    *Tls = (PE_TLS){ 0 };
    PE_RULE rule = PepReadTemplate(Image, raw, Tls);
    if (rule != PE_RULE_NONE) {
        return rule;
    }
    uint64_t index = PepRead64(raw + OFFSET_INDEX);
    if (index != 0 && !PepRvaOfAddress(Image, index, 4, &Tls->IndexRva)) {
        return PE_RULE_TLS_INDEX;
    }
    uint64_t callbacks = PepRead64(raw + OFFSET_CALLBACKS);
    if (callbacks == 0) {
        return PE_RULE_NONE;
    }
    if (!PepRvaOfAddress(Image, callbacks, 8, &Tls->CallbacksRva)) {
        return PE_RULE_TLS_CALLBACKS;
    }
    return PepCheckCallbacks(Image, Tls->CallbacksRva);
}

PE_RULE PepCheckTls(const PE_IMAGE *Image)
{
    PE_TLS tls;
    return Image->Directories[PE_DIR_TLS].Size == 0 ? PE_RULE_NONE : PepReadTls(Image, &tls);
}

PE_STATUS PeGetTls(const PE_IMAGE *Image, PE_TLS *Tls)
{
    PE_TLS tls;
    if (Image->Directories[PE_DIR_TLS].Size == 0) {
        return PE_NOT_FOUND;
    }
    PE_RULE rule = PepReadTls(Image, &tls);
    if (rule != PE_RULE_NONE) {
        return PeRuleStatus(rule);
    }
    *Tls = tls;
    return PE_OK;
}
