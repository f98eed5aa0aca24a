"""Directives that write tables from the code: settings, commands, names, measured numbers."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar, get_args

import typer
from docutils import nodes
from docutils.parsers.rst import directives
from docutils.utils.math.latex2mathml import tex2mathml
from pydantic_core import PydanticUndefined
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import pathgnn
from pathgnn.cli import app as command_line
from pathgnn.settings import Settings

RESULTS = Path(__file__).parents[1] / "benchmarks" / "results"
SHOWN = {True: "met", False: "**missed**"}


def setup(app: Sphinx) -> dict[str, bool]:
    """Make the directives known, and docstrings safe for reStructuredText."""
    app.add_directive("settings", SettingsTables)
    app.add_directive("commands", Commands)
    app.add_directive("public-names", PublicNames)
    app.add_directive("measured", Measured)
    app.add_directive("rows", Rows)
    app.add_html_math_renderer("mathml", (_inline_math, None), (_block_math, None))
    app.connect("autodoc-process-docstring", _plain)
    return {"parallel_read_safe": True}


def _inline_math(writer: Any, node: nodes.math) -> None:
    writer.body.append(tex2mathml(node.astext()))
    raise nodes.SkipNode


def _block_math(writer: Any, node: nodes.math_block) -> None:
    formula = tex2mathml(node.astext(), as_block=True)
    writer.body.append(f'<div style="overflow:auto hidden">{formula}</div>')
    raise nodes.SkipNode


class SettingsTables(SphinxDirective):
    """One table per group of settings, from the model named and all that it holds."""

    required_arguments = 1
    option_spec: ClassVar = {"name": directives.unchanged}

    def run(self) -> list[nodes.Node]:
        module, _, name = self.arguments[0].rpartition(".")
        found = getattr(import_module(module), name)
        text = []
        for where, model in _groups(found, self.options.get("name", "")):
            said = (model.__doc__ or "").strip().splitlines()[0]
            text += ["", f"**`[{where}]`** {said}" if where else said, ""]
            rows = list(_settings_of(model))
            width = 4 if any(row[3] for row in rows) else 3
            head = ("setting", "default", "what it is", "sweep")[:width]
            text += _table(head, [row[:width] for row in rows])
        return self.parse_text_to_nodes("\n".join(text))


def _groups(model: type[Settings], where: str) -> Iterator[tuple[str, type[Settings]]]:
    yield where, model
    for name, field in model.model_fields.items():
        for inner in _models_in(field.annotation):
            many = (
                "NAME"
                if "Mapping" in str(field.annotation) or "dict" in str(field.annotation)
                else ""
            )
            yield from _groups(inner, ".".join(filter(None, (where, name, many))))


def _models_in(annotation: Any) -> Iterator[type[Settings]]:
    if inspect.isclass(annotation) and issubclass(annotation, Settings):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)


def _settings_of(model: type[Settings]) -> Iterator[tuple[str, ...]]:
    for name, field in model.model_fields.items():
        if any(_models_in(field.annotation)):
            continue
        default = field.get_default(call_default_factory=True)
        value = (
            "required"
            if default in (PydanticUndefined, ...)
            else f"`{json.dumps(default, default=list)}`"
        )
        extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
        swept = extra.get("sweep")
        yield (
            f"`{name}`",
            value,
            field.description or "",
            " to ".join(f"{x:g}" for x in swept or ()),
        )


class Commands(SphinxDirective):
    """Every command with its arguments and options, as the command line knows them."""

    def run(self) -> list[nodes.Node]:
        text: list[str] = []
        for name, command in _commands(typer.main.get_command(command_line), "pathgnn"):
            text += [f"**`{name}`** {_inline(command.help or '')}", ""]
            rows = [
                (_option(p), _inline(getattr(p, "help", "") or ""))
                for p in command.params
                if p.name != "help"
            ]
            text += [*_table(("argument or option", "what it is"), rows), ""]
        return self.parse_text_to_nodes("\n".join(text))


def _commands(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        yield name, command
        return
    for key in sorted(inner):
        yield from _commands(inner[key], f"{name} {key}")


def _option(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return f"`{(parameter.name or '').upper()}`"
    return ", ".join(f"`{o}`" for o in (*parameter.opts, *parameter.secondary_opts))


class PublicNames(SphinxDirective):
    """Everything that `import pathgnn as pg` offers, with its docstring."""

    def run(self) -> list[nodes.Node]:
        text: list[str] = []
        for name in sorted(pathgnn.__all__, key=str.lower):
            found = getattr(import_module(f"pathgnn.{pathgnn._PUBLIC[name]}"), name)
            kind = "autoclass" if inspect.isclass(found) else "autofunction"
            if inspect.isclass(found) and issubclass(found, Exception):
                kind = "autoexception"
            # `pathgnn.export` is a package, too, which autodoc would find first.
            where = f"{found.__module__}.{name}" if name == "export" else f"pathgnn.{name}"
            text += [f".. {kind}:: {where}", ""]
        return self.parse_text_to_nodes("\n".join(text))


class Measured(SphinxDirective):
    """What was asked of a benchmark and what it gave; without a name, of all of them."""

    optional_arguments = 1
    option_spec: ClassVar = {"match": directives.unchanged, "missed": directives.flag}

    def run(self) -> list[nodes.Node]:
        wanted = self.arguments[0] if self.arguments else "*"
        rows = []
        for path in sorted(RESULTS.glob(f"{wanted}.json")):
            self.env.note_dependency(str(path))
            for bar in json.loads(path.read_text())["bars"]:
                if _is_wanted(bar, self.options):
                    source = () if self.arguments else (f"`{path.stem}`",)
                    rows.append((*source, *_said(bar)))
        head = ("what", "measured", "goal", "")
        return self.parse_text_to_nodes(
            "\n".join(_table(head if self.arguments else ("benchmark", *head), rows))
        )


def _is_wanted(bar: dict[str, Any], options: dict[str, Any]) -> bool:
    if "missed" in options and bar["met"]:
        return False
    return re.search(options.get("match", ""), bar["name"]) is not None


def _said(bar: dict[str, Any]) -> tuple[str, ...]:
    value = f"{bar['value']:.3g}" if isinstance(bar["value"], float) else str(bar["value"])
    if bar.get("low") is not None and bar.get("high") is not None:
        value += f" ({bar['low']:.3g} to {bar['high']:.3g})"
    return bar["name"], value, str(bar["goal"]), SHOWN[bool(bar["met"])]


class Rows(SphinxDirective):
    """Some columns of a benchmark's rows, where `where` holds: `column=value`, `;` between."""

    required_arguments = 1
    option_spec: ClassVar = {
        "where": directives.unchanged,
        "columns": directives.unchanged_required,
    }

    def run(self) -> list[nodes.Node]:
        path = RESULTS / f"{self.arguments[0]}.json"
        if not path.is_file():
            raise self.error(f"no results of the benchmark {self.arguments[0]!r}")
        self.env.note_dependency(str(path))
        wanted = [part.split("=") for part in self.options.get("where", "").split(";") if part]
        columns = self.options["columns"].split()
        rows = [
            tuple(_number(row.get(c, "")) for c in columns)
            for row in json.loads(path.read_text())["rows"]
            if all(str(row.get(key)) == value for key, value in wanted)
        ]
        return self.parse_text_to_nodes(
            "\n".join(_table([c.replace("_", " ") for c in columns], rows))
        )


def _number(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    """A Markdown table; nothing at all where it would be empty."""
    body = [f"| {' | '.join(_inline(cell) for cell in row)} |" for row in rows]
    names = list(head)
    return [f"| {' | '.join(names)} |", "|" + "---|" * len(names), *body] if body else []


def _inline(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def _plain(
    _app: Sphinx, _what: str, _name: str, _obj: object, _options: object, lines: list[str]
) -> None:
    """Bars and stars of our docstrings are letters; names in single backticks are code."""
    for i, line in enumerate(lines):
        text = re.sub(r"(?<!`)`([^`]+)`(?!`)", r"``\1``", line)
        parts = re.split(r"(``[^`]*``)", text)
        lines[i] = "".join(
            p if p.startswith("``") else re.sub(r"([|*])", r"\\\1", p) for p in parts
        )
