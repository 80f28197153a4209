"""The files of single pictures as one file."""

from __future__ import annotations

from collections.abc import Sequence

from exportkit.compat.synapse_sdk.utils.annotation_models.coco import COCOCategory, COCODataset

__all__ = ["merged_datasets"]


def merged_datasets(datasets: Sequence[COCODataset]) -> COCODataset:
    """Number images and annotations anew in the given order, and categories by their names."""
    categories: dict[str, COCOCategory] = {}
    for category in (category for dataset in datasets for category in dataset.categories):
        categories.setdefault(category.name, category)
    numbers = {name: number for number, name in enumerate(sorted(categories), 1)}
    merged = COCODataset(
        info=datasets[0].info if datasets else COCODataset().info,
        licenses=datasets[0].licenses if datasets else [],
        images=[],
        annotations=[],
        categories=[categories[name].model_copy(update={"id": numbers[name]}) for name in numbers],
    )
    for dataset in datasets:
        names = {category.id: category.name for category in dataset.categories}
        images = {image.id: len(merged.images) + place for place, image in enumerate(dataset.images, 1)}
        merged.images += [image.model_copy(update={"id": images[image.id]}) for image in dataset.images]
        for annotation in dataset.annotations:
            place = {
                "id": len(merged.annotations) + 1,
                "image_id": images[annotation.image_id],
                "category_id": numbers[names[annotation.category_id]],
            }
            merged.annotations.append(annotation.model_copy(update=place))
    return merged
