/* SPDX-License-Identifier: MIT
 * Forwarder strings: "NTOSKRNL.KeStallExecutionProcessor", "module.#12" (PE format, "Export Address Table").
 */
#include "pep.h"

enum { EXTENSION_SIZE = 4, MAX_ORDINAL = 0xFFFF };

/* Length of the module part without an extension that only images have. */
static size_t PepTrimExtension(const char *Module, size_t Length)
{
    static const char extensions[][EXTENSION_SIZE + 1] = { ".dll", ".sys", ".exe" };
    for (size_t i = 0; Length > EXTENSION_SIZE && i < sizeof(extensions) / sizeof(extensions[0]); i++) {
        size_t match = 0;
        while (match < EXTENSION_SIZE && PepLower(Module[Length - EXTENSION_SIZE + match]) == extensions[i][match]) {
            match++;
        }
        if (match == EXTENSION_SIZE) {
            return Length - EXTENSION_SIZE;
        }
    }
    return Length;
}

static bool PepParseOrdinal(const char *Digits, uint32_t *Ordinal)
{
    uint32_t value = 0;
    for (size_t i = 0; Digits[i] != 0; i++) {
        if (Digits[i] < '0' || Digits[i] > '9') {
            return false;
        }
        value = value * 10 + (uint32_t)(Digits[i] - '0');
        if (value > MAX_ORDINAL) {
            return false;
        }
    }
    *Ordinal = value;
    return Digits[0] != 0;
}

PE_STATUS PeSplitForwarder(const char *Forwarder, char *Module, size_t ModuleSize, const char **Name, uint32_t *Ordinal)
{
    size_t dot = 0;
    size_t length = 0;
    for (; Forwarder[length] != 0; length++) {
        if (Forwarder[length] == '.') {
            dot = length;
        }
    }
    if (dot == 0 || dot + 1 >= length) {
        return PE_BAD_EXPORT;
    }
    uint32_t ordinal = 0;
    bool byOrdinal = Forwarder[dot + 1] == '#';
    if (byOrdinal && !PepParseOrdinal(Forwarder + dot + 2, &ordinal)) {
        return PE_BAD_EXPORT;
    }
    size_t moduleLength = PepTrimExtension(Forwarder, dot);
    if (moduleLength >= ModuleSize) {
        return PE_TOO_SMALL;
    }
    PepCopy((uint8_t *)Module, (const uint8_t *)Forwarder, moduleLength);
    Module[moduleLength] = 0;
    *Name = byOrdinal ? NULL : Forwarder + dot + 1;
    *Ordinal = ordinal;
    return PE_OK;
}
