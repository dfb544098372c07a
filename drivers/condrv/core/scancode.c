/* SPDX-License-Identifier: MIT
 * What a keyboard sends, as input records: scan codes of set 1 with the modifiers that are held, for the US layout. A key that is
 * held sends its code again and again: each is a record of its own, as Windows has it.
 */
#include "console.h"

#define CON_FIRST_OF_KEYPAD 0x47u
#define CON_LAST_OF_KEYPAD 0x53u
#define CON_PAUSE_REST 0x45u
#define CON_LEFT_SHIFT 0x2Au
#define CON_RIGHT_SHIFT 0x36u
#define CON_ANGLE 0x56u

typedef struct CON_OTHER_KEY {
    uint16_t ScanCode, VirtualKey, Character;
} CON_OTHER_KEY;

/* ---- Keys without a character of the layout ---- */
static const CON_OTHER_KEY ConPlainKeys[] = {
    { 0x01, ConKeyEscape, 0x1B },   { 0x0E, ConKeyBack, 0x08 },     { 0x0F, ConKeyTab, 0x09 },    { 0x1C, ConKeyReturn, 0x0D },
    { 0x1D, ConKeyControl, 0 },     { 0x2A, ConKeyShift, 0 },       { 0x36, ConKeyShift, 0 },     { 0x37, ConKeyMultiply, '*' },
    { 0x38, ConKeyMenu, 0 },        { 0x3A, ConKeyCapital, 0 },     { 0x45, ConKeyNumLock, 0 },   { 0x46, ConKeyScrollLock, 0 },
    { 0x4A, ConKeySubtract, '-' },  { 0x4E, ConKeyAdd, '+' },       { 0x54, ConKeySnapshot, 0 },  { 0x57, ConKeyF11, 0 },
    { 0x58, ConKeyF12, 0 },
};

static const CON_OTHER_KEY ConEnhancedKeys[] = {
    { 0x1C, ConKeyReturn, 0x0D },   { 0x1D, ConKeyControl, 0 },     { 0x35, ConKeyDivide, '/' },  { 0x37, ConKeySnapshot, 0 },
    { 0x38, ConKeyMenu, 0 },        { 0x46, ConKeyCancel, 0x03 },   { 0x47, ConKeyHome, 0 },      { 0x48, ConKeyUp, 0 },
    { 0x49, ConKeyPrior, 0 },       { 0x4B, ConKeyLeft, 0 },        { 0x4D, ConKeyRight, 0 },     { 0x4F, ConKeyEnd, 0 },
    { 0x50, ConKeyDown, 0 },        { 0x51, ConKeyNext, 0 },        { 0x52, ConKeyInsert, 0 },    { 0x53, ConKeyDelete, 0 },
    { 0x5B, ConKeyLeftWindows, 0 }, { 0x5C, ConKeyRightWindows, 0 }, { 0x5D, ConKeyApplications, 0 },
};

/* The keypad with and without Num Lock, from 0x47 on; 0: minus and plus, which have one face. */
static const CON_OTHER_KEY ConKeypad[] = {
    { '7', ConKeyHome, 0 },  { '8', ConKeyUp, 0 },    { '9', ConKeyPrior, 0 }, { 0, 0, 0 },
    { '4', ConKeyLeft, 0 },  { '5', ConKeyClear, 0 }, { '6', ConKeyRight, 0 }, { 0, 0, 0 },
    { '1', ConKeyEnd, 0 },   { '2', ConKeyDown, 0 },  { '3', ConKeyNext, 0 },  { '0', ConKeyInsert, 0 },
    { '.', ConKeyDelete, 0 },
};

static bool ConFindKey(const CON_OTHER_KEY *Keys, unsigned Count, uint16_t ScanCode, CON_KEY *Key)
{
    for (unsigned i = 0; i < Count; i++)
        if (Keys[i].ScanCode == ScanCode) {
            Key->VirtualKey = Keys[i].VirtualKey;
            Key->Character = Keys[i].Character;
            return true;
        }
    return false;
}

/* Shift turns what Num Lock makes of it for a moment. */
static bool ConKeypadKey(uint16_t ScanCode, CON_KEY *Key)
{
    const CON_OTHER_KEY *key = &ConKeypad[ScanCode - CON_FIRST_OF_KEYPAD];
    uint16_t digit = key->ScanCode;

    if (key->VirtualKey == 0)
        return false;
    if (!(Key->State & ConNumLockOn) || (Key->State & ConShiftPressed)) {
        Key->VirtualKey = key->VirtualKey;
        return true;
    }
    Key->VirtualKey = digit == '.' ? ConKeyDecimal : (uint16_t)(ConKeyNumpad0 + digit - '0');
    Key->Character = digit;
    return true;
}

/* ---- Characters ---- */
static uint16_t ConControlCharacter(char Plain, uint32_t State)
{
    if (State & ConAnyAlt)
        return 0;
    if (Plain >= 'a' && Plain <= 'z')
        return (uint16_t)(Plain - 'a' + 1);
    if (State & ConShiftPressed)
        return Plain == '6' ? 0x1E : Plain == '-' ? 0x1F : 0;
    return Plain >= '[' && Plain <= ']' ? (uint16_t)(Plain - 0x40) : Plain == ' ' ? ' ' : 0;
}

static uint16_t ConFaceCharacter(const CON_KEY_FACE *Face, uint32_t State)
{
    bool isLetter = Face->Plain >= 'a' && Face->Plain <= 'z', isShifted = (State & ConShiftPressed) != 0;

    if (State & ConAnyCtrl)
        return ConControlCharacter(Face->Plain, State);
    if (isLetter && (State & ConCapsLockOn))
        isShifted = !isShifted;
    return (uint8_t)(isShifted ? Face->Shifted : Face->Plain);
}

/* With Ctrl some keys have another character, or are another key. */
static void ConWithCtrl(CON_KEY *Key)
{
    if (!(Key->State & ConAnyCtrl))
        return;
    switch (Key->VirtualKey) {
    case ConKeyReturn: Key->Character = 0x0A; break;
    case ConKeyBack: Key->Character = 0x7F; break;
    case ConKeyNumLock: Key->VirtualKey = ConKeyPause; break;
    case ConKeyScrollLock:
        Key->VirtualKey = ConKeyCancel;
        Key->Character = 0x03;
        break;
    default: break;
    }
}

static bool ConFace(uint16_t ScanCode, uint16_t Flags, CON_KEY *Key)
{
    CON_KEY_FACE face;

    if (Flags & ConScanE0)
        return ConFindKey(ConEnhancedKeys, sizeof(ConEnhancedKeys) / sizeof(ConEnhancedKeys[0]), ScanCode, Key);
    if (ScanCode == CON_ANGLE || ConKeyAt(ScanCode, &face)) {
        if (ScanCode == CON_ANGLE)
            face = (CON_KEY_FACE){ ConKeyAngle, '\\', '|' };
        Key->VirtualKey = face.VirtualKey;
        Key->Character = ConFaceCharacter(&face, Key->State);
        return true;
    }
    if (ScanCode >= 0x3B && ScanCode <= 0x44) {
        Key->VirtualKey = (uint16_t)(ConKeyF1 + ScanCode - 0x3B);
        return true;
    }
    if (ScanCode >= CON_FIRST_OF_KEYPAD && ScanCode <= CON_LAST_OF_KEYPAD && ConKeypadKey(ScanCode, Key))
        return true;
    return ConFindKey(ConPlainKeys, sizeof(ConPlainKeys) / sizeof(ConPlainKeys[0]), ScanCode, Key);
}

/* ---- What is held ---- */
static void ConHold(CON_SHIFTS *Shifts, uint32_t State, bool IsDown)
{
    Shifts->State = IsDown ? Shifts->State | State : Shifts->State & ~State;
}

static void ConTurn(CON_SHIFTS *Shifts, uint32_t State, bool IsDown)
{
    if (IsDown && !(Shifts->LocksHeld & State))
        Shifts->State ^= State;
    Shifts->LocksHeld = (uint8_t)(IsDown ? Shifts->LocksHeld | State : Shifts->LocksHeld & ~State);
}

static void ConNoteModifier(CON_SHIFTS *Shifts, uint16_t ScanCode, uint16_t Flags, bool IsDown)
{
    bool isRight = (Flags & ConScanE0) != 0;
    uint8_t side = ScanCode == CON_RIGHT_SHIFT ? 2 : 1;

    switch (ScanCode) {
    case CON_LEFT_SHIFT:
    case CON_RIGHT_SHIFT:
        Shifts->ShiftsHeld = (uint8_t)(IsDown ? Shifts->ShiftsHeld | side : Shifts->ShiftsHeld & ~side);
        ConHold(Shifts, ConShiftPressed, Shifts->ShiftsHeld != 0);
        break;
    case 0x1D: ConHold(Shifts, isRight ? ConRightCtrlPressed : ConCtrlPressed, IsDown); break;
    case 0x38: ConHold(Shifts, isRight ? ConRightAltPressed : ConAltPressed, IsDown); break;
    default:
        if (isRight || (Shifts->State & ConAnyCtrl))
            break;                               /* Ctrl+Num Lock is Pause, Ctrl+Scroll Lock is Cancel */
        if (ScanCode == 0x3A)
            ConTurn(Shifts, ConCapsLockOn, IsDown);
        else if (ScanCode == 0x45)
            ConTurn(Shifts, ConNumLockOn, IsDown);
        else if (ScanCode == 0x46)
            ConTurn(Shifts, ConScrollLockOn, IsDown);
        break;
    }
}

/* Pause is E1 1D 45, and up again at once E1 9D C5: two codes, the first of which says it all. */
static bool ConPauseKey(CON_SHIFTS *Shifts, uint16_t ScanCode, uint16_t Flags, CON_KEY *Key)
{
    Shifts->IsPause = ScanCode == 0x1D && (Flags & ConScanE1);
    Key->VirtualKey = ConKeyPause;
    Key->ScanCode = CON_PAUSE_REST;
    return Shifts->IsPause;
}

bool ConScanCode(CON_SHIFTS *Shifts, uint16_t ScanCode, uint16_t Flags, CON_RECORD *Record)
{
    bool isDown = !(Flags & ConScanBreak), isRest = Shifts->IsPause && ScanCode == CON_PAUSE_REST;
    CON_KEY key = { isDown, 1, 0, ScanCode, 0, 0 };

    Shifts->IsPause = false;
    if (isRest || ((Flags & ConScanE0) && (ScanCode == CON_LEFT_SHIFT || ScanCode == CON_RIGHT_SHIFT)))
        return false;                            /* shifts that keyboards add to keys for old programs */
    if (!(Flags & ConScanE1))
        ConNoteModifier(Shifts, ScanCode, Flags, isDown);
    key.State = Shifts->State | (Flags & ConScanE0 ? ConEnhancedKey : 0u);
    if (!(Flags & ConScanE1 ? ConPauseKey(Shifts, ScanCode, Flags, &key) : ConFace(ScanCode, Flags, &key)))
        return false;
    ConWithCtrl(&key);
    *Record = (CON_RECORD){ ConKeyEvent, 0, { .Key = key } };
    return true;
}
