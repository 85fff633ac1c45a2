"""Child processes that begin with their modules imported: forked from a process that has nothing else. No gradio."""

from demo.forking.client import CannotFork, Child, ForkServer

__all__ = ["CannotFork", "Child", "ForkServer"]
