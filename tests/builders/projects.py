"""A project that a build backend builds: what clients publish is what people publish."""

import subprocess
import sys
from pathlib import Path
from textwrap import dedent


def build_project(folder: Path, name: str, version: str, *, says: str = "hello") -> tuple[Path, Path]:
    """Write a project into ``folder``, build it with hatchling, and return its wheel and its sdist.

    Another ``says`` gives other bytes under the same names.
    """
    module = name.replace("-", "_")
    (folder / module).mkdir(parents=True, exist_ok=True)
    (folder / module / "__init__.py").write_text(f"SAYS = {says!r}\n")
    (folder / "README.md").write_text(f"# {name}\n\nMade for a test, with an umlaut: ü.\n", encoding="utf-8")
    (folder / "LICENSE").write_text("Do with it as you like.\n")
    (folder / "pyproject.toml").write_text(
        dedent(f"""\
        [build-system]
        requires = ["hatchling"]
        build-backend = "hatchling.build"

        [project]
        name = "{name}"
        version = "{version}"
        description = "Made for a test"
        readme = "README.md"
        requires-python = ">=3.9"
        license = "MIT"
        license-files = ["LICENSE"]
        keywords = ["test", "feed"]
        classifiers = ["Programming Language :: Python :: 3"]
        dependencies = ['typing-extensions>=4; python_version < "3"']

        [project.optional-dependencies]
        more = ["Other_Part[x]>=1,<2; sys_platform == 'linux'"]

        [project.urls]
        Home = "https://{name}.example/"
        """)
    )
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", folder],
        check=True,
        capture_output=True,
        timeout=120,
    )
    stem = f"{module}-{version}"
    return folder / "dist" / f"{stem}-py3-none-any.whl", folder / "dist" / f"{stem}.tar.gz"
