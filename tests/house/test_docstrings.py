"""Every public module, class and function says what it is for, re-exported private modules included."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.house.sources import Module, package_modules

Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def test_everything_public_has_a_docstring() -> None:
    bare = [name for module in package_modules() for name, node in public(module) if not ast.get_docstring(node)]
    assert not bare, "no docstring:\n" + "\n".join(bare)


def test_a_module_starts_with_one_sentence() -> None:
    cut = [module.name for module in package_modules() if not starts_with_a_sentence(module)]
    assert not cut, "the docstring's first paragraph is not a sentence: " + ", ".join(cut)


def starts_with_a_sentence(module: Module) -> bool:
    """Whether the first paragraph of the module's docstring ends as a sentence does."""
    return (ast.get_docstring(module.tree) or "").partition("\n\n")[0].rstrip().endswith((".", ":", "?"))


def public(module: Module) -> Iterator[tuple[str, Documented]]:
    """The module, its public classes and functions, and their public methods; overloads excepted."""
    yield module.name, module.tree
    yield from _members(module.name, module.tree)


def _members(prefix: str, parent: ast.Module | ast.ClassDef) -> Iterator[tuple[str, Documented]]:
    for node in parent.body:
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) or node.name.startswith("_"):
            continue
        if {ast.unparse(decorator).rpartition(".")[2] for decorator in node.decorator_list} & {"overload", "setter"}:
            continue
        name = f"{prefix}.{node.name}"
        yield name, node
        if isinstance(node, ast.ClassDef):
            yield from _members(name, node)
