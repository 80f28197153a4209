"""The coco writer and checker."""
