/* SPDX-License-Identifier: MIT
 * The end of a boot that cannot go on.
 */
#include "fail.h"
#include "allocate.h"
#include "firmware.h"
#include "processor.h"
#include "serial.h"
#include "text.h"

#define DEBUG_EXIT_PORT 0xF4
#define DEBUG_EXIT_LOADER_ERROR 19u      /* QEMU's exit status is 2 * 19 + 1 = 39 */
#define SENTENCE_BYTES 640

static void WriteConsole(const char *Text)
{
    CHAR16 wide[SENTENCE_BYTES + 64];
    size_t length = 0;

    if (Firmware.Leaving || Firmware.System->ConOut == NULL) {
        return;
    }
    while (Text[length] != '\0' && length + 1 < sizeof(wide) / sizeof(wide[0])) {
        wide[length] = (CHAR16)Text[length];
        length++;
    }
    wide[length] = 0;
    Firmware.System->ConOut->OutputString(Firmware.System->ConOut, wide);
}

void TellPerson(const char *Text)
{
    WriteConsole("\r\n");
    WriteConsole(Text);
    WriteConsole("\r\n");
    WriteSerial(SERIAL_CONSOLE, "\r\n");
    WriteSerial(SERIAL_CONSOLE, Text);
    WriteSerial(SERIAL_CONSOLE, "\r\n");
}

static void WriteEvents(const char *Text)
{
    char escaped[2 * SENTENCE_BYTES];

    TextEscapeJson(escaped, sizeof(escaped), Text);
    WriteSerial(SERIAL_EVENTS, "{\"event\":\"log\",\"t\":0,\"level\":\"error\",\"text\":\"");
    WriteSerial(SERIAL_EVENTS, escaped);
    WriteSerial(SERIAL_EVENTS, "\"}\n{\"event\":\"end\",\"t\":0,\"status\":39}\n");
}

/* A machine with isa-debug-exit is gone after this; elsewhere nothing listens at the port. */
static void LeaveEmulator(void)
{
    WritePort32(DEBUG_EXIT_PORT, DEBUG_EXIT_LOADER_ERROR);
}

static void WaitForKey(void)
{
    SIMPLE_INPUT_INTERFACE *input = Firmware.System->ConIn;
    UINTN index;

    if (input == NULL) {
        return;
    }
    WriteConsole("Press a key to return to the firmware.\r\n");
    input->Reset(input, FALSE);
    Firmware.Boot->WaitForEvent(1, &input->WaitForKey, &index);
}

_Noreturn void FailBoot(const char *Sentence, ...)
{
    char sentence[SENTENCE_BYTES];
    char line[SENTENCE_BYTES + 32];
    va_list arguments;

    va_start(arguments, Sentence);
    TextFormatList(sentence, sizeof(sentence), Sentence, arguments);
    va_end(arguments);
    TextFormat(line, sizeof(line), "petrel: cannot boot: %s.", sentence);
    TellPerson(line);
    WriteEvents(line);
    LeaveEmulator();
    if (!Firmware.Leaving) {
        WaitForKey();
        ReleaseAllocations();
        Firmware.Boot->Exit(Firmware.Image, EFI_LOAD_ERROR, 0, NULL);
    }
    for (;;) {
        HaltProcessor();
    }
}
