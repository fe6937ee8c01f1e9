"""The coverage results as a document: `python -m tests.benchmarks.coverage_table FILE... --output docs/coverage.md`."""

import argparse
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.benchmarks.coverage import PRUNERS, read
from tests.benchmarks.networks import SUBJECTS

Outcomes = Mapping[tuple[str, str], dict[str, Any]]

TITLES = {"secateur": "Secateur", "torch-pruning": "Torch-Pruning"}
SAYS = {
    "export": "not captured",
    "report": "no groups",
    "remove": "removal fails",
    "output": "output",
    "gradient": "training",
    "process": "process died",
}
"""What a failure in each stage is called."""
LONGEST_REASON = 160
ALL = "all"
"""Networks of every library together."""


def verdict(outcome: dict[str, Any] | None) -> str:
    """One cell: exact with the error, or what failed."""
    if outcome is None:
        return "not run"
    if outcome["stage"] == "done":
        left = outcome["parameters_left"] / outcome["parameters"]
        return f"exact ({outcome['error']:.0e}); {left:.0%} left"
    return f"**fails** ({SAYS[outcome['stage']]})"


def has_report(outcome: Mapping[str, Any] | None) -> bool:
    """Whether groups and locks were found."""
    return outcome is not None and outcome["stage"] not in {"export", "report", "process"}


def summary(outcomes: Outcomes) -> str:
    """Counts by library and pruner."""
    rows = []
    libraries = dict.fromkeys(subject.library for subject in SUBJECTS.values())
    for library in (*libraries, ALL):
        names = [name for name, subject in SUBJECTS.items() if library in {subject.library, ALL}]
        for pruner in PRUNERS:
            own = [outcomes[name, pruner] for name in names if (name, pruner) in outcomes]
            reports = _share(sum(map(has_report, own)), len(own)) if pruner == PRUNERS[0] else ""
            exact = _share(sum(outcome["stage"] == "done" for outcome in own), len(own))
            rows.append(f"| {library} | {TITLES[pruner]} | {len(own)} of {len(names)} | {reports} | {exact} |")
    return "\n".join(["| networks | pruner | tried | report | exact at 50% |", "|---|---|---:|---:|---:|", *rows])


def _share(count: int, total: int) -> str:
    return f"{count} of {total} ({count / total:.1%})" if total else ""


def table(outcomes: Outcomes) -> str:
    """A row for each network."""
    rows = []
    for name in SUBJECTS:
        ours, theirs = (outcomes.get((name, pruner)) for pruner in PRUNERS)
        groups = f"{ours['groups']} / {ours['locked']}" if has_report(ours) and ours is not None else ""
        note = f"{ours['inexact']} norms" if ours is not None and ours.get("inexact") else ""
        shape = "x".join(map(str, SUBJECTS[name].shape))
        rows.append(f"| {name} | {shape} | {groups} | {note} | {verdict(ours)} | {verdict(theirs)} |")
    head = "| network | input | groups / locked layers | not exact under a mask | Secateur | Torch-Pruning |"
    return "\n".join([head, "|---|---|---:|---|---|---|", *rows])


def failures(outcomes: Outcomes) -> str:
    """What went wrong, in the words of the program that failed."""
    lines = []
    for pruner in PRUNERS:
        lines += [f"### {TITLES[pruner]}", ""]
        for name in SUBJECTS:
            outcome = outcomes.get((name, pruner))
            if outcome is not None and outcome["stage"] != "done":
                reason = outcome["reason"].replace("|", "\\|").replace("`", "'")[:LONGEST_REASON]
                lines.append(f"- {name}, {SAYS[outcome['stage']]}: `{reason}`")
        lines.append("")
    return "\n".join(lines)


def origins(outcomes: Outcomes) -> str:
    """At which commits our own rows were made."""
    own = [outcome for (_, pruner), outcome in outcomes.items() if pruner == PRUNERS[0]]
    counts = Counter(outcome.get("commit") or "unknown" for outcome in own)
    return (
        f"{TITLES[PRUNERS[0]]}'s trials by commit: "
        + ", ".join(f"{commit} ({count})" for commit, count in counts.items())
        + "."
    )


def document(outcomes: Outcomes, introduction: str) -> str:
    """The whole page."""
    parts = [introduction, summary(outcomes), origins(outcomes), "## Every network", table(outcomes)]
    parts += ["## What fails", failures(outcomes)]
    return "\n\n".join(parts).strip() + "\n"


INTRODUCTION = """# Coverage: which networks can be pruned, and whether exactly

```sh
python -m tests.benchmarks.coverage --results coverage.jsonl
python -m tests.benchmarks.coverage_table coverage.jsonl --output docs/coverage.md
```

All 80 image classification networks and five video classification networks of torchvision 0.28, and sixty networks of
timm 1.0.31, one of each of sixty families; random weights, nowhere equal, so that a thin tensor tells what it kept.
[tests/benchmarks/requirements.txt](../tests/benchmarks/requirements.txt) makes the environment. Each trial is a
process of its own, one thread, at most 14 GiB and 600 CPU seconds (150 in the last 58 trials of Torch-Pruning).

*Exact* means: half of the channels of every group are removed (ours at random; Torch-Pruning 1.6.1 by its magnitude
pruner with L2 norms, whole heads where it is told of attention, the classifier left whole), and the thin network
answers what the dense network of the library answers with the removed weights set to zero, at batches of 1 and 3, to
1e-12 of the largest score in float64 (1e-5 in float32 above 150 million parameters); normalizations over channels,
responses averaged over channels and standardized weights take their statistics over what is left ("not exact under a
mask" counts them: there the report says that a mask and removal differ). The
[judge](../tests/benchmarks/coverage_reference.py) knows nothing of either pruner. A backward pass in training mode must
reach every parameter, and at least 10% of the parameters must be gone. "left" is the share of the parameters that
stays. Wrong output counts as failure."""


def main() -> None:
    """Write the document, or print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path, nargs="+")
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    outcomes = {key: outcome for path in options.results for key, outcome in read(path).items()}
    text = document(outcomes, INTRODUCTION)
    if options.output:
        options.output.write_text(text)
    else:
        print(text)


if __name__ == "__main__":
    main()
