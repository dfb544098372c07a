/* SPDX-License-Identifier: MIT
 * The secure copies, one core for both widths of character.
 *
 * On failure the destination becomes the empty string. With _TRUNCATE as count what fits is copied and STRUNCATE returned.
 */
#include "crt.h"

typedef struct RTLP_TEXT {
    void *Characters;
    size_t Size;                          /* in characters */
    size_t Width;                         /* bytes of one */
} RTLP_TEXT;

static int RtlpIsEnd(const void *text, size_t index, size_t width)
{
    return width == 1 ? ((const char *)text)[index] == '\0' : ((const wchar_t *)text)[index] == 0;
}

static size_t RtlpBoundedLength(const void *text, size_t limit, size_t width)
{
    size_t length = 0;

    while (length < limit && !RtlpIsEnd(text, length, width))
        length++;
    return length;
}

static void RtlpPutEnd(const RTLP_TEXT *text, size_t index)
{
    memset((char *)text->Characters + index * text->Width, 0, text->Width);
}

/* Copies up to Count characters of Source to Destination from character At on. */
static CRT_ERROR RtlpAppend(const RTLP_TEXT *to, size_t at, const void *source, size_t count)
{
    size_t room = to->Size - at, length = RtlpBoundedLength(source, count < room ? count : room, to->Width);
    CRT_ERROR result = 0;

    if (length == room) {                                     /* no place for the NUL */
        if (count != CRT_TRUNCATE) {
            RtlpPutEnd(to, 0);
            return CRT_ERANGE;
        }
        length--;
        result = CRT_STRUNCATE;
    }
    memmove((char *)to->Characters + at * to->Width, source, length * to->Width);
    RtlpPutEnd(to, at + length);
    return result;
}

static CRT_ERROR RtlpSecureCopy(RTLP_TEXT to, const void *source, size_t count, int append)
{
    size_t at = 0;

    if (count == 0 && to.Characters == NULL && to.Size == 0)
        return 0;
    if (to.Characters == NULL || to.Size == 0)
        return CRT_EINVAL;
    if (append && (at = RtlpBoundedLength(to.Characters, to.Size, to.Width)) == to.Size) {
        RtlpPutEnd(&to, 0);
        return CRT_EINVAL;                                    /* not terminated */
    }
    if (source == NULL && count != 0) {
        RtlpPutEnd(&to, 0);
        return CRT_EINVAL;
    }
    if (count == 0) {
        RtlpPutEnd(&to, at);
        return 0;
    }
    return RtlpAppend(&to, at, source, count);
}

#define WHOLE (CRT_TRUNCATE - 1)                              /* no count given */

CRT_ERROR strcpy_s(char *Destination, size_t Size, const char *Source)
{
    return RtlpSecureCopy((RTLP_TEXT){ Destination, Size, sizeof(char) }, Source, WHOLE, 0);
}

CRT_ERROR strcat_s(char *Destination, size_t Size, const char *Source)
{
    return RtlpSecureCopy((RTLP_TEXT){ Destination, Size, sizeof(char) }, Source, WHOLE, 1);
}

CRT_ERROR strncpy_s(char *Destination, size_t Size, const char *Source, size_t Count)
{
    return RtlpSecureCopy((RTLP_TEXT){ Destination, Size, sizeof(char) }, Source, Count, 0);
}

CRT_ERROR strncat_s(char *Destination, size_t Size, const char *Source, size_t Count)
{
    return RtlpSecureCopy((RTLP_TEXT){ Destination, Size, sizeof(char) }, Source, Count, 1);
}

CRT_ERROR wcscpy_s(wchar_t *Destination, size_t Size, const wchar_t *Source)
{
    return RtlpSecureCopy((RTLP_TEXT){ Destination, Size, sizeof(wchar_t) }, Source, WHOLE, 0);
}

CRT_ERROR wcscat_s(wchar_t *Destination, size_t Size, const wchar_t *Source)
{
    return RtlpSecureCopy((RTLP_TEXT){ Destination, Size, sizeof(wchar_t) }, Source, WHOLE, 1);
}

CRT_ERROR wcsncpy_s(wchar_t *Destination, size_t Size, const wchar_t *Source, size_t Count)
{
    return RtlpSecureCopy((RTLP_TEXT){ Destination, Size, sizeof(wchar_t) }, Source, Count, 0);
}

CRT_ERROR wcsncat_s(wchar_t *Destination, size_t Size, const wchar_t *Source, size_t Count)
{
    return RtlpSecureCopy((RTLP_TEXT){ Destination, Size, sizeof(wchar_t) }, Source, Count, 1);
}
