"""Writes the script of every `run` of workflows and actions into a folder of its own, for shellcheck.

    run-blocks.py FOLDER FILE...

A script that holds an expression is an error: GitHub would splice a value into it. Values come in by `env`.
"""

import pathlib
import sys

from ruamel.yaml import YAML


def steps_of(document):
    """Each list of steps with a name for where it is."""
    for name, job in (document.get("jobs") or {}).items():
        yield name, job.get("steps") or []
    yield "action", (document.get("runs") or {}).get("steps") or []


def main():
    folder, wrong = pathlib.Path(sys.argv[1]), 0
    for file in sys.argv[2:]:
        document = YAML(typ="rt").load(pathlib.Path(file))
        for place, steps in steps_of(document):
            for number, step in enumerate(steps, 1):
                script = step.get("run")
                if script is None:
                    continue
                if "${{" in script:
                    print(f"{file}:{step.lc.line + 1}: an expression in a script: hand it in by env", file=sys.stderr)
                    wrong = 1
                name = f"{file.removeprefix('./').replace('/', '-')}-{place}-{number}.sh"
                # as the runner runs it
                (folder / name).write_text(f"set -eo pipefail\n{script}\n")
    sys.exit(wrong)


main()
