/* SPDX-License-Identifier: MIT
 * mbstowcs and wcstombs. A NULL destination asks for the length; the NUL is written when there is room, and not counted.
 */
#include "crt.h"

size_t mbstowcs(wchar_t *Destination, const char *Source, size_t Count)
{
    size_t i;

    if (Destination == NULL)
        return strlen(Source);
    for (i = 0; i < Count; i++) {
        Destination[i] = RtlpAnsiToWide((unsigned char)Source[i]);
        if (Source[i] == '\0')
            break;
    }
    return i;
}

size_t wcstombs(char *Destination, const wchar_t *Source, size_t Count)
{
    size_t i;

    if (Destination == NULL)
        return wcslen(Source);
    for (i = 0; i < Count; i++) {
        Destination[i] = (char)RtlpWideToAnsi(Source[i]);
        if (Source[i] == 0)
            break;
    }
    return i;
}
