/* SPDX-License-Identifier: MIT
 * The services that there are, from services.inc, with the shapes of their arguments made ready for use.
 */
#include "svcp.h"
#include "rtl.h"

/* By names of our own for the linker's: the headers declare some of them, each as what it is. */
#define SERVICE(name, shapes) extern const UCHAR Svc##name[] __asm__(#name);
#include "services.inc"
#undef SERVICE
#define SERVICE(name, shapes) { #name, Svc##name, shapes, 0, FALSE, { { 0 } } },
static SVC_SERVICE SvcServices[] = {
#include "services.inc"
};
#undef SERVICE

static PCSTR SvcParseNumber(PCSTR Text, USHORT *Number)
{
    ULONG value = 0;
    while (*Text >= '0' && *Text <= '9')
        value = value * 10 + (ULONG)(*Text++ - '0');
    *Number = (USHORT)value;
    return Text;
}

static SVC_KIND SvcKindOf(CHAR Letter)
{
    switch (Letter) {
    case 'v': return SvcValue;
    case 'i': return SvcRead;
    case 'o': case 'x': return SvcReadWrite;
    case 'I': return SvcReadBuffer;
    case 'X': case 'Z': return SvcWriteBuffer;
    case 'R': return SvcPointerBuffer;
    case 'a': return SvcAttributes;
    case 's': return SvcString;
    case 'u': return SvcGuarded;
    case 'U': return SvcGuardedBuffer;
    default: return SvcRaw;
    }
}

static VOID SvcParse(SVC_SERVICE *Service)
{
    PCSTR text = Service->Shapes;

    Service->Plain = TRUE;
    while (*text != '\0') {
        SVC_SHAPE *shape = &Service->Arguments[Service->Count++];
        shape->Wide = *text == 'Z';
        shape->Kind = (UCHAR)SvcKindOf(*text);
        text = SvcParseNumber(text + 1, &shape->Bytes);
        shape->Optional = *text == '?';
        text += shape->Optional;
        text += *text == ' ';
        if (shape->Kind != SvcValue && shape->Kind != SvcRaw)
            Service->Plain = FALSE;
    }
}

SVC_SERVICE *SvcFind(PCSTR Name)
{
    ULONG i;

    for (i = 0; i < RTL_NUMBER_OF(SvcServices); i++) {
        if (strcmp(SvcServices[i].Name, Name) != 0)
            continue;
        if (SvcServices[i].Count == 0)
            SvcParse(&SvcServices[i]);
        return &SvcServices[i];
    }
    return NULL;
}
