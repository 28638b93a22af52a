"""A function's signature as a JSON schema, and a call's arguments checked against it."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Mapping
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

_PLAIN: dict[object, str] = {int: "integer", float: "number", str: "string", bool: "boolean"}


def schema_of(fn: Callable[..., Any]) -> dict[str, object]:
    """Return the JSON schema of a function's arguments, from its type hints and defaults.

    Raises:
        TypeError: If a parameter has a type that no form and no JSON can express.
    """
    hints = get_type_hints(fn)
    properties: dict[str, object] = {}
    required: list[str] = []
    for parameter in _parameters(fn):
        schema = _type_schema(hints.get(parameter.name, Any), fn, parameter.name)
        if parameter.default is inspect.Parameter.empty:
            required.append(parameter.name)
        else:
            schema["default"] = parameter.default
        properties[parameter.name] = schema
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def title_of(fn: Callable[..., Any]) -> str:
    """Return the first line of the docstring, or the function's name in words."""
    doc = inspect.getdoc(fn) or ""
    first = doc.strip().partition("\n")[0].strip().rstrip(".")
    return first or fn.__name__.replace("_", " ").capitalize()


def bind_arguments(fn: Callable[..., Any], args: Mapping[str, object]) -> dict[str, Any]:
    """Return a call's arguments, converted to what the hints say.

    Raises:
        TypeError: If one is missing, unknown or of the wrong type; the message names it.
    """
    hints = get_type_hints(fn)
    parameters = {parameter.name: parameter for parameter in _parameters(fn)}
    unknown = [name for name in args if name not in parameters]
    if unknown:
        raise TypeError(f"no argument {unknown[0]!r}; arguments are {', '.join(parameters) or 'none'}")
    bound: dict[str, Any] = {}
    for name, parameter in parameters.items():
        if name not in args:
            if parameter.default is inspect.Parameter.empty:
                raise TypeError(f"argument {name!r} is missing")
            continue
        try:
            bound[name] = msgspec.convert(args[name], hints.get(name, Any))
        except msgspec.ValidationError as error:
            raise TypeError(f"argument {name!r}: {error}") from None
    return bound


def _parameters(fn: Callable[..., Any]) -> list[inspect.Parameter]:
    parameters = list(inspect.signature(fn).parameters.values())
    for parameter in parameters:
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise TypeError(
                f"command {fn.__name__!r} can't have the parameter {str(parameter)!r}: name every argument, "
                "calls are by keyword"
            )
    return parameters


def _type_schema(hint: object, fn: Callable[..., Any], name: str) -> dict[str, object]:
    origin = get_origin(hint)
    if hint is Any:
        return {}
    if hint in _PLAIN:
        return {"type": _PLAIN[hint]}
    if origin is Literal:
        return {"enum": list(get_args(hint))}
    if hint is list or origin is list:
        items = get_args(hint)
        schema: dict[str, object] = {"type": "array"}
        if items:
            schema["items"] = _type_schema(items[0], fn, name)
        return schema
    if origin in (Union, types.UnionType):
        choices = [choice for choice in get_args(hint) if choice is not type(None)]
        schemas = [_type_schema(choice, fn, name) for choice in choices]
        if len(choices) < len(get_args(hint)):
            schemas.append({"type": "null"})
        return {"anyOf": schemas}
    raise TypeError(
        f"command {fn.__name__!r}: argument {name!r} has the type {hint!r}; use int, float, str, bool, "
        "Literal, Optional or list"
    )
