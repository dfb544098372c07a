# SPDX-License-Identifier: MIT
"""The part of JSON Schema that the report's schema uses; a keyword it does not know is an error, not a nod."""
from __future__ import annotations

import re
from typing import Any

_TYPES: dict[str, Any] = {"object": dict, "array": list, "string": str, "null": type(None), "boolean": bool}
_SILENT = {"$schema", "$defs", "title", "description"}


def problems(value: Any, schema: dict[str, Any], root: dict[str, Any] | None = None, path: str = "$") -> list[str]:
    root = root or schema
    found: list[str] = []
    for keyword, wanted in schema.items():
        if keyword not in _SILENT:
            found += _CHECKS[keyword](value, wanted, schema, root, path)
    return found


def _is(value: Any, kind: str) -> bool:
    if kind == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, _TYPES[kind])


def _type(value: Any, wanted: Any, _schema: Any, _root: Any, path: str) -> list[str]:
    kinds = [wanted] if isinstance(wanted, str) else wanted
    return [] if any(_is(value, kind) for kind in kinds) else [f"{path}: {value!r} is not of type {wanted}"]


def _properties(value: Any, wanted: Any, schema: Any, root: Any, path: str) -> list[str]:
    if not isinstance(value, dict):
        return []
    return [problem for name, part in wanted.items() if name in value
            for problem in problems(value[name], part, root, f"{path}.{name}")]


def _additional(value: Any, wanted: Any, schema: Any, root: Any, path: str) -> list[str]:
    if not isinstance(value, dict) or wanted is True:
        return []
    others = [name for name in value if name not in schema.get("properties", {})]
    if wanted is False:
        return [f"{path}: {name} is not known" for name in others]
    return [problem for name in others for problem in problems(value[name], wanted, root, f"{path}.{name}")]


def _any_of(value: Any, wanted: Any, _schema: Any, root: Any, path: str) -> list[str]:
    tried = [problems(value, part, root, path) for part in wanted]
    return [] if any(not part for part in tried) else [f"{path}: nothing of anyOf holds: {tried}"]


def _ref(value: Any, wanted: str, _schema: Any, root: Any, path: str) -> list[str]:
    return problems(value, root["$defs"][wanted.removeprefix("#/$defs/")], root, path)


_CHECKS: dict[str, Any] = {
    "type": _type, "properties": _properties, "additionalProperties": _additional, "anyOf": _any_of, "$ref": _ref,
    "required": lambda value, wanted, _schema, _root, path:
        [f"{path}: {name} is missing" for name in wanted if isinstance(value, dict) and name not in value],
    "items": lambda value, wanted, _schema, root, path:
        [problem for number, item in enumerate(value if isinstance(value, list) else [])
         for problem in problems(item, wanted, root, f"{path}[{number}]")],
    "const": lambda value, wanted, _schema, _root, path: [] if value == wanted else [f"{path}: not {wanted!r}"],
    "enum": lambda value, wanted, _schema, _root, path: [] if value in wanted else [f"{path}: not one of {wanted}"],
    "pattern": lambda value, wanted, _schema, _root, path:
        [] if not isinstance(value, str) or re.search(wanted, value) else [f"{path}: {value!r} does not match {wanted}"],
}
