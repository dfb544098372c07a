/* SPDX-License-Identifier: MIT
 * The memory of objects: header, optional parts, body in one pool block. References are counted here and nowhere else.
 */
#include "obp.h"
#include "ke.h"

#define OBP_TAG_NAME 'mNbO'
#define OBP_TAG_CREATE 'iCbO'

UCHAR ObpInfoMaskToOffset[256];
ULONG ObHeaderCookie;

static const struct { UCHAR Bit, Size; } ObpParts[] = {
    { OBP_CREATOR_INFO, sizeof(OBJECT_HEADER_CREATOR_INFO) }, { OBP_NAME_INFO, sizeof(OBJECT_HEADER_NAME_INFO) },
    { OBP_HANDLE_INFO, sizeof(OBJECT_HEADER_HANDLE_INFO) },   { OBP_QUOTA_INFO, sizeof(OBJECT_HEADER_QUOTA_INFO) },
    { OBP_PROCESS_INFO, sizeof(OBJECT_HEADER_PROCESS_INFO) },
};

VOID ObpInitializeHeaders(VOID)
{
    ULONG mask, i;
    for (mask = 0; mask < RTL_NUMBER_OF(ObpInfoMaskToOffset); mask++)
        for (i = 0; i < RTL_NUMBER_OF(ObpParts); i++)
            if (mask & ObpParts[i].Bit)
                ObpInfoMaskToOffset[mask] += ObpParts[i].Size;
}

static VOID ObpCountUp(volatile ULONG *Count, volatile ULONG *HighWater)
{
    ULONG now = (ULONG)InterlockedIncrement((volatile LONG *)Count);
    if (now > *HighWater)
        *HighWater = now;                        /* a statistic: may miss a peak */
}

POBJECT_HEADER ObpAllocateObject(POBJECT_TYPE Type, PUNICODE_STRING Name, ULONG Attributes, ULONG BodySize)
{
    UCHAR mask = (UCHAR)((Name->Buffer != NULL ? OBP_NAME_INFO : 0) | (Attributes & OBJ_EXCLUSIVE ? OBP_PROCESS_INFO : 0));
    SIZE_T extra = ObpInfoMaskToOffset[mask], size = extra + FIELD_OFFSET(OBJECT_HEADER, Body) + BodySize;
    PUCHAR block = ExAllocatePoolWithTag(Type != NULL ? Type->TypeInfo.PoolType : NonPagedPoolNx, size,
                                         Type != NULL ? Type->Key : 'TjbO');
    POBJECT_HEADER header = (POBJECT_HEADER)(block + extra);

    if (block == NULL)
        return NULL;
    RtlZeroMemory(block, size);
    header->InfoMask = mask;
    header->PointerCount = 1;
    header->TypeIndex = (Type != NULL ? Type->Index : 0) ^ ObpTypeIndexMask(header);
    header->Flags = OB_FLAG_NEW_OBJECT | (Attributes & OBJ_PERMANENT ? OB_FLAG_PERMANENT_OBJECT : 0) |
                    (Attributes & OBJ_EXCLUSIVE ? OB_FLAG_EXCLUSIVE_OBJECT : 0);
    if (mask & OBP_NAME_INFO)
        ObpNameInfo(header)->Name = *Name;
    if (Type != NULL)
        ObpCountUp(&Type->TotalNumberOfObjects, &Type->HighWaterNumberOfObjects);
    return header;
}

static VOID ObpFreeInfo(POBJECT_CREATE_INFORMATION Info)
{
    ObpFreeCaptured(Info->SecurityDescriptor, Info->ProbeMode);
    ExFreePoolWithTag(Info, OBP_TAG_CREATE);
}

VOID ObpFreeCreateInfo(POBJECT_HEADER Header)
{
    if (!(Header->Flags & OB_FLAG_NEW_OBJECT))
        return;
    if (Header->ObjectCreateInfo != NULL)
        ObpFreeInfo(Header->ObjectCreateInfo);
    Header->ObjectCreateInfo = NULL;
    Header->Flags &= ~OB_FLAG_NEW_OBJECT;
}

VOID ObpFreeObject(POBJECT_HEADER Header)
{
    POBJECT_TYPE type = ObpTypeOf(Header);
    POBJECT_HEADER_NAME_INFO name = ObpNameInfo(Header);

    ObpFreeCreateInfo(Header);
    ObpReleaseDescriptor(Header->SecurityDescriptor);
    if (name != NULL && name->Name.Buffer != NULL)
        ExFreePoolWithTag(name->Name.Buffer, OBP_TAG_NAME);
    InterlockedDecrement((volatile LONG *)&type->TotalNumberOfObjects);
    ExFreePoolWithTag((PUCHAR)Header - ObpInfoMaskToOffset[Header->InfoMask], type->Key);
}

VOID ObpDeleteObject(POBJECT_HEADER Header)
{
    POBJECT_TYPE type = ObpTypeOf(Header);
    ASSERT(Header->PointerCount == 0);
    if (type->TypeInfo.DeleteProcedure != NULL)
        type->TypeInfo.DeleteProcedure(&Header->Body);
    ObpFreeObject(Header);
}

/* ---- Creation ---- */
NTSTATUS ObpCaptureName(PUNICODE_STRING Source, PUNICODE_STRING Copy)
{
    Copy->Buffer = NULL;
    Copy->Length = Copy->MaximumLength = 0;
    if (Source == NULL || Source->Length == 0)
        return STATUS_SUCCESS;
    if ((Source->Length & 1) || Source->Length > OBP_MAXIMUM_NAME - sizeof(WCHAR) || Source->Buffer == NULL)
        return STATUS_OBJECT_NAME_INVALID;
    Copy->Buffer = ExAllocatePoolWithTag(PagedPool, Source->Length + sizeof(WCHAR), OBP_TAG_NAME);
    if (Copy->Buffer == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlCopyMemory(Copy->Buffer, Source->Buffer, Source->Length);
    Copy->Buffer[Source->Length / sizeof(WCHAR)] = L'\0';
    Copy->Length = Source->Length;
    Copy->MaximumLength = Source->Length + sizeof(WCHAR);
    return STATUS_SUCCESS;
}

static VOID ObpDiscardCapture(POBJECT_CREATE_INFORMATION Info, PUNICODE_STRING Name)
{
    ObpFreeInfo(Info);
    if (Name->Buffer != NULL)
        ExFreePoolWithTag(Name->Buffer, OBP_TAG_NAME);
}

static NTSTATUS ObpMakeCreateInfo(KPROCESSOR_MODE Mode, const OBP_ATTRIBUTES *From, POBJECT_CREATE_INFORMATION *Info,
                                  PUNICODE_STRING Name)
{
    POBJECT_CREATE_INFORMATION info;
    NTSTATUS status = ObpCaptureName(From->Attributes.ObjectName, Name);

    if (!NT_SUCCESS(status))
        return status;
    info = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*info), OBP_TAG_CREATE);
    if (info == NULL) {
        if (Name->Buffer != NULL)
            ExFreePoolWithTag(Name->Buffer, OBP_TAG_NAME);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlZeroMemory(info, sizeof(*info));
    info->ProbeMode = Mode;
    info->Attributes = From->Attributes.Attributes;
    info->RootDirectory = From->Attributes.RootDirectory;
    if (From->Attributes.SecurityQualityOfService != NULL) {
        info->SecurityQualityOfService = From->Qos;
        info->SecurityQos = &info->SecurityQualityOfService;
    }
    status = ObpCaptureDescriptor(From->Attributes.SecurityDescriptor, Mode, &info->SecurityDescriptor);
    if (NT_SUCCESS(status))
        *Info = info;
    else
        ObpDiscardCapture(info, Name);
    return status;
}

static NTSTATUS ObpCaptureCreateInfo(KPROCESSOR_MODE Mode, POBJECT_ATTRIBUTES Attributes, POBJECT_TYPE Type,
                                     POBJECT_CREATE_INFORMATION *Info, PUNICODE_STRING Name)
{
    OBP_ATTRIBUTES captured;
    NTSTATUS status = STATUS_SUCCESS;

    RtlZeroMemory(&captured, sizeof(captured));
    if (Attributes != NULL)
        status = ObpCaptureAttributes(Attributes, Mode, &captured);
    if (!NT_SUCCESS(status))
        return status;
    if (captured.Attributes.Attributes & Type->TypeInfo.InvalidAttributes)
        status = STATUS_INVALID_PARAMETER;
    else
        status = ObpMakeCreateInfo(Mode, &captured, Info, Name);
    ObpReleaseAttributes(&captured);
    return status;
}

NTSTATUS NTAPI ObCreateObject(KPROCESSOR_MODE ObjectAttributesAccessMode, POBJECT_TYPE ObjectType,
                              POBJECT_ATTRIBUTES ObjectAttributes, KPROCESSOR_MODE AccessMode, PVOID ParseContext,
                              ULONG ObjectSize, ULONG PagedPoolCharge, ULONG NonPagedPoolCharge, PVOID *Object)
{
    POBJECT_CREATE_INFORMATION info;
    POBJECT_HEADER header;
    UNICODE_STRING name;
    NTSTATUS status;

    status = ObpCaptureCreateInfo(ObjectAttributesAccessMode, ObjectAttributes, ObjectType, &info, &name);
    if (!NT_SUCCESS(status))
        return status;
    info->PagedPoolCharge = PagedPoolCharge;
    info->NonPagedPoolCharge = NonPagedPoolCharge;
    header = ObpAllocateObject(ObjectType, &name, info->Attributes, ObjectSize);
    if (header == NULL) {
        ObpDiscardCapture(info, &name);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    header->ObjectCreateInfo = info;
    if (AccessMode == KernelMode)
        header->Flags |= OB_FLAG_KERNEL_OBJECT;
    *Object = &header->Body;
    return STATUS_SUCCESS;
}

NTSTATUS ObCreateUnnamedObject(POBJECT_TYPE Type, KPROCESSOR_MODE Mode, ULONG Size, PVOID *Object)
{
    UNICODE_STRING none = { 0, 0, NULL };
    POBJECT_HEADER header = ObpAllocateObject(Type, &none, 0, Size);
    NTSTATUS status = STATUS_SUCCESS;

    if (header == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    header->Flags &= ~OB_FLAG_NEW_OBJECT;
    if (Mode == KernelMode)
        header->Flags |= OB_FLAG_KERNEL_OBJECT;
    if (Type->TypeInfo.SecurityProcedure == NULL)        /* a file's or a key's descriptor is not the object's */
        status = ObpAssignSecurity(&header->Body, NULL);
    if (NT_SUCCESS(status))
        *Object = &header->Body;
    else
        ObfDereferenceObject(&header->Body);
    return status;
}
