/* SPDX-License-Identifier: MIT
 * Object attributes out of a caller's hands, and handles into them.
 */
#include "obp.h"

static NTSTATUS ObpCaptureQos(KPROCESSOR_MODE Mode, OBP_ATTRIBUTES *To)
{
    NTSTATUS status;

    if (To->Attributes.SecurityQualityOfService == NULL)
        return STATUS_SUCCESS;
    status = MmReadCaller(Mode, &To->Qos, To->Attributes.SecurityQualityOfService, sizeof(To->Qos));
    To->Attributes.SecurityQualityOfService = &To->Qos;
    return status;
}

/* Kernel mode's name stays where it is. */
static NTSTATUS ObpCaptureObjectName(KPROCESSOR_MODE Mode, OBP_ATTRIBUTES *To)
{
    NTSTATUS status;

    if (Mode == KernelMode || To->Attributes.ObjectName == NULL)
        return STATUS_SUCCESS;
    status = MmReadCallerString(Mode, To->Attributes.ObjectName, &To->Name);
    To->OwnsName = NT_SUCCESS(status);
    To->Attributes.ObjectName = &To->Name;
    return status;
}

NTSTATUS ObpCaptureAttributes(const OBJECT_ATTRIBUTES *From, KPROCESSOR_MODE Mode, OBP_ATTRIBUTES *To)
{
    NTSTATUS status = STATUS_SUCCESS;

    To->OwnsName = FALSE;
    if (Mode == KernelMode)
        To->Attributes = *From;
    else
        status = MmReadCaller(Mode, &To->Attributes, From, sizeof(To->Attributes));
    if (!NT_SUCCESS(status))
        return status;
    if (To->Attributes.Length != sizeof(OBJECT_ATTRIBUTES) || (To->Attributes.Attributes & ~OBJ_VALID_ATTRIBUTES))
        return STATUS_INVALID_PARAMETER;
    if (Mode != KernelMode)
        To->Attributes.Attributes &= ~(ULONG)OBJ_KERNEL_HANDLE;
    status = ObpCaptureQos(Mode, To);
    return NT_SUCCESS(status) ? ObpCaptureObjectName(Mode, To) : status;
}

VOID ObpReleaseAttributes(OBP_ATTRIBUTES *Attributes)
{
    if (Attributes->OwnsName)
        MmFreeCallerBlock(Attributes->Name.Buffer);
}

NTSTATUS ObReadCallerQos(POBJECT_ATTRIBUTES Attributes, KPROCESSOR_MODE Mode, PSECURITY_QUALITY_OF_SERVICE Qos, PBOOLEAN Given)
{
    OBJECT_ATTRIBUTES attributes;
    NTSTATUS status;

    *Given = FALSE;
    if (Attributes == NULL)
        return STATUS_SUCCESS;
    status = MmReadCaller(Mode, &attributes, Attributes, sizeof(attributes));
    if (!NT_SUCCESS(status))
        return status;
    if (attributes.Length != sizeof(attributes))
        return STATUS_INVALID_PARAMETER;
    if (attributes.SecurityQualityOfService == NULL)
        return STATUS_SUCCESS;
    *Given = TRUE;
    return MmReadCaller(Mode, Qos, attributes.SecurityQualityOfService, sizeof(*Qos));
}

/* ---- Handles ---- */
NTSTATUS ObReturnHandle(NTSTATUS Status, PHANDLE To, HANDLE Handle)
{
    NTSTATUS written;

    if (!NT_SUCCESS(Status))
        return Status;
    written = MmWriteCaller(ObPreviousMode(), To, &Handle, sizeof(Handle));
    if (NT_SUCCESS(written))
        return Status;
    ObCloseHandle(Handle, ObPreviousMode());
    return written;
}

NTSTATUS ObInsertAndReturn(PVOID Object, ACCESS_MASK DesiredAccess, PHANDLE To)
{
    HANDLE handle = NULL;
    NTSTATUS status = ObInsertObject(Object, NULL, DesiredAccess, 0, NULL, &handle);
    return ObReturnHandle(status, To, handle);
}

NTSTATUS ObOpenAndReturn(POBJECT_ATTRIBUTES ObjectAttributes, POBJECT_TYPE Type, ACCESS_MASK DesiredAccess, PHANDLE To)
{
    HANDLE handle = NULL;
    NTSTATUS status = ObOpenObjectByName(ObjectAttributes, Type, ObPreviousMode(), NULL, DesiredAccess, NULL, &handle);
    return ObReturnHandle(status, To, handle);
}
