/* SPDX-License-Identifier: MIT
 * The C runtime's wcs functions; wchar_t is a UTF-16 unit.
 */
#include "crt.h"

size_t wcslen(const wchar_t *String)
{
    return wcsnlen(String, SIZE_MAX);
}

size_t wcsnlen(const wchar_t *String, size_t Count)
{
    size_t length = 0;

    while (length < Count && String[length] != 0)
        length++;
    return length;
}

static inline wchar_t RtlpSameWide(wchar_t character) { return character; }

static inline int RtlpCompareWide(const wchar_t *left, const wchar_t *right, size_t count, wchar_t (*fold)(wchar_t))
{
    for (; count != 0; count--, left++, right++) {
        wchar_t a = fold(*left), b = fold(*right);
        if (a != b)
            return a < b ? -1 : 1;
        if (a == 0)
            break;
    }
    return 0;
}

int wcscmp(const wchar_t *Left, const wchar_t *Right) { return RtlpCompareWide(Left, Right, SIZE_MAX, RtlpSameWide); }
int wcsncmp(const wchar_t *Left, const wchar_t *Right, size_t Count) { return RtlpCompareWide(Left, Right, Count, RtlpSameWide); }
int _wcsicmp(const wchar_t *Left, const wchar_t *Right) { return RtlpCompareWide(Left, Right, SIZE_MAX, RtlpDowncase); }
int _wcsnicmp(const wchar_t *Left, const wchar_t *Right, size_t Count)
{
    return RtlpCompareWide(Left, Right, Count, RtlpDowncase);
}

wchar_t *wcscpy(wchar_t *Destination, const wchar_t *Source)
{
    memcpy(Destination, Source, (wcslen(Source) + 1) * sizeof(wchar_t));
    return Destination;
}

wchar_t *wcsncpy(wchar_t *Destination, const wchar_t *Source, size_t Count)
{
    size_t length = wcsnlen(Source, Count);

    memcpy(Destination, Source, length * sizeof(wchar_t));
    memset(Destination + length, 0, (Count - length) * sizeof(wchar_t));
    return Destination;
}

wchar_t *wcscat(wchar_t *Destination, const wchar_t *Source)
{
    wcscpy(Destination + wcslen(Destination), Source);
    return Destination;
}

wchar_t *wcsncat(wchar_t *Destination, const wchar_t *Source, size_t Count)
{
    wchar_t *end = Destination + wcslen(Destination);
    size_t length = wcsnlen(Source, Count);

    memcpy(end, Source, length * sizeof(wchar_t));
    end[length] = 0;
    return Destination;
}

wchar_t *wcschr(const wchar_t *String, wchar_t Character)
{
    for (;; String++) {
        if (*String == Character)
            return (wchar_t *)(uintptr_t)String;
        if (*String == 0)
            return NULL;
    }
}

wchar_t *wcsrchr(const wchar_t *String, wchar_t Character)
{
    const wchar_t *found = NULL;

    for (;; String++) {
        if (*String == Character)
            found = String;
        if (*String == 0)
            return (wchar_t *)(uintptr_t)found;
    }
}

wchar_t *wcsstr(const wchar_t *String, const wchar_t *Wanted)
{
    size_t length = wcslen(Wanted);

    for (;; String++) {
        if (wcsncmp(String, Wanted, length) == 0)
            return (wchar_t *)(uintptr_t)String;
        if (*String == 0)
            return NULL;
    }
}

size_t wcsspn(const wchar_t *String, const wchar_t *Set)
{
    size_t length = 0;

    while (String[length] != 0 && wcschr(Set, String[length]) != NULL)
        length++;
    return length;
}

wchar_t *_wcslwr(wchar_t *String)
{
    for (wchar_t *c = String; *c != 0; c++)
        *c = RtlpDowncase(*c);
    return String;
}

wchar_t *_wcsupr(wchar_t *String)
{
    for (wchar_t *c = String; *c != 0; c++)
        *c = RtlpUpcase(*c);
    return String;
}

wchar_t *_wcsrev(wchar_t *String)
{
    size_t left = 0, right = wcslen(String);

    while (left + 1 < right) {
        wchar_t c = String[left];
        String[left++] = String[--right];
        String[right] = c;
    }
    return String;
}
