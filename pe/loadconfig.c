/* SPDX-License-Identifier: MIT
 * The load configuration (PE format, "The Load Configuration Structure"): stack cookie and control flow guard. Its own Size field,
 * not the directory's, says which fields there are; older images have fewer.
 */
#include "pep.h"

enum {
    OFFSET_COOKIE = 0x58,
    OFFSET_GUARD_CHECK = 0x70,
    OFFSET_GUARD_DISPATCH = 0x78,
    OFFSET_GUARD_FLAGS = 0x90,
    POINTER_SIZE = 8,
};

#define DEFAULT_COOKIE 0x00002B992DDFA232ull
#define COOKIE_MASK 0x0000FFFFFFFFFFFFull

/* The RVA behind the pointer at Offset, 0 when the field is not there or null. False when it points out of the image. */
static bool PepPointerField(const PE_IMAGE *Image, const uint8_t *Raw, uint32_t Size, uint32_t Offset, uint32_t *Rva)
{
    *Rva = 0;
    if (Size < Offset + POINTER_SIZE) {
        return true;
    }
    uint64_t address = PepRead64(Raw + Offset);
    return address == 0 || PepRvaOfAddress(Image, address, POINTER_SIZE, Rva);
}

static PE_RULE PepReadLoadConfig(const PE_IMAGE *Image, PE_LOAD_CONFIG *Config)
{
    uint32_t rva = Image->Directories[PE_DIR_LOAD_CONFIG].Rva;
    const uint8_t *raw = PepAt(Image, rva, 4);
    if (raw == NULL) {
        return PE_RULE_LOAD_CONFIG_SIZE;
    }
    Config->Size = PepRead32(raw);
    Config->GuardFlags = 0;
    if (PepAt(Image, rva, Config->Size) == NULL) {
        return PE_RULE_LOAD_CONFIG_SIZE;
    }
    if (!PepPointerField(Image, raw, Config->Size, OFFSET_COOKIE, &Config->SecurityCookieRva)) {
        return PE_RULE_LOAD_CONFIG_COOKIE;
    }
    if (!PepPointerField(Image, raw, Config->Size, OFFSET_GUARD_CHECK, &Config->GuardCheckSlotRva)
        || !PepPointerField(Image, raw, Config->Size, OFFSET_GUARD_DISPATCH, &Config->GuardDispatchSlotRva)) {
        return PE_RULE_LOAD_CONFIG_GUARD;
    }
    if (Config->Size >= OFFSET_GUARD_FLAGS + 4) {
        Config->GuardFlags = PepRead32(raw + OFFSET_GUARD_FLAGS);
    }
    return PE_RULE_NONE;
}

PE_RULE PepCheckLoadConfig(const PE_IMAGE *Image)
{
    PE_LOAD_CONFIG config;
    return Image->Directories[PE_DIR_LOAD_CONFIG].Size == 0 ? PE_RULE_NONE : PepReadLoadConfig(Image, &config);
}

PE_STATUS PeGetLoadConfig(const PE_IMAGE *Image, PE_LOAD_CONFIG *Config)
{
    PE_LOAD_CONFIG config;
    if (Image->Directories[PE_DIR_LOAD_CONFIG].Size == 0) {
        return PE_NOT_FOUND;
    }
    PE_RULE rule = PepReadLoadConfig(Image, &config);
    if (rule != PE_RULE_NONE) {
        return PeRuleStatus(rule);
    }
    *Config = config;
    return PE_OK;
}

PE_STATUS PeSeedSecurityCookie(PE_IMAGE *Mapped, uint64_t Entropy)
{
    PE_LOAD_CONFIG config;
    if (Mapped->Layout != PE_LAYOUT_MAPPED) {
        return PE_WRONG_LAYOUT;
    }
    PE_STATUS status = PeGetLoadConfig(Mapped, &config);
    if (status != PE_OK) {
        return status;
    }
    if (config.SecurityCookieRva == 0) {
        return PE_NOT_FOUND;
    }
    uint64_t cookie = Entropy & COOKIE_MASK;
    if (cookie == 0 || cookie == DEFAULT_COOKIE) {
        cookie = DEFAULT_COOKIE + 1;
    }
    uint8_t *slot = PepWritable(Mapped, config.SecurityCookieRva);
    if (PepRead64(slot) == DEFAULT_COOKIE) {
        PepWrite64(slot, cookie);
    }
    return PE_OK;
}

PE_STATUS PeSetGuardPointers(PE_IMAGE *Mapped, uint64_t Check, uint64_t Dispatch)
{
    PE_LOAD_CONFIG config;
    if (Mapped->Layout != PE_LAYOUT_MAPPED) {
        return PE_WRONG_LAYOUT;
    }
    PE_STATUS status = PeGetLoadConfig(Mapped, &config);
    if (status != PE_OK) {
        return status;
    }
    if (config.GuardCheckSlotRva == 0 && config.GuardDispatchSlotRva == 0) {
        return PE_NOT_FOUND;
    }
    if (config.GuardCheckSlotRva != 0 && Check != 0) {
        PepWrite64(PepWritable(Mapped, config.GuardCheckSlotRva), Check);
    }
    if (config.GuardDispatchSlotRva != 0 && Dispatch != 0) {
        PepWrite64(PepWritable(Mapped, config.GuardDispatchSlotRva), Dispatch);
    }
    return PE_OK;
}
