/* SPDX-License-Identifier: MIT
 * Private to the AVL files: balanced links as RTL_AVL_TABLE has them. The tree hangs at the right of a sentinel, BalancedRoot; a
 * node's Balance is the height of its right side minus that of its left.
 */
#pragma once
#include "rtlp.h"

/* Links a new node below Parent; TRUE when the tree became higher. */
BOOLEAN RtlpAvlInsert(PRTL_BALANCED_LINKS Sentinel, PRTL_BALANCED_LINKS Node, PRTL_BALANCED_LINKS Parent, BOOLEAN AsLeft);
/* Unlinks a node; TRUE when the tree became lower. */
BOOLEAN RtlpAvlRemove(PRTL_BALANCED_LINKS Sentinel, PRTL_BALANCED_LINKS Node);
/* The first and the next in order, or NULL; the one before, or NULL. */
PRTL_BALANCED_LINKS RtlpAvlFirst(PRTL_BALANCED_LINKS Sentinel);
PRTL_BALANCED_LINKS RtlpAvlNext(PRTL_BALANCED_LINKS Sentinel, PRTL_BALANCED_LINKS Node);
PRTL_BALANCED_LINKS RtlpAvlPrevious(PRTL_BALANCED_LINKS Sentinel, PRTL_BALANCED_LINKS Node);
