"""Plugins: the hooks they may implement, and the manager that finds, judges and asks them."""

from exportkit.plugins.chains import Announcement, Chain, HookFault, Inquiry
from exportkit.plugins.hookspecs import API_VERSION, ENTRY_POINT_GROUP, hookimpl
from exportkit.plugins.manager import Plugin, PluginManager
from exportkit.plugins.registry import CheckerEntry, Entry, WriterEntry

__all__ = [
    "API_VERSION",
    "ENTRY_POINT_GROUP",
    "Announcement",
    "Chain",
    "CheckerEntry",
    "Entry",
    "HookFault",
    "Inquiry",
    "Plugin",
    "PluginManager",
    "WriterEntry",
    "hookimpl",
]
