/* SPDX-License-Identifier: MIT
 * Strings: bounded formatting, comparison, file and module names, JSON escapes. Pure.
 */
#pragma once
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

size_t TextLength(const char *Text);
bool TextEqual(const char *Left, const char *Right);

/* Understands %s, %llu, %llx and %%. Always ends with a NUL; what does not fit, and what is not printable ASCII, does not get
 * in (the latter becomes '?'). */
void TextFormatList(char *Buffer, size_t Size, const char *Format, va_list Arguments);
__attribute__((format(printf, 3, 4))) void TextFormat(char *Buffer, size_t Size, const char *Format, ...);

/* Writes Text as the inside of a JSON string, cut at Size - 1 bytes but never within an escape. */
void TextEscapeJson(char *Buffer, size_t Size, const char *Text);

/* The part of a path behind its last backslash. */
const char *TextFileName(const char *Path);

/* Module names as imports use them: letter case and a final .exe, .dll or .sys do not count. */
bool TextModuleEqual(const char *Left, const char *Right);

/* True when Text starts with Prefix in any letter case. */
bool TextStartsWith(const char *Text, const char *Prefix);
