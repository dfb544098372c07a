/* SPDX-License-Identifier: MIT
 * Character classes and case. Narrow characters are ASCII (the "C" locale); wide ones follow the kernel's casing table.
 */
#include "crt.h"

static int RtlpIsBetween(int character, int first, int last) { return character >= first && character <= last; }

int isdigit(int Character) { return RtlpIsBetween(Character, '0', '9'); }
int islower(int Character) { return RtlpIsBetween(Character, 'a', 'z'); }
int isupper(int Character) { return RtlpIsBetween(Character, 'A', 'Z'); }
int isprint(int Character) { return RtlpIsBetween(Character, ' ', '~'); }
int isalpha(int Character) { return islower(Character) || isupper(Character); }
int isalnum(int Character) { return isalpha(Character) || isdigit(Character); }
int isspace(int Character) { return Character == ' ' || RtlpIsBetween(Character, '\t', '\r'); }

int isxdigit(int Character)
{
    return isdigit(Character) || RtlpIsBetween(Character, 'a', 'f') || RtlpIsBetween(Character, 'A', 'F');
}

int tolower(int Character) { return isupper(Character) ? Character + ('a' - 'A') : Character; }
int toupper(int Character) { return islower(Character) ? Character - ('a' - 'A') : Character; }
unsigned short towlower(unsigned short Character) { return RtlpDowncase((wchar_t)Character); }
unsigned short towupper(unsigned short Character) { return RtlpUpcase((wchar_t)Character); }
