/* SPDX-License-Identifier: MIT
 * The environment that programs begin with.
 */
#pragma once
#include "text.h"

/* Appends the values of the registry's Session Manager\Environment as NAME=TEXT, each with a zero, and one more zero. A REG_EXPAND_SZ
 * may name variables that the key has before it. */
NTSTATUS ReadEnvironment(TEXT_BUFFER *Environment);
