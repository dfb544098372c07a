/* SPDX-License-Identifier: MIT
 * IPv4 addresses as text, as ip2string.h documents them: Windows has them in ntdll and in the kernel. Any IRQL.
 */
#pragma once
#include "nt.h"

struct in_addr;                                  /* four bytes, the first number first */
/* Writes at most 16 characters with the NUL; the result is where the NUL is. */
PSTR NTAPI RtlIpv4AddressToStringA(const struct in_addr *Addr, PSTR S);
/* STATUS_INVALID_PARAMETER: no address. *Terminator is behind what was understood. */
NTSTATUS NTAPI RtlIpv4StringToAddressA(PCSTR S, BOOLEAN Strict, PCSTR *Terminator, struct in_addr *Addr);
