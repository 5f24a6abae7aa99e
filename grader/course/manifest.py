"""milestones.yaml into frozen structs; every mistake in it refused with file, line and mend.

The structs below are the only definition of the format: the JSON Schema that editors use is
generated from them (`schema`). Nothing here touches a file but the manifest itself; where a
milestone's files lie is `layout`'s to know.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import msgspec
import yaml

from grader.errors import ManifestError, UsageError

LanguageName = Literal["python", "typescript", "java"]
Profile = Literal["default", "namespaces"]
Need = Literal["linux", "userns", "idrange", "cgroup"]
_CHOICES = {"languages": LanguageName, "bans": LanguageName, "profile": Profile, "needs": Need}

_SYSTEM_ID = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
_MILESTONE_ID = r"^[0-9]{2}-[a-z0-9]+(-[a-z0-9]+)*$"
_MODULE = r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$"

MilestoneId = Annotated[str, msgspec.Meta(pattern=_MILESTONE_ID, description="NN-slug")]
Module = Annotated[str, msgspec.Meta(pattern=_MODULE, description="snake_case module name")]
Title = Annotated[str, msgspec.Meta(min_length=1)]


class Milestone(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One step of the staircase: the modules it adds, and what differs from the convention."""

    id: MilestoneId
    title: Title
    adds: Annotated[tuple[Module, ...], msgspec.Meta(min_length=1)]
    points: Annotated[int, msgspec.Meta(ge=0)] = 1
    requires: tuple[MilestoneId, ...] | None = None  # None: the milestone before it
    timeout: Annotated[float, msgspec.Meta(gt=0, le=600)] = 10.0  # seconds a test
    profile: Profile = "default"
    needs: tuple[Need, ...] = ()
    languages: Annotated[tuple[LanguageName, ...], msgspec.Meta(min_length=1)] | None = (
        None  # None: those of the system
    )


class System(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One growing code base and its milestones, in order."""

    title: Title
    languages: Annotated[tuple[LanguageName, ...], msgspec.Meta(min_length=1)]
    milestones: Annotated[tuple[Milestone, ...], msgspec.Meta(min_length=1)]
    bans: dict[LanguageName, tuple[str, ...]] = {}
    id: str = ""  # the key above it; never written in the file

    def milestone(self, wanted: str) -> Milestone:
        """By id, by number (`3`, `03`) or by slug; UsageError with the nearest name."""
        for index, milestone in enumerate(self.milestones, 1):
            number, slug = milestone.id.split("-", 1)
            if wanted in (milestone.id, number, slug, str(index), str(int(number))):
                return milestone
        names = [m.id for m in self.milestones]
        raise UsageError(
            f"{self.id} has no milestone {wanted!r}", suggest(wanted, names, "Its milestones")
        )

    def before(self, milestone: Milestone) -> tuple[Milestone, ...]:
        """The milestones of which this one's code base consists already, in order."""
        return self.milestones[: self.milestones.index(milestone)]

    def requirements(self, milestone: Milestone) -> tuple[str, ...]:
        """Ids of the milestones that must have passed first."""
        if milestone.requires is not None:
            return milestone.requires
        return tuple(m.id for m in self.before(milestone)[-1:])

    def languages_of(self, milestone: Milestone) -> tuple[LanguageName, ...]:
        return milestone.languages or self.languages


class Course(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole table of contents."""

    course: Title
    systems: dict[str, System]

    def system(self, wanted: str) -> System:
        """By id, or by an unambiguous beginning of it; UsageError with the nearest name."""
        if wanted in self.systems:
            return self.systems[wanted]
        beginnings = [s for name, s in self.systems.items() if wanted and name.startswith(wanted)]
        if len(beginnings) == 1:
            return beginnings[0]
        raise UsageError(
            f"there is no system {wanted!r}", suggest(wanted, list(self.systems), "The systems")
        )


def suggest(wanted: str, names: list[str], label: str) -> str:
    """`Did you mean X?`, or the whole list where nothing is near."""
    near = difflib.get_close_matches(wanted, names, 1, 0.5)
    return f"Did you mean {near[0]}?" if near else f"{label}: {', '.join(names)}."


def load(path: Path) -> Course:
    """Read and check the manifest at `path`; ManifestError names file, line and mend."""
    try:
        text = path.read_text("utf-8")
        root = yaml.compose(text, Loader=yaml.CSafeLoader)
        return _Reader(path).course(root)
    except RecursionError:
        raise ManifestError(
            f"{path}:1: not a tree: an alias (`*name`) stands within what it names, or all is too deep",
            "Write it out instead.",
        ) from None
    except OSError as error:
        raise ManifestError(
            f"{path}: cannot be read: {error.strerror}",
            "Run sfs inside the course, or give --course.",
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        problem = getattr(error, "problem", None) or "is not text in UTF-8"
        raise ManifestError(
            f"{path}:{line}: not YAML: {problem}", "Mend the syntax there."
        ) from error


def schema() -> str:
    """The JSON Schema of the manifest, as kept in grader/milestones.schema.json."""
    document = msgspec.json.schema(Course)
    document["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    document["title"] = "milestones.yaml"
    del document["$defs"]["System"]["properties"]["id"]
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


class _Reader:
    """Walks the YAML nodes, so that every complaint can name its line."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def refuse(self, node: yaml.Node | None, problem: str, mend: str) -> ManifestError:
        line = node.start_mark.line + 1 if node is not None else 1
        return ManifestError(f"{self.path}:{line}: {problem}", mend)

    def course(self, root: yaml.Node | None) -> Course:
        if not isinstance(root, yaml.MappingNode):
            raise self.refuse(
                root, "expected a mapping with `course` and `systems`", "See the README."
            )
        fields = self.fields(root)
        systems = fields.get("systems")
        if not isinstance(systems, yaml.MappingNode):
            raise self.refuse(
                systems or root, "`systems` must map ids to systems", "Add `systems:`."
            )
        built = {name: self.system(name, node) for name, node in self.fields(systems).items()}
        plain = {name: self.plain(node) for name, node in fields.items()} | {"systems": {}}
        course: Course = self.convert(plain, Course, root)
        return msgspec.structs.replace(course, systems=built)

    def system(self, name: str, node: yaml.Node) -> System:
        if not re.match(_SYSTEM_ID, name):
            raise self.refuse(
                node, f"system id {name!r} is not lower-case-words", "Use letters, digits, hyphens."
            )
        plain = self.plain(node)
        if isinstance(plain, dict) and "id" in plain:
            raise self.refuse(node, f"{name}: `id` is the key itself", "Remove the line `id:`.")
        system: System = self.convert(plain, System, node)
        fields = self.fields(node)
        self.check_languages(name, system, system.languages, fields["languages"])
        self.check_languages(name, system, tuple(system.bans), fields.get("bans", node))
        items = fields["milestones"].value
        self.check_milestones(name, system, items)
        return msgspec.structs.replace(system, id=name)

    def check_milestones(self, name: str, system: System, nodes: list[yaml.Node]) -> None:
        seen: dict[str, str] = {}
        owners: dict[str, str] = {}
        for milestone, node in zip(system.milestones, nodes, strict=True):
            number = milestone.id[:2]
            if number in seen:
                raise self.refuse(
                    node,
                    f"{name}: {milestone.id} and {seen[number]} have the same number",
                    "Give each milestone a number of its own.",
                )
            if seen and number < max(seen):
                raise self.refuse(
                    node,
                    f"{name}: {milestone.id} stands after a later one",
                    "Order them by number.",
                )
            for needed in milestone.requires or ():
                if needed not in seen.values():
                    raise self.refuse(
                        node,
                        f"{name}: {milestone.id} requires {needed}, which does not stand before it",
                        "A milestone can only require earlier ones; anything else is a cycle.",
                    )
            for module in milestone.adds:
                if module in owners:
                    raise self.refuse(
                        node,
                        f"{name}: module {module} is added by {owners[module]} already",
                        "A file belongs to exactly one milestone; choose another name.",
                    )
                owners[module] = milestone.id
            where = f"{name}: {milestone.id}"
            self.check_languages(where, system, milestone.languages or (), node)
            seen[number] = milestone.id

    def check_languages(
        self, where: str, system: System, names: tuple[str, ...], node: yaml.Node
    ) -> None:
        for language in names:
            if language not in system.languages:
                raise self.refuse(
                    node,
                    f"{where} names {language}, which the system does not have",
                    "Add it to the languages of the system, or take it out here.",
                )
            if names.count(language) > 1:
                raise self.refuse(node, f"{where} names {language} twice", "Remove one of the two.")

    def fields(self, node: yaml.Node) -> dict[str, yaml.Node]:
        if not isinstance(node, yaml.MappingNode):
            raise self.refuse(node, "expected a mapping (`name: value`)", "Check the indentation.")
        found: dict[str, yaml.Node] = {}
        for key, value in node.value:
            if key.value in found:
                raise self.refuse(key, f"{key.value!r} stands twice", "Remove one of the two.")
            found[key.value] = value
        return found

    def plain(self, node: yaml.Node) -> Any:
        for mapping in _mappings(node):
            self.fields(mapping)  # duplicate keys anywhere below
        loader = yaml.CSafeLoader("")
        try:
            return loader.construct_document(node)
        except yaml.YAMLError as error:
            raise self.refuse(node, f"cannot be read: {error}", "Use plain values only.") from error

    def convert(self, plain: Any, kind: Any, node: yaml.Node) -> Any:
        try:
            return msgspec.convert(plain, kind)
        except msgspec.ValidationError as error:
            problem, _, path = str(error).replace("`key` in ", "").partition(" - at `$")
            at = _follow(node, path.rstrip("`"))
            raise self.refuse(at, _in_words(problem, path), _mend(str(error))) from error


def _in_words(problem: str, path: str) -> str:
    where = path.rstrip("`").lstrip(".")
    return f"{where}: {problem}" if where else problem


def _mend(problem: str) -> str:
    unknown = re.search(r"unknown field `(.+)`", problem)
    if unknown:
        names = sorted(
            {*Milestone.__struct_fields__, *System.__struct_fields__, *Course.__struct_fields__}
        )
        return suggest(unknown[1], names, "Known keys")
    missing = re.search(r"missing required field `(.+)`", problem)
    if missing:
        return f"Add `{missing[1]}:` there."
    if "enum value" in problem:
        key = re.findall(r"\.([a-z]+)", problem)[-1]
        return f"One of {', '.join(get_args(_CHOICES[key]))}."
    if "regex" in problem:
        return "Ids look like 01-pages, modules like page_file: no paths, no capitals."
    return "Change the value to what is expected."


def _mappings(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        yield node
        for _, value in node.value:
            yield from _mappings(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _mappings(item)


def _follow(node: yaml.Node, path: str) -> yaml.Node:
    """The node at a path like `.milestones[0].points`, or the nearest one above it."""
    for key, index in re.findall(r"\.([A-Za-z_]+)|\[(\d+)\]", path):
        if key and isinstance(node, yaml.MappingNode):
            node = next((v for k, v in node.value if k.value == key), node)
        elif index and isinstance(node, yaml.SequenceNode):
            node = node.value[int(index)]
    return node
