/* SPDX-License-Identifier: MIT
 * The C runtime's str functions.
 */
#include "crt.h"

size_t strlen(const char *String)
{
    return strnlen(String, SIZE_MAX);
}

size_t strnlen(const char *String, size_t Count)
{
    size_t length = 0;

    while (length < Count && String[length] != '\0')
        length++;
    return length;
}

static inline int RtlpSame(int character) { return character; }

static inline int RtlpCompareNarrow(const char *left, const char *right, size_t count, int (*fold)(int))
{
    for (; count != 0; count--, left++, right++) {
        int a = fold((unsigned char)*left), b = fold((unsigned char)*right);
        if (a != b)
            return a < b ? -1 : 1;
        if (a == 0)
            break;
    }
    return 0;
}

int strcmp(const char *Left, const char *Right) { return RtlpCompareNarrow(Left, Right, SIZE_MAX, RtlpSame); }
int strncmp(const char *Left, const char *Right, size_t Count) { return RtlpCompareNarrow(Left, Right, Count, RtlpSame); }
int _stricmp(const char *Left, const char *Right) { return RtlpCompareNarrow(Left, Right, SIZE_MAX, tolower); }
int _strnicmp(const char *Left, const char *Right, size_t Count) { return RtlpCompareNarrow(Left, Right, Count, tolower); }

char *strcpy(char *Destination, const char *Source)
{
    memcpy(Destination, Source, strlen(Source) + 1);
    return Destination;
}

char *strncpy(char *Destination, const char *Source, size_t Count)
{
    size_t length = strnlen(Source, Count);

    memcpy(Destination, Source, length);
    memset(Destination + length, 0, Count - length);
    return Destination;
}

char *strcat(char *Destination, const char *Source)
{
    strcpy(Destination + strlen(Destination), Source);
    return Destination;
}

char *strncat(char *Destination, const char *Source, size_t Count)
{
    char *end = Destination + strlen(Destination);
    size_t length = strnlen(Source, Count);

    memcpy(end, Source, length);
    end[length] = '\0';
    return Destination;
}

char *strchr(const char *String, int Character)
{
    for (;; String++) {
        if (*String == (char)Character)
            return (char *)(uintptr_t)String;
        if (*String == '\0')
            return NULL;
    }
}

char *strrchr(const char *String, int Character)
{
    const char *found = NULL;

    for (;; String++) {
        if (*String == (char)Character)
            found = String;
        if (*String == '\0')
            return (char *)(uintptr_t)found;
    }
}

char *strstr(const char *String, const char *Wanted)
{
    size_t length = strlen(Wanted);

    for (;; String++) {
        if (strncmp(String, Wanted, length) == 0)
            return (char *)(uintptr_t)String;
        if (*String == '\0')
            return NULL;
    }
}

size_t strspn(const char *String, const char *Set)
{
    size_t length = 0;

    while (String[length] != '\0' && strchr(Set, String[length]) != NULL)
        length++;
    return length;
}

size_t strcspn(const char *String, const char *Set)
{
    size_t length = 0;

    while (String[length] != '\0' && strchr(Set, String[length]) == NULL)
        length++;
    return length;
}

char *strpbrk(const char *String, const char *Set)
{
    String += strcspn(String, Set);
    return *String == '\0' ? NULL : (char *)(uintptr_t)String;
}

char *strtok_s(char *String, const char *Delimiters, char **Context)
{
    char *end;

    if (Delimiters == NULL || Context == NULL || (String == NULL && *Context == NULL))
        return NULL;
    if (String == NULL)
        String = *Context;
    String += strspn(String, Delimiters);
    end = String + strcspn(String, Delimiters);
    *Context = *end == '\0' ? end : end + 1;
    *end = '\0';
    return end == String ? NULL : String;
}

char *_strlwr(char *String)
{
    for (char *c = String; *c != '\0'; c++)
        *c = (char)tolower((unsigned char)*c);
    return String;
}

char *_strupr(char *String)
{
    for (char *c = String; *c != '\0'; c++)
        *c = (char)toupper((unsigned char)*c);
    return String;
}

char *_strrev(char *String)
{
    size_t left = 0, right = strlen(String);

    while (left + 1 < right) {
        char c = String[left];
        String[left++] = String[--right];
        String[right] = c;
    }
    return String;
}
