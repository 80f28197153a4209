"""YOLO as Ultralytics reads it: the writer and the checker."""
