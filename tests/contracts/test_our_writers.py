"""The four formats of the distribution run exactly the suite that is shipped to format authors."""

from __future__ import annotations

from exportkit.testing import WriterContract


class TestCoco(WriterContract):
    writer = "coco"


class TestCocoSemantic(WriterContract):
    writer = "coco:segmentation=semantic,boxes=separate"


class TestCocoPanoptic(WriterContract):
    writer = "coco:panoptic=yes,layout=2017"


class TestCocoRoboflow(WriterContract):
    writer = "coco:layout=roboflow,rle=uncompressed,precision=2"


class TestYoloDetect(WriterContract):
    writer = "yolo:task=detect"


class TestYoloSegment(WriterContract):
    writer = "yolo:task=segment"


class TestVoc(WriterContract):
    writer = "voc"


class TestCsvLong(WriterContract):
    writer = "csv"


class TestCsvRetinanet(WriterContract):
    writer = "csv:dialect=retinanet"


class TestCsvTfod(WriterContract):
    writer = "csv:dialect=tfod"


class TestCsvOpenImages(WriterContract):
    writer = "csv:dialect=openimages"


class TestCsvVia(WriterContract):
    writer = "csv:dialect=via"


class TestCsvAutoml(WriterContract):
    writer = "csv:dialect=automl"


class TestParquet(WriterContract):
    writer = "csv:dialect=parquet"
