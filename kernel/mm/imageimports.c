/* SPDX-License-Identifier: MIT
 * Images that other images import from: kept loaded as long as one does, told so by DllInitialize and DllUnload.
 *
 * Loading and unloading happen on one thread at a time (the lab's), which alone changes Imports and DllInitialized.
 */
#include "image.h"

#define MI_SERVICES L"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\"

typedef NTSTATUS NTAPI MI_DLL_INITIALIZE(PUNICODE_STRING RegistryPath);
typedef NTSTATUS NTAPI MI_DLL_UNLOAD(VOID);

static bool MiNoteImport(void *Context, const PE_IMPORT *Import)
{
    MM_IMAGE *image = Context, *owner = MmFindImage(Import->Module);
    ULONG i;

    if (owner == NULL || owner == image || owner->LoadedByLoader)
        return true;
    for (i = 0; i < image->ImportCount; i++)
        if (image->Imports[i] == owner)
            return true;
    if (image->ImportCount == MM_IMAGE_IMPORTS)
        return false;
    InterlockedIncrement(&owner->References);
    image->Imports[image->ImportCount++] = owner;
    return true;
}

VOID MiReferenceImports(MM_IMAGE *Image) { PeEnumerateImports(&Image->Pe, MiNoteImport, Image); }

VOID MiReleaseImports(MM_IMAGE *Image)
{
    while (Image->ImportCount != 0)
        MmUnloadSystemImage(Image->Imports[--Image->ImportCount]);
}

/* The service's name is the file's without its extension. */
static NTSTATUS MiInitializeDll(MM_IMAGE *Image)
{
    MI_DLL_INITIALIZE *routine = (MI_DLL_INITIALIZE *)MmFindExport(Image, "DllInitialize", 0);
    WCHAR path[RTL_NUMBER_OF(MI_SERVICES) + RTL_NUMBER_OF(Image->AnsiName)] = MI_SERVICES;
    UNICODE_STRING name = { 0, sizeof(path), path };
    ULONG length = RTL_NUMBER_OF(MI_SERVICES) - 1, i;

    Image->DllInitialized = TRUE;
    if (routine == NULL)
        return STATUS_SUCCESS;
    for (i = 0; Image->AnsiName[i] != '\0' && Image->AnsiName[i] != '.'; i++)
        path[length++] = (UCHAR)Image->AnsiName[i];
    name.Length = (USHORT)(length * sizeof(WCHAR));
    return routine(&name);
}

NTSTATUS MmInitializeImports(MM_IMAGE *Image)
{
    NTSTATUS status = STATUS_SUCCESS;
    ULONG i;

    for (i = 0; NT_SUCCESS(status) && i < Image->ImportCount; i++)
        if (!Image->Imports[i]->DllInitialized)
            status = MiInitializeDll(Image->Imports[i]);
    return status;
}

VOID MiUnloadDll(MM_IMAGE *Image)
{
    MI_DLL_UNLOAD *routine = Image->DllInitialized ? (MI_DLL_UNLOAD *)MmFindExport(Image, "DllUnload", 0) : NULL;

    Image->DllInitialized = FALSE;
    if (routine != NULL)
        routine();
}
