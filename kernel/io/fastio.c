/* SPDX-License-Identifier: MIT
 * Fast I/O: before a packet is made, the driver of the file may serve the request from its cache by a direct call. Only for kernel
 * callers until the caller's memory is copied with guards.
 */
#include "iop.h"

BOOLEAN IopFastTransfer(const IOP_REQUEST *Request, const IOP_TRANSFER *Transfer, LARGE_INTEGER Offset, PIO_STATUS_BLOCK Result)
{
    PFAST_IO_DISPATCH table = IopFastTable(Request->Device);
    ULONG key = Transfer->Key != NULL ? *Transfer->Key : 0;
    PFAST_IO_READ read;
    PFAST_IO_WRITE write;

    if (!Request->Synchronous || Request->File->PrivateCacheMap == NULL || Request->ApcRoutine != NULL)
        return FALSE;
    if (Transfer->Write) {
        write = IOP_FAST(table, FastIoWrite);
        return write != NULL && write(Request->File, &Offset, Transfer->Length, TRUE, key, Transfer->Buffer, Result, Request->Device);
    }
    read = IOP_FAST(table, FastIoRead);
    return read != NULL && Offset.QuadPart >= 0 && read(Request->File, &Offset, Transfer->Length, TRUE, key, Transfer->Buffer, Result,
                                                       Request->Device);
}

BOOLEAN IopFastControl(const IOP_REQUEST *Request, const IOP_CONTROL *Control, PIO_STATUS_BLOCK Result)
{
    PFAST_IO_DISPATCH table = IopFastTable(Request->Device);
    PFAST_IO_DEVICE_CONTROL control = IOP_FAST(table, FastIoDeviceControl);

    if (control == NULL || Request->ApcRoutine != NULL || Request->Mode != KernelMode)      /* no fast routine guards its copies */
        return FALSE;
    return control(Request->File, TRUE, Control->Input, Control->InputLength, Control->Output, Control->OutputLength, Control->Code, Result,
                   Request->Device);
}

BOOLEAN IopFastQuery(PFILE_OBJECT File, FILE_INFORMATION_CLASS Class, PVOID Buffer, PIO_STATUS_BLOCK Result)
{
    PDEVICE_OBJECT device = IoGetRelatedDeviceObject(File);
    PFAST_IO_DISPATCH table = IopFastTable(device);
    PFAST_IO_QUERY_BASIC_INFO basic;
    PFAST_IO_QUERY_STANDARD_INFO standard;
    PFAST_IO_QUERY_NETWORK_OPEN_INFO network;

    if (table == NULL)
        return FALSE;
    switch (Class) {
    case FileBasicInformation:
        basic = IOP_FAST(table, FastIoQueryBasicInfo);
        return basic != NULL && basic(File, TRUE, Buffer, Result, device);
    case FileStandardInformation:
        standard = IOP_FAST(table, FastIoQueryStandardInfo);
        return standard != NULL && standard(File, TRUE, Buffer, Result, device);
    case FileNetworkOpenInformation:
        network = IOP_FAST(table, FastIoQueryNetworkOpenInfo);
        return network != NULL && network(File, TRUE, Buffer, Result, device);
    default:
        return FALSE;
    }
}
