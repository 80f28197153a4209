"""Pascal VOC: the writer and the checker."""
