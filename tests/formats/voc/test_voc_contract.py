"""The suite for format authors, run on what the writer does with other options than its defaults."""

from __future__ import annotations

from exportkit.testing import WriterContract


class TestVocSegment(WriterContract):
    writer = "voc:task=segment"


class TestVocWithEveryOption(WriterContract):
    writer = "voc:task=segment,border=2,robndbox=yes,coords=float,root=flat"


class TestVocWithoutRegions(WriterContract):
    writer = "voc:segmentation=exclude"
