/* SPDX-License-Identifier: MIT
 * The C runtime names that drivers import from ntoskrnl, as Microsoft's C runtime documents them for the "C" locale, and what
 * their implementations share; the printf names are in printf.h. Stands alone (no DDK), so that the same sources build natively;
 * the compiler's own calls (memcpy, memset) land here too.
 *
 * Unlike the user-mode runtime there is no errno and no invalid-parameter handler: a secure variant with wrong arguments empties
 * its destination where it has one and returns its error.
 */
#pragma once
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

typedef int32_t CRT_LONG;                 /* the ABI's long, 32 bits natively too */
typedef uint32_t CRT_ULONG;
typedef int CRT_ERROR;                    /* errno_t */
typedef int CRT_COMPARE(const void *Left, const void *Right);

#define CRT_EINVAL 22
#define CRT_ERANGE 34
#define CRT_STRUNCATE 80
#define CRT_TRUNCATE ((size_t)-1)         /* _TRUNCATE */

/* Case of one UTF-16 unit by the kernel's casing table; ASCII only until it is there (casing.c). */
wchar_t RtlpUpcase(wchar_t Character);
wchar_t RtlpDowncase(wchar_t Character);
/* The ANSI code page (codepage.c). */
wchar_t RtlpAnsiToWide(unsigned char Character);
unsigned char RtlpWideToAnsi(wchar_t Character);

/* ---- memory.c ---- */
void *memcpy(void *Destination, const void *Source, size_t Count);       /* overlapping ranges are right too */
void *memmove(void *Destination, const void *Source, size_t Count);
void *memset(void *Destination, int Value, size_t Count);
int memcmp(const void *Left, const void *Right, size_t Count);
void *memchr(const void *Buffer, int Value, size_t Count);
CRT_ERROR memcpy_s(void *Destination, size_t Size, const void *Source, size_t Count);
CRT_ERROR memmove_s(void *Destination, size_t Size, const void *Source, size_t Count);

/* ---- character.c ---- */
int isalnum(int Character);
int isalpha(int Character);
int isdigit(int Character);
int islower(int Character);
int isprint(int Character);
int isspace(int Character);
int isupper(int Character);
int isxdigit(int Character);
int tolower(int Character);
int toupper(int Character);
unsigned short towlower(unsigned short Character);
unsigned short towupper(unsigned short Character);

/* ---- string.c ---- */
size_t strlen(const char *String);
size_t strnlen(const char *String, size_t Count);
int strcmp(const char *Left, const char *Right);
int strncmp(const char *Left, const char *Right, size_t Count);
int _stricmp(const char *Left, const char *Right);
int _strnicmp(const char *Left, const char *Right, size_t Count);
char *strcpy(char *Destination, const char *Source);
char *strncpy(char *Destination, const char *Source, size_t Count);
char *strcat(char *Destination, const char *Source);
char *strncat(char *Destination, const char *Source, size_t Count);
char *strchr(const char *String, int Character);
char *strrchr(const char *String, int Character);
char *strstr(const char *String, const char *Wanted);
size_t strspn(const char *String, const char *Set);
size_t strcspn(const char *String, const char *Set);
char *strpbrk(const char *String, const char *Set);
char *strtok_s(char *String, const char *Delimiters, char **Context);
char *_strlwr(char *String);
char *_strupr(char *String);
char *_strrev(char *String);

/* ---- widestring.c ---- */
size_t wcslen(const wchar_t *String);
size_t wcsnlen(const wchar_t *String, size_t Count);
int wcscmp(const wchar_t *Left, const wchar_t *Right);
int wcsncmp(const wchar_t *Left, const wchar_t *Right, size_t Count);
int _wcsicmp(const wchar_t *Left, const wchar_t *Right);
int _wcsnicmp(const wchar_t *Left, const wchar_t *Right, size_t Count);
wchar_t *wcscpy(wchar_t *Destination, const wchar_t *Source);
wchar_t *wcsncpy(wchar_t *Destination, const wchar_t *Source, size_t Count);
wchar_t *wcscat(wchar_t *Destination, const wchar_t *Source);
wchar_t *wcsncat(wchar_t *Destination, const wchar_t *Source, size_t Count);
wchar_t *wcschr(const wchar_t *String, wchar_t Character);
wchar_t *wcsrchr(const wchar_t *String, wchar_t Character);
wchar_t *wcsstr(const wchar_t *String, const wchar_t *Wanted);
size_t wcsspn(const wchar_t *String, const wchar_t *Set);
wchar_t *_wcslwr(wchar_t *String);
wchar_t *_wcsupr(wchar_t *String);
wchar_t *_wcsrev(wchar_t *String);

/* ---- securestring.c ---- */
CRT_ERROR strcpy_s(char *Destination, size_t Size, const char *Source);
CRT_ERROR strcat_s(char *Destination, size_t Size, const char *Source);
CRT_ERROR strncpy_s(char *Destination, size_t Size, const char *Source, size_t Count);
CRT_ERROR strncat_s(char *Destination, size_t Size, const char *Source, size_t Count);
CRT_ERROR wcscpy_s(wchar_t *Destination, size_t Size, const wchar_t *Source);
CRT_ERROR wcscat_s(wchar_t *Destination, size_t Size, const wchar_t *Source);
CRT_ERROR wcsncpy_s(wchar_t *Destination, size_t Size, const wchar_t *Source, size_t Count);
CRT_ERROR wcsncat_s(wchar_t *Destination, size_t Size, const wchar_t *Source, size_t Count);

/* ---- number.c ---- */
int atoi(const char *String);
CRT_LONG atol(const char *String);
int64_t _atoi64(const char *String);
int _wtoi(const wchar_t *String);
CRT_LONG _wtol(const wchar_t *String);
CRT_LONG strtol(const char *String, char **End, int Radix);
CRT_ULONG strtoul(const char *String, char **End, int Radix);
CRT_LONG wcstol(const wchar_t *String, wchar_t **End, int Radix);
CRT_ULONG wcstoul(const wchar_t *String, wchar_t **End, int Radix);

/* ---- digits.c ---- */
#define CRT_DIGITS_LIMIT 66               /* 64 binary digits, a sign, a NUL */
/* Writes Value's digits and a NUL; only radix 10 has a sign. The count of characters, 0 when Radix is not 2 to 36. */
size_t RtlpDigits(uint64_t Value, int IsNegative, int Radix, char Text[CRT_DIGITS_LIMIT]);
char *_itoa(int Value, char *Buffer, int Radix);
char *_ltoa(CRT_LONG Value, char *Buffer, int Radix);
char *_ultoa(CRT_ULONG Value, char *Buffer, int Radix);
char *_i64toa(int64_t Value, char *Buffer, int Radix);
char *_ui64toa(uint64_t Value, char *Buffer, int Radix);
wchar_t *_itow(int Value, wchar_t *Buffer, int Radix);
wchar_t *_ltow(CRT_LONG Value, wchar_t *Buffer, int Radix);
wchar_t *_ultow(CRT_ULONG Value, wchar_t *Buffer, int Radix);
wchar_t *_i64tow(int64_t Value, wchar_t *Buffer, int Radix);
wchar_t *_ui64tow(uint64_t Value, wchar_t *Buffer, int Radix);
CRT_ERROR _itoa_s(int Value, char *Buffer, size_t Size, int Radix);
CRT_ERROR _itow_s(int Value, wchar_t *Buffer, size_t Size, int Radix);

/* ---- sort.c ---- */
void qsort(void *Base, size_t Count, size_t Size, CRT_COMPARE *Compare);
void *bsearch(const void *Key, const void *Base, size_t Count, size_t Size, CRT_COMPARE *Compare);

/* ---- arithmetic.c ---- */
int rand(void);
void srand(unsigned int Seed);
double sqrt(double Value);

/* ---- multibyte.c: code page 1252 ---- */
size_t mbstowcs(wchar_t *Destination, const char *Source, size_t Count);
size_t wcstombs(char *Destination, const wchar_t *Source, size_t Count);
