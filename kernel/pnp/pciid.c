/* SPDX-License-Identifier: MIT
 * A function's names, in the documented forms ("Identifiers for PCI Devices"). As in Windows 10, what is general is only in the list of
 * compatible identifiers.
 */
#include "pci.h"

#define PCI_LIST_CHARACTERS 512u

/* The parts that identifiers are made of. */
typedef enum PCI_PART {
    PartVendor = 1,
    PartDevice = 2,
    PartSubsystem = 4,
    PartRevision = 8,
    PartClass = 16,
    PartInterface = 32,
    PartExpress = 64
} PCI_PART;

static const UCHAR PciHardwareIds[] = {
    PartVendor | PartDevice | PartSubsystem | PartRevision,
    PartVendor | PartDevice | PartSubsystem,
    PartVendor | PartDevice | PartClass | PartInterface,
    PartVendor | PartDevice | PartClass,
};
static const UCHAR PciCompatibleIds[] = {
    PartVendor | PartDevice | PartRevision,
    PartVendor | PartDevice,
    PartVendor | PartClass | PartInterface,
    PartVendor | PartClass,
    PartVendor,
    PartClass | PartInterface | PartExpress,
    PartClass | PartInterface,
    PartClass | PartExpress,
    PartClass,
};

static VOID PciAppendPart(PUNICODE_STRING Name, PCWSTR Key, ULONG Value, ULONG Digits)
{
    if (Name->Length != 0 && Name->Buffer[Name->Length / sizeof(WCHAR) - 1] != L'\\')
        RtlAppendUnicodeToString(Name, L"&");
    RtlAppendUnicodeToString(Name, Key);
    PnpAppendHex(Name, Value, Digits);
}

static VOID PciAppendId(const PCI_FUNCTION *Function, ULONG Parts, PUNICODE_STRING Name)
{
    RtlAppendUnicodeToString(Name, L"PCI\\");
    if (Parts & PartVendor)
        PciAppendPart(Name, L"VEN_", Function->Vendor, 4);
    if (Parts & PartDevice)
        PciAppendPart(Name, L"DEV_", Function->DeviceId, 4);
    if (Parts & PartSubsystem)
        PciAppendPart(Name, L"SUBSYS_", (ULONG)Function->Subsystem << 16 | Function->SubVendor, 8);
    if (Parts & PartRevision)
        PciAppendPart(Name, L"REV_", Function->Revision, 2);
    if (Parts & PartClass)
        PciAppendPart(Name, L"CC_", (ULONG)Function->Class << 8 | Function->Subclass, 4);
    if (Parts & PartInterface)
        PnpAppendHex(Name, Function->Interface, 2);
    if (Parts & PartExpress)
        PciAppendPart(Name, L"DT_", Function->ExpressType, 4);
}

static NTSTATUS PciAnswerList(const PCI_FUNCTION *Function, PIRP Irp, const UCHAR *Ids, ULONG Count)
{
    PWCHAR list = ExAllocatePoolWithTag(PagedPool, PCI_LIST_CHARACTERS * sizeof(WCHAR), PNP_TAG);
    UNICODE_STRING rest = { 0, (PCI_LIST_CHARACTERS - 1) * sizeof(WCHAR), list };
    ULONG i;

    if (list == NULL)
        return PnpAnswer(Irp, NULL);
    RtlZeroMemory(list, PCI_LIST_CHARACTERS * sizeof(WCHAR));
    for (i = 0; i < Count; i++) {
        if ((Ids[i] & PartExpress) && Function->Express == 0)
            continue;
        PciAppendId(Function, Ids[i], &rest);
        rest = (UNICODE_STRING){ 0, rest.MaximumLength - rest.Length - sizeof(WCHAR),
                                 rest.Buffer + rest.Length / sizeof(WCHAR) + 1 };
    }
    return PnpAnswer(Irp, list);
}

NTSTATUS PciQueryId(const PCI_FUNCTION *Function, PIRP Irp, BUS_QUERY_ID_TYPE Type)
{
    WCHAR buffer[8];
    UNICODE_STRING slot = { 0, sizeof(buffer), buffer };

    switch (Type) {
    case BusQueryDeviceID:
        return PciAnswerList(Function, Irp, PciHardwareIds, 1);
    case BusQueryHardwareIDs:
        return PciAnswerList(Function, Irp, PciHardwareIds, RTL_NUMBER_OF(PciHardwareIds));
    case BusQueryCompatibleIDs:
        return PciAnswerList(Function, Irp, PciCompatibleIds, RTL_NUMBER_OF(PciCompatibleIds));
    case BusQueryInstanceID:
        if (Function->Bus != 0)
            PnpAppendHex(&slot, Function->Bus, 2);
        PnpAppendHex(&slot, Function->Device << 3 | Function->Function, 2);
        return PnpAnswer(Irp, PnpCopyText(slot.Buffer, slot.Length, 1));
    default:
        return PnpFinish(Irp, Irp->IoStatus.Status);
    }
}

/* ---- Words ---- */
static PCWSTR PciDescribe(const PCI_FUNCTION *Function)
{
    static const PCWSTR classes[] = {
        L"PCI Device",
        L"Mass Storage Controller",
        L"Network Controller",
        L"Video Controller",
        L"Multimedia Controller",
        L"PCI Memory",
        L"PCI Bridge Device",
        L"PCI Simple Communications Controller",
        L"Base System Device",
        L"PCI Input Device",
        L"Docking Station",
        L"Processor",
        L"PCI Serial Bus Controller",
    };
    return Function->Class < RTL_NUMBER_OF(classes) ? classes[Function->Class] : classes[0];
}

static VOID PciAppendDecimal(PUNICODE_STRING Text, PCWSTR Before, ULONG Number)
{
    WCHAR buffer[12];
    UNICODE_STRING digits = { 0, sizeof(buffer), buffer };

    RtlAppendUnicodeToString(Text, Before);
    RtlIntegerToUnicodeString(Number, 10, &digits);
    RtlAppendUnicodeStringToString(Text, &digits);
}

NTSTATUS PciQueryText(const PCI_FUNCTION *Function, PIRP Irp, DEVICE_TEXT_TYPE Type)
{
    WCHAR buffer[64];
    UNICODE_STRING text = { 0, sizeof(buffer), buffer };

    if (Type == DeviceTextDescription) {
        RtlAppendUnicodeToString(&text, PciDescribe(Function));
    } else if (Type == DeviceTextLocationInformation) {
        PciAppendDecimal(&text, L"PCI bus ", Function->Bus);
        PciAppendDecimal(&text, L", device ", Function->Device);
        PciAppendDecimal(&text, L", function ", Function->Function);
    } else {
        return PnpFinish(Irp, Irp->IoStatus.Status);
    }
    return PnpAnswer(Irp, PnpCopyText(text.Buffer, text.Length, 1));
}
