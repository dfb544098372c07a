/* SPDX-License-Identifier: MIT
 * The parser of boot.cfg. It takes any bytes: what it does not understand is refused with its line, never guessed.
 */
#include "config.h"
#include "text.h"

typedef struct CONFIG_PARSER {
    BOOT_CONFIG *Config;
    char *Options;
    bool Given[CONFIG_SINGLE_COUNT];
} CONFIG_PARSER;

static const struct {
    const char *Key;
    const char *Default;
} SingleKeys[CONFIG_SINGLE_COUNT] = {
    [CONFIG_KERNEL] = { "kernel", "\\petrel\\ntoskrnl.exe" },
    [CONFIG_HAL] = { "hal", "\\petrel\\hal.dll" },
    [CONFIG_CASING] = { "casing", "\\petrel\\casing.bin" },
    [CONFIG_HIVE] = { "hive", NULL },
};

static const char *const ListKeys[CONFIG_KIND_COUNT] = {
    [CONFIG_LIBRARY] = "library",
    [CONFIG_DRIVER] = "driver",
    [CONFIG_FILE] = "file",
    [CONFIG_TEST] = "test",
    [CONFIG_HIVE_LOG] = "hivelog",
};

static bool IsBlank(char Character)
{
    return Character == ' ' || Character == '\t' || Character == '\r';
}

/* Cuts blanks off both ends of [Start, End), ends it with a NUL, and returns its new start. */
static char *Trim(char *Start, char *End)
{
    while (Start < End && IsBlank(*Start)) {
        Start++;
    }
    while (End > Start && IsBlank(End[-1])) {
        End--;
    }
    *End = '\0';
    return Start;
}

static const char *CheckKey(const char *Key)
{
    if (*Key == '\0') {
        return "has no key before its '='";
    }
    for (; *Key != '\0'; Key++) {
        bool valid = (*Key >= 'a' && *Key <= 'z') || (*Key >= '0' && *Key <= '9') || *Key == '-' || *Key == '_' || *Key == '.';

        if (!valid) {
            return "has a key with other characters than lower-case letters, digits, '-', '_' and '.'";
        }
    }
    return NULL;
}

static const char *CheckPath(const char *Path)
{
    if (*Path != '\\') {
        return "has a path that does not start with a backslash";
    }
    if (*TextFileName(Path) == '\0') {
        return "has a path that ends with a backslash";
    }
    if (TextLength(Path) > CONFIG_MAX_PATH) {
        return "has a path longer than 255 characters";
    }
    return NULL;
}

static const char *SetSingle(CONFIG_PARSER *Parser, CONFIG_SINGLE Which, const char *Value)
{
    if (Parser->Given[Which]) {
        return "gives a key a second time that may stand only once";
    }
    Parser->Given[Which] = true;
    if (*Value == '\0' && Which != CONFIG_KERNEL) {
        Parser->Config->Single[Which] = NULL;
        return NULL;
    }
    Parser->Config->Single[Which] = Value;
    return CheckPath(Value);
}

static const char *AddEntry(CONFIG_PARSER *Parser, CONFIG_KIND Kind, const char *Value)
{
    BOOT_CONFIG *config = Parser->Config;
    const char *reason = CheckPath(Value);

    if (reason != NULL) {
        return reason;
    }
    if (config->EntryCount == CONFIG_MAX_ENTRIES) {
        return "is one file too many: boot.cfg may name 256";
    }
    config->Entries[config->EntryCount++] = (CONFIG_ENTRY){ Value, Kind };
    return NULL;
}

/* Cannot overflow: each line yields at most its own bytes and a newline (CONFIG_OPTIONS_BYTES). */
static void AddOption(CONFIG_PARSER *Parser, const char *Key, const char *Value)
{
    char *next = Parser->Options + Parser->Config->OptionsLength;

    while (*Key != '\0') {
        *next++ = *Key++;
    }
    *next++ = '=';
    while (*Value != '\0') {
        *next++ = *Value++;
    }
    *next++ = '\n';
    *next = '\0';
    Parser->Config->OptionsLength = (size_t)(next - Parser->Options);
}

static const char *TakePair(CONFIG_PARSER *Parser, const char *Key, const char *Value)
{
    const char *reason = CheckKey(Key);

    if (reason != NULL) {
        return reason;
    }
    for (CONFIG_SINGLE single = 0; single < CONFIG_SINGLE_COUNT; single++) {
        if (TextEqual(Key, SingleKeys[single].Key)) {
            return SetSingle(Parser, single, Value);
        }
    }
    for (CONFIG_KIND kind = 0; kind < CONFIG_KIND_COUNT; kind++) {
        if (TextEqual(Key, ListKeys[kind])) {
            return AddEntry(Parser, kind, Value);
        }
    }
    AddOption(Parser, Key, Value);
    return NULL;
}

/* One line, [Line, End), where *End may be overwritten. Returns the reason it is wrong, or NULL. */
static const char *TakeLine(CONFIG_PARSER *Parser, char *Line, char *End)
{
    char *equals;

    Line = Trim(Line, End);
    if (*Line == '\0' || *Line == '#') {
        return NULL;
    }
    equals = Line;
    while (*equals != '=' && *equals != '\0') {
        equals++;
    }
    if (*equals == '\0') {
        return "has no '='";
    }
    char *value = Trim(equals + 1, equals + 1 + TextLength(equals + 1));

    return TakePair(Parser, Trim(Line, equals), value);
}

static bool IsText(const char *Line, const char *End)
{
    for (; Line < End; Line++) {
        if ((*Line < ' ' || *Line > '~') && !IsBlank(*Line)) {
            return false;
        }
    }
    return true;
}

/* Comments may hold any bytes. */
static const char *CheckText(const char *Line, const char *End)
{
    while (Line < End && IsBlank(*Line)) {
        Line++;
    }
    return (Line < End && *Line == '#') || IsText(Line, End) ? NULL : "holds a byte that is not printable ASCII";
}

static size_t ByteOrderMark(const char *Text, size_t Size)
{
    static const uint8_t mark[] = { 0xEF, 0xBB, 0xBF };

    for (size_t i = 0; i < sizeof(mark); i++) {
        if (i == Size || (uint8_t)Text[i] != mark[i]) {
            return 0;
        }
    }
    return sizeof(mark);
}

static void StartParser(CONFIG_PARSER *Parser, char *Options, BOOT_CONFIG *Config)
{
    *Parser = (CONFIG_PARSER){ Config, Options, { false } };
    *Options = '\0';
    Config->EntryCount = 0;
    Config->OptionsLength = 0;
    for (CONFIG_SINGLE single = 0; single < CONFIG_SINGLE_COUNT; single++) {
        Config->Single[single] = SingleKeys[single].Default;
    }
}

bool ParseBootConfig(char *Text, size_t Size, char *Options, BOOT_CONFIG *Config, CONFIG_ERROR *Error)
{
    CONFIG_PARSER parser;
    char *line = Text + ByteOrderMark(Text, Size);
    char *limit = Text + Size;
    uint32_t number = 1;

    StartParser(&parser, Options, Config);
    while (line < limit) {
        char *end = line;

        while (end < limit && *end != '\n') {
            end++;
        }
        const char *reason = CheckText(line, end);

        if (reason == NULL) {
            reason = TakeLine(&parser, line, end);
        }
        if (reason != NULL) {
            *Error = (CONFIG_ERROR){ number, reason };
            return false;
        }
        line = end + 1;
        number++;
    }
    return true;
}
