/* SPDX-License-Identifier: MIT
 * The core's view of an image, for comparison with the tools of others.
 *   fat-tool list IMAGE                 a line for each file: path, size, sum of its bytes; for each directory: its path with a slash
 *   fat-tool fill IMAGE SEED COUNT      creates and removes files and directories, writes the image back and lists it
 */
#include "host.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void Die(const char *What, FAT_STATUS Status)
{
    fprintf(stderr, "%s: status %d\n", What, (int)Status);
    exit(1);
}

static void AppendName(char *Path, const FAT_ENTRY *Entry)
{
    size_t at = strlen(Path);

    Path[at++] = '/';
    for (uint32_t i = 0; i < Entry->Length; i++) {                       /* UTF-8 of the first plane */
        uint16_t c = Entry->Name[i];
        if (c < 0x80) {
            Path[at++] = (char)c;
        } else if (c < 0x800) {
            Path[at++] = (char)(0xC0 | c >> 6);
            Path[at++] = (char)(0x80 | (c & 63));
        } else {
            Path[at++] = (char)(0xE0 | c >> 12);
            Path[at++] = (char)(0x80 | (c >> 6 & 63));
            Path[at++] = (char)(0x80 | (c & 63));
        }
    }
    Path[at] = 0;
}

static void ListFile(TEST_VOLUME *Test, const char *Path, const FAT_ENTRY *Entry)
{
    uint8_t *data = malloc((size_t)Entry->Record.Size + 1);
    uint32_t low = 1, high = 0;                  /* Adler-32 */
    FAT_STATUS status = TestReadData(Test, Entry, data);

    if (status != FatOk)
        Die(Path, status);
    for (uint32_t i = 0; i < Entry->Record.Size; i++) {
        low = (low + data[i]) % 65521;
        high = (high + low) % 65521;
    }
    printf("%s %u %08x\n", Path, Entry->Record.Size, high << 16 | low);
    free(data);
}

static void List(TEST_VOLUME *Test, uint32_t Cluster, const char *Path)
{
    TEST_FOLDER folder;
    FAT_ENTRY entry;
    FAT_SCAN scan;
    FAT_STATUS status = TestOpenFolder(Test, Cluster, &folder);

    if (status != FatOk)
        Die(Path, status);
    FatOpenScan(&scan, &folder.Folder, 0);
    while ((status = FatNextEntry(&scan, &entry)) == FatOk) {
        char path[8192];
        if ((entry.Record.Attributes & FatVolumeLabel) || entry.ShortName[0] == '.')
            continue;
        snprintf(path, sizeof(path) - 1024, "%s", Path);
        AppendName(path, &entry);
        if (entry.Record.Attributes & FatDirectory) {
            printf("%s/\n", path);
            List(Test, entry.Record.Cluster, path);
        } else {
            ListFile(Test, path, &entry);
        }
    }
    FatCloseScan(&scan);
    TestCloseFolder(&folder);
    if (status != FatNotFound)
        Die(Path, status);
}

static uint32_t MakeName(uint64_t *State, uint16_t *Name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJ0123456789 ..+,;=[]_-~";
    uint32_t length, i;

    do {
        length = 1 + (uint32_t)(TestRandom(State) % 5 == 0 ? TestRandom(State) % 200 : TestRandom(State) % 14);
        for (i = 0; i < length; i++)
            Name[i] = TestRandom(State) % 16 == 0 ? (uint16_t)(0x3B1 + TestRandom(State) % 20)
                                                  : (uint8_t)letters[TestRandom(State) % (sizeof(letters) - 1)];
        while (length != 0 && Name[length - 1] == ' ')
            length--;
    } while (Name[0] == ' ' || Name[0] == '.' || FatCheckName(Name, &length) != FatOk);
    return length;
}

/* One change in the folder; the cluster of a directory to go on in, or this one's. */
static uint32_t Change(TEST_VOLUME *Test, uint32_t Cluster, uint64_t *State)
{
    static uint8_t data[40000];
    uint32_t size = (uint32_t)(TestRandom(State) % sizeof(data)), length, next = Cluster;
    TEST_FOLDER folder;
    FAT_ENTRY entry;
    uint16_t name[FAT_MAXIMUM_NAME];
    FAT_STATUS status = TestOpenFolder(Test, Cluster, &folder);

    if (status != FatOk)
        Die("folder", status);
    length = MakeName(State, name);
    for (uint32_t i = 0; i < size; i++)
        data[i] = (uint8_t)TestRandom(State);
    status = FatFindEntry(&folder.Folder, name, length, &entry);
    if (status == FatOk && !(entry.Record.Attributes & FatDirectory))
        status = TestRemove(&folder, &entry);
    else if (status == FatNotFound)
        status = TestCreate(&folder, name, length, TestRandom(State) % 8 ? data : NULL, size);
    if (status != FatOk && status != FatDiskFull && status != FatDirectoryFull)
        Die("change", status);
    if (status == FatOk && FatFindEntry(&folder.Folder, name, length, &entry) == FatOk) {
        if (entry.Record.Attributes & FatDirectory)
            next = entry.Record.Cluster;
        else if (TestRandom(State) % 3 == 0 && (status = TestRemove(&folder, &entry)) != FatOk)
            Die("remove", status);
    }
    TestCloseFolder(&folder);
    return TestRandom(State) % 40 == 0 ? 0 : next;
}

static void Fill(TEST_VOLUME *Test, const char *Path, uint64_t Seed, unsigned long Count)
{
    uint32_t cluster = 0;
    FAT_STATUS status;
    FILE *file;

    while (Count-- > 0)
        cluster = Change(Test, cluster, &Seed);
    status = FatWriteInformation(&Test->Volume);
    if (status != FatOk)
        Die("FSInfo", status);
    file = fopen(Path, "r+b");
    if (file == NULL || fwrite(Test->Image, 1, Test->Size, file) != Test->Size || fclose(file) != 0)
        Die("image", FatIoError);
}

int main(int argc, char **argv)
{
    TEST_VOLUME test;
    uint8_t *image;
    size_t size;
    FAT_STATUS status;

    if (argc < 3)
        return 2;
    image = TestReadFile(argv[2], &size);
    status = TestOpenVolume(image, size, &test);
    if (status != FatOk)
        Die(argv[2], status);
    if (strcmp(argv[1], "fill") == 0 && argc == 5)
        Fill(&test, argv[2], strtoull(argv[3], NULL, 0), strtoul(argv[4], NULL, 0));
    List(&test, 0, "");
    TestCloseVolume(&test);
    free(image);
    return TestBlocks == 0 ? 0 : 1;
}
