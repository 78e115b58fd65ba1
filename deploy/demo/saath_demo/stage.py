"""How the demo speaks: each step with what was expected, what was seen, and its figure."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

Advance = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was expected, and what was seen instead or indeed."""

    expected: str
    seen: str
    held: bool


@dataclass(slots=True)
class Stage:
    """Prints steps as they happen and remembers whether all of them held."""

    console: Console
    checks: list[Check] = field(default_factory=list)
    steps: int = 0

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """A step with a title; says how long it took."""
        self.steps += 1
        self.console.print(f"\n[bold]{self.steps:2}. {title}[/bold]")
        started = time.monotonic()
        yield
        self.console.print(f"      [dim]{time.monotonic() - started:.1f} s[/dim]")

    def show(self, check: Check) -> None:
        """Print a check as soon as it is known."""
        self.checks.append(check)
        mark = "[green]✓[/green]" if check.held else "[red]✗[/red]"
        self.console.print(f"   {mark}  {check.expected}", soft_wrap=True)
        self.console.print(f"      [cyan]seen: {check.seen}[/cyan]", soft_wrap=True)

    @contextmanager
    def progress(self, what: str, total: int) -> Iterator[Advance]:
        """A bar for what takes a while; give it how much is done."""
        columns = (
            TextColumn("      {task.description}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=self.console, transient=True) as progress:
            task = progress.add_task(what, total=total)
            yield lambda done: progress.update(task, completed=min(done, total))

    @property
    def held(self) -> bool:
        """True when there were checks and every one of them held."""
        return bool(self.checks) and all(check.held for check in self.checks)
