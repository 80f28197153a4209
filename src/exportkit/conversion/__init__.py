"""From a bundle to published datasets: survey, plan, encode, assemble, check, publish."""

from exportkit.conversion.check import CheckResult, check_dataset
from exportkit.conversion.convert import Conversion, convert
from exportkit.conversion.inspection import Inspection, inspect_bundle
from exportkit.conversion.request import Budget, ConversionRequest, OutputRequest
from exportkit.conversion.result import ConversionResult, OutputResult
from exportkit.conversion.verification import Difference, Verification, verify_dataset

__all__ = [
    "Budget",
    "CheckResult",
    "Conversion",
    "ConversionRequest",
    "ConversionResult",
    "Difference",
    "Inspection",
    "OutputRequest",
    "OutputResult",
    "Verification",
    "check_dataset",
    "convert",
    "inspect_bundle",
    "verify_dataset",
]
