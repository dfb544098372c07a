/* SPDX-License-Identifier: MIT
 * The initial namespace.
 *
 *   \                 \Device  \Driver  \FileSystem  \ObjectTypes  \KernelObjects  \Callback  \BaseNamedObjects  \Security
 *                     \GLOBAL??
 *                     \Sessions  \Sessions\0  \Sessions\BNOLINKS
 *   \??, \DosDevices  -> \GLOBAL??
 *   \BaseNamedObjects\Global, Local -> \BaseNamedObjects; Session -> \Sessions\BNOLINKS
 *   \Sessions\0\BaseNamedObjects, \Sessions\BNOLINKS\0 -> \BaseNamedObjects; there is the one session 0
 */
#include "obp.h"
#include "ke.h"

static NTSTATUS ObpCreateBootObject(PCWSTR Path, POBJECT_TYPE Type, ULONG Size, PVOID *Object)
{
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING name;

    RtlInitUnicodeString(&name, Path);
    InitializeObjectAttributes(&attributes, &name, OBJ_PERMANENT | OBJ_CASE_INSENSITIVE, NULL, NULL);
    return ObCreateObject(KernelMode, Type, &attributes, KernelMode, NULL, Size, 0, 0, Object);
}

NTSTATUS ObCreateBootDirectory(PCWSTR Path)
{
    PVOID directory;
    NTSTATUS status = ObpCreateBootObject(Path, ObpDirectoryObjectType, sizeof(OBJECT_DIRECTORY), &directory);

    if (!NT_SUCCESS(status))
        return status;
    ((POBJECT_DIRECTORY)directory)->SessionId = ~0u;
    status = ObInsertObject(directory, NULL, 0, 0, NULL, NULL);
    if (NT_SUCCESS(status))
        ObfDereferenceObject(directory);
    return status;
}

NTSTATUS ObCreateBootLink(PCWSTR Path, PCWSTR Target)
{
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING name, target;
    HANDLE handle;
    NTSTATUS status;

    RtlInitUnicodeString(&name, Path);
    RtlInitUnicodeString(&target, Target);
    InitializeObjectAttributes(&attributes, &name, OBJ_PERMANENT | OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    status = ZwCreateSymbolicLinkObject(&handle, SYMBOLIC_LINK_ALL_ACCESS, &attributes, &target);
    return NT_SUCCESS(status) ? ZwClose(handle) : status;
}

static VOID ObpMust(NTSTATUS Status, ULONG64 Step)
{
    if (!NT_SUCCESS(Status))
        KeBugCheckEx(OBJECT_INITIALIZATION_FAILED, (ULONG_PTR)Status, Step, 1, 0);
}

static VOID ObpCreateRoot(VOID)
{
    UNICODE_STRING none = { 0, 0, NULL };
    POBJECT_HEADER header = ObpAllocateObject(ObpDirectoryObjectType, &none, OBJ_PERMANENT, sizeof(OBJECT_DIRECTORY));

    ObpMust(header != NULL ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES, 1);
    header->Flags = OB_FLAG_KERNEL_OBJECT | OB_FLAG_PERMANENT_OBJECT;
    ObpRootDirectoryObject = (POBJECT_DIRECTORY)&header->Body;
    ObpRootDirectoryObject->SessionId = ~0u;
}

VOID ObInitialize(VOID)
{
    static const PCWSTR directories[] = { L"\\ObjectTypes", L"\\Device", L"\\Driver", L"\\FileSystem", L"\\KernelObjects",
                                          L"\\Callback", L"\\GLOBAL\?\?", L"\\BaseNamedObjects", L"\\Security",
                                          L"\\Sessions", L"\\Sessions\\0", L"\\Sessions\\BNOLINKS" };
    static const struct { PCWSTR Path, Target; } links[] = {
        { L"\\\?\?", L"\\GLOBAL\?\?" }, { L"\\DosDevices", L"\\\?\?" },
        { L"\\BaseNamedObjects\\Global", L"\\BaseNamedObjects" }, { L"\\BaseNamedObjects\\Local", L"\\BaseNamedObjects" },
        { L"\\BaseNamedObjects\\Session", L"\\Sessions\\BNOLINKS" }, { L"\\Sessions\\0\\BaseNamedObjects", L"\\BaseNamedObjects" },
        { L"\\Sessions\\BNOLINKS\\0", L"\\BaseNamedObjects" },
    };
    ULONG i;

    ObpInitializeHeaders();
    ObpInitializeDeferredDeletes();
    ObpKernelHandleTable = ObCreateHandleTable(NULL, FALSE);
    ObpMust(ObpKernelHandleTable != NULL ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES, 0);
    ObpInitializeTypes();
    ObpCreateRoot();
    for (i = 0; i < RTL_NUMBER_OF(directories); i++)
        ObpMust(ObCreateBootDirectory(directories[i]), 2 + i);
    ObpPublishTypes();
    for (i = 0; i < RTL_NUMBER_OF(links); i++)
        ObpMust(ObCreateBootLink(links[i].Path, links[i].Target), 20 + i);
}
