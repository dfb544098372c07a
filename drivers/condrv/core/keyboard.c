/* SPDX-License-Identifier: MIT
 * What a terminal sends, as the keys of a US keyboard: UTF-8 text, control characters, and the sequences of xterm and the VT220
 * for other keys (with modifiers). Each key goes down and up at once. A sequence that is not known makes no key.
 */
#include "console.h"

enum { ConText, ConAfterEscape, ConAfterBracket, ConAfterO };
#define CON_NUMBERS 4u

/* ---- Making records ---- */
static uint32_t ConPress(CON_PLACE Place, uint16_t Character, CON_RECORD *Records)
{
    for (uint32_t i = 0; i < 2; i++)
        Records[i] =
            (CON_RECORD){ ConKeyEvent, 0, { .Key = { i == 0, 1, Place.VirtualKey, Place.ScanCode, Character, Place.State } } };
    return 2;
}

static uint32_t ConPressCharacter(uint16_t Character, uint32_t State, CON_RECORD *Records)
{
    CON_PLACE place = ConPlaceOf(Character);

    place.State |= State;
    return ConPress(place, Character, Records);
}

static uint32_t ConPressControl(uint8_t Byte, uint32_t State, CON_RECORD *Records)
{
    CON_PLACE place;

    switch (Byte) {
    case 0x08:
    case 0x7F: return ConPress((CON_PLACE){ ConKeyBack, 0x0E, State }, 0x08, Records);
    case 0x09: return ConPress((CON_PLACE){ ConKeyTab, 0x0F, State }, 0x09, Records);
    case 0x0A:
    case 0x0D: return ConPress((CON_PLACE){ ConKeyReturn, 0x1C, State }, 0x0D, Records);
    case 0x1B: return ConPress((CON_PLACE){ ConKeyEscape, 0x01, State }, 0x1B, Records);
    default: break;
    }
    place = ConPlaceOf(Byte == 0 ? ' ' : Byte <= 0x1A ? (uint16_t)(Byte + 0x60) : (uint16_t)(Byte + 0x40));
    place.State |= State | ConCtrlPressed;
    return ConPress(place, Byte, Records);
}

static uint32_t ConPressByte(CON_KEYBOARD *Keyboard, uint8_t Byte, uint32_t State, CON_RECORD *Records)
{
    uint16_t units[2];
    uint32_t count = 0;
    unsigned made;
    bool skips = Keyboard->SkipsLineFeed && Byte == '\n';

    Keyboard->SkipsLineFeed = Byte == '\r';
    if (skips)
        return 0;                                /* CR LF is one key */
    if (Byte < 0x20 || Byte == 0x7F) {
        if (ConDecodeEnd(&Keyboard->Decoder, units) != 0)
            count = ConPressCharacter(units[0], 0, Records);
        return count + ConPressControl(Byte, State, Records + count);
    }
    made = ConDecodeByte(&Keyboard->Decoder, 65001, Byte, units);
    for (unsigned i = 0; i < made; i++)
        count += ConPressCharacter(units[i], State, Records + count);
    return count;
}

/* ---- Sequences ---- */
/* Bits of the second number, less one: Shift, Alt, Ctrl. */
static uint32_t ConModifiers(const CON_KEYBOARD *Keyboard)
{
    unsigned bits = Keyboard->Count >= 1 && Keyboard->Numbers[1] != 0 ? Keyboard->Numbers[1] - 1u : 0;
    return (bits & 1 ? ConShiftPressed : 0) | (bits & 2 ? ConAltPressed : 0) | (bits & 4 ? ConCtrlPressed : 0);
}

static CON_PLACE ConFunctionKey(unsigned Number)
{
    uint16_t scanCode = (uint16_t)(Number <= 10 ? 0x3A + Number : 0x4C + Number);    /* F11 is 0x57 */
    return (CON_PLACE){ (uint16_t)(ConKeyF1 + Number - 1), scanCode, 0 };
}

static CON_PLACE ConLetterKey(uint8_t Final)
{
    switch (Final) {
    case 'A': return (CON_PLACE){ ConKeyUp, 0x48, ConEnhancedKey };
    case 'B': return (CON_PLACE){ ConKeyDown, 0x50, ConEnhancedKey };
    case 'C': return (CON_PLACE){ ConKeyRight, 0x4D, ConEnhancedKey };
    case 'D': return (CON_PLACE){ ConKeyLeft, 0x4B, ConEnhancedKey };
    case 'H': return (CON_PLACE){ ConKeyHome, 0x47, ConEnhancedKey };
    case 'F': return (CON_PLACE){ ConKeyEnd, 0x4F, ConEnhancedKey };
    case 'P':
    case 'Q':
    case 'R':
    case 'S': return ConFunctionKey(Final - 'P' + 1u);
    case 'Z': return (CON_PLACE){ ConKeyTab, 0x0F, ConShiftPressed };
    default: return (CON_PLACE){ 0, 0, 0 };
    }
}

static CON_PLACE ConNumberKey(unsigned Number)
{
    static const uint8_t functions[] = { 1, 2, 3, 4, 5, 0, 6, 7, 8, 9, 10, 0, 11, 12 };

    if (Number >= 11 && Number < 11 + sizeof(functions) && functions[Number - 11] != 0)
        return ConFunctionKey(functions[Number - 11]);
    switch (Number) {
    case 1:
    case 7: return ConLetterKey('H');
    case 4:
    case 8: return ConLetterKey('F');
    case 2: return (CON_PLACE){ ConKeyInsert, 0x52, ConEnhancedKey };
    case 3: return (CON_PLACE){ ConKeyDelete, 0x53, ConEnhancedKey };
    case 5: return (CON_PLACE){ ConKeyPrior, 0x49, ConEnhancedKey };
    case 6: return (CON_PLACE){ ConKeyNext, 0x51, ConEnhancedKey };
    default: return (CON_PLACE){ 0, 0, 0 };
    }
}

static uint32_t ConEndSequence(CON_KEYBOARD *Keyboard, uint8_t Final, CON_RECORD *Records)
{
    CON_PLACE place = Final == '~' ? ConNumberKey(Keyboard->Numbers[0]) : ConLetterKey(Final);

    Keyboard->State = ConText;
    if (place.VirtualKey == 0)
        return 0;
    place.State |= ConModifiers(Keyboard);
    return ConPress(place, place.VirtualKey == ConKeyTab ? 0x09 : 0, Records);
}

static uint32_t ConInSequence(CON_KEYBOARD *Keyboard, uint8_t Byte, CON_RECORD *Records)
{
    uint8_t *number = &Keyboard->Numbers[Keyboard->Count];

    if (Byte >= '0' && Byte <= '9')
        *number = (uint8_t)(*number > 24 ? 255 : *number * 10 + Byte - '0');
    else if (Byte == ';' && Keyboard->Count < CON_NUMBERS - 1)
        Keyboard->Count++;
    else if (Byte >= 0x40 && Byte <= 0x7E)
        return ConEndSequence(Keyboard, Byte, Records);
    else if (Byte < 0x20 || Byte > 0x7E)
        Keyboard->State = ConText;               /* none after all: what was read is lost */
    return 0;
}

static void ConBeginSequence(CON_KEYBOARD *Keyboard, uint8_t State)
{
    Keyboard->State = State;
    Keyboard->Count = 0;
    for (unsigned i = 0; i < CON_NUMBERS; i++)
        Keyboard->Numbers[i] = 0;
}

uint32_t ConKeyboardByte(CON_KEYBOARD *Keyboard, uint8_t Byte, CON_RECORD Records[CON_KEYS_A_BYTE])
{
    uint8_t state = Keyboard->State;

    if (Byte == 0x1B) {
        Keyboard->State = ConAfterEscape;
        Keyboard->SkipsLineFeed = false;
        return state == ConAfterEscape ? ConPressControl(0x1B, 0, Records) : 0;
    }
    switch (state) {
    case ConAfterBracket:
    case ConAfterO: return ConInSequence(Keyboard, Byte, Records);
    case ConAfterEscape:
        if (Byte == '[' || Byte == 'O') {
            ConBeginSequence(Keyboard, Byte == '[' ? ConAfterBracket : ConAfterO);
            return 0;
        }
        Keyboard->State = ConText;
        return ConPressByte(Keyboard, Byte, ConAltPressed, Records);
    default: return ConPressByte(Keyboard, Byte, 0, Records);
    }
}

bool ConKeyboardIsWaiting(const CON_KEYBOARD *Keyboard) { return Keyboard->State != ConText; }

uint32_t ConKeyboardIdle(CON_KEYBOARD *Keyboard, CON_RECORD Records[CON_KEYS_A_BYTE])
{
    uint8_t state = Keyboard->State;

    Keyboard->State = ConText;
    switch (state) {
    case ConAfterEscape: return ConPressControl(0x1B, 0, Records);
    case ConAfterBracket:
        return Keyboard->Count == 0 && Keyboard->Numbers[0] == 0 ? ConPressCharacter('[', ConAltPressed, Records) : 0;
    case ConAfterO: return ConPressCharacter('O', ConAltPressed, Records);
    default: return 0;
    }
}
