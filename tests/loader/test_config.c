/* SPDX-License-Identifier: MIT
 * boot.cfg: every key, every refusal, any bytes.
 */
#include "check.h"
#include "../../efi-loader/config.h"

static BOOT_CONFIG Config;
static CONFIG_ERROR Error;
static char *Text, *Options;

/* Both buffers have exactly the promised sizes, so that ASan sees one byte too many. */
static bool ParseBytes(const void *Bytes, size_t Size)
{
    free(Text);
    free(Options);
    Text = malloc(Size + 1);
    Options = malloc(Size + 2);
    memcpy(Text, Bytes, Size);
    Text[Size] = 'x';
    return ParseBootConfig(Text, Size, Options, &Config, &Error);
}

static bool Parse(const char *Source)
{
    return ParseBytes(Source, strlen(Source));
}

static int FreeBuffers(void **State)
{
    free(Text);
    free(Options);
    Text = NULL;
    Options = NULL;
    return 0;
}

static void EmptyFileMeansDefaults(void **State)
{
    assert_true(Parse(""));
    assert_string_equal(Config.Single[CONFIG_KERNEL], "\\petrel\\ntoskrnl.exe");
    assert_string_equal(Config.Single[CONFIG_HAL], "\\petrel\\hal.dll");
    assert_string_equal(Config.Single[CONFIG_CASING], "\\petrel\\casing.bin");
    assert_null(Config.Single[CONFIG_HIVE]);
    assert_int_equal(Config.EntryCount, 0);
    assert_string_equal(Options, "");
}

static void EveryKeyIsTaken(void **State)
{
    assert_true(Parse("kernel=\\k.exe\nhal=\\h.dll\nhive=\\system\ncasing=\\c.bin\ndriver=\\a.sys\nlibrary=\\l.sys\n"
                      "file=\\f\ntest=\\t.sys\ndriver=\\b.sys\nhivelog=\\system.log1\ncpus=4\n"));
    assert_string_equal(Config.Single[CONFIG_KERNEL], "\\k.exe");
    assert_string_equal(Config.Single[CONFIG_HAL], "\\h.dll");
    assert_string_equal(Config.Single[CONFIG_HIVE], "\\system");
    assert_string_equal(Config.Single[CONFIG_CASING], "\\c.bin");
    assert_int_equal(Config.EntryCount, 6);
    assert_int_equal(Config.Entries[0].Kind, CONFIG_DRIVER);
    assert_string_equal(Config.Entries[0].Path, "\\a.sys");
    assert_int_equal(Config.Entries[1].Kind, CONFIG_LIBRARY);
    assert_int_equal(Config.Entries[2].Kind, CONFIG_FILE);
    assert_int_equal(Config.Entries[3].Kind, CONFIG_TEST);
    assert_string_equal(Config.Entries[4].Path, "\\b.sys");
    assert_int_equal(Config.Entries[5].Kind, CONFIG_HIVE_LOG);
    assert_string_equal(Options, "cpus=4\n");
    assert_int_equal(Config.OptionsLength, strlen(Options));
}

static void BlanksCommentsAndLineEndsDoNotCount(void **State)
{
    assert_true(Parse("\xEF\xBB\xBF# comment with \xFF\r\n\r\n  \t\r\n  seed \t=\t 7 8 \r\n  # x=y\nempty=\nlast=a=b"));
    assert_string_equal(Options, "seed=7 8\nempty=\nlast=a=b\n");
    assert_int_equal(Config.OptionsLength, strlen(Options));
}

static void AnEmptyValueSwitchesOff(void **State)
{
    assert_true(Parse("hal=\ncasing=\nhive=\n"));
    assert_null(Config.Single[CONFIG_HAL]);
    assert_null(Config.Single[CONFIG_CASING]);
    assert_null(Config.Single[CONFIG_HIVE]);
}

static void RefusalsNameTheLine(void **State)
{
    static const char *const bad[] = {
        "\n\nnonsense\n",        "\n\n=x\n",           "\n\nKernel=\\k\n",     "\n\na b=c",
        "\n\nkernel=\n",         "\n\nkernel=k.exe\n", "\n\ndriver=\n",        "\n\ndriver=\\dir\\",
        "\n\noption=\xC3\xA9\n", "\n\noption=\x01\n",  "\nhal=\\a\nhal=\\b\n", "\n\nfile=\\",
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(Parse(bad[i]));
        assert_int_equal(Error.Line, 3);
        assert_non_null(Error.Reason);
    }
}

static void ZeroBytesAreRefused(void **State)
{
    assert_false(ParseBytes("a=b\0c\n", 6));
    assert_int_equal(Error.Line, 1);
    assert_true(ParseBytes("#\0\n", 3));
}

static void LongPathsAreRefused(void **State)
{
    char line[400] = "file=\\";

    memset(line + 6, 'a', 254);
    assert_true(Parse(line));
    line[260] = 'a';
    assert_false(Parse(line));
}

static void TooManyFilesAreRefused(void **State)
{
    char text[300 * 8] = "";

    for (int i = 0; i < 256; i++) {
        strcat(text, "file=\\x\n");
    }
    assert_true(Parse(text));
    assert_int_equal(Config.EntryCount, 256);
    strcat(text, "file=\\x\n");
    assert_false(Parse(text));
    assert_int_equal(Error.Line, 257);
}

static void AnyBytesEndWell(void **State)
{
    static const char alphabet[] = "kerneldriv=\\\n\r #\t\xFF"
                                   "a1.-";
    uint64_t seed = 0x5EED;
    char bytes[200];

    for (int round = 0; round < 200000; round++) {
        size_t size = NextRandom(&seed) % sizeof(bytes);

        for (size_t i = 0; i < size; i++) {
            uint64_t random = NextRandom(&seed);

            bytes[i] = random % 64 == 0 ? (char)(random >> 8) : alphabet[(random >> 8) % (sizeof(alphabet) - 1)];
        }
        if (ParseBytes(bytes, size)) {
            assert_int_equal(strlen(Options), Config.OptionsLength);
        } else {
            assert_true(Error.Line >= 1 && Error.Line <= size + 1);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(EmptyFileMeansDefaults),
        cmocka_unit_test(EveryKeyIsTaken),
        cmocka_unit_test(BlanksCommentsAndLineEndsDoNotCount),
        cmocka_unit_test(AnEmptyValueSwitchesOff),
        cmocka_unit_test(RefusalsNameTheLine),
        cmocka_unit_test(ZeroBytesAreRefused),
        cmocka_unit_test(LongPathsAreRefused),
        cmocka_unit_test(TooManyFilesAreRefused),
        cmocka_unit_test(AnyBytesEndWell),
    };

    return cmocka_run_group_tests(tests, NULL, FreeBuffers);
}
