/* SPDX-License-Identifier: MIT
 * Bounded text for error sentences, and the comparison of module names. Pure: also built by the host tests.
 */
#include "text.h"

typedef struct TEXT_WRITER {
    char *Buffer;
    size_t Size, Length;
} TEXT_WRITER;

static void PutCharacter(TEXT_WRITER *Writer, char Character)
{
    bool printable = Character >= ' ' && Character <= '~';

    if (Writer->Length + 1 < Writer->Size) {
        Writer->Buffer[Writer->Length++] = printable ? Character : '?';
    }
}

static void PutText(TEXT_WRITER *Writer, const char *Text)
{
    while (*Text != '\0') {
        PutCharacter(Writer, *Text++);
    }
}

static void PutNumber(TEXT_WRITER *Writer, uint64_t Number, unsigned Base)
{
    char digits[20];
    size_t count = 0;

    do {
        digits[count++] = "0123456789abcdef"[Number % Base];
        Number /= Base;
    } while (Number != 0);
    while (count != 0) {
        PutCharacter(Writer, digits[--count]);
    }
}

size_t TextLength(const char *Text)
{
    size_t length = 0;

    while (Text[length] != '\0') {
        length++;
    }
    return length;
}

bool TextEqual(const char *Left, const char *Right)
{
    while (*Left != '\0' && *Left == *Right) {
        Left++;
        Right++;
    }
    return *Left == *Right;
}

void TextFormatList(char *Buffer, size_t Size, const char *Format, va_list Arguments)
{
    TEXT_WRITER writer = { Buffer, Size, 0 };

    for (; *Format != '\0'; Format++) {
        if (*Format != '%') {
            PutCharacter(&writer, *Format);
        } else if (TextStartsWith(Format, "%s")) {
            PutText(&writer, va_arg(Arguments, const char *));
            Format += 1;
        } else if (TextStartsWith(Format, "%llu")) {
            PutNumber(&writer, va_arg(Arguments, unsigned long long), 10);
            Format += 3;
        } else if (TextStartsWith(Format, "%llx")) {
            PutNumber(&writer, va_arg(Arguments, unsigned long long), 16);
            Format += 3;
        } else if (TextStartsWith(Format, "%%")) {
            PutCharacter(&writer, '%');
            Format += 1;
        }
    }
    Buffer[writer.Length] = '\0';
}

void TextFormat(char *Buffer, size_t Size, const char *Format, ...)
{
    va_list arguments;

    va_start(arguments, Format);
    TextFormatList(Buffer, Size, Format, arguments);
    va_end(arguments);
}

void TextEscapeJson(char *Buffer, size_t Size, const char *Text)
{
    TEXT_WRITER writer = { Buffer, Size, 0 };

    for (; *Text != '\0' && writer.Length + 2 < Size; Text++) {
        if (*Text == '"' || *Text == '\\') {
            PutCharacter(&writer, '\\');
        }
        PutCharacter(&writer, *Text);
    }
    Buffer[writer.Length] = '\0';
}

const char *TextFileName(const char *Path)
{
    const char *name = Path;

    for (; *Path != '\0'; Path++) {
        if (*Path == '\\') {
            name = Path + 1;
        }
    }
    return name;
}

static char LowerCase(char Character)
{
    return Character >= 'A' && Character <= 'Z' ? (char)(Character + 'a' - 'A') : Character;
}

static bool EqualAnyCase(const char *Left, const char *Right, size_t Length)
{
    for (size_t i = 0; i < Length; i++) {
        if (LowerCase(Left[i]) != LowerCase(Right[i])) {
            return false;
        }
    }
    return true;
}

bool TextStartsWith(const char *Text, const char *Prefix)
{
    while (*Prefix != '\0') {
        if (LowerCase(*Text++) != LowerCase(*Prefix++)) {
            return false;
        }
    }
    return true;
}

static size_t LengthWithoutExtension(const char *Name)
{
    static const char extensions[][5] = { ".exe", ".dll", ".sys" };
    size_t length = TextLength(Name);

    for (size_t i = 0; i < sizeof(extensions) / sizeof(extensions[0]); i++) {
        if (length > 4 && EqualAnyCase(Name + length - 4, extensions[i], 4)) {
            return length - 4;
        }
    }
    return length;
}

bool TextModuleEqual(const char *Left, const char *Right)
{
    size_t length = LengthWithoutExtension(Left);

    return length == LengthWithoutExtension(Right) && EqualAnyCase(Left, Right, length);
}
