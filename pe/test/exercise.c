/* SPDX-License-Identifier: MIT
 * Copies of exactly the right size let AddressSanitizer see the first byte too many.
 */
#include "exercise.h"

#include <stdlib.h>
#include <string.h>

#define MAX_MAPPED (8u << 20)    /* larger claims are parsed, not mapped */
#define LOOKUPS 8

/* Reads what a pointer promises, so that a wrong one is caught. */
static volatile size_t Sink;

static void Touch(const char *Text)
{
    if (Text != NULL) {
        Sink += strlen(Text);
    }
}

static bool SeeImport(void *Context, const PE_IMPORT *Import)
{
    (void)Context;
    Touch(Import->Module);
    Touch(Import->Name);
    return true;
}

static bool SeeExport(void *Context, const char *Name, const PE_EXPORT *Export)
{
    const char *name;
    uint32_t ordinal;
    char module[16];
    RANDOM *random = Context;
    Touch(Name);
    Touch(Export->Forwarder);
    if (Export->Forwarder != NULL && PeSplitForwarder(Export->Forwarder, module, sizeof(module), &name, &ordinal) == PE_OK) {
        Touch(module);
        Touch(name);
    }
    return Below(random, 1024) != 0;
}

static bool Resolve(void *Context, const PE_IMPORT *Import, uint64_t *Address)
{
    RANDOM *random = Context;
    SeeImport(NULL, Import);
    *Address = NextRandom(random) | 0x0101010101010101ull;    /* no NUL in it, for slots that lie over strings */
    return Below(random, 512) != 0;
}

static void Find(const PE_IMAGE *Image, RANDOM *Random)
{
    static const char *const names[] = { "Alpha", "Forward", "DriverEntry", "", "zzz" };
    PE_EXPORT found;
    PE_RANGE data;
    for (uint32_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (PeFindExportByName(Image, names[i], &found) == PE_OK) {
            Touch(found.Forwarder);
        }
        (void)PeFindExportByOrdinal(Image, Below(Random, 16), &found);
    }
    for (uint32_t i = 0; i < LOOKUPS; i++) {
        const PE_RUNTIME_FUNCTION *function = PeFindRuntimeFunction(Image, Below(Random, Image->SizeOfImage));
        Sink += function != NULL ? function->UnwindRva : 0;
        uint32_t size = Below(Random, 64);
        const uint8_t *bytes = PeAtRva(Image, Below(Random, Image->SizeOfImage), size);
        Sink += bytes != NULL && size != 0 ? bytes[size - 1] : 0;
    }
    (void)PeFindResource(Image, (PE_RESOURCE_ID){ NULL, 16 }, (PE_RESOURCE_ID){ NULL, 1 }, &data);
    (void)PeFindResource(Image, (PE_RESOURCE_ID){ "CONFIG", 0 }, (PE_RESOURCE_ID){ NULL, 1 }, &data);
}

static void Look(const PE_IMAGE *Image, RANDOM *Random, PE_RULE *Rule)
{
    PE_LOAD_CONFIG config;
    PE_TLS tls;
    PE_CODEVIEW codeView;
    (void)PeCheck(Image, Rule);
    (void)PeEnumerateImports(Image, SeeImport, NULL);
    (void)PeEnumerateDelayImports(Image, SeeImport, NULL);
    (void)PeEnumerateExports(Image, SeeExport, Random);
    Touch(PeExportModuleName(Image));
    (void)PeGetLoadConfig(Image, &config);
    (void)PeGetTls(Image, &tls);
    if (PeGetCodeView(Image, &codeView) == PE_OK) {
        Touch(codeView.PdbPath);
    }
    Find(Image, Random);
}

static void Change(PE_IMAGE *Mapped, RANDOM *Random)
{
    PE_IMPORT failed;
    (void)PeRelocate(Mapped, NextRandom(Random) & ~(uint64_t)0xFFF);
    (void)PeSeedSecurityCookie(Mapped, NextRandom(Random));
    (void)PeSetGuardPointers(Mapped, NextRandom(Random), NextRandom(Random));
    if (PeBindImports(Mapped, Resolve, Random, &failed) == PE_UNRESOLVED) {
        Touch(failed.Module);
    }
}

/* As a hostile driver would, under a view that was taken before. */
static void Overwrite(uint8_t *Memory, uint32_t Size, const PE_IMAGE *Mapped, RANDOM *Random)
{
    for (uint32_t i = 0; i < 32; i++) {
        PE_RANGE directory = Mapped->Directories[Below(Random, PE_DIR_COUNT)];
        uint32_t start = directory.Size != 0 && directory.Rva < Size ? directory.Rva : Below(Random, Size);
        uint32_t at = start + Below(Random, 64);
        if (at < Size) {
            Memory[at] = (uint8_t)NextRandom(Random);
        }
    }
}

static void ExerciseMapped(const PE_IMAGE *Image, RANDOM *Random)
{
    PE_RULE rule;
    PE_IMAGE mapped;
    PE_IMAGE again;
    uint8_t *memory = malloc(Image->SizeOfImage);
    if (memory == NULL) {
        return;
    }
    if (PeMap(Image, memory, Image->SizeOfImage, &mapped) == PE_OK) {
        Look(&mapped, Random, &rule);
        Change(&mapped, Random);
        Look(&mapped, Random, &rule);
        Overwrite(memory, Image->SizeOfImage, &mapped, Random);
        Look(&mapped, Random, &rule);
        Change(&mapped, Random);
        if (PeParse(memory, Image->SizeOfImage, PE_LAYOUT_MAPPED, NULL, &again) == PE_OK) {
            Look(&again, Random, &rule);
        }
    }
    free(memory);
}

PE_STATUS Exercise(const uint8_t *Bytes, size_t Size, RANDOM *Random, PE_RULE *Rule)
{
    PE_IMAGE image;
    PE_RULE rule;
    uint8_t *copy = malloc(Size == 0 ? 1 : Size);
    if (copy == NULL) {
        abort();
    }
    if (Size != 0) {
        memcpy(copy, Bytes, Size);
    }
    if (PeParse(copy, Size, PE_LAYOUT_MAPPED, NULL, &image) == PE_OK) {
        Look(&image, Random, &rule);
    }
    PE_STATUS status = PeParse(copy, Size, PE_LAYOUT_FILE, NULL, &image);
    *Rule = image.Rule;
    if (status == PE_OK) {
        Look(&image, Random, Rule);
        if (image.SizeOfImage <= MAX_MAPPED) {
            ExerciseMapped(&image, Random);
        }
    }
    free(copy);
    return status;
}
