/* SPDX-License-Identifier: MIT
 * ACPI and SMBIOS roots, framebuffer, boot partition, clock and vendor, as far as the firmware offers them.
 */
#include "platform.h"
#include "calendar.h"
#include "fail.h"
#include "firmware.h"
#include "memory.h"

#define UNSPECIFIED_ZONE 0x7FF           /* EFI_UNSPECIFIED_TIMEZONE: taken as UTC */

static uint64_t FindTable(const EFI_GUID *Guid)
{
    for (UINTN i = 0; i < Firmware.System->NumberOfTableEntries; i++) {
        const EFI_CONFIGURATION_TABLE *table = &Firmware.System->ConfigurationTable[i];

        if (memcmp(&table->VendorGuid, Guid, sizeof(*Guid)) == 0) {
            return (uint64_t)table->VendorTable;
        }
    }
    return 0;
}

static void DescribeTables(LOADER_BLOCK *Block)
{
    EFI_GUID acpi2 = ACPI_20_TABLE_GUID;
    EFI_GUID acpi1 = ACPI_TABLE_GUID;
    EFI_GUID smbios3 = SMBIOS3_TABLE_GUID;
    EFI_GUID smbios2 = SMBIOS_TABLE_GUID;
    uint64_t acpi = FindTable(&acpi2);
    uint64_t smbios = FindTable(&smbios3);

    Block->AcpiRootPhysical = acpi != 0 ? acpi : FindTable(&acpi1);
    Block->SmbiosPhysical = smbios != 0 ? smbios : FindTable(&smbios2);
}

static void DescribeFramebuffer(LOADER_FRAMEBUFFER *Framebuffer)
{
    EFI_GUID graphicsGuid = EFI_GRAPHICS_OUTPUT_PROTOCOL_GUID;
    EFI_GRAPHICS_OUTPUT_PROTOCOL *graphics;

    if (Firmware.Boot->LocateProtocol(&graphicsGuid, NULL, (void **)&graphics) != EFI_SUCCESS) {
        return;
    }
    const EFI_GRAPHICS_OUTPUT_PROTOCOL_MODE *mode = graphics->Mode;

    if (mode == NULL || mode->Info == NULL || mode->FrameBufferBase == 0 || mode->FrameBufferSize == 0) {
        return;
    }
    if (mode->Info->PixelFormat != PixelRedGreenBlueReserved8BitPerColor &&
        mode->Info->PixelFormat != PixelBlueGreenRedReserved8BitPerColor) {
        TellPerson("petrel: nothing will be shown on this screen, whose pixels are not 32 bits of red, green and blue; the console is on "
                   "COM1.");
        return;
    }
    *Framebuffer = (LOADER_FRAMEBUFFER){
        .BasePhysical = mode->FrameBufferBase,
        .Size = mode->FrameBufferSize,
        .Width = mode->Info->HorizontalResolution,
        .Height = mode->Info->VerticalResolution,
        .PixelsPerScanLine = mode->Info->PixelsPerScanLine,
        .Format = mode->Info->PixelFormat == PixelRedGreenBlueReserved8BitPerColor ? 0 : 1,
    };
}

static uint64_t ReadClock(void)
{
    EFI_TIME time;

    if (Firmware.System->RuntimeServices->GetTime(&time, NULL) != EFI_SUCCESS) {
        return 0;
    }
    CALENDAR_TIME calendar = {
        time.Year,   time.Month,  time.Day,        time.Hour,
        time.Minute, time.Second, time.Nanosecond, time.TimeZone == UNSPECIFIED_ZONE ? 0 : time.TimeZone,
    };

    return CalendarToNtTime(&calendar);
}

#define DRIVE_NODE_SIZE 42u              /* the header's structure is padded */
#define PATH_NODES 64u                   /* of a device path: the firmware's, but not for ever */

/* The hard drive node of the path to the volume that the loader comes from (UEFI 2.10, 10.3.5.1). */
static void DescribePartition(LOADER_PARTITION *Partition)
{
    EFI_GUID pathGuid = EFI_DEVICE_PATH_PROTOCOL_GUID;
    EFI_DEVICE_PATH *node;

    if (Firmware.Boot->HandleProtocol(Firmware.LoadedImage->DeviceHandle, &pathGuid, (void **)&node) != EFI_SUCCESS) {
        return;
    }
    for (unsigned i = 0; i < PATH_NODES && !IsDevicePathEnd(node); i++, node = NextDevicePathNode(node)) {
        const HARDDRIVE_DEVICE_PATH *drive = (const HARDDRIVE_DEVICE_PATH *)node;
        unsigned length = DevicePathNodeLength(node);

        if (length < sizeof(EFI_DEVICE_PATH)) {
            return;
        }
        if (DevicePathType(node) != MEDIA_DEVICE_PATH || DevicePathSubType(node) != MEDIA_HARDDRIVE_DP || length < DRIVE_NODE_SIZE) {
            continue;
        }
        if (drive->SignatureType != LOADER_PARTITION_MBR && drive->SignatureType != LOADER_PARTITION_GPT) {
            return;
        }
        Partition->Kind = drive->SignatureType;
        Partition->FirstBlock = drive->PartitionStart;
        memcpy(Partition->Identity, drive->Signature, sizeof(Partition->Identity));
        return;
    }
}

static void DescribeVendor(char *Vendor, size_t Size)
{
    const CHAR16 *source = Firmware.System->FirmwareVendor;

    for (size_t i = 0; source != NULL && source[i] != 0 && i + 1 < Size; i++) {
        Vendor[i] = source[i] >= ' ' && source[i] <= '~' ? (char)source[i] : '?';
    }
}

void DescribePlatform(LOADER_BLOCK *Block)
{
    DescribeTables(Block);
    DescribeFramebuffer(&Block->Framebuffer);
    DescribePartition(&Block->BootPartition);
    DescribeVendor(Block->FirmwareVendor, sizeof(Block->FirmwareVendor));
    Block->BootTime = ReadClock();
}
