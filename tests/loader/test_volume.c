/* SPDX-License-Identifier: MIT
 * Files through the firmware: what it refuses, and what it delivers short.
 */
#include "fakes.h"
#include "../../efi-loader/volume.h"

static EFI_BOOT_SERVICES Boot;
static EFI_LOADED_IMAGE LoadedImage;
static EFI_FILE_IO_INTERFACE FileSystem;
static EFI_FILE RootFile, File;
static EFI_STATUS ProtocolStatus, VolumeStatus, OpenStatus, InfoStatus, ReadStatus;
static UINT64 FileSize, FileAttribute;
static UINTN Delivered, Closed, Reads;
static CHAR16 OpenedName[300];

static EFI_STATUS EFIAPI FakeHandleProtocol(EFI_HANDLE Handle, EFI_GUID *Protocol, void **Interface)
{
    *Interface = &FileSystem;
    return ProtocolStatus;
}

static EFI_STATUS EFIAPI FakeOpenVolume(EFI_FILE_IO_INTERFACE *This, struct _EFI_FILE_HANDLE **Root)
{
    *Root = &RootFile;
    return VolumeStatus;
}

static EFI_STATUS EFIAPI FakeOpen(struct _EFI_FILE_HANDLE *This, struct _EFI_FILE_HANDLE **New, CHAR16 *Name, UINT64 Mode,
                                  UINT64 Attributes)
{
    size_t i = 0;

    do {
        OpenedName[i] = Name[i];
    } while (Name[i++] != 0);
    *New = &File;
    return OpenStatus;
}

static EFI_STATUS EFIAPI FakeGetInfo(struct _EFI_FILE_HANDLE *This, EFI_GUID *Type, UINTN *Size, void *Buffer)
{
    EFI_FILE_INFO *info = Buffer;

    assert_true(*Size >= offsetof(EFI_FILE_INFO, FileName) + 512);
    memset(info, 0, sizeof(*info));
    info->FileSize = FileSize;
    info->Attribute = FileAttribute;
    return InfoStatus;
}

static EFI_STATUS EFIAPI FakeRead(struct _EFI_FILE_HANDLE *This, UINTN *Size, void *Buffer)
{
    Reads++;
    *Size = Delivered < *Size ? Delivered : *Size;
    memset(Buffer, 'x', *Size);
    return ReadStatus;
}

static EFI_STATUS EFIAPI FakeClose(struct _EFI_FILE_HANDLE *This)
{
    Closed++;
    return EFI_SUCCESS;
}

static int Reset(void **State)
{
    Boot.HandleProtocol = FakeHandleProtocol;
    FileSystem.OpenVolume = FakeOpenVolume;
    RootFile.Open = FakeOpen;
    File = (EFI_FILE){ .GetInfo = FakeGetInfo, .Read = FakeRead, .Close = FakeClose };
    Firmware = (FIRMWARE){ .Boot = &Boot, .LoadedImage = &LoadedImage };
    ProtocolStatus = VolumeStatus = OpenStatus = InfoStatus = ReadStatus = EFI_SUCCESS;
    FileSize = Delivered = 100;
    FileAttribute = Closed = Reads = 0;
    return 0;
}

static void OpenSample(VOLUME_FILE *Sample)
{
    OpenBootVolume();
    OpenVolumeFile("\\a\\b.sys", "buy one", Sample);
}

static void AFileIsReadWithOneCall(void **State)
{
    VOLUME_FILE sample;
    char buffer[100];

    OpenSample(&sample);
    assert_int_equal(sample.Size, 100);
    ReadVolumeFile(&sample, buffer);
    assert_int_equal(buffer[99], 'x');
    assert_int_equal(Reads, 1);
    assert_int_equal(Closed, 1);
    assert_int_equal(OpenedName[0], '\\');
    assert_int_equal(OpenedName[7], 's');
    assert_int_equal(OpenedName[8], 0);
}

static void AShortReadNamesBothSizes(void **State)
{
    VOLUME_FILE sample;
    char buffer[100];

    Delivered = 60;
    OpenSample(&sample);
    assert_true(FAILS(ReadVolumeFile(&sample, buffer)));
    assert_non_null(strstr(FailSentence, "\\a\\b.sys is cut short: 60 of its 100 bytes"));
}

static void EveryStatusEndsInWords(void **State)
{
    static const struct {
        EFI_STATUS *Where;
        EFI_STATUS Status;
        const char *Words;
    } cases[] = {
        { &ProtocolStatus, EFI_UNSUPPORTED, "not started from a volume" },
        { &VolumeStatus, EFI_VOLUME_CORRUPTED, "the boot volume cannot be opened (the firmware said: volume corrupted)" },
        { &OpenStatus, EFI_NOT_FOUND, "\\a\\b.sys is missing from the boot volume; buy one" },
        { &OpenStatus, EFI_DEVICE_ERROR, "\\a\\b.sys cannot be opened (the firmware said: device error)" },
        { &InfoStatus, EFI_VOLUME_CORRUPTED, "\\a\\b.sys cannot be examined (the firmware said: volume corrupted)" },
        { &ReadStatus, EFI_NO_MEDIA, "\\a\\b.sys cannot be read (the firmware said: no media)" },
        { &ReadStatus, EFI_CRC_ERROR, "\\a\\b.sys cannot be read (the firmware said: an error without a name)" },
    };
    VOLUME_FILE sample;
    char buffer[100];

    for (volatile size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        Reset(State);
        *cases[i].Where = cases[i].Status;
        assert_true(FAILS((OpenSample(&sample), ReadVolumeFile(&sample, buffer))));
        assert_non_null(strstr(FailSentence, cases[i].Words));
    }
}

static void AFolderIsNoFile(void **State)
{
    VOLUME_FILE sample;

    FileAttribute = EFI_FILE_DIRECTORY;
    assert_true(FAILS(OpenSample(&sample)));
    assert_non_null(strstr(FailSentence, "\\a\\b.sys is a folder"));
}

static void AFileThatMayBeMissingIsLookedFor(void **State)
{
    VOLUME_FILE sample = { NULL, 0, NULL };

    assert_true(FindVolumeFile("\\a\\b.sys", &sample));
    assert_int_equal(sample.Size, 100);
    sample.Size = 0;
    OpenStatus = EFI_NOT_FOUND;
    assert_false(FindVolumeFile("\\a\\b.sys", &sample));
    assert_int_equal(sample.Size, 0);
    OpenStatus = EFI_DEVICE_ERROR;
    assert_true(FAILS(FindVolumeFile("\\a\\b.sys", &sample)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(AFileIsReadWithOneCall, Reset),
        cmocka_unit_test_setup(AShortReadNamesBothSizes, Reset),
        cmocka_unit_test_setup(AFileThatMayBeMissingIsLookedFor, Reset),
        cmocka_unit_test_setup(EveryStatusEndsInWords, Reset),
        cmocka_unit_test_setup(AFolderIsNoFile, Reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
