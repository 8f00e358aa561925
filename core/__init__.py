"""The lecture's mathematics, from single formulas to whole trainings; no web page in sight."""
