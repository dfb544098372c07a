/* SPDX-License-Identifier: MIT
 * Binding boot images against each other. Forwarders are followed from module to module, boundedly: hostile files may
 * forward in circles.
 */
#include "allocate.h"
#include "fail.h"
#include "images.h"
#include "text.h"

#define MAX_FORWARDS 8
#define MAX_MODULE_NAME 64

typedef struct BINDING {
    const BOOT_IMAGES *Images;
    const BOOT_IMAGE *Importer;
} BINDING;

static const BOOT_IMAGE *FindImage(const BOOT_IMAGES *Images, const char *Module)
{
    for (uint32_t i = 0; i < Images->Count; i++) {
        if (TextModuleEqual(Images->Images[i].Name, Module)) {
            return &Images->Images[i];
        }
    }
    return NULL;
}

static bool FindExport(const BOOT_IMAGES *Images, const PE_IMPORT *Import, uint64_t *Address)
{
    char module[MAX_MODULE_NAME];
    const BOOT_IMAGE *image = FindImage(Images, Import->Module);
    const char *name = Import->Name;
    uint32_t ordinal = Import->Ordinal;

    for (int i = 0; i < MAX_FORWARDS && image != NULL; i++) {
        PE_EXPORT export;
        PE_STATUS status = name != NULL ? PeFindExportByName(&image->Mapped, name, &export)
                                        : PeFindExportByOrdinal(&image->Mapped, ordinal, &export);

        if (status != PE_OK) {
            return false;
        }
        if (export.Forwarder == NULL) {
            *Address = image->Base + export.Rva;
            return true;
        }
        if (PeSplitForwarder(export.Forwarder, module, sizeof(module), &name, &ordinal) != PE_OK) {
            return false;
        }
        image = FindImage(Images, module);
    }
    return false;
}

/* PE_RESOLVE. Kernel and HAL must be complete; what a driver misses is for the kernel to trap. */
static bool ResolveImport(void *Context, const PE_IMPORT *Import, uint64_t *Address)
{
    const BINDING *binding = Context;

    if (FindExport(binding->Images, Import, Address)) {
        return true;
    }
    *Address = 0;
    return (binding->Importer->Flags & (LOADER_IMAGE_KERNEL | LOADER_IMAGE_HAL)) == 0;
}

static _Noreturn void RefuseBinding(const BOOT_IMAGE *Image, PE_STATUS Status, const PE_IMPORT *Failed)
{
    char ordinal[16];

    if (Status != PE_UNRESOLVED) {
        FailBoot("%s cannot be bound: %s; copy or build the file again", Image->Path, PeStatusText(Status));
    }
    TextFormat(ordinal, sizeof(ordinal), "ordinal %llu", (unsigned long long)Failed->Ordinal);
    FailBoot("%s imports %s from %s, which no boot image exports; build the kernel and the HAL again, together", Image->Path,
             Failed->Name != NULL ? Failed->Name : ordinal, Failed->Module);
}

/* SplitMix64's finaliser: every image gets its own cookie from one seed. */
static uint64_t Scramble(uint64_t Value)
{
    Value = (Value ^ Value >> 30) * 0xBF58476D1CE4E5B9ull;
    Value = (Value ^ Value >> 27) * 0x94D049BB133111EBull;
    return Value ^ Value >> 31;
}

void BindImages(BOOT_IMAGES *Images, uint64_t CookieSeed)
{
    for (uint32_t i = 0; i < Images->Count; i++) {
        BOOT_IMAGE *image = &Images->Images[i];
        BINDING binding = { Images, image };
        PE_IMPORT failed = { 0 };
        PE_STATUS status = PeBindImports(&image->Mapped, ResolveImport, &binding, &failed);

        if (status != PE_OK) {
            RefuseBinding(image, status, &failed);
        }
        status = PeSeedSecurityCookie(&image->Mapped, Scramble(CookieSeed + i * 0x9E3779B97F4A7C15ull));
        if (status != PE_OK && status != PE_NOT_FOUND) {
            RefuseBinding(image, status, &failed);
        }
    }
}
