"""A function's signature as a JSON schema, and a call's arguments checked against it."""

from __future__ import annotations

import enum
import inspect
import types
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from ..errors import ChannelError
from .docstrings import Documentation, read_docstring
from .encoding import encode_json

# What `hub.call` takes for itself.
RESERVED = ("timeout_s", "key", "on_progress")

_PLAIN: dict[object, str] = {int: "integer", float: "number", str: "string", bool: "boolean"}
_FORMATS: dict[object, str] = {date: "date", datetime: "date-time", time: "time"}
# JSON schema's names of bounds by those that msgspec and annotated-types give them.
_BOUNDS = {
    "ge": "minimum",
    "gt": "exclusiveMinimum",
    "le": "maximum",
    "lt": "exclusiveMaximum",
    "min_length": "minLength",
    "max_length": "maxLength",
}
_LIST_BOUNDS = {"minLength": "minItems", "maxLength": "maxItems"}


class Signature:
    """What a command takes.

    Args:
        fn: The function.

    Raises:
        TypeError: If it is a generator, can't be called by keyword with JSON values, or takes a name that
            `hub.call` needs.
    """

    def __init__(self, fn: Callable[..., Any]) -> None:
        self._parameters = _parameters(fn)
        hints = get_type_hints(fn, include_extras=True)
        self._hints = {name: _enforced(hints.get(name, Any)) for name in self._parameters}
        for name, hint in self._hints.items():
            _check_hint(fn, name, hint)
        documentation = read_docstring(inspect.getdoc(fn) or "")
        # The first line of the docstring, or the function's name in words.
        self.title = documentation.title or fn.__name__.replace("_", " ").capitalize()
        self.schema = self._schema(fn, hints, documentation)

    def bind(self, args: Mapping[str, object]) -> dict[str, Any]:
        """Return a call's arguments, converted to what the hints say.

        Raises:
            TypeError: If one is missing, unknown or of the wrong type; the message names it.
        """
        unknown = [name for name in args if name not in self._parameters]
        if unknown:
            known = ", ".join(self._parameters) or "none"
            raise TypeError(f"no argument {unknown[0]!r}; arguments are {known}")
        bound: dict[str, Any] = {}
        for name, parameter in self._parameters.items():
            if name not in args:
                if parameter.default is inspect.Parameter.empty:
                    raise TypeError(f"argument {name!r} is missing")
                continue
            try:
                bound[name] = _with_zone(msgspec.convert(args[name], self._hints[name]))
            except msgspec.ValidationError as error:
                raise TypeError(f"argument {name!r}: {error}") from None
        return bound

    def _schema(
        self, fn: Callable[..., Any], hints: Mapping[str, Any], documentation: Documentation
    ) -> dict[str, object]:
        properties: dict[str, object] = {}
        required: list[str] = []
        for name, parameter in self._parameters.items():
            schema = _type_schema(hints.get(name, Any), fn, name)
            description = documentation.arguments.get(name)
            if description and "description" not in schema:
                schema["description"] = description
            if parameter.default is inspect.Parameter.empty:
                required.append(name)
            else:
                _set_default(schema, parameter.default)
            properties[name] = schema
        whole: dict[str, object] = {
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": False,
        }
        if documentation.text:
            whole["description"] = documentation.text
        return whole


def _parameters(fn: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    if inspect.isgeneratorfunction(fn) or inspect.isasyncgenfunction(fn):
        raise TypeError(
            f"command {fn.__name__!r} is a generator, and a call has one result: return it, and say how far "
            "it is with rt.progress"
        )
    parameters = dict(inspect.signature(fn).parameters)
    for name, parameter in parameters.items():
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise TypeError(
                f"command {fn.__name__!r} can't have the parameter {str(parameter)!r}: name every argument, "
                "calls are by keyword"
            )
        if name in RESERVED:
            raise TypeError(
                f"command {fn.__name__!r} can't have the parameter {name!r}: hub.call takes it for itself; "
                "name it otherwise"
            )
    return parameters


def _check_hint(fn: Callable[..., Any], name: str, hint: Any) -> None:
    """Refuse a type that no JSON can be turned into, when it is registered and not when it is called."""
    try:
        msgspec.json.Decoder(hint)
    except TypeError as error:
        raise TypeError(f"command {fn.__name__!r}: argument {name!r}: {error}") from None


def _set_default(schema: dict[str, object], default: object) -> None:
    plain = default.value if isinstance(default, enum.Enum) else default
    try:
        schema["default"] = msgspec.json.decode(encode_json(plain, "a default"))
    except ChannelError:
        pass  # the function has it, and no form can show it


def _bounds(hint: Any) -> dict[str, Any]:
    """Return what an annotation says, as msgspec.Meta or annotated-types do: bounds and description."""
    found: dict[str, Any] = {}
    for note in get_args(hint)[1:]:
        for name in (*_BOUNDS, "description"):
            value = getattr(note, name, None)
            if value is not None:
                found[name] = value
    return found


def _enforced(hint: Any) -> Any:
    """Return a hint whose bounds msgspec checks."""
    if get_origin(hint) is not Annotated:
        return hint
    bounds = {name: value for name, value in _bounds(hint).items() if name != "description"}
    base = get_args(hint)[0]
    return Annotated[base, msgspec.Meta(**bounds)] if bounds else base


def _with_zone(value: Any) -> Any:
    """Return a moment with its time zone: one without is this machine's local time."""
    if isinstance(value, datetime) and value.tzinfo is None:
        return value.astimezone()
    if isinstance(value, list):
        return [_with_zone(item) for item in value]
    return value


def _type_schema(hint: Any, fn: Callable[..., Any], name: str) -> dict[str, object]:
    origin = get_origin(hint)
    if origin is Annotated:
        return _annotated(hint, fn, name)
    if hint is Any:
        return {}
    if hint in _PLAIN:
        return {"type": _PLAIN[hint]}
    if hint in _FORMATS:
        return {"type": "string", "format": _FORMATS[hint]}
    if origin is Literal:
        return {"enum": list(get_args(hint))}
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return {"enum": [member.value for member in hint]}
    if hint is list or origin is list:
        items = get_args(hint)
        return {"type": "array", **({"items": _type_schema(items[0], fn, name)} if items else {})}
    if origin in (Union, types.UnionType):
        choices = [choice for choice in get_args(hint) if choice is not type(None)]
        schemas = [_type_schema(choice, fn, name) for choice in choices]
        if len(choices) < len(get_args(hint)):
            schemas.append({"type": "null"})
        return {"anyOf": schemas}
    raise TypeError(
        f"command {fn.__name__!r}: argument {name!r} has the type {hint!r}; use int, float, str, bool, "
        "Literal, Enum, date, datetime, time, Optional or list"
    )


def _annotated(hint: Any, fn: Callable[..., Any], name: str) -> dict[str, object]:
    schema = _type_schema(get_args(hint)[0], fn, name)
    for bound, value in _bounds(hint).items():
        word = _BOUNDS.get(bound, bound)
        schema[_LIST_BOUNDS.get(word, word) if schema.get("type") == "array" else word] = value
    return schema
