/* SPDX-License-Identifier: MIT
 * The error log: packets that a driver fills go to the report as `errorlog` events. A packet in the making references its device
 * and driver; all of them together are bounded, so that a driver which never writes them cannot eat the pool.
 */
#include "iop.h"
#include "kd.h"

#define IOP_TAG_ERROR 'rEoI'
#define IOP_ERROR_LIMIT 0x10000                  /* bytes of packets at a time */

typedef struct IOP_ERROR {
    PDRIVER_OBJECT Driver;                       /* referenced */
    PDEVICE_OBJECT Device;                       /* referenced, or NULL */
    ULONG Size;                                  /* of Packet */
    DECLSPEC_ALIGN(16) UCHAR Packet[];
} IOP_ERROR;

static volatile LONG IopErrorBytes;              /* a */

PVOID NTAPI IoAllocateErrorLogEntry(PVOID IoObject, UCHAR EntrySize)
{
    PDEVICE_OBJECT device = IoObject;
    IOP_ERROR *error;

    if (IoObject == NULL || EntrySize < sizeof(IO_ERROR_LOG_PACKET) || EntrySize > ERROR_LOG_MAXIMUM_SIZE)
        return NULL;
    if (device->Type != IO_TYPE_DEVICE && device->Type != IO_TYPE_DRIVER)
        return NULL;
    if (InterlockedExchangeAdd(&IopErrorBytes, EntrySize) + EntrySize > IOP_ERROR_LIMIT ||
        (error = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*error) + EntrySize, IOP_TAG_ERROR)) == NULL) {
        InterlockedExchangeAdd(&IopErrorBytes, -(LONG)EntrySize);
        return NULL;
    }
    RtlZeroMemory(error, sizeof(*error) + EntrySize);
    error->Size = EntrySize;
    error->Device = device->Type == IO_TYPE_DEVICE ? device : NULL;
    error->Driver = error->Device != NULL ? device->DriverObject : IoObject;
    ObfReferenceObject(error->Driver);
    if (error->Device != NULL)
        ObfReferenceObject(error->Device);
    return error->Packet;
}

VOID NTAPI IoFreeErrorLogEntry(PVOID ElEntry)
{
    IOP_ERROR *error;

    if (ElEntry == NULL)
        return;
    error = CONTAINING_RECORD(ElEntry, IOP_ERROR, Packet);
    if (error->Device != NULL)
        ObfDereferenceObject(error->Device);
    ObfDereferenceObject(error->Driver);
    InterlockedExchangeAdd(&IopErrorBytes, -(LONG)error->Size);
    ExFreePoolWithTag(error, IOP_TAG_ERROR);
}

/* The insertion strings, one after the other, each up to its NUL or the packet's end: what the driver says of its sizes is believed
 * no further than the packet goes. */
static VOID IopReportStrings(const IOP_ERROR *Error, const IO_ERROR_LOG_PACKET *Packet)
{
    ULONG offset = Packet->StringOffset, left = Packet->NumberOfStrings;

    KdBeginArray("strings");
    for (; left != 0 && offset + sizeof(WCHAR) <= Error->Size && offset % sizeof(WCHAR) == 0; left--) {
        UNICODE_STRING text = { .Buffer = (PWCHAR)(ULONG_PTR)(Error->Packet + offset) };
        while (offset + sizeof(WCHAR) <= Error->Size && text.Buffer[text.Length / sizeof(WCHAR)] != L'\0') {
            text.Length += sizeof(WCHAR);
            offset += sizeof(WCHAR);
        }
        offset += sizeof(WCHAR);
        KdEventUnicode(NULL, &text);
    }
    KdEndArray();
}

static VOID IopReportDump(const IOP_ERROR *Error, const IO_ERROR_LOG_PACKET *Packet)
{
    ULONG room = (Error->Size - FIELD_OFFSET(IO_ERROR_LOG_PACKET, DumpData)) / sizeof(ULONG), i;
    ULONG count = min(Packet->DumpDataSize / (ULONG)sizeof(ULONG), room);

    KdBeginArray("dump");
    for (i = 0; i < count; i++)
        KdEventCode(NULL, Packet->DumpData[i]);
    KdEndArray();
}

VOID NTAPI IoWriteErrorLogEntry(PVOID ElEntry)
{
    IO_ERROR_LOG_PACKET *packet = ElEntry;
    IOP_ERROR *error = CONTAINING_RECORD(ElEntry, IOP_ERROR, Packet);

    KdBeginEvent("errorlog");
    KdEventText("file", KeUpcalls.DriverUnderTest != NULL ? KeUpcalls.DriverUnderTest() : NULL);
    KdEventUnicode("driver", &error->Driver->DriverName);
    KdEventCode("code", (ULONG)packet->ErrorCode);
    KdEventCode("status", (ULONG)packet->FinalStatus);
    KdEventNumber("unique", packet->UniqueErrorValue);
    KdEventNumber("major", packet->MajorFunctionCode);
    KdEventCode("control", packet->IoControlCode);
    KdEventNumber("retries", packet->RetryCount);
    KdEventNumber("sequence", packet->SequenceNumber);
    IopReportDump(error, packet);
    IopReportStrings(error, packet);
    KdEndEvent();
    IoFreeErrorLogEntry(ElEntry);
}
