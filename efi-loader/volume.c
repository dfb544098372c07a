/* SPDX-License-Identifier: MIT
 * Reading files through EFI_SIMPLE_FILE_SYSTEM_PROTOCOL (UEFI 2.10, 13.4 and 13.5).
 */
#include "volume.h"
#include "config.h"
#include "fail.h"
#include "text.h"

#define CHECK_VOLUME "check the volume's file system, or write it anew"

static EFI_FILE *Root;

void OpenBootVolume(void)
{
    EFI_GUID fileSystemGuid = EFI_SIMPLE_FILE_SYSTEM_PROTOCOL_GUID;
    EFI_FILE_IO_INTERFACE *fileSystem;
    EFI_STATUS status;

    status = Firmware.Boot->HandleProtocol(Firmware.LoadedImage->DeviceHandle, &fileSystemGuid, (void **)&fileSystem);
    if (status != EFI_SUCCESS) {
        FailBoot("the loader was not started from a volume with a file system (the firmware said: %s); start "
                 "\\EFI\\BOOT\\BOOTX64.EFI from a FAT volume",
                 FirmwareStatusText(status));
    }
    status = fileSystem->OpenVolume(fileSystem, &Root);
    if (status != EFI_SUCCESS) {
        FailBoot("the boot volume cannot be opened (the firmware said: %s); " CHECK_VOLUME, FirmwareStatusText(status));
    }
}

static void ReadFileSize(VOLUME_FILE *File)
{
    EFI_GUID infoGuid = EFI_FILE_INFO_ID;
    union {
        EFI_FILE_INFO Info;
        uint8_t Bytes[sizeof(EFI_FILE_INFO) + sizeof(CHAR16) * (CONFIG_MAX_PATH + 1)];
    } buffer;
    UINTN size = sizeof(buffer);
    EFI_STATUS status = File->Handle->GetInfo(File->Handle, &infoGuid, &size, &buffer);

    if (status != EFI_SUCCESS) {
        FailBoot("%s cannot be examined (the firmware said: %s); " CHECK_VOLUME, File->Path, FirmwareStatusText(status));
    }
    if ((buffer.Info.Attribute & EFI_FILE_DIRECTORY) != 0) {
        FailBoot("%s is a folder where a file is needed; correct boot.cfg or the volume", File->Path);
    }
    File->Size = buffer.Info.FileSize;
}

bool FindVolumeFile(const char *Path, VOLUME_FILE *File)
{
    CHAR16 name[CONFIG_MAX_PATH + 1];
    size_t length = TextLength(Path);
    EFI_STATUS status;

    for (size_t i = 0; i <= length; i++) {
        name[i] = (CHAR16)Path[i];
    }
    File->Path = Path;
    status = Root->Open(Root, &File->Handle, name, EFI_FILE_MODE_READ, 0);
    if (status == EFI_NOT_FOUND) {
        return false;
    }
    if (status != EFI_SUCCESS) {
        FailBoot("%s cannot be opened (the firmware said: %s); " CHECK_VOLUME, Path, FirmwareStatusText(status));
    }
    ReadFileSize(File);
    return true;
}

void OpenVolumeFile(const char *Path, const char *MissingAdvice, VOLUME_FILE *File)
{
    if (!FindVolumeFile(Path, File)) {
        FailBoot("%s is missing from the boot volume; %s", Path, MissingAdvice);
    }
}

void ReadVolumeFile(VOLUME_FILE *File, void *Buffer)
{
    UINTN size = File->Size;
    EFI_STATUS status = File->Handle->Read(File->Handle, &size, Buffer);

    if (status != EFI_SUCCESS) {
        FailBoot("%s cannot be read (the firmware said: %s); " CHECK_VOLUME, File->Path, FirmwareStatusText(status));
    }
    if (size != File->Size) {
        FailBoot("%s is cut short: %llu of its %llu bytes can be read; " CHECK_VOLUME, File->Path, (unsigned long long)size,
                 (unsigned long long)File->Size);
    }
    File->Handle->Close(File->Handle);
}
