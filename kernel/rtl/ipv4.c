/* SPDX-License-Identifier: MIT
 * IPv4 addresses as text: "192.168.0.1". ip2string.h documents them: strict text has four decimal numbers; otherwise the last of one to
 * four numbers fills what the others left, and 0x and 0 in front mean hexadecimal and octal.
 */
#include "ipv4.h"

typedef struct RTL_IPV4_TEXT {
    PCSTR At;
    BOOLEAN Strict;
} RTL_IPV4_TEXT;

static PSTR RtlpPutByte(PSTR At, ULONG Byte)
{
    if (Byte >= 100)
        *At++ = (CHAR)('0' + Byte / 100);
    if (Byte >= 10)
        *At++ = (CHAR)('0' + Byte / 10 % 10);
    *At++ = (CHAR)('0' + Byte % 10);
    return At;
}

PSTR NTAPI RtlIpv4AddressToStringA(const struct in_addr *Addr, PSTR S)
{
    const UCHAR *bytes = (const UCHAR *)Addr;
    ULONG i;

    for (i = 0; i < 4; i++) {
        if (i != 0)
            *S++ = '.';
        S = RtlpPutByte(S, bytes[i]);
    }
    *S = '\0';
    return S;
}

static ULONG RtlpDigit(CHAR Character)
{
    if (Character >= '0' && Character <= '9')
        return (ULONG)(Character - '0');
    if (Character >= 'a' && Character <= 'f')
        return (ULONG)(Character - 'a' + 10);
    return Character >= 'A' && Character <= 'F' ? (ULONG)(Character - 'A' + 10) : 16;
}

static ULONG RtlpBase(RTL_IPV4_TEXT *Text)
{
    if (Text->Strict || Text->At[0] != '0')
        return 10;
    if ((Text->At[1] == 'x' || Text->At[1] == 'X') && RtlpDigit(Text->At[2]) < 16) {
        Text->At += 2;
        return 16;
    }
    return 8;
}

/* A number of 32 bits. FALSE: none begins here, or it is too large. */
static BOOLEAN RtlpTakeNumber(RTL_IPV4_TEXT *Text, PULONG Number)
{
    ULONG base = RtlpBase(Text);
    ULONG64 value = 0;
    PCSTR begin = Text->At;

    for (; RtlpDigit(*Text->At) < base; Text->At++) {
        value = value * base + RtlpDigit(*Text->At);
        if (value > 0xFFFFFFFF)
            return FALSE;
    }
    *Number = (ULONG)value;
    return Text->At != begin;
}

/* All but the last are bytes. FALSE: too much for its place. */
static BOOLEAN RtlpPutTogether(const ULONG *Parts, ULONG Count, PULONG Address)
{
    ULONG64 room = 1ull << 8 * (5 - Count);
    ULONG i, address = 0;

    for (i = 0; i < Count - 1; i++) {
        if (Parts[i] > 255)
            return FALSE;
        address |= Parts[i] << (24 - 8 * i);
    }
    *Address = address | Parts[Count - 1];
    return Parts[Count - 1] < room;
}

/* *Terminator is behind what was understood, also when that is no address. */
NTSTATUS NTAPI RtlIpv4StringToAddressA(PCSTR S, BOOLEAN Strict, PCSTR *Terminator, struct in_addr *Addr)
{
    RTL_IPV4_TEXT text = { S, Strict };
    ULONG parts[4], count = 0, address = 0;
    BOOLEAN good;

    for (;;) {
        good = RtlpTakeNumber(&text, &parts[count++]);
        if (!good || count == 4 || *text.At != '.')
            break;
        text.At++;
    }
    *Terminator = text.At;
    if (!good || (Strict && count != 4) || !RtlpPutTogether(parts, count, &address))
        return STATUS_INVALID_PARAMETER;
    *(PULONG)(PVOID)Addr = __builtin_bswap32(address);
    return STATUS_SUCCESS;
}
