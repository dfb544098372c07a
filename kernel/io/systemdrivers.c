/* SPDX-License-Identifier: MIT
 * Starting the drivers that the registry wants started: boot drivers that the loader did not bring, system drivers, automatic ones, each
 * after what it depends on. One that is started on demand is started when another depends on it.
 */
#include "startlist.h"

#define IOP_DEPENDENCY_DEPTH 16u                 /* as long a chain as is followed; the kernel's stack is not endless */

static NTSTATUS IopStart(const IOP_START_LIST *List, IOP_START *Service, ULONG Depth, IO_START_REPORT *Report);

static BOOLEAN IopIsStarted(PCUNICODE_STRING Name)
{
    PDRIVER_OBJECT driver;

    if (!NT_SUCCESS(IopReferenceDriver(Name, &driver)))
        return FALSE;
    ObfDereferenceObject(driver);
    return TRUE;
}

static NTSTATUS IopLoadByName(PCUNICODE_STRING Name)
{
    WCHAR buffer[IOP_SERVICE_PATH_CHARACTERS];
    UNICODE_STRING path = { 0, sizeof(buffer), buffer };

    RtlAppendUnicodeStringToString(&path, &IopServicesKey);
    RtlAppendUnicodeStringToString(&path, Name);
    return ZwLoadDriver(&path);
}

/* ---- What it depends on ---- */
static NTSTATUS IopNeedService(const IOP_START_LIST *List, PCWSTR Name, ULONG Depth, IO_START_REPORT *Report)
{
    UNICODE_STRING name;
    ULONG i;

    RtlInitUnicodeString(&name, Name);
    for (i = 0; i < List->Count; i++)
        if (RtlEqualUnicodeString(&List->Services[i].Name, &name, TRUE))
            return IopStart(List, &List->Services[i], Depth + 1, Report);
    return IopIsStarted(&name) ? STATUS_SUCCESS : STATUS_OBJECT_NAME_NOT_FOUND;
}

/* One member that runs is enough; those that start by themselves are tried. */
static NTSTATUS IopNeedGroup(const IOP_START_LIST *List, PCWSTR Group, ULONG Depth, IO_START_REPORT *Report)
{
    ULONG i;

    for (i = 0; i < List->Count; i++) {
        IOP_START *member = &List->Services[i];
        if (member->Group == NULL || _wcsicmp(member->Group, Group) != 0 || member->State == IopStarting)
            continue;
        if (member->Start <= SERVICE_AUTO_START ? NT_SUCCESS(IopStart(List, member, Depth + 1, Report)) : IopIsStarted(&member->Name))
            return STATUS_SUCCESS;
    }
    return STATUS_OBJECT_NAME_NOT_FOUND;
}

static NTSTATUS IopStartNeeded(const IOP_START_LIST *List, const IOP_START *Service, ULONG Depth, IO_START_REPORT *Report)
{
    NTSTATUS status = STATUS_SUCCESS;
    PCWSTR name;

    for (name = Service->NeededServices; name != NULL && *name != L'\0' && NT_SUCCESS(status); name += wcslen(name) + 1)
        status = IopNeedService(List, name, Depth, Report);
    for (name = Service->NeededGroups; name != NULL && *name != L'\0' && NT_SUCCESS(status); name += wcslen(name) + 1)
        status = IopNeedGroup(List, name, Depth, Report);
    return NT_SUCCESS(status) ? STATUS_SUCCESS : STATUS_DRIVER_UNABLE_TO_LOAD;
}

/* STATUS_DRIVER_UNABLE_TO_LOAD: something that it depends on did not start, or depends on it. */
static NTSTATUS IopStart(const IOP_START_LIST *List, IOP_START *Service, ULONG Depth, IO_START_REPORT *Report)
{
    if (Service->State == IopStarted)
        return Service->Status;
    if (Service->State == IopStarting || Depth == IOP_DEPENDENCY_DEPTH)
        return STATUS_DRIVER_UNABLE_TO_LOAD;
    Service->State = IopStarting;
    Service->Status = STATUS_SUCCESS;
    if (!IopIsStarted(&Service->Name)) {
        Service->Status = IopStartNeeded(List, Service, Depth, Report);
        if (NT_SUCCESS(Service->Status))
            Service->Status = IopLoadByName(&Service->Name);
        if (Report != NULL)
            Report(&Service->Name, Service->Status);
    }
    Service->State = IopStarted;
    return Service->Status;
}

NTSTATUS IoStartSystemDrivers(IO_START_REPORT *Report)
{
    IOP_START_LIST list;
    NTSTATUS status = IopListServices(&list);
    ULONG i;

    if (!NT_SUCCESS(status))
        return status;
    for (i = 0; i < list.Count; i++)
        if (list.Services[i].Start <= SERVICE_AUTO_START)
            IopStart(&list, &list.Services[i], 0, Report);
    IopFreeStartList(&list);
    return STATUS_SUCCESS;
}
